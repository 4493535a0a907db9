"""A warehouse that tells of its receipts by files, and orders of which something is expected back."""

import csv
import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from cryptography.fernet import Fernet

from include.db.connection import connect
from include.domain.identity import event_id, requested_unit_id
from include.domain.unit_life import Event
from include.flows import batch, ledger, warehouse_receipts_reconcile
from include.flows.contacts import Sealer
from include.flows.onboarding import Store, add_merchant, add_source, load_catalogue
from include.flows.run import Run, open_run
from include.flows.warehouse_events import Sources
from include.quality.gate import judge
from include.quality.suites.warehouse_receipts_reconcile import SUITE
from include.wms.sources import FileDrop

DAY = dt.timedelta(days=1)
BEGAN = dt.datetime(2026, 9, 1, 5, tzinfo=dt.UTC)
CATALOGUE = (
    "sku,master_code,eans,name,category,supplier,batch,cost,agreed_defect_rate\n"
    "AT1,,4870000000012,Наушники TWS,Наушники,S1,,9000,\nAT2,,4870000000029,Роутер,Роутеры,S1,,20000,\n"
)
PRICE = 14_990
CASES = UUID("00000000-0000-0000-0000-00000000ca5e")


@dataclass(frozen=True)
class Fixed:
    """A clock that stands."""

    moment: dt.datetime

    def now(self) -> dt.datetime:
        return self.moment


