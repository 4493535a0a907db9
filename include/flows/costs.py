"""What the way of a unit costs: booked with its events, in their transaction, by the price list of their day."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import money
from include.domain.days import almaty_day
from include.domain.money import Cost, Material, Rate, Recovery, Step
from include.domain.unit_life import Event
from include.flows import ledger
from include.flows.settings import setting

COST_COLUMNS = (
    "event_id", "term", "code", "kind", "unit_id", "merchant_id", "amount", "rate_version", "minutes", "detail",
    "booked_at",
)  # fmt: skip
PORTION = 5_000  # events of a portion, when what was booked before is priced
STEP = ("event_id", "type", "state_from", "occurred_at", "payload", "merchant_id", "warehouse", "channel",
        "sale_price", "goods_cost")  # fmt: skip


def append(conn: Connection, merchant_id: str, events: Iterable[Event], now: dt.datetime) -> ledger.Outcome:
    """Append events to the ledger and book what those cost that were accepted, early ones they waited for included."""
    outcome = ledger.append(conn, events, now)
    book_costs(conn, merchant_id, outcome.accepted, now)
    return outcome


def book_costs(conn: Connection, merchant_id: str, events: Collection[UUID], now: dt.datetime) -> int:
    """Book what these booked events cost, inside the caller's transaction; return how many rows were added.

    ``events`` are their ids. An event that is known costs nothing again; what a voided event had cost is taken back.
    A cost that cannot be known yet is booked as unknown.
    """
    if not events:
        return 0
    ids = list(events)
    rows = run_statement(conn, "core/unit_cost__steps", merchant_id=merchant_id, event_ids=ids).fetchall()
    rates = price_list(conn, merchant_id) if rows else []
    staged = [line for row in rows for line in _lines(row, money.costs(_step(row), rates), now)]
    booked = 0
    if staged:
        run_statement(conn, "core/unit_cost__stage")
        copy_rows(conn, "stage_unit_cost", COST_COLUMNS, staged)
        booked = run_statement(conn, "core/unit_cost").rowcount
    others = set(ids).difference(row["event_id"] for row in rows)
    if others:  # known already, or corrections
        booked += run_statement(conn, "core/unit_cost__taken_back", event_ids=list(others), now=now).rowcount
    return booked


def book_missing(conn: Connection, merchant_id: str, now: dt.datetime) -> int:
    """Price what was booked before it had a price, or before there were costs at all; return how many rows were added.

    Commits portion by portion, so it may be stopped and run again: what is priced stays, nothing is booked twice.
    """
    with conn.transaction():
        ids = [row["event_id"] for row in run_statement(conn, "core/unit_cost__unpriced", merchant_id=merchant_id)]
    booked = 0
    for portion in _portions(ids):
        with conn.transaction():
            booked += book_costs(conn, merchant_id, portion, now)
            run_statement(conn, "ops/dashboard_touched__units", event_ids=portion)
    return booked


def _portions(ids: list[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(ids), PORTION):
        yield ids[start : start + PORTION]


def _step(row: dict[str, Any]) -> Step:
    return Step(**{name: row[name] for name in STEP})


def _lines(row: dict[str, Any], costs: list[Cost], now: dt.datetime) -> Iterator[tuple[Any, ...]]:
    """Return the rows of an event's costs.

    An unknown one that the list of today answers under other codes (by the minute, by another name) comes to nought.
    """
    found = {f"{cost.term}/{cost.code}" for cost in costs}
    for cost in costs:
        yield _line(row, cost, now)
    for told in row["unknown_codes"]:
        if told not in found:
            term, _, code = told.partition("/")
            yield _line(row, Cost(term, code, 0, why="answered_by_others"), now)


def _line(row: dict[str, Any], cost: Cost, now: dt.datetime) -> tuple[Any, ...]:
    detail = {**cost.detail, **({"why": cost.why} if cost.why else {})}
    return (
        row["event_id"], cost.term, cost.code, "unknown" if cost.amount is None else "cost", row["unit_id"],
        row["merchant_id"], cost.amount, cost.version, cost.minutes, Jsonb(detail), now,
    )  # fmt: skip


# --- the price list


def price_list(conn: Connection, merchant_id: str | None) -> list[Rate]:
    """Return every row of the price list that can price units of the merchant; of None all rows."""
    return [
        Rate(
            row["version"],
            row["merchant_id"],
            row["warehouse"],
            row["term"],
            row["per"],
            row["code"],
            row["valid_from"],
            row["amount"],
            row["permille"],
            {name: row[f"name_{name}"] for name in ("ru", "kk", "en") if row[f"name_{name}"]},
        )
        for row in run_statement(conn, "core/rate_card__of_merchant", merchant_id=merchant_id).fetchall()
    ]


def materials(conn: Connection, merchant_id: str, at: dt.datetime, warehouse: str | None = None) -> list[Material]:
    """Return the materials of a repair or repack order that have a price at ``at``, by code."""
    return money.materials(price_list(conn, merchant_id), merchant_id, warehouse, almaty_day(at))


def costs_of(conn: Connection, unit_id: UUID) -> list[dict[str, Any]]:
    """Return what is booked of a unit, in the order of its life."""
    return run_statement(conn, "core/unit_cost__of_unit", unit_id=unit_id).fetchall()


def storage_on(conn: Connection, merchant_id: str, as_of: dt.date) -> dict[UUID, int | None]:
    """Return what the storage of each unit had cost when the Almaty day ``as_of`` began; None: a day has no price."""
    rows = run_statement(conn, "core/unit_storage", merchant_id=merchant_id, as_of=as_of).fetchall()
    return {row["unit_id"]: row["amount"] for row in rows}


def recovery_of(conn: Connection, unit_id: UUID, now: dt.datetime) -> Recovery:
    """Return what a unit can still recover, for the stop-loss of repair. Raises LookupError for an unknown unit."""
    row = run_statement(conn, "core/unit_cost__stakes", unit_id=unit_id).fetchone()
    if row is None:
        raise LookupError(f"no unit {unit_id} is known")
    channel, rates = _channel(row), price_list(conn, row["merchant_id"])
    day = almaty_day(now)

    def rate(term: str, per: str, *codes: str) -> Rate | None:
        found = (money.in_force(rates, row["merchant_id"], row["warehouse"], term, per, code, day) for code in codes)
        return next((one for one in found if one is not None), None)

    fee = rate(money.Term.CHANNEL_FEE, money.Per.SHARE, channel, "")
    held = rate(money.Term.STORAGE, money.Per.DAY, "")
    return money.recovery(
        row["main_price"],
        channel,
        Decimal(str(setting(conn, "resale_discount_percent"))),
        None if fee is None else fee.permille,
        None if held is None else held.amount,
        int(setting(conn, "resale_days_assumed")),
        row["spent"],
    )


def _channel(row: dict[str, Any]) -> str:
    """Return where the unit would be sold: repaired, used or below grade B never on Kaspi."""
    if row["repaired"] or row["signs_of_use"] or row["route"] in ("repair", "off_kaspi"):
        return "off_kaspi"
    return {"A": "main", "B": "resale"}.get(row["grade"] or "", "off_kaspi")
