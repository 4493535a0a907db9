"""What the desk's pages show: what waits, where things lie, a unit's whole life, what an inspection asks."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.statements import run
from include.domain import money
from include.domain.clocks import Calendar, decision_due, decision_start
from include.domain.days import almaty_day
from include.domain.staff import Staff
from include.domain.waiting import Deadline, Waiting, cost_of_a_day
from include.flows import costs
from include.flows.desk_access import NotAllowed, NotFound, Refused, desk_of, must, units_by_id
from include.flows.second_look import FOUND, agreements, as_seen_by, waits_for, without_findings

MOST_SHOWN = 200
MOST_DIFFERING = 50
# Which states a queue's units are in. An inspected one goes where its route leads.
QUEUES: Mapping[str, tuple[str, ...]] = {
    "inspect": ("received",),
    "repack": ("inspected",),
    "repair": ("inspected", "in_repair"),
    "qc": ("inspected", "repacked", "repaired"),
    "stock": ("qc", "restock_pending"),
    "clear": ("unexpected", "wrong_item", "unrecoverable", "inspected"),
}
ROUTES: Mapping[str, frozenset[str | None]] = {
    "repack": frozenset({"resale"}),
    "repair": frozenset({"repair"}),
    "qc": frozenset({"main", "off_kaspi", None}),
    "clear": frozenset({"supplier", "write_off"}),
}
MONEY = (
    "original_price", "resale_price", "cost_forward_delivery", "cost_collection", "cost_receiving", "cost_inspection",
    "cost_repair", "cost_parts", "cost_packaging", "cost_storage", "cost_channel_fee", "cost_write_off", "reverse_cost",
    "compensation", "net_recovery",
)  # fmt: skip
LANGUAGES = ("ru", "kk", "en")
REQUIRED = ("packaging_intact", "complete", "documents", "signs_of_use")
EVERY_CATEGORY = "*"


def queue(
    conn: Connection, staff: Staff, warehouse: str, step: str, now: dt.datetime | None = None
) -> list[dict[str, Any]]:
    """Return the units that wait for a step (QUEUES), first what loses most by one more day.

    What waits for this person's second look is not among them. Each has ``waiting_since``, ``day_cost`` (tenge) and
    ``due_at``, the nearest clock that runs out. Without ``now`` it is the moment of the last thing that happened in the
    queue. At most MOST_SHOWN.
    """
    if step not in QUEUES:
        raise Refused("unknown_queue", f"there is no queue {step!r}, only {', '.join(QUEUES)}")
    desk = desk_of(conn, staff, warehouse)
    rows = [
        row
        for row in run(
            conn,
            "desk/queue",
            warehouse=warehouse,
            merchant_ids=staff.merchants(desk.merchant_ids),
            states=list(QUEUES[step]),
        )
        if _waits(step, row)
    ]
    # the queue that a unit is in tells what its inspection came to
    blind = waits_for(conn, staff, rows)
    rows = [row for row in rows if row["unit_id"] not in blind]
    if not rows:
        return []
    moment = now or max(row["waiting_since"] for row in rows)
    priced = _day_costs(conn, warehouse, rows, moment)
    first = sorted(rows, key=lambda row: (-priced[row["unit_id"]][0], row["waiting_since"], row["unit_id"]))
    shown = first[:MOST_SHOWN]
    units = _shown(conn, staff, [row["unit_id"] for row in shown])
    return [
        {
            **units[row["unit_id"]],
            "waiting_since": row["waiting_since"],
            "day_cost": priced[row["unit_id"]][0],
            "due_at": priced[row["unit_id"]][1],
        }
        for row in shown
    ]


def queue_counts(conn: Connection, staff: Staff, warehouse: str) -> dict[str, int]:
    """Return how many units wait for each step."""
    desk = desk_of(conn, staff, warehouse)
    rows = run(
        conn,
        "desk/queue",
        warehouse=warehouse,
        merchant_ids=staff.merchants(desk.merchant_ids),
        states=sorted({state for states in QUEUES.values() for state in states}),
    ).fetchall()
    return {step: sum(row["state"] in QUEUES[step] and _waits(step, row) for row in rows) for step in QUEUES}


def _waits(step: str, row: Mapping[str, Any]) -> bool:
    if row["state"] == "inspected" and step in ROUTES:
        return row["route"] in ROUTES[step]
    if step == "stock":
        return bool(row["zone_purpose"] != "active_stock")
    return True


def _day_costs(
    conn: Connection, warehouse: str, rows: list[dict[str, Any]], now: dt.datetime
) -> dict[UUID, tuple[int, dt.datetime | None]]:
    """Return what a day costs each unit, and its nearest deadline that is still to come."""
    settings = {row["name"]: row["value"] for row in run(conn, "desk/settings")}
    calendar = Calendar.of_setting(settings.get("calendar_changes", {}))
    storage = _storage(conn, warehouse, {row["merchant_id"] for row in rows}, now)
    priced = {}
    for row in rows:
        deadlines = _deadlines(row, int(settings["decision_working_days"]), calendar)
        waiting = Waiting(
            row["price"], storage[row["merchant_id"]], int(settings["value_loss_permille_a_day"]), deadlines
        )
        coming = [one.due_at for one in deadlines if one.due_at > now]
        priced[row["unit_id"]] = (cost_of_a_day(waiting, now), min(coming, default=None))
    return priced


def _deadlines(row: Mapping[str, Any], working_days: int, calendar: Calendar) -> list[Deadline]:
    """Return the clocks of a unit: the merchant's decision, lost with the price; the claim, lost with its amount."""
    found = []
    started = decision_start(row["arrived_at"], row["received_at"])
    if row["decision_owed"] and started and row["state"] == "received":
        found.append(Deadline(decision_due(started, working_days, calendar), row["price"] or 0))
    if row["claim_due_at"]:
        found.append(Deadline(row["claim_due_at"], row["claim_amount"] or 0))
    return found


