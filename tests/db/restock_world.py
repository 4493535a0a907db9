"""One merchant, his own price list over real HTTP, a buyer's view, units and orders: what restock needs."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from include.db.connection import connect
from include.domain.identity import event_id, scanned_unit_id
from include.domain.unit_life import Event
from include.flows import batch, ledger, restock_reconcile_daily, restock_sync
from include.flows.onboarding import Store, add_merchant
from include.flows.run import Run, open_run
from include.quality.gate import judge
from include.quality.suites import restock_reconcile_daily as daily_suite
from include.quality.suites import restock_sync as restock_suite
from include.sandbox import buyer

DAWN = dt.datetime(2026, 11, 14, 3, tzinfo=dt.UTC)


def at(hours: float) -> dt.datetime:
    return DAWN + dt.timedelta(hours=hours)


@dataclass
class Offer:
    """A line of the merchant's own list."""

    sku: str
    price: int = 10_000
    count: int | None = 5
    available: bool = True

    def xml(self) -> str:
        count = "" if self.count is None else f' stockCount="{self.count}"'
        available = "yes" if self.available else "no"
        return (
            f'<offer sku="{self.sku}"><model>Model {self.sku}</model><brand>Brand</brand><availabilities>'
            f'<availability available="{available}" storeId="PP1"{count}/></availabilities>'
            f"<price>{self.price}</price></offer>"
        )


