"""Orders from the Shop API to typed tables, return cases and the units that are certain to come.

fetch (per merchant) → gate → publish. A page that is stored is never fetched again by a later try.
"""

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from include.clock import Clock
from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.lease import Lease, hold
from include.db.statements import run as run_statement
from include.domain.sweeps import sweep_range, windows
from include.flows import batch
from include.flows.cases import open_cases
from include.flows.contacts import Sealer, keep_contacts
from include.flows.quarantine import Reject, put_aside
from include.flows.run import Run
from include.kaspi.payloads import Entry, Order
from include.kaspi.privacy import contact_of, content_hash, without_person
from include.kaspi.shop_api import ShopApi, ShopSettings
from include.kaspi.states import STATES

log = logging.getLogger(__name__)

BUDGET_SECONDS = 600
ORDER_COLUMNS = (
    "dag_id", "run_id", "merchant_id", "order_id", "code", "state", "status", "total_price",
    "delivery_cost_seller", "payment_mode", "delivery_mode", "created_at", "planned_delivery_at",
    "handed_over_at", "cancellation_reason", "store_id", "city", "carrier", "waybill",
    "returned_to_warehouse", "payload", "payload_hash", "window_id", "fetched_at",
)  # fmt: skip
LINE_COLUMNS = (
    "dag_id", "run_id", "merchant_id", "order_id", "entry_id", "entry_number", "sku", "product_name",
    "category", "quantity", "unit_type", "base_price", "total_price", "weight_g",
)  # fmt: skip


def active_merchants(dsn: str) -> list[str]:
    """Return the merchants to ingest; the list mapped tasks run over."""
    with connect(dsn) as conn:
        return [row["merchant_id"] for row in run_statement(conn, "core/merchant__active")]


def shop_connection_id(dsn: str, merchant_id: str) -> str:
    """Return the id of the connection that holds the merchant's address and token."""
    with connect(dsn) as conn:
        row = run_statement(conn, "core/merchant__one", merchant_id=merchant_id).fetchone()
    if row is None:
        raise ValueError(f"merchant {merchant_id} is not in core.merchant")
    return str(row["connection_id"])


@dataclass(slots=True)
class _Harvest:
    """What one window's page gave."""

    orders: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    contacts: list[tuple[str, Any]] = field(default_factory=list)


def fetch(dsn: str, run: Run, settings: ShopSettings, clock: Clock, owner: str, sealer: Sealer | None = None) -> int:
    """Sweep one merchant's orders into the staging tables; return how many changed orders were staged.

    The lease is held for a window at a time, so an old range yields to the current run between windows.
    """
    merchant_id = settings.merchant_id
    started = time.monotonic()
    with connect(dsn) as conn, ShopApi(settings) as shop, batch.merchant_part(conn, run, merchant_id, alone=True):
        with conn.transaction():
            batch.open_batch(conn, run, merchant_id)
            spans = _spans(conn, run, merchant_id)
        for created_from, created_to in spans:
            if time.monotonic() - started > BUDGET_SECONDS:
                log.warning("%s: the fetch budget is used up; the next run goes on from here", merchant_id)
                break
            with hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease:
                for state in STATES:
                    _fetch_window(lease, run, shop, clock, state, created_from, created_to, sealer)
        _reread_open_cases(conn, run, shop, clock, owner, sealer)
        with conn.transaction():
            rows = run_statement(conn, "raw/stage_order__count", **run.key, merchant_id=merchant_id).fetchone()
            staged = int(rows["orders"]) if rows else 0
            batch.staged(conn, run, merchant_id, staged)
        log.info("%s: %d changed orders staged with %d calls", merchant_id, staged, shop.calls)
    return staged


def _spans(conn: Connection, run: Run, merchant_id: str) -> list[tuple[dt.datetime, dt.datetime]]:
    """Return the windows of creation dates that this run has to read."""
    if run.range_from:
        return windows(run.range_from, run.range_to or run.now)
    row = run_statement(conn, "ops/fetch_window__last_long", merchant_id=merchant_id, before=run.now).fetchone()
    start, end, _ = sweep_range(run.now, row["started_at"] if row else None)
    return windows(start, end)


