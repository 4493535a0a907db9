"""The routes of units compared by money: what each is expected to leave, which is proposed, what a person rules.

The history of the merchant alone is looked at, up to the moment asked for.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from uuid import UUID

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import money
from include.domain.days import almaty_day, begin_of
from include.domain.identity import event_id, stable_id
from include.domain.policy import Condition
from include.domain.pricing import resale_price
from include.domain.routes import (
    ROUTES,
    Choice,
    Estimate,
    Parts,
    Refusal,
    Terms,
    choose,
    may_rule,
    plain_route,
    refusals,
)
from include.domain.unit_life import Event
from include.flows import costs

if TYPE_CHECKING:
    from include.analytics.recovery import Market, Outlook, Workshop

log = logging.getLogger(__name__)

CONDITION = tuple(item.name for item in fields(Condition))
OFFERED = frozenset({"restock_pending", "on_sale"})
ESTIMATE_COLUMNS = (
    "proposal_id", "route", "refusal", "price", "discount_permille", "sale_probability", "days", "proceeds", "fee",
    "repair", "packaging", "handling", "holding", "write_off", "net", "low", "high", "beats_plain", "unknown",
)  # fmt: skip
PARTS = tuple(item.name for item in fields(Parts))


class RulingRefused(ValueError):
    """A person may not rule so; ``code`` says why, in a word that pages translate."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Settings:
    """What routes are compared by. ``by_money`` names the merchants whose units follow the proposal; "*" is all."""

    discount: Fraction
    fee_permille: int
    handling: int
    assumed_days: float
    horizon: float
    confidence: float
    by_money: frozenset[str]

    def follows(self, merchant_id: str) -> bool:
        """Tell whether the merchant's units take the proposed route by themselves."""
        return bool({"*", merchant_id} & self.by_money)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was proposed for a unit at ``seq``, by which model, and the routes it was chosen from."""

    proposal_id: UUID
    merchant_id: str
    unit_id: UUID
    seq: int
    model: str
    known_on: dt.date
    choice: Choice
    estimates: tuple[Estimate, ...]

    def of(self, route: str | None) -> Estimate | None:
        """Return the estimate of a route."""
        return next((one for one in self.estimates if one.route == route), None)


@dataclass(frozen=True, slots=True)
class History:
    """What a merchant's past says, fitted."""

    market: "Market"
    workshop: "Workshop"
    rates: Sequence[money.Rate]


def settings_of(conn: Connection) -> Settings:
    """Read the settings. Raises KeyError where a migration was not applied."""
    row = run_statement(conn, "channel/route__settings").fetchone()
    if row is None or None in row.values():
        raise KeyError(f"ops.setting lacks a setting of prices or routes ({row}): a migration was not applied")
    return Settings(
        discount=Fraction(row["discount"]),
        fee_permille=int(row["fee_percent"] * 10),
        handling=int(row["handling"]),
        assumed_days=float(row["assumed_days"]),
        horizon=float(row["horizon"]),
        confidence=float(row["confidence"]),
        by_money=frozenset(row["by_money"]),
    )


def history_of(conn: Connection, merchant_id: str, as_of: dt.datetime, settings: Settings) -> History:
    """Fit what the merchant's past had shown by ``as_of``."""
    from include.analytics.recovery import Shelf, Work, market, workshop

    key = {"merchant_id": merchant_id, "as_of": as_of}
    return History(
        market((Shelf(**row) for row in run_statement(conn, "channel/route__shelves", **key)), settings.assumed_days),
        workshop(Work(**row) for row in run_statement(conn, "channel/route__work", **key)),
        costs.price_list(conn, merchant_id),
    )


