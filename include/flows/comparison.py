"""Compare what the other system of a warehouse tells with what the believed one has booked; differences are cases."""

import datetime as dt
from typing import Any

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run
from include.domain.comparison import Pair, Received, Told, pair
from include.domain.returns import application_of

COLUMNS = ("source", "unit_label", "unit_id", "merchant_id", "found_by", "found_at")
SAME_PARCEL = dt.timedelta(days=3)  # what two systems scan further apart is not the same piece


def compare(conn: Connection, merchant_id: str, now: dt.datetime) -> int:
    """Bring the merchant's differences between two systems up to date; return how many are open.

    Runs inside the caller's transaction, after the booking. Nothing is read where no second system tells anything.
    """
    settings = run(conn, "core/warehouse_event__any_compared", merchant_id=merchant_id, now=now).fetchall()
    if not any(row["any_compared"] for row in settings):
        return 0
    value = {row["name"]: row["value"] for row in settings}
    since = now - dt.timedelta(days=value["compare_days"])
    run(conn, "core/counterpart__of_labels", merchant_id=merchant_id, since=since, now=now)
    run(conn, "core/counterpart__events", merchant_id=merchant_id, since=since)
    _pair_by_evidence(conn, merchant_id, since, now)
    run(conn, "core/counterpart__events", merchant_id=merchant_id, since=since)
    found = run(
        conn,
        "core/discrepancy__compared",
        merchant_id=merchant_id,
        since=since,
        late=now - dt.timedelta(hours=value["compare_hours"]),
        minutes=value["compare_minutes"],
        now=now,
    ).fetchone()
    return int(found["open"]) if found else 0


def _pair_by_evidence(conn: Connection, merchant_id: str, since: dt.datetime, now: dt.datetime) -> None:
    """Find the units of labels that only the other system knows, by what it read at the dock."""
    rows = run(conn, "core/counterpart__told", merchant_id=merchant_id, since=since).fetchall()
    if not rows:
        return
    told = _read(conn, merchant_id, rows)
    orders = sorted({order_id for one in told for order_id in one.orders})
    skus = sorted({sku for one in told for sku in one.skus})
    received = run(
        conn,
        "core/counterpart__received",
        merchant_id=merchant_id,
        order_ids=orders,
        skus=skus,
        sources=sorted({one.source for one in told}),
        since=min(one.at for one in told) - SAME_PARCEL,
        until=max(one.at for one in told) + SAME_PARCEL,
    ).fetchall()
    pairs: list[Pair] = []
    for source in sorted({row["source"] for row in received}):
        here = [
            Received(row["unit_id"], row["received_at"], row["order_id"], row["sku"])
            for row in received
            if row["source"] == source
        ]
        pairs += pair([one for one in told if one.source == source], here, SAME_PARCEL)
    copy_rows(
        conn,
        "core.counterpart",
        COLUMNS,
        ((one.told.source, one.told.unit_label, one.unit_id, merchant_id, one.found_by, now) for one in pairs),
    )


def _read(conn: Connection, merchant_id: str, rows: list[dict[str, Any]]) -> list[Told]:
    """Return the receipts with the orders and goods that they can mean; a label scanned twice counts once."""
    payloads = [row["payload"] for row in rows]
    labels = {found[0] for one in payloads if (found := application_of(one.get("return_label")))}
    codes = {code for one in payloads if (code := one.get("order_code"))} | labels
    waybills = {one["waybill"] for one in payloads if one.get("waybill")}
    eans = {one["ean"] for one in payloads if one.get("ean")}
    orders = run(
        conn,
        "core/customer_order__of_scans",
        merchant_id=merchant_id,
        codes=sorted(codes),
        waybills=sorted(waybills),
    ).fetchall()
    products = run(conn, "core/product__of_eans", merchant_id=merchant_id, eans=sorted(eans)).fetchall()
    first = {(row["source"], row["unit_label"]): row for row in reversed(rows)}
    return [_told(row, orders, products) for row in first.values()]


def _told(row: dict[str, Any], orders: list[dict[str, Any]], products: list[dict[str, Any]]) -> Told:
    read = row["payload"]
    label = application_of(read.get("return_label"))
    code = label[0] if label else read.get("order_code")
    meant = frozenset(
        one["order_id"]
        for one in orders
        if (code and one["code"] == code) or (read.get("waybill") and one["waybill"] == read["waybill"])
    )
    skus = {read["sku"]} if read.get("sku") else {one["sku"] for one in products if read.get("ean") in one["eans"]}
    names_an_order = bool(code or read.get("waybill"))
    return Told(row["source"], row["unit_label"], row["occurred_at"], meant, frozenset(skus), names_an_order)
