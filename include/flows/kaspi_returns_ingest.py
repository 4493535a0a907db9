"""Orders from the Shop API to typed tables, return cases and the units that are certain to come.

fetch (per merchant) → gate → publish. A page that is stored is never fetched again by a later try.
"""

import datetime as dt
import hashlib
import logging
import time
from collections import defaultdict
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
from include.domain.text import storable
from include.flows import batch
from include.flows.cases import open_cases
from include.flows.contacts import Sealer, keep_contacts, keep_unreadable
from include.flows.quarantine import Reject, put_aside, refuse
from include.flows.run import Run
from include.kaspi.errors import KaspiBusy, KaspiError, KaspiRefusedToken
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
    """What a page gave: rows to stage, records that cannot be staged, and whose phone is still whole."""

    orders: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    refused: list[tuple[str, bytes]] = field(default_factory=list)
    contacts: list[tuple[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a page's orders before anything is asked: hashes not to stage again, SKUs of lines."""

    hashes: dict[str, set[bytes]]
    skus: dict[str, str]


def fetch(dsn: str, run: Run, settings: ShopSettings, clock: Clock, owner: str, sealer: Sealer | None = None) -> int:
    """Sweep one merchant's orders into the staging tables; return how many changed orders were staged.

    The lease is held for a window at a time, so an old range yields to the current run between windows. What the
    budget leaves unread stays in the page ledger; the merchant's next run goes on with it.
    """
    merchant_id = settings.merchant_id
    deadline = time.monotonic() + BUDGET_SECONDS
    with connect(dsn) as conn, ShopApi(settings) as shop, batch.merchant_part(conn, run, merchant_id, alone=True):
        long = _plan(conn, run, merchant_id)
        sweep = _Sweep(conn, run, shop, clock, owner, sealer, _sends_notices(conn, merchant_id))
        try:
            left = sweep.windows(deadline)
            if long and not left:
                sweep.open_cases()
        except KaspiBusy as error:
            if error.body and sealer:
                with conn.transaction():
                    name = keep_unreadable(conn, merchant_id, error.body, sealer, run.now)
                error.add_note(f"the body is kept, sealed, in core.contact as {name!r}")
            raise
        with conn.transaction():
            row = run_statement(conn, "raw/stage_order__count", **run.key, merchant_id=merchant_id).fetchone()
            assert row is not None
            rest = f"{left} windows are left for the next run: the budget of {BUDGET_SECONDS} s is used up"
            batch.staged(conn, run, merchant_id, row["orders"], rejected=row["rejected"], detail=rest if left else None)
        log.info("%s: %d changed orders staged with %d calls", merchant_id, row["orders"], shop.calls)
    return int(row["orders"])


def _sends_notices(conn: Connection, merchant_id: str) -> bool:
    """Tell whether the merchant sends notices; only then a buyer's name and phone are kept."""
    with conn.transaction():
        row = run_statement(conn, "core/merchant__one", merchant_id=merchant_id).fetchone()
    return bool(row and row["notices"])


def _plan(conn: Connection, run: Run, merchant_id: str) -> bool:
    """Write the windows this run has to read into the page ledger, those an ended run left unread included.

    Returns whether this is a long sweep. A later try finds the plan of the first and goes on with it.
    """
    with conn.transaction():
        batch.open_batch(conn, run, merchant_id)
        planned = run_statement(conn, "ops/fetch_window__planned", **run.key, merchant_id=merchant_id).fetchone()
        if planned is not None:
            return bool(planned["long"])
        long = False
        if run.range_from:
            spans = windows(run.range_from, run.range_to or run.now)
        else:
            last = run_statement(
                conn, "ops/fetch_window__last_long", merchant_id=merchant_id, before=run.now
            ).fetchone()
            start, end, long = sweep_range(run.now, last["started_at"] if last else None)
            spans = windows(start, end)
            left = run_statement(conn, "ops/fetch_window__left", **run.key, merchant_id=merchant_id).fetchall()
            spans += [(row["created_from"], row["created_to"]) for row in left]
        begins, ends = zip(*dict.fromkeys(spans), strict=True)
        run_statement(
            conn,
            "ops/fetch_window__plan",
            **run.key,
            merchant_id=merchant_id,
            begins=list(begins),
            ends=list(ends),
            states=list(STATES),
            long=long,
        )
        return long


@dataclass(slots=True)
class _Sweep:
    """One try of one merchant's fetch. All HTTP is done before a transaction begins."""

    conn: Connection
    run: Run
    shop: ShopApi
    clock: Clock
    owner: str
    sealer: Sealer | None
    notices: bool

    @property
    def merchant_id(self) -> str:
        return self.shop.settings.merchant_id

    def windows(self, deadline: float) -> int:
        """Read the planned windows that are not complete until ``deadline``; return how many are left."""
        with self.conn.transaction():
            planned = run_statement(
                self.conn, "ops/fetch_window__open", **self.run.key, merchant_id=self.merchant_id
            ).fetchall()
        for done, window in enumerate(planned):
            if time.monotonic() > deadline:
                return len(planned) - done
            with hold(self.conn, f"{self.run.dag_id}:{self.merchant_id}", self.owner) as lease:
                self._window(lease, window)
        return 0

    def _window(self, lease: Lease, window: dict[str, Any]) -> None:
        """Read the pages of one state in one window; what is stored and what the page ledger says agree."""
        window_id = window["window_id"]
        with lease.transaction():
            run_statement(self.conn, "ops/fetch_window__start", window_id=window_id, now=self.clock.now())
        total = 0
        pages = self.shop.pages(
            window["state"], window["created_from"], window["created_to"], set(window["pages"] or ())
        )
        for page in pages:
            total = page.total_count
            included = {one["id"]: one for one in page.included if one.get("type") == "orderentries"}
            harvest = self._harvest(page.orders, included, window_id)
            with lease.transaction():
                self._store(harvest)
                run_statement(
                    self.conn,
                    "ops/fetch_page",
                    window_id=window_id,
                    page=page.number,
                    orders=len(page.orders),
                    sha256=hashlib.sha256(page.body).digest(),
                )
        with lease.transaction():
            run_statement(
                self.conn, "ops/fetch_window__complete", window_id=window_id, now=self.clock.now(), total=total
            )

    def open_cases(self) -> None:
        """Read by code the orders of 60 to 90 days whose case is open; no sweep covers them any more."""
        with self.conn.transaction():
            codes = run_statement(
                self.conn, "core/return_case__old_open", merchant_id=self.merchant_id, now=self.run.now
            ).fetchall()
        if not codes:
            return
        with self.conn.transaction():
            window = run_statement(
                self.conn,
                "ops/fetch_window__by_code",
                **self.run.key,
                merchant_id=self.merchant_id,
                created_from=self.run.now - dt.timedelta(days=90),
                created_to=self.run.now,
                now=self.clock.now(),
            ).fetchone()
        assert window is not None
        if window["completed_at"] is not None:
            return
        found = [order for row in codes if (order := self.shop.order_by_code(row["code"]))]
        harvest = self._harvest(found, {}, window["window_id"])
        with hold(self.conn, f"{self.run.dag_id}:{self.merchant_id}", self.owner) as lease, lease.transaction():
            self._store(harvest)
            run_statement(
                self.conn,
                "ops/fetch_window__complete",
                window_id=window["window_id"],
                now=self.clock.now(),
                total=len(found),
            )

    def _known(self, orders: list[dict[str, Any]]) -> _Known:
        ids = [str(order.get("id")) for order in orders if isinstance(order, dict)]
        hashes: dict[str, set[bytes]] = defaultdict(set)
        with self.conn.transaction():
            for row in run_statement(
                self.conn, "core/customer_order__hashes", merchant_id=self.merchant_id, order_ids=ids
            ):
                hashes[row["order_id"]].add(bytes(row["payload_hash"]))
            lines = run_statement(self.conn, "core/order_line__skus", merchant_id=self.merchant_id, order_ids=ids)
            return _Known(hashes, {row["entry_id"]: row["sku"] for row in lines})

    def _harvest(self, orders: list[dict[str, Any]], included: dict[str, dict[str, Any]], window_id: int) -> _Harvest:
        """Type the orders of a page that changed since they were last published; one bad order is one reject."""
        known, harvest = self._known(orders), _Harvest()
        for raw in orders:
            clean: dict[str, Any] = {}
            digest = b""
            try:
                clean = without_person(raw)
                entries = _entries(self.shop, raw, included)
                payload = {"order": clean, "entries": entries}
                digest = content_hash(payload)
                if digest in known.hashes.get(str(raw["id"]), ()):
                    continue
                if not storable(payload):
                    raise ValueError("the payload holds characters that cannot be stored")  # noqa: TRY301
                row, lines = self._rows(raw["id"], payload, digest, window_id, known)
            except (KaspiRefusedToken, KaspiBusy):
                raise
            except (ValidationError, KaspiError, AttributeError, KeyError, TypeError, ValueError) as error:
                order_id = str(raw.get("id")) if isinstance(raw, dict) else f"window {window_id}"
                kept = {"order": clean} if storable(clean) else None
                harvest.rejects.append(
                    Reject(self.merchant_id, "kaspi/order", order_id, _short(error), kept, f"window {window_id}")
                )
                if digest:
                    harvest.refused.append((order_id, digest))
                continue
            harvest.orders.append(row)
            harvest.lines.extend(lines)
            if contact := contact_of(raw):
                harvest.contacts.append((str(raw["id"]), contact))
        return harvest

    def _rows(
        self, order_id: str, payload: dict[str, Any], digest: bytes, window_id: int, known: _Known
    ) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]]:
        order = Order.model_validate(payload["order"].get("attributes") or {})
        run, merchant_id = self.run, self.merchant_id
        row = (
            run.dag_id, run.run_id, merchant_id, order_id, order.code, order.state, order.status,
            order.totalPrice, order.deliveryCostForSeller, order.paymentMode, order.deliveryMode,
            order.creationDate, order.plannedDeliveryDate, order.delivery.courierTransmissionDate,
            order.cancellationReason, order.store_id, order.city, order.carrier,
            order.delivery.waybillNumber, order.delivery.returnedToWarehouse, Jsonb(payload), digest,
            window_id, self.clock.now(),
        )  # fmt: skip
        if not payload["entries"]:
            raise ValueError("the order has no lines")
        return row, [self._line(order_id, raw, known) for raw in payload["entries"]]

    def _line(self, order_id: str, raw: dict[str, Any], known: _Known) -> tuple[Any, ...]:
        entry, entry_id = Entry.model_validate(raw["attributes"]), str(raw["id"])
        # a line without an offer: what we know already, else Kaspi's product directory
        sku = entry.offer.code if entry.offer else known.skus.get(entry_id) or self.shop.merchant_sku(entry_id)
        return (
            self.run.dag_id, self.run.run_id, self.merchant_id, order_id, entry_id, entry.entryNumber,
            sku, entry.offer.name if entry.offer else None, entry.category.title if entry.category else None,
            entry.quantity, entry.unitType, entry.basePrice, entry.totalPrice,
            int(entry.weight) if entry.weight is not None else None,
        )  # fmt: skip

    def _store(self, harvest: _Harvest) -> None:
        """Write a page's harvest inside the caller's transaction."""
        copy_rows(self.conn, "raw.stage_order", ORDER_COLUMNS, harvest.orders)
        copy_rows(self.conn, "raw.stage_order_line", LINE_COLUMNS, harvest.lines)
        put_aside(self.conn, harvest.rejects, self.run.now)
        refuse(self.conn, self.merchant_id, harvest.refused, self.run.now)
        if self.sealer and self.notices and harvest.contacts:
            keep_contacts(self.conn, self.merchant_id, harvest.contacts, self.sealer, self.run.now)


def _entries(shop: ShopApi, order: dict[str, Any], included: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return an order's lines: from the page where it names them, else by their own path."""
    named = ((order.get("relationships") or {}).get("entries") or {}).get("data")
    if isinstance(named, list) and named and all(one["id"] in included for one in named):
        return [included[one["id"]] for one in named]
    return shop.entries(str(order["id"]))


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
