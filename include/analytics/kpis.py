"""The KPIs of domain/kpi.py from counted rows: one group is a category, or everything."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from include.analytics.durations import End, quantiles
from include.analytics.rates import wilson
from include.domain import kpi

HOUR = 3600.0
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class ReceivedUnit:
    """A received unit. Durations are seconds from its first scan, None where it is not there; money is tenge.

    ``reverse_cost`` and ``net_recovery`` are None where a term is not known, the latter also of an open unit.
    """

    category: str
    week_start: dt.date
    state: str
    channel: str | None
    routed_after: float | None
    on_sale_after: float | None
    on_sale_proof: str | None
    resold_after: float | None
    closed_after: float | None
    open_for: float
    proceeds: int | None
    original_price: int | None
    reverse_cost: int | None
    net_recovery: int | None
    claimable: int | None = None  # None: there is no claim
    claimed: bool = False
    claim_paid: int = 0
    claim_lost: bool = False


@dataclass(frozen=True, slots=True)
class Cohort:
    """A mature week of orders of one category: units sold, and returned within the horizon (certain, least, most)."""

    category: str
    week_start: dt.date
    horizon_days: int
    sold: int
    returned: int
    returned_lo: int
    returned_hi: int
    beyond_sold: int
    backfilled: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """Units first heard of in a week, and those whose story is complete and undisputed."""

    category: str
    week_start: dt.date
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


Row = TypeVar("Row", ReceivedUnit, Cohort, Expected)


def numbers(
    units: Iterable[ReceivedUnit], cohorts: Iterable[Cohort], expected: Iterable[Expected], today: dt.date
) -> list[Number]:
    """Return every KPI of the weeks that are written on the Almaty day ``today``."""
    weeks = set(kpi.weeks_written(today))
    found: list[Number] = []
    for (category, week), group in _groups(units, lambda unit: unit.week_start in weeks):
        found.extend(_of_receipts(category, week, group, today))
    for (category, week), old in _groups(cohorts, lambda cohort: _is_written(cohort, today)):
        found.extend(_return_rates(category, week, old))
    for (category, week), heard in _groups(expected, lambda row: row.week_start in weeks):
        count = sum(row.units for row in heard)
        share = wilson(sum(row.reconciled for row in heard), count)
        found.append(Number(category, week, "reconciled_share", None, share.value, share.lo, share.hi, share.n))
    return sorted(found, key=lambda row: (row.category or "", row.week_start, row.kpi, row.horizon_days or 0))


def _groups(
    rows: Iterable[Row], wanted: Callable[[Row], bool]
) -> Iterator[tuple[tuple[str | None, dt.date], list[Row]]]:
    """Group by week, once for each category and once for all of them."""
    groups: dict[tuple[str | None, dt.date], list[Row]] = defaultdict(list)
    for row in rows:
        if wanted(row):
            groups[row.category, row.week_start].append(row)
            groups[None, row.week_start].append(row)
    yield from groups.items()


def _is_written(cohort: Cohort, today: dt.date) -> bool:
    """Tell whether the cohort is one of the newest mature ones."""
    if not kpi.is_mature(cohort.week_start, cohort.horizon_days, today):
        return False
    oldest = today - dt.timedelta(days=7 * (kpi.WEEKS + 1) + cohort.horizon_days)
    return cohort.week_start > oldest


def _return_rates(category: str | None, week: dt.date, cohorts: Sequence[Cohort]) -> Iterator[Number]:
    for horizon in kpi.BY_NAME["return_rate"].horizons:
        rows = [row for row in cohorts if row.horizon_days == horizon]
        sold = sum(row.sold for row in rows)
        if sold == 0:
            continue
        share = wilson(
            sum(row.returned for row in rows),
            sold,
            count_lo=sum(row.returned_lo for row in rows),
            count_hi=sum(row.returned_hi for row in rows),
            n_hi=sold + sum(row.beyond_sold for row in rows),
        )
        note = kpi.BACKFILLED if any(row.backfilled for row in rows) else None
        yield Number(category, week, "return_rate", horizon, share.value, share.lo, share.hi, share.n, note)


def _of_receipts(
    category: str | None, week: dt.date, units: Sequence[ReceivedUnit], today: dt.date
) -> Iterator[Number]:
    yield from _durations(category, week, units)
    relisted = wilson(sum(unit.on_sale_after is not None for unit in units), len(units))
    yield Number(category, week, "relisted_share", None, relisted.value, relisted.lo, relisted.hi, len(units))
    yield from _resale(category, week, units, today)
    yield from _money(category, week, units)
    yield from _claims(category, week, units)


def _durations(category: str | None, week: dt.date, units: Sequence[ReceivedUnit]) -> Iterator[Number]:
    routed = [_until_routed(unit) for unit in units]
    sellable = [_until_sellable(unit) for unit in units]
    proofs = Counter(unit.on_sale_proof for unit in units if unit.on_sale_proof)
    grades = ", ".join(f"{proof} {proofs[proof]}" for proof in ("observed", "fetched", "published") if proofs[proof])
    for name, spans, grade in (("processing_time", routed, ""), ("time_to_sellable", sellable, grades)):
        reached = quantiles([span for span, _ in spans], [end for _, end in spans], (0.5, 0.9))
        for suffix, value in zip(("p50", "p90"), reached, strict=True):
            notes = [text for text in (kpi.NOT_REACHED if value is None else "", grade) if text]
            hours = None if value is None else value / HOUR
            yield Number(
                category, week, f"{name}_{suffix}", None, hours, None, None, len(units), "; ".join(notes) or None
            )


def _until_routed(unit: ReceivedUnit) -> tuple[float, End]:
    """First scan to the decision on the route; a unit that ended without one never will have it."""
    if unit.routed_after is not None:
        return unit.routed_after, "reached"
    if unit.closed_after is not None:
        return unit.closed_after, "other"
    return unit.open_for, "open"


def _until_sellable(unit: ReceivedUnit) -> tuple[float, End]:
    """First scan to being on sale on Kaspi; the merchant's own outlet and every other end compete with it."""
    if unit.on_sale_after is not None:
        return unit.on_sale_after, "other" if unit.channel == "off_kaspi" else "reached"
    if unit.resold_after is not None:
        return unit.resold_after, "other" if unit.channel == "off_kaspi" else "reached"
    if unit.closed_after is not None:
        return unit.closed_after, "other"
    return unit.open_for, "open"