def _storage(conn: Connection, warehouse: str, merchant_ids: set[str], now: dt.datetime) -> dict[str, int]:
    """Return what a day in the warehouse costs by each merchant's price list; what has no price counts nothing."""
    day = almaty_day(now)
    prices = {}
    for merchant_id in merchant_ids:
        rates = costs.price_list(conn, merchant_id)
        rate = money.in_force(rates, merchant_id, warehouse, money.Term.STORAGE, money.Per.DAY, "", day)
        prices[merchant_id] = (rate.amount or 0) if rate else 0
    return prices


def zones(conn: Connection, staff: Staff, warehouse: str) -> list[dict[str, Any]]:
    """Return the zones of a warehouse: zone, purpose, capacity, occupied, and the units that this person may see.

    ``occupied`` counts everybody's units: room is room.
    """
    desk = desk_of(conn, staff, warehouse)
    lying: dict[str, list[UUID]] = defaultdict(list)
    merchant_ids = staff.merchants(desk.merchant_ids)
    for row in run(conn, "desk/zone_units", warehouse=warehouse, merchant_ids=merchant_ids, most=MOST_SHOWN):
        lying[row["zone"]].append(row["unit_id"])
    units = _shown(conn, staff, [unit_id for ids in lying.values() for unit_id in ids])
    return [
        {**row, "units": [units[unit_id] for unit_id in lying[row["zone"]]]}
        for row in run(conn, "desk/zones", warehouse=warehouse)
    ]


