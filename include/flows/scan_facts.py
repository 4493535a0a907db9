"""Everything that a batch of warehouse events can mean, asked for at once: no statement per event.

Only what the scans name is read, so that one scan costs the same however many units there are.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from include.db.connection import Connection
from include.db.statements import run as run_statement
from include.domain import identity
from include.domain.matching import Book, Expected, Line, Scan
from include.domain.returns import application_of
from include.domain.unit_life import RULES
from include.flows.evidence import return_requested_reading, sold_before


@dataclass(slots=True)
class Case:
    """A return case of an order that scans may belong to."""

    case_id: UUID
    episode: int
    application: str | None
    entry_id: str | None
    open: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An event that was told before and is to be taken back. ``booked`` are the ledger's events of it, newest first."""

    type: str
    unit_id: UUID | None
    outcome: str | None
    booked: list[UUID]


@dataclass(slots=True)
class Facts:
    """What is known of the orders, lines, cases and labels that a batch of events can mean."""

    book: Book
    case_of_unit: dict[UUID, UUID | None]
    orders: dict[str, dict[str, Any]]
    completed: set[str]
    cases: dict[str, list[Case]]
    labels: dict[tuple[str, str], UUID]
    strangers: set[tuple[str, str]]
    scans: dict[tuple[str, str], UUID]
    reasons: dict[UUID, str]
    price_of: dict[tuple[str, str], int]
    sold: dict[str, int]
    reading: str
    sold_before: dict[tuple[str, str], list[UUID]]
    told: dict[tuple[str, str], Told] = field(default_factory=dict)
    looks: dict[UUID, dict[str, Any]] = field(default_factory=dict)  # second looks that wait, by unit


def gather(conn: Connection, merchant_id: str, rows: list[dict[str, Any]]) -> Facts:
    """Return what is known of whatever ``rows`` can mean; the lines of their orders are locked."""
    scans = [row for row in rows if row["type"] == "received"]
    payloads = [row["payload"] for row in rows]
    codes = {code for one in payloads if (code := one.get("order_code"))}
    codes |= {found[0] for one in payloads if (found := application_of(one.get("return_label")))}
    waybills = {one["payload"]["waybill"] for one in scans if one["payload"].get("waybill")}
    eans = {one["payload"]["ean"] for one in scans if one["payload"].get("ean")}
    labels = {label for one in payloads if (label := one.get("unit_label"))}

    def ask(name: str, **params: Any) -> list[dict[str, Any]]:
        return run_statement(conn, name, merchant_id=merchant_id, **params).fetchall()

    orders = {
        row["order_id"]: row
        for row in ask("core/customer_order__of_scans", codes=sorted(codes), waybills=sorted(waybills))
    }
    order_ids = sorted(orders)
    if order_ids:
        ask("core/order_line__lock", order_ids=order_ids)
    lines: dict[str, list[Line]] = defaultdict(list)
    price_of: dict[tuple[str, str], int] = {}
    sold: dict[str, int] = defaultdict(int)
    unplaced: dict[str, int] = {}
    for row in ask("core/order_line__of_orders", order_ids=order_ids):
        sku = row["sku"] or "unknown"
        lines[row["order_id"]].append(Line(row["order_id"], row["entry_id"], sku, row["quantity"], row["born"]))
        price_of[row["order_id"], sku] = row["base_price"]
        sold[row["order_id"]] += row["quantity"]
        unplaced[row["order_id"]] = row["unplaced"]
    sku_of_ean: dict[str, list[str]] = defaultdict(list)
    for row in ask("core/product__of_eans", eans=sorted(eans)):
        for ean in row["eans"]:
            sku_of_ean[ean].append(row["sku"])
    by_waybill: dict[str, list[str]] = defaultdict(list)
    for order_id, row in orders.items():
        if row["waybill"]:
            by_waybill[row["waybill"]].append(order_id)
    offers_of_sku: dict[str, list[str]] = defaultdict(list)
    goods = {sku for row in scans for sku in _goods(row["payload"], sku_of_ean)}
    for row in ask("channel/resale_sku__of_goods", skus=sorted(goods)):
        offers_of_sku[row["sku"]].append(row["offer_sku"])
    loose = {sku for row in scans if _names_no_order(row) for sku in _goods(row["payload"], sku_of_ean)}
    loose |= {offer for sku in loose for offer in offers_of_sku.get(sku, ())}
    expected = ask("ledger/unit__expected", order_ids=order_ids, skus=sorted(loose), scans=len(scans))
    known = run_statement(
        conn,
        "ledger/unit__of_labels",
        sources=sorted({row["source"] for row in rows}),
        labels=sorted(labels),
        scans=sorted(scan_id(row) for row in scans),
    ).fetchall()
    labelled = {(row["asked_by"], row["unit_label"]): row for row in known}  # a source's own comes last and stands
    cases: dict[str, list[Case]] = defaultdict(list)
    of_goods = {row["order_id"] for row in expected}  # a bare EAN meets a piece of an order that no scan names
    for row in ask("core/return_case__of_orders", order_ids=sorted({*order_ids, *of_goods})):
        cases[row["order_id"]].append(
            Case(
                row["case_id"], row["episode"], row["application_number"], row["entry_id"], row["status"] != "cancelled"
            )
        )
    return Facts(
        Book(
            {row["code"]: order_id for order_id, row in orders.items()},
            by_waybill,
            lines,
            [
                Expected(row["unit_id"], row["order_id"], row["entry_id"], row["sku"], row["open"], row["application"])
                for row in expected
            ],
            sku_of_ean,
            set(labelled),
            offers_of_sku,
            {
                case.application: case.entry_id
                for found in cases.values()
                for case in found
                if case.application and case.entry_id
            },
            unplaced,
        ),
        {row["unit_id"]: row["case_id"] for row in expected},
        orders,
        {row["order_id"] for row in ask("core/order_observation__completed", order_ids=order_ids)},
        cases,
        {label: row["unit_id"] for label, row in labelled.items() if row["merchant_id"] == merchant_id},
        {label for label, row in labelled.items() if row["merchant_id"] != merchant_id},
        {(row["source"], row["scan_id"]): row["unit_id"] for row in known},
        {row["unit_id"]: row["stated_reason"] or "unknown" for row in known},
        price_of,
        sold,
        return_requested_reading(conn),
        sold_before(conn, merchant_id, order_ids),
        _told(conn, rows),
        _looks(conn, rows, {label: row["unit_id"] for label, row in labelled.items()}),
    )