def proposals(conn: Connection, unit_ids: Collection[UUID], now: dt.datetime) -> dict[UUID, Proposal]:
    """Return a proposal for each unit whose way is open, and keep it in ``channel.route_proposal``.

    What was known when the Almaty day began counts, so a proposal is the same all day unless the unit, its price or
    what is known of the past changes; the same one is kept once. A unit on an offer is judged as it would be once it is
    taken off. Of any other state (coming, sold, written off) there is nothing to propose, and the unit is missing.
    """
    rows = run_statement(conn, "channel/route__units", unit_ids=list(unit_ids)).fetchall()
    open_ones = [row for row in rows if _judged(row) is not None]
    if not open_ones:
        return {}
    settings, morning = settings_of(conn), begin_of(almaty_day(now))
    fitted: dict[str, History] = {}
    fresh: list[tuple[dict[str, Any], Choice, list[Estimate]]] = []
    for row in open_ones:
        merchant_id = row["merchant_id"]
        if merchant_id not in fitted:
            fitted[merchant_id] = history_of(conn, merchant_id, morning, settings)
        fresh.append((row, *propose(row, fitted[merchant_id], settings, now)))
    found = [_proposal_of(row, choice, estimates, almaty_day(now)) for row, choice, estimates in fresh]
    _keep(conn, found, now)
    return {one.unit_id: one for one in found}


def stored(conn: Connection, unit_ids: Collection[UUID]) -> dict[UUID, Proposal]:
    """Return the newest kept proposal of each unit that has one."""
    rows: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in run_statement(conn, "channel/route_proposal__of_units", unit_ids=list(unit_ids)):
        rows[row["unit_id"]].append(row)
    return {unit_id: _proposal(found) for unit_id, found in rows.items()}


def propose(
    unit: Mapping[str, Any], history: History, settings: Settings, now: dt.datetime
) -> tuple[Choice, list[Estimate]]:
    """Return what is proposed for a unit, and every route: with its numbers where a person may choose it."""
    from include.analytics.recovery import compare

    condition = judged_condition(unit)
    plain = plain_route(condition)
    why_not = refusals(condition)
    terms = {
        route: terms_of(route, unit, history, settings, now)
        for route in ROUTES
        if may_rule(route, why_not) is None and route != "supplier"  # what a supplier credits nobody knows
    }
    outlooks = [_outlook(route, unit, history, settings, known) for route, known in terms.items() if known]
    estimates = {one.route: one for one in compare(outlooks, plain)}
    found = []
    for route in ROUTES:
        estimate, refusal = estimates.get(route, Estimate(route)), why_not[route]
        if refusal is None and route in terms:
            refusal = _by_money(estimate, terms[route], settings)
        found.append(replace(estimate, refusal=refusal))
    return choose(found, plain, settings.confidence), found


def judged_condition(unit: Mapping[str, Any]) -> Condition:
    """Return the condition that the routes of a unit are judged by."""
    condition = Condition(**{name: unit[name] for name in CONDITION})
    return replace(condition, state=_judged(unit) or condition.state)


def _judged(unit: Mapping[str, Any]) -> str | None:
    """Return the state a unit is judged in; None where there is nothing to decide."""
    state = "inspected" if unit["state"] in OFFERED else str(unit["state"])
    return state if state in ("inspected", "repacked", "repaired", "qc") else None


def outlook_of(
    route: str, unit: Mapping[str, Any], history: History, settings: Settings, now: dt.datetime
) -> "Outlook | None":
    """Return what a route is expected to leave; None where no price is known."""
    terms = terms_of(route, unit, history, settings, now)
    return None if terms is None else _outlook(route, unit, history, settings, terms)


def _outlook(route: str, unit: Mapping[str, Any], history: History, settings: Settings, terms: Terms) -> "Outlook":
    from include.analytics import recovery

    if route == "write_off":
        return recovery.give_up(terms)
    off = 0 if route == "main" else int(settings.discount * 10)
    category, sku = unit["category"], unit["sku"] or ""
    if route == "repair":
        return recovery.mend(
            history.market.rates("off_kaspi", category, sku),
            settings.horizon,
            terms,
            history.workshop.cost("repair", category),
            history.workshop.success("repair", category),
            discount_permille=off,
        )
    return recovery.sell(
        route, history.market.rates(route, category, sku), settings.horizon, terms, discount_permille=off
    )