def unit_page(conn: Connection, staff: Staff, unit_id: UUID) -> dict[str, Any]:
    """Return the whole life of a unit: unit, events, photos, money, claims, and for supervisors the second looks.

    Raises NotFound, NotAllowed. Whoever is to take the second look sees nothing of the first one.
    """
    unit = units_by_id(conn, [unit_id]).get(unit_id)
    if unit is None:
        raise NotFound(f"there is no unit {unit_id}")
    must(staff, "viewer", unit["merchant_id"])
    blind = bool(waits_for(conn, staff, [unit]))
    events = run(conn, "desk/life", unit_id=unit_id).fetchall()
    row = run(conn, "desk/money", unit_id=unit_id).fetchone() or {}
    page = {
        "unit": without_findings(unit) if blind else unit,
        "events": [_blind_event(event) for event in events] if blind else events,
        "photos": [] if blind else run(conn, "desk/photos", unit_id=unit_id).fetchall(),
        "money": [
            {"term": name, "amount": int(row[name])} for name in MONEY if not blind and row.get(name) is not None
        ],
        "claims": [] if blind else run(conn, "desk/claims", unit_id=unit_id).fetchall(),
        "second_looks": [],
        "compared": [],
    }
    if staff.may("supervisor", unit["merchant_id"]):
        page["second_looks"] = run(conn, "desk/second_look_pairs", unit_id=unit_id).fetchall()
        page["compared"] = run(conn, "desk/differences", unit_id=unit_id).fetchall()
    return page


def _blind_event(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event without what it says of the goods' condition."""
    told = ("inspected", "wrong_item")
    type_ = "inspected" if event["type"] in told else event["type"]
    kept = {} if event["type"] in told else {k: v for k, v in event["payload"].items() if k not in FOUND}
    return {**event, "type": type_, "payload": kept}


def second_looks(conn: Connection, staff: Staff, warehouse: str) -> list[dict[str, Any]]:
    """Return the units whose inspection this person may repeat, oldest first; nothing of what was found."""
    desk_of(conn, staff, warehouse)
    rows = run(conn, "desk/second_looks", warehouse=warehouse).fetchall()
    mine = waits_for(conn, staff, rows)
    hidden = ("first_actor", "worked_by", "inspection_id")
    return [
        {name: value for name, value in row.items() if name not in hidden} for row in rows if row["unit_id"] in mine
    ]


def agreement(conn: Connection, staff: Staff, warehouse: str, measure: str = "grade") -> dict[str, Any]:
    """Return how far the second looks at the goods of the merchants he supervises agree with the first ones.

    ``rows`` are those of :func:`agreements`, ``differing`` the newest pairs of looks that differ in anything.
    """
    desk = desk_of(conn, staff, warehouse)
    his = [merchant_id for merchant_id in desk.merchant_ids if staff.may("supervisor", merchant_id)]
    if not his:
        raise NotAllowed(f"{staff.user_name} supervises no merchant of the warehouse {warehouse}")
    return {
        "rows": agreements(conn, his, measure),
        "differing": run(conn, "desk/second_look_differing", merchant_ids=his, shown=MOST_DIFFERING).fetchall(),
    }


def checklist(conn: Connection, category: str | None = None, language: str = "ru") -> dict[str, Any]:
    """Return what an inspection asks: ``defects`` (code, name, names, finding, kind, repairable), required questions.

    Of one category, or without one of each category that has defects of its own; ``unknown`` is for all others.
    """
    rows = run(conn, "desk/checklist", category=category).fetchall()
    if category is not None:
        return _questions(rows, category, language)
    asked = {row["category"] for row in rows} | {"unknown"}
    return {one: _questions(rows, one, language) for one in sorted(asked - {EVERY_CATEGORY})}


def _questions(rows: list[dict[str, Any]], category: str, language: str) -> dict[str, Any]:
    asked = {row["code"]: row for row in reversed(rows) if row["category"] in (category, EVERY_CATEGORY)}
    return {
        "required": list(REQUIRED),
        "defects": [
            {
                "code": code,
                "name": row[f"name_{language if language in LANGUAGES else 'ru'}"],
                "names": {one: row[f"name_{one}"] for one in LANGUAGES},
                **{name: row[name] for name in ("finding", "kind", "repairable", "main_part")},
            }
            for code, row in reversed(asked.items())
        ],
    }


def _shown(conn: Connection, staff: Staff, unit_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return units as this person may see them."""
    return as_seen_by(conn, staff, units_by_id(conn, unit_ids))