@dataclass
class ReceiptsWorld:
    """Merchants with a store in the warehouse w1, which drops files into ``folder``. ``now`` is the business time."""

    dsn: str
    folder: Path
    now: dt.datetime = BEGAN
    counter: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    sealer: Sealer = field(default_factory=lambda: Sealer(Fernet.generate_key().decode()))

    def set_up(self, *merchants: str) -> None:
        self.folder.mkdir(exist_ok=True)
        with connect(self.dsn) as conn:
            for merchant_id in merchants or ("tech",):
                add_merchant(conn, merchant_id, name=merchant_id.title(), stores=[Store("PP1", "w1")])
                load_catalogue(conn, merchant_id, CATALOGUE)
            add_source(conn, "w1", kind="file_drop", warehouse="w1")

    def day(self, number: float) -> dt.datetime:
        return BEGAN + number * DAY

    # --- what is expected

    def order(
        self, code: str, quantity: int = 1, *, asked: int | None = None, expected: bool = True, sku: str = "AT1",
        begins: float = 0, merchant: str = "tech", application: bool = True,
    ) -> list[UUID]:  # fmt: skip
        """Make an order of one line; ``asked`` of its pieces are expected back. Returns their units."""
        begun = self.day(begins)
        with connect(self.dsn) as conn:
            conn.execute(
                "insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, "
                "handed_over_at, store_id, waybill, payload_hash) "
                "values (%s, %s, %s, 'ARCHIVE', 'COMPLETED', %s, %s, %s, 'PP1', %s, '')",
                (merchant, f"o{code}", code, PRICE * quantity, begun - 9 * DAY, begun - 5 * DAY, f"WB{code}"),
            )
            conn.execute(
                "insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, product_name, "
                "quantity, base_price, total_price) values (%s, %s, %s, 0, %s, %s, %s, %s, %s)",
                (merchant, f"o{code}", f"e{code}", sku, sku, quantity, PRICE, PRICE * quantity),
            )
            if not expected:
                return []
            pieces = asked or quantity
            case = uuid5(CASES, f"{merchant}/{code}")
            conn.execute(
                "insert into core.return_case (case_id, merchant_id, order_id, entry_id, application_number, "
                "signal_status, return_kind, status, quantity, units_lo, units_hi, requested_from, requested_to) "
                "values (%s, %s, %s, %s, %s, 'RETURNED', 'customer_return', 'applied', %s, 1, %s, %s, %s)",
                (case, merchant, f"o{code}", f"e{code}", f"{code}-1" if application else None, pieces, pieces, begun,
                 begun),
            )  # fmt: skip
            events = [
                Event(
                    event_id("requested", merchant, code, piece),
                    requested_unit_id(merchant, f"e{code}", piece),
                    merchant,
                    "requested",
                    begun,
                    "kaspi",
                    "kaspi/shop_api",
                    {"case_id": str(case), "order_id": f"o{code}", "entry_id": f"e{code}", "piece": piece, "sku": sku},
                )
                for piece in range(1, pieces + 1)
            ]
            ledger.append(conn, events, self.now)
        return [one.unit_id for one in events]

    def book(self, unit_id: UUID, type_: str, at: float, merchant: str = "tech", **payload: Any) -> None:
        """Let something happen to a unit that no warehouse tells of."""
        event = Event(event_id(unit_id, type_, at), unit_id, merchant, type_, self.day(at), "somebody", "test", payload)
        with connect(self.dsn) as conn:
            assert not ledger.append(conn, [event], self.now).rejected

    # --- what the warehouse tells

    def scan(self, label: str, at: float, *, merchant: str = "tech", **read: str) -> dict[str, str]:
        """A receipt as the dock reads it."""
        number = next(self.counter)
        return {
            "event_id": f"w1-{number:05d}", "type": "received", "occurred_at": self.day(at).isoformat(),
            "merchant_id": merchant, "store_id": "PP1", "actor": "w1-dock-1", "unit_label": label,
            "scan_id": f"w1-{number:05d}", "return_order_no": f"RO-{number}", **read,
        }  # fmt: skip

    def said(self, type_: str, at: float, *, merchant: str = "tech", **told: str) -> dict[str, str]:
        """Any other event of the contract."""
        return {
            "event_id": f"w1-{next(self.counter):05d}", "type": type_, "occurred_at": self.day(at).isoformat(),
            "merchant_id": merchant, "store_id": "PP1", "actor": "w1-other-2", **told,
        }  # fmt: skip

    def drop(self, *events: dict[str, str]) -> None:
        """Put a file with these events into the folder."""
        names = list(dict.fromkeys(name for event in events for name in event))
        with (self.folder / f"{next(self.counter):05d}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, names)
            rows.writeheader()
            rows.writerows(events)

    # --- runs

    def new_run(self, at: float, run_id: str | None = None) -> Run:
        self.now = self.day(at)
        with connect(self.dsn) as conn:
            return open_run(
                conn, "warehouse_receipts_reconcile", run_id or f"run-{next(self.counter)}", Fixed(self.now)
            )

    def stage(self, run: Run) -> None:
        """Collect and judge, so that only the booking is left."""
        warehouse_receipts_reconcile.collect(
            self.dsn, run, Sources({"w1": FileDrop(self.folder)}, self.sealer), f"{run.run_id}/collect"
        )
        with connect(self.dsn) as conn:
            for row in conn.execute("select merchant_id from core.merchant order by 1").fetchall():
                batch.open_batch(conn, run, row["merchant_id"])
                batch.staged(conn, run, row["merchant_id"], 0)
        judge(self.dsn, run, SUITE)

    def receipts(self, at: float, *events: dict[str, str], run: Run | None = None) -> dict[str, int]:
        """One run of the flow at day ``at``, after the warehouse told of ``events``."""
        if events:
            self.drop(*events)
        run = run or self.new_run(at)
        self.stage(run)
        return warehouse_receipts_reconcile.book(self.dsn, run, f"{run.run_id}/book")

    # --- looks

    def query(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with connect(self.dsn) as conn:
            return conn.execute(statement.encode(), values or None).fetchall()

    def verdicts(self, merchant: str = "tech") -> dict[str, int]:
        rows = self.query(
            "select verdict, count(*)::integer as n from core.unit_verdict where merchant_id = %s group by 1", merchant
        )
        return {row["verdict"]: row["n"] for row in rows}

    def cases(self, merchant: str = "tech") -> list[tuple[str, str, str | None]]:
        """Kind, status and end of the merchant's differences."""
        rows = self.query(
            "select kind, status, resolution from core.discrepancy where merchant_id = %s "
            "order by kind, status, resolution",
            merchant,
        )
        return [(row["kind"], row["status"], row["resolution"]) for row in rows]