def _goods(read: dict[str, Any], sku_of_ean: dict[str, list[str]]) -> list[str]:
    return [read["sku"]] if read.get("sku") else sku_of_ean.get(read.get("ean") or "", [])


def _names_no_order(row: dict[str, Any]) -> bool:
    read = row["payload"]
    return not (application_of(read.get("return_label")) or read.get("order_code") or read.get("waybill"))


def _looks(
    conn: Connection, rows: list[dict[str, Any]], unit_of: dict[tuple[str, str], UUID]
) -> dict[UUID, dict[str, Any]]:
    """Return the second looks that wait for the units that ``rows`` look at again."""
    labels = [(row["source"], row["payload"]["unit_label"]) for row in rows if row["type"] == "second_look"]
    unit_ids = sorted({unit_of[label] for label in labels if label in unit_of})
    if not unit_ids:
        return {}
    return {row["unit_id"]: row for row in run_statement(conn, "core/second_look__open", unit_ids=unit_ids)}


def _told(conn: Connection, rows: list[dict[str, Any]]) -> dict[tuple[str, str], Told]:
    """Return what is known of the events that ``rows`` take back, by (source, event id)."""
    wanted = {(row["source"], row["payload"]["voids"]) for row in rows if row["type"] == "voided"}
    if not wanted:
        return {}
    of_ledger = {
        identity.event_id(source, event_id, type_): (source, event_id) for source, event_id in wanted for type_ in RULES
    }
    booked: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for row in run_statement(conn, "ledger/unit_event__newest_first", event_ids=sorted(of_ledger)):
        booked[of_ledger[row["event_id"]]].append(row["event_id"])
    sources, event_ids = zip(*sorted(wanted), strict=True)
    return {
        (row["source"], row["event_id"]): Told(
            row["type"], row["unit_id"], row["outcome"], booked[row["source"], row["event_id"]]
        )
        for row in run_statement(conn, "core/warehouse_event__told", sources=list(sources), event_ids=list(event_ids))
    }


def scan_of(row: dict[str, Any]) -> Scan:
    """Return what the dock read, as matching wants it."""
    read = row["payload"]
    return Scan(
        row["source"],
        scan_id(row),
        read.get("unit_label"),
        read.get("return_label"),
        read.get("waybill"),
        read.get("order_code"),
        read.get("ean"),
        read.get("sku"),
    )


def scan_id(row: dict[str, Any]) -> str:
    """Return the scan's own id: the event's where the source gives none."""
    return str(row["payload"].get("scan_id") or row["event_id"])
