"""The KPIs of domain/kpi.py from summed rows: a group is a category, a SKU or a supplier's goods of it, or all."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from include.analytics.durations import Durations, Spans, quantiles
from include.analytics.rates import Count, Share, shares
from include.domain import kpi
from include.domain.days import almaty_day

HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """Which goods a row is about in which week; None is all of them."""

    week_start: dt.date
    category: str | None = None
    sku: str | None = None
    supplier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts(Goods):
    """The units received in a week, summed as in mart.receipt_weekly. Money is tenge.

    Lists of durations are float8 in network order: seconds from the first scan; ``_since`` the moment of the first scan
    of those that wait still.
    """

    units: int
    relisted: int
    routed_after: bytes
    unrouted_after: bytes
    unrouted_since: bytes
    sellable_after: bytes
    unsellable_after: bytes
    unsellable_since: bytes
    proved_observed: int
    proved_fetched: int
    proved_published: int
    resold_30: int
    resold_60: int
    valued_units: int
    net_price: int
    net_proceeds_30: int
    net_proceeds_60: int
    costed_units: int
    reverse_cost: int
    compared_units: int
    compared_cost: int
    compared_price: int
    closed_units: int
    recovered_units: int
    net_recovery: int
    claims: int
    claims_amount: int
    claims_sent: int
    claims_sent_amount: int
    claims_lost: int
    claims_lost_amount: int
    claims_paid: int
    claims_paid_amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort(Goods):
    """A mature week of orders: units sold, and returned within the horizon (certain, least, most)."""

    horizon_days: int
    sold: int
    returned: int
    returned_lo: int
    returned_hi: int
    beyond_sold: int
    backfilled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected(Goods):
    """Units first heard of in a week, and those whose story is complete and undisputed."""

    units: int
    reconciled: int


@dataclass(frozen=True, slots=True)
class Number:
    """One KPI of one week; ``category`` None is all goods."""

    category: str | None
    week_start: dt.date
    kpi: str
    horizon_days: int | None
    value: float | None
    lo: float | None
    hi: float | None
    n: int
    note: str | None = None
    sku: str | None = None
    supplier: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A share that is still to be given its interval, with all the others at once."""

    number: Number
    count: Count


def numbers(
    receipts: Iterable[Receipts], cohorts: Iterable[Cohort], expected: Iterable[Expected], now: dt.datetime
) -> list[Number]:
    """Return every KPI of the groups whose week is written at ``now``, on the Almaty day of it."""
    today = almaty_day(now)
    weeks = set(kpi.weeks_written(today))
    found: list[Number | Part] = []
    for group in receipts:
        if group.week_start in weeks:
            found.extend(_of_receipts(group, now, today))
    found.extend(
        _return_rate(cohort) for cohort in cohorts if is_written(cohort.week_start, cohort.horizon_days, today)
    )
    found.extend(_reconciled(row) for row in expected if row.week_start in weeks)
    told = iter(shares([one.count for one in found if isinstance(one, Part)]))
    return [one if isinstance(one, Number) else _with_interval(one.number, next(told)) for one in found]


def is_written(week: dt.date, horizon_days: int, today: dt.date) -> bool:
    """Tell whether a week of orders is one of the newest mature ones."""
    return kpi.is_mature(week, horizon_days, today) and week > kpi.oldest_rate(horizon_days, today)


def _with_interval(number: Number, share: Share) -> Number:
    return replace(number, value=share.value, lo=share.lo, hi=share.hi, n=share.n)


def _number(
    goods: Goods, name: str, value: float | None, n: int, note: str | None = None, *, horizon: int | None = None
) -> Number:
    return Number(
        goods.category, goods.week_start, name, horizon, value, None, None, n, note or None, goods.sku, goods.supplier
    )


def _part(goods: Goods, name: str, count: Count, note: str | None = None, *, horizon: int | None = None) -> Part:
    return Part(_number(goods, name, None, count.n, note, horizon=horizon), count)