@dataclass
class RestockWorld:
    """The outside of one merchant ``m``. Change ``offers`` and ``seen``; they are served over HTTP."""

    dsn: str
    offers: dict[str, Offer]
    seen: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    broken: bool = False
    observed: bool = True
    now: dt.datetime = DAWN
    runs: int = 0

    # --- the outside

    def base_xml(self) -> bytes:
        listed = "\n".join(offer.xml() for offer in self.offers.values())
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            f'<kaspi_catalog date="{self.now:%Y-%m-%d %H:%M}" xmlns="kaspiShopping">'
            f"<company>c</company><merchantid>m</merchantid><offers>{listed}</offers></kaspi_catalog>"
        ).encode()

    @contextmanager
    def served(self) -> Iterator["RestockWorld"]:
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen = json.dumps({"offers": world.seen}).encode()
                body = seen if self.path.startswith("/buyer/offers?merchant=m") else world.base_xml()
                self.send_response(502 if world.broken else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    # --- facts

    def onboard(self, *, includes_returns: bool = False, pick_scan: bool = False) -> None:
        with connect(self.dsn) as conn:
            store = Store("PP1", "W1", includes_returns, pick_scan)
            add_merchant(conn, "m", name="M", stores=[store], feed_token="secret")

    def book(self, *events: Event) -> None:
        with connect(self.dsn) as conn:
            outcome = ledger.append(conn, events, self.now)
            assert not outcome.rejected

    def event(self, unit: UUID, type_: str, moment: dt.datetime, actor: str = "desk", **payload: Any) -> Event:
        return Event(event_id(type_, unit, moment), unit, "m", type_, moment, actor, "wms", payload)

    def unit(
        self,
        label: str,
        sku: str,
        qc: float,
        *,
        route: str = "main",
        grade: str = "A",
        intact: bool = True,
        used: bool = False,
        previous: UUID | None = None,
    ) -> UUID:
        """A unit that has passed QC at hour ``qc``."""
        unit_id = scanned_unit_id("w1", label)
        look = {"grade": grade, "finding": "no_fault", "route": route, "signs_of_use": used, "packaging_intact": intact}
        self.book(
            self.event(
                unit_id,
                "received",
                at(qc - 2),
                source="w1",
                scan_id=label,
                unit_label=label,
                sku=sku,
                store_id="PP1",
                **({"previous_unit_id": str(previous)} if previous else {}),
            ),
            self.event(unit_id, "inspected", at(qc - 1), "inspector", **look),
            self.event(unit_id, "qc_passed", at(qc), "checker"),
        )
        return unit_id

    def order(
        self, code: str, sku: str, placed: float, *, quantity: int = 1, price: int = 9_250,
        handed_over: float | None = None, status: str = "APPROVED_BY_BANK",
    ) -> None:  # fmt: skip
        with connect(self.dsn) as conn:
            conn.execute(
                """
                insert into core.customer_order (
                    merchant_id, order_id, code, state, status, total_price, created_at, handed_over_at, store_id,
                    payload_hash
                )
                values ('m', %s, %s, 'KASPI_DELIVERY', %s, %s, %s, %s, 'PP1', '')
                on conflict (merchant_id, order_id) do update
                set status = excluded.status, handed_over_at = excluded.handed_over_at
                """,
                (code, code, status, price, at(placed), None if handed_over is None else at(handed_over)),
            )
            conn.execute(
                """
                insert into core.order_line (
                    merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price, total_price
                )
                values ('m', %s, %s, 0, %s, %s, %s, %s)
                on conflict do nothing
                """,
                (code, f"{code}#0", sku, quantity, price, price * quantity),
            )

    def fetched(self, hours: float, status: int = 200, user_agent: str | None = buyer.USER_AGENT) -> None:
        """Kaspi, or whoever ``user_agent`` is, pulls the list that is served now."""
        with connect(self.dsn) as conn:
            conn.execute(
                """
                insert into channel.feed_fetch (merchant_id, version, fetched_at, status, user_agent)
                select 'm', max(version), %s, %s, %s from channel.feed_version where status = 'published'
                """,
                (at(hours), status, user_agent),
            )

    # --- runs

    def ports(self) -> restock_sync.Ports:
        observer = self.url if self.observed else None
        return restock_sync.Ports(lambda _: f"{self.url}/base.xml", observer)

    def new_run(self, dag_id: str, hours: float) -> Run:
        self.now, self.runs = at(hours), self.runs + 1
        with connect(self.dsn) as conn:
            return open_run(conn, dag_id, f"run-{self.runs}", _Fixed(self.now))

    def restock(self, hours: float, run: Run | None = None) -> str:
        """One run of restock_sync; returns what became of the merchant's part."""
        run = run or self.new_run("restock_sync", hours)
        restock_sync.stage(self.dsn, run, self.ports(), f"{run.run_id}/stage")
        judge(self.dsn, run, restock_suite.SUITE)
        restock_sync.publish(self.dsn, run, f"{run.run_id}/publish")
        return self.status(run)

    def reconcile(self, hours: float, run: Run | None = None) -> str:
        """One run of restock_reconcile_daily; returns what became of the merchant's part."""
        run = run or self.new_run("restock_reconcile_daily", hours)
        observer = self.url if self.observed else None
        restock_reconcile_daily.stage(self.dsn, run, observer, f"{run.run_id}/stage")
        judge(self.dsn, run, daily_suite.SUITE)
        restock_reconcile_daily.publish(self.dsn, run, f"{run.run_id}/publish")
        return self.status(run)

    def status(self, run: Run) -> str:
        with connect(self.dsn) as conn:
            found = [
                name
                for name in ("staging", "staged", "passed", "held", "published", "failed")
                if batch.with_status(conn, run, name)
            ]
        return found[0]

    # --- looks

    def query(self, statement: str) -> list[dict[str, Any]]:
        with connect(self.dsn) as conn:
            return conn.execute(statement.encode()).fetchall()

    def one(self, statement: str) -> Any:
        """The only value of a query."""
        (row,) = self.query(statement)
        (value,) = row.values()
        return value

    def shown(self) -> dict[str, tuple[int | None, int | None]]:
        """What the list served now offers: quantity and price by SKU."""
        rows = self.query(
            """
            select offer_sku, quantity, price
            from channel.feed_offer
            where version = (select max(version) from channel.feed_version where status = 'published')
            order by position
            """
        )
        return {row["offer_sku"]: (row["quantity"], row["price"]) for row in rows}

    def state(self, unit: UUID) -> str:
        return str(self.one(f"select state from ledger.unit where unit_id = '{unit}'"))

    def business_rows(self) -> dict[str, str]:
        """A checksum of every table that means something to the business."""
        tables = (
            "ledger.unit", "ledger.unit_event", "ledger.event_inbox", "channel.addition", "channel.sale",
            "channel.resale_sku", "channel.feed_version", "channel.feed_offer", "channel.off_kaspi_list",
            "channel.base_offer", "core.discrepancy", "mart.offer_sync",
        )  # fmt: skip
        return {
            table: str(
                self.one(f"select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {table} as t")
            )
            for table in tables
        }


@dataclass(frozen=True)
class _Fixed:
    moment: dt.datetime

    def now(self) -> dt.datetime:
        return self.moment