def terms_of(
    route: str, unit: Mapping[str, Any], history: History, settings: Settings, now: dt.datetime
) -> Terms | None:
    """Return what is known of a unit's money on a route; None where no price is known."""
    day = almaty_day(now)
    merchant_id, warehouse, rates = unit["merchant_id"], unit["warehouse"], history.rates

    def rate(term: str, per: str, *codes: str) -> money.Rate | None:
        found = (money.in_force(rates, merchant_id, warehouse, term, per, code, day) for code in codes)
        return next((one for one in found if one is not None), None)

    price = _price(route, unit["main_price"], settings)
    if price is None:
        return None
    channel = "off_kaspi" if route == "repair" else route
    fee = rate(money.Term.CHANNEL_FEE, money.Per.SHARE, channel, "")
    assumed = 0 if channel == "off_kaspi" else settings.fee_permille
    held = rate(money.Term.STORAGE, money.Per.DAY, "")
    disposal = rate(money.Term.WRITE_OFF, money.Per.EVENT, "")
    came = None if unit["received_at"] is None else almaty_day(unit["received_at"])
    return Terms(
        price=price,
        fee=money.share(price, assumed if fee is None or fee.permille is None else fee.permille),
        day=None if held is None else held.amount,
        disposal=None if disposal is None else disposal.amount,
        repair=unit["repair"],
        packaging=_packaging(route, unit, history),
        handling=_handling(unit, rate(money.Term.INSPECTION, money.Per.EVENT, "qc", ""), settings),
        held=money.storage(came, day, money.tariff(rates, merchant_id, warehouse)),
    )


def _price(route: str, main_price: int | None, settings: Settings) -> int | None:
    if route == "write_off":
        return 0
    if main_price is None or route == "main":
        return main_price
    return resale_price(main_price, settings.discount)


def _packaging(route: str, unit: Mapping[str, Any], history: History) -> int | None:
    """Return what packing has cost and will: a piece whose box is broken is packed anew before it is sold as new."""
    spent: int | None = unit["packaging"]
    if route != "resale" or unit["repacked"] or unit["packaging_intact"] is not False or unit["state"] == "qc":
        return spent
    ahead = history.workshop.cost("packaging", unit["category"])
    return None if ahead is None or spent is None else spent + round(float(ahead.mean()))


def _handling(unit: Mapping[str, Any], check: money.Rate | None, settings: Settings) -> int:
    """Return what receiving and inspection have cost, the check that is still to come included."""
    if unit["handling"] is None:
        return settings.handling
    ahead = 0 if unit["state"] == "qc" or check is None else check.amount or 0
    return int(unit["handling"]) + ahead


def _by_money(estimate: Estimate, terms: Terms | None, settings: Settings) -> Refusal | None:
    """Return why money makes a route illegal: a sale would leave nothing, or nobody knows at which price."""
    if terms is None:
        # the main offer is the merchant's own, with a price or without
        return None if estimate.route == "main" else "no_price"
    if estimate.route == "write_off":
        return None
    if estimate.route == "repair" and estimate.parts is not None:
        terms = replace(terms, repair=estimate.parts.repair)
    return None if terms.worth(_days(estimate, settings)) else "nothing_left"


def _days(estimate: Estimate, settings: Settings) -> float:
    return settings.assumed_days if estimate.days is None else min(estimate.days, settings.horizon)


# --- kept


def _proposal_of(row: Mapping[str, Any], choice: Choice, estimates: list[Estimate], known_on: dt.date) -> Proposal:
    """Return the proposal under an id that is made of all it says."""
    from include.analytics.recovery import MODEL

    told = repr((choice, estimates))
    key = stable_id("route_proposal", row["unit_id"], row["seq"], MODEL, known_on, told)
    return Proposal(key, row["merchant_id"], row["unit_id"], row["seq"], MODEL, known_on, choice, tuple(estimates))