def _return_rate(cohort: Cohort) -> Part:
    count = Count(
        cohort.returned, cohort.sold, cohort.returned_lo, cohort.returned_hi, cohort.sold + cohort.beyond_sold
    )
    note = kpi.BACKFILLED if cohort.backfilled else None
    return _part(cohort, "return_rate", count, note, horizon=cohort.horizon_days)


def _reconciled(row: Expected) -> Part:
    return _part(row, "reconciled_share", Count.of(row.reconciled, row.units))


def _of_receipts(group: Receipts, now: dt.datetime, today: dt.date) -> Iterator[Number | Part]:
    yield from _durations(group, now)
    yield _part(group, "relisted_share", Count.of(group.relisted, group.units))
    yield from _resale(group, today)
    yield from _money(group)
    for name in ("claims", "claims_sent", "claims_paid", "claims_lost"):
        yield _number(group, name, getattr(group, f"{name}_amount"), getattr(group, name))


def _durations(group: Receipts, now: dt.datetime) -> Iterator[Number]:
    """Open units count up to ``now``; where a unit's time ended otherwise it will never reach the end looked at."""
    until = now.timestamp()
    routed = Spans(_listed(group.routed_after), _listed(group.unrouted_after), until - _listed(group.unrouted_since))
    sellable = Spans(
        _listed(group.sellable_after), _listed(group.unsellable_after), until - _listed(group.unsellable_since)
    )
    proofs = ((name, getattr(group, f"proved_{name}")) for name in ("observed", "fetched", "published"))
    grades = ", ".join(f"{name} {count}" for name, count in proofs if count)
    for name, spans, grade in (("processing_time", routed, ""), ("time_to_sellable", sellable, grades)):
        for suffix, value in zip(("p50", "p90"), quantiles(spans, (0.5, 0.9)), strict=True):
            notes = [text for text in (kpi.NOT_REACHED if value is None else "", grade) if text]
            hours = None if value is None else value / HOUR
            yield _number(group, f"{name}_{suffix}", hours, group.units, "; ".join(notes))


def _listed(spans: bytes) -> Durations:
    return np.frombuffer(spans, dtype=">f8").astype(np.float64)


def _resale(group: Receipts, today: dt.date) -> Iterator[Number | Part]:
    for horizon in kpi.BY_NAME["resale_share"].horizons:
        if not kpi.is_mature(group.week_start, horizon, today):
            continue
        yield _part(group, "resale_share", Count.of(getattr(group, f"resold_{horizon}"), group.units), horizon=horizon)
        proceeds = getattr(group, f"net_proceeds_{horizon}")
        value = proceeds / group.net_price if group.net_price else None
        lacking = kpi.FEE_UNKNOWN if group.valued_units < group.units else None
        yield _number(group, "resale_share_value", value, group.valued_units, lacking, horizon=horizon)


def _money(group: Receipts) -> Iterator[Number]:
    per_unit = round(group.reverse_cost / group.costed_units) if group.costed_units else None
    lacking = kpi.COST_UNKNOWN if group.costed_units < group.units else None
    yield _number(group, "reverse_logistics_cost", per_unit, group.costed_units, lacking)
    share = group.compared_cost / group.compared_price if group.compared_price else None
    yield _number(group, "reverse_logistics_cost_share", share, group.compared_units, lacking)
    recovered = round(group.net_recovery / group.recovered_units) if group.recovered_units else None
    notes = [
        note
        for note, is_so in (
            (kpi.OPEN_LEFT_OUT, group.closed_units < group.units),
            (kpi.COST_UNKNOWN, group.recovered_units < group.closed_units),
        )
        if is_so
    ]
    yield _number(group, "net_recovery", recovered, group.recovered_units, "; ".join(notes))


def weeks_of_rates(weeks: Sequence[dt.date], today: dt.date) -> list[dt.date]:
    """Return those of ``weeks`` of orders of which a return rate is written."""
    horizons = kpi.BY_NAME["return_rate"].horizons
    return [week for week in weeks if any(is_written(week, horizon, today) for horizon in horizons)]