def _fetch_window(
    lease: Lease,
    run: Run,
    shop: ShopApi,
    clock: Clock,
    state: str,
    created_from: dt.datetime,
    created_to: dt.datetime,
    sealer: Sealer | None,
) -> None:
    """Read all pages of one state in one window; what is stored and what the page ledger says agree."""
    merchant_id = shop.settings.merchant_id
    key = {**run.key, "merchant_id": merchant_id, "state": state}
    with lease.transaction() as conn:
        window = run_statement(
            conn, "ops/fetch_window", **key, created_from=created_from, created_to=created_to, now=clock.now()
        ).fetchone()
    assert window is not None
    if window["completed_at"] is not None:
        return
    window_id, done = window["window_id"], set(window["pages"] or ())
    total = 0
    for page in shop.pages(state, created_from, created_to):
        total = page.total_count
        if page.number in done:
            continue
        included = {one["id"]: one for one in page.included if one.get("type") == "orderentries"}
        with lease.transaction() as conn:
            harvest = _harvest(conn, run, shop, page.orders, included, window_id, clock.now())
            _store(conn, run, merchant_id, harvest, sealer)
            run_statement(
                conn,
                "ops/fetch_page",
                window_id=window_id,
                page=page.number,
                orders=len(page.orders),
                sha256=hashlib.sha256(page.body).digest(),
            )
    with lease.transaction() as conn:
        run_statement(conn, "ops/fetch_window__complete", window_id=window_id, now=clock.now(), total=total)


def _reread_open_cases(
    conn: Connection, run: Run, shop: ShopApi, clock: Clock, owner: str, sealer: Sealer | None
) -> None:
    """Read by code the orders of 60 to 90 days whose case is open; no sweep covers them any more."""
    merchant_id = shop.settings.merchant_id
    with conn.transaction():
        codes = run_statement(conn, "core/return_case__old_open", merchant_id=merchant_id, now=run.now).fetchall()
    if run.range_from or not codes:
        return
    with hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease:
        with lease.transaction():
            window = run_statement(
                conn,
                "ops/fetch_window",
                **run.key,
                merchant_id=merchant_id,
                state="BY_CODE",
                created_from=run.now - dt.timedelta(days=90),
                created_to=run.now,
                now=clock.now(),
            ).fetchone()
        assert window is not None
        found = [order for row in codes if (order := shop.order_by_code(row["code"]))]
        with lease.transaction():
            harvest = _harvest(conn, run, shop, found, {}, window["window_id"], clock.now())
            _store(conn, run, merchant_id, harvest, sealer)
            run_statement(
                conn, "ops/fetch_window__complete", window_id=window["window_id"], now=clock.now(), total=len(found)
            )


def _harvest(
    conn: Connection,
    run: Run,
    shop: ShopApi,
    orders: list[dict[str, Any]],
    included: dict[str, dict[str, Any]],
    window_id: int,
    fetched_at: dt.datetime,
) -> _Harvest:
    """Type the orders of a page that changed since they were last published."""
    merchant_id = shop.settings.merchant_id
    harvest = _Harvest()
    ids = [str(order.get("id")) for order in orders]
    known = {
        row["order_id"]: row["payload_hash"]
        for row in run_statement(conn, "core/customer_order__hashes", merchant_id=merchant_id, order_ids=ids)
    }
    for raw in orders:
        clean = without_person(raw)
        order_id = str(raw.get("id"))
        try:
            entries = _entries(shop, raw, included)
            payload = {"order": clean, "entries": entries}
            digest = content_hash(payload)
            if known.get(order_id) == digest:
                continue
            order = Order.model_validate(clean.get("attributes") or {})
            harvest.lines.extend(_line_rows(conn, run, shop, order_id, entries))
        except (ValidationError, KeyError, TypeError, ValueError) as error:
            reason = _short(error)
            harvest.rejects.append(
                Reject(merchant_id, "kaspi/order", order_id, reason, {"order": clean}, f"window {window_id}")
            )
            continue
        harvest.orders.append(
            (
                run.dag_id, run.run_id, merchant_id, order_id, order.code, order.state, order.status,
                order.totalPrice, order.deliveryCostForSeller, order.paymentMode, order.deliveryMode,
                order.creationDate, order.plannedDeliveryDate, order.delivery.courierTransmissionDate,
                order.cancellationReason, order.store_id, order.city, order.carrier,
                order.delivery.waybillNumber, order.delivery.returnedToWarehouse, Jsonb(payload), digest,
                window_id, fetched_at,
            )
        )  # fmt: skip
        if contact := contact_of(raw):
            harvest.contacts.append((order_id, contact))
    return harvest