def _resale(category: str | None, week: dt.date, units: Sequence[ReceivedUnit], today: dt.date) -> Iterator[Number]:
    for horizon in kpi.BY_NAME["resale_share"].horizons:
        if not kpi.is_mature(week, horizon, today):
            continue
        sold = [unit for unit in units if unit.resold_after is not None and unit.resold_after <= horizon * DAY]
        share = wilson(len(sold), len(units))
        yield Number(category, week, "resale_share", horizon, share.value, share.lo, share.hi, share.n)
        priced = [unit for unit in units if unit.original_price is not None]
        original = sum(unit.original_price or 0 for unit in priced)
        proceeds = sum(unit.proceeds or 0 for unit in sold if unit.original_price is not None)
        value = proceeds / original if original else None
        yield Number(category, week, "resale_share_value", horizon, value, None, None, len(priced), kpi.PROCEEDS_ONLY)


def _money(category: str | None, week: dt.date, units: Sequence[ReceivedUnit]) -> Iterator[Number]:
    costs = [unit.reverse_cost for unit in units if unit.reverse_cost is not None]
    per_unit = round(sum(costs) / len(costs)) if costs else None
    lacking = kpi.COST_UNKNOWN if len(costs) < len(units) else None
    yield Number(category, week, "reverse_logistics_cost", None, per_unit, None, None, len(costs), lacking)
    both = [unit for unit in units if unit.reverse_cost is not None and unit.original_price]
    value = sum(unit.original_price or 0 for unit in both)
    share = sum(unit.reverse_cost or 0 for unit in both) / value if value else None
    yield Number(category, week, "reverse_logistics_cost_share", None, share, None, None, len(both), lacking)
    over = [unit for unit in units if unit.closed_after is not None]
    won = [unit.net_recovery for unit in over if unit.net_recovery is not None]
    recovered = round(sum(won) / len(won)) if won else None
    notes = [
        note
        for note, is_so in ((kpi.OPEN_LEFT_OUT, len(over) < len(units)), (kpi.COST_UNKNOWN, len(won) < len(over)))
        if is_so
    ]
    yield Number(category, week, "net_recovery", None, recovered, None, None, len(won), "; ".join(notes) or None)


def _claims(category: str | None, week: dt.date, units: Sequence[ReceivedUnit]) -> Iterator[Number]:
    """What could be claimed of the carrier, what of it was claimed in time, paid, and lost to a deadline."""
    found = [unit for unit in units if unit.claimable is not None]
    claimed, lost = [unit for unit in found if unit.claimed], [unit for unit in found if unit.claim_lost]
    for name, those in (("claims", found), ("claims_sent", claimed), ("claims_lost", lost)):
        amount = sum(unit.claimable or 0 for unit in those)
        yield Number(category, week, name, None, amount, None, None, len(those))
    paid = [unit.claim_paid for unit in found if unit.claim_paid]
    yield Number(category, week, "claims_paid", None, sum(paid), None, None, len(paid))