def _keep(conn: Connection, found: Sequence[Proposal], now: dt.datetime) -> None:
    new = run_statement(
        conn,
        "channel/route_proposal",
        now=now,
        proposal_ids=[one.proposal_id for one in found],
        merchants=[one.merchant_id for one in found],
        unit_ids=[one.unit_id for one in found],
        seqs=[one.seq for one in found],
        models=[one.model for one in found],
        days=[one.known_on for one in found],
        plains=[one.choice.plain for one in found],
        routes=[one.choice.route for one in found],
        whys=[one.choice.why for one in found],
    ).fetchall()
    ids = {row["proposal_id"] for row in new}
    copy_rows(
        conn,
        "channel.route_estimate",
        ESTIMATE_COLUMNS,
        (_line(one.proposal_id, estimate) for one in found if one.proposal_id in ids for estimate in one.estimates),
    )


def _line(proposal_id: UUID, one: Estimate) -> tuple[Any, ...]:
    parts = [None] * len(PARTS) if one.parts is None else [getattr(one.parts, name) for name in PARTS]
    return (
        proposal_id, one.route, one.refusal, one.price, one.discount_permille, one.sale_probability, one.days, *parts,
        one.net, one.low, one.high, one.beats_plain, list(one.unknown),
    )  # fmt: skip


def _proposal(rows: list[dict[str, Any]]) -> Proposal:
    head = rows[0]
    order = {route: place for place, route in enumerate(ROUTES)}
    return Proposal(
        head["proposal_id"],
        head["merchant_id"],
        head["unit_id"],
        head["seq"],
        head["model"],
        head["known_on"],
        Choice(head["proposed"], head["plain"], head["why"]),
        tuple(sorted((_estimate(row) for row in rows if row["route"]), key=lambda one: order[one.route])),
    )


def _estimate(row: dict[str, Any]) -> Estimate:
    names = (
        "route", "refusal", "price", "discount_permille", "sale_probability", "days", "low", "high", "beats_plain",
    )  # fmt: skip
    parts = None if row["proceeds"] is None else Parts(**{name: row[name] for name in PARTS})
    return Estimate(**{name: row[name] for name in names}, parts=parts, unknown=tuple(row["unknown"]))


# --- what a person rules


def rule(
    conn: Connection, unit_id: UUID, route: str, reason: str, actor: str, now: dt.datetime, ruling_id: UUID
) -> Proposal:
    """Keep what a person decides for a unit instead of the proposal he saw; return that proposal.

    A unit on an offer is taken off it when another route is ruled, and passes QC again before it takes that route.
    ``ruling_id`` makes a form that is sent twice one ruling. Inside the caller's transaction. Raises
    :class:`RulingRefused` for a route that policy or money forbids, a missing reason, or a unit whose way is over.
    """
    if not reason.strip():
        raise RulingRefused("no_reason", "a ruling needs its reason")
    run_statement(conn, "ledger/unit__lock", unit_ids=[unit_id])
    found = proposals(conn, [unit_id], now).get(unit_id)
    if found is None:
        raise RulingRefused("over", f"the way of unit {unit_id} is not open: there is nothing to rule")
    if refusal := may_rule(route, found.estimates):
        raise RulingRefused(refusal, f"{route} is no legal route of unit {unit_id}: {refusal}")
    (row,) = run_statement(conn, "channel/route__units", unit_ids=[unit_id]).fetchall()
    new = run_statement(
        conn,
        "channel/route_ruling",
        ruling_id=ruling_id,
        merchant_id=found.merchant_id,
        unit_id=unit_id,
        seq=row["seq"],
        proposal_id=found.proposal_id,
        route=route,
        reason=reason.strip(),
        actor=actor,
        now=now,
    ).rowcount
    if new and row["state"] in OFFERED and row["channel"] != route:
        _take_off(conn, row, ruling_id, actor, now)
    return found


def _take_off(conn: Connection, row: Mapping[str, Any], ruling_id: UUID, actor: str, now: dt.datetime) -> None:
    key = event_id("withdrawn", row["unit_id"], "ruling", ruling_id)
    payload = {"because": "ruling", "ruling_id": str(ruling_id)}
    event = Event(
        key, row["unit_id"], row["merchant_id"], "withdrawn", now, actor=actor, source="console", payload=payload
    )
    costs.append(conn, row["merchant_id"], [event], now)