def _entries(shop: ShopApi, order: dict[str, Any], included: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return an order's lines: from the page where it names them, else by their own path."""
    named = ((order.get("relationships") or {}).get("entries") or {}).get("data")
    if isinstance(named, list) and named and all(one["id"] in included for one in named):
        return [included[one["id"]] for one in named]
    return shop.entries(str(order["id"]))


def _line_rows(
    conn: Connection, run: Run, shop: ShopApi, order_id: str, entries: list[dict[str, Any]]
) -> Iterator[tuple[Any, ...]]:
    if not entries:
        raise ValueError("the order has no lines")
    for raw in entries:
        entry = Entry.model_validate(raw["attributes"])
        sku = entry.offer.code if entry.offer else _sku_without_offer(conn, shop, str(raw["id"]))
        yield (
            run.dag_id, run.run_id, shop.settings.merchant_id, order_id, str(raw["id"]), entry.entryNumber,
            sku, entry.offer.name if entry.offer else None, entry.category.title if entry.category else None,
            entry.quantity, entry.unitType, entry.basePrice, entry.totalPrice,
            int(entry.weight) if entry.weight is not None else None,
        )  # fmt: skip


def _sku_without_offer(conn: Connection, shop: ShopApi, entry_id: str) -> str | None:
    """Find the SKU of a line that has no ``offer``: what we know already, else Kaspi's product directory."""
    known = run_statement(
        conn, "core/order_line__sku", merchant_id=shop.settings.merchant_id, entry_id=entry_id
    ).fetchone()
    return str(known["sku"]) if known and known["sku"] else shop.merchant_sku(entry_id)


def _store(conn: Connection, run: Run, merchant_id: str, harvest: _Harvest, sealer: Sealer | None) -> None:
    copy_rows(conn, "raw.stage_order", ORDER_COLUMNS, harvest.orders)
    copy_rows(conn, "raw.stage_order_line", LINE_COLUMNS, harvest.lines)
    put_aside(conn, harvest.rejects, run.now)
    if sealer and harvest.contacts:
        keep_contacts(conn, merchant_id, harvest.contacts, sealer, run.now)


def _short(error: Exception) -> str:
    """Return what is wrong with a record, without its values (they may be personal)."""
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_input=False, include_url=False)
        )[:500]
    return f"{type(error).__name__}: {error}"[:500]


def publish(dsn: str, run: Run, owner: str) -> dict[str, int]:
    """Make the passed parts visible: orders, lines, observations, cases and the units that are certain."""
    counts = {"orders": 0, "cases": 0, "units": 0}
    with connect(dsn) as conn:
        for merchant_id in batch.passed(conn, run):
            with batch.merchant_part(conn, run, merchant_id), hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease:
                with lease.transaction():
                    orders = run_statement(conn, "core/customer_order", **run.key, merchant_id=merchant_id).rowcount
                    run_statement(conn, "core/order_line", **run.key, merchant_id=merchant_id)
                    run_statement(conn, "core/order_observation", **run.key, merchant_id=merchant_id)
                    run_statement(conn, "raw/order_payload", **run.key, merchant_id=merchant_id)
                    cases, units = open_cases(conn, run, merchant_id)
                    run_statement(conn, "raw/stage_order__clear", **run.key, merchant_id=merchant_id)
                    batch.published(conn, run, merchant_id)
                counts["orders"] += orders
                counts["cases"] += cases
                counts["units"] += units
    return counts
