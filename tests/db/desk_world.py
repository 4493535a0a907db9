"""A small warehouse with a desk: two merchants, orders, goods that are expected, and the people who work there."""

import datetime as dt
import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet

from include.db.connection import Connection, connect
from include.domain.identity import event_id, requested_unit_id
from include.domain.staff import Staff
from include.domain.unit_life import Event
from include.flows import desk, ledger
from include.flows.contacts import Sealer
from include.flows.onboarding import Store, add_merchant, add_source, load_catalogue

NOW = dt.datetime(2026, 11, 25, 5, tzinfo=dt.UTC)  # a Wednesday, ten o'clock in Almaty
HEADER = "sku,master_code,eans,name,category,supplier,batch,cost,agreed_defect_rate\n"
CATALOGUES = {
    "tech": HEADER
    + "AT1,,4870000000012,Наушники TWS,Наушники,S1,,9000,\nAT2,,4870000000029,Роутер,Роутеры,S1,,20000,\n",
    "kids": HEADER + "SK1,,4870000000036,Куртка,Детские куртки,S2,,12000,\n",
}
EANS = {"AT1": "4870000000012", "AT2": "4870000000029", "SK1": "4870000000036"}
PRICES = {"AT1": 14_990, "AT2": 39_990, "SK1": 24_990}
DESK_IS_BELIEVED = dict.fromkeys(("receipt", "inspection", "repair", "qc", "pick"), "desk")

OPERATOR = Staff("olga", {"*": "operator"})
INSPECTOR = Staff("ivan", {"*": "inspector"})
CHECKER = Staff("chingiz", {"*": "inspector"})
SUPERVISOR = Staff("saule", {"*": "supervisor"})
ONLY_KIDS = Staff("kamila", {"kids": "supervisor"})

INSPECTED: dict[str, Any] = {
    "type": "inspected", "packaging_intact": True, "complete": True, "documents": True, "signs_of_use": False,
    "defects": [], "grade": "A", "finding": "no_fault", "route": "main", "zone": "resellable",
}  # fmt: skip


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class DeskWorld:
    """The warehouse W1 and its desk. Orders are made as the ingest would leave them."""

    dsn: str
    now: dt.datetime = NOW
    counter: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    sealer: Sealer = field(default_factory=lambda: Sealer(Fernet.generate_key().decode()))

    def set_up(self, *, believed: dict[str, str] | None = None, kids_warehouse: str = "W1") -> None:
        with connect(self.dsn) as conn:
            for merchant_id, warehouse in (("tech", "W1"), ("kids", kids_warehouse)):
                add_merchant(conn, merchant_id, name=merchant_id.title(), stores=[Store("PP1", warehouse)])
                load_catalogue(conn, merchant_id, CATALOGUES[merchant_id])
            add_source(conn, "w1", kind="http_feed", warehouse="W1")
            record = DESK_IS_BELIEVED if believed is None else believed
            add_source(conn, "desk-w1", kind="desk", warehouse="W1", system_of_record=record)

    def order(
        self,
        merchant_id: str = "tech",
        *lines: tuple[str, int],
        code: str | None = None,
        expected: bool = True,
        handed_over: dt.datetime | None = None,
        reason: str = "changed_mind",
        application: str | None = None,
    ) -> str:
        """Make an order; where ``expected``, an application asks for every piece of it. Returns its code."""
        lines = lines or (("AT1", 1) if merchant_id == "tech" else ("SK1", 1),)
        code = code or str(700_000_000 + next(self.counter))
        asked_at = (handed_over or self.now - dt.timedelta(days=10)) + dt.timedelta(days=5)
        with connect(self.dsn) as conn:
            _insert_order(conn, merchant_id, code, lines, handed_over or self.now - dt.timedelta(days=10))
            if expected:
                number = application or f"{code}-1"
                case_id = uuid.uuid4()
                conn.execute(
                    "insert into core.return_case (case_id, merchant_id, order_id, application_number, return_kind, "
                    "status, stated_reason, quantity, units_lo, units_hi, requested_from, requested_to) "
                    "values (%s, %s, %s, %s, 'customer_return', 'applied', %s, %s, 1, %s, %s, %s)",
                    (case_id, merchant_id, f"o{code}", number, reason, sum(q for _, q in lines),
                     sum(q for _, q in lines), asked_at, asked_at),
                )  # fmt: skip
                ledger.append(
                    conn,
                    [
                        _requested(merchant_id, code, n, piece, sku, case_id, asked_at)
                        for n, (sku, quantity) in enumerate(lines)
                        for piece in range(1, quantity + 1)
                    ],
                    asked_at,
                )
        return code

    def record(self, staff: Staff, *events: dict[str, Any], warehouse: str = "W1") -> list[dict[str, Any]]:
        with connect(self.dsn) as conn:
            made = [{"event_id": new_id(), **event} for event in events]
            return desk.record(conn, staff, made, self.now, warehouse, lambda: self.sealer)

    def keep_photo(self, staff: Staff, unit_id: uuid.UUID, image: bytes, event_id: str | None = None) -> dict[str, Any]:
        with connect(self.dsn) as conn:
            return desk.keep_photo(conn, staff, unit_id, image, event_id, self.now)

    def one(self, staff: Staff, **event: Any) -> dict[str, Any]:
        (answer,) = self.record(staff, event)
        return answer

    def look_up(self, staff: Staff, code: str, warehouse: str = "W1") -> dict[str, Any]:
        with connect(self.dsn) as conn:
            conn.read_only = True
            return desk.look_up(conn, staff, code, warehouse)

    def received(self, merchant_id: str = "tech", *lines: tuple[str, int], **facts: Any) -> str:
        """Order, expect and receive one unit; return its label."""
        code = self.order(merchant_id, *lines, **facts)
        answer = self.one(OPERATOR, type="received", merchant_id=merchant_id, return_label=f"{code}-1-R")
        assert answer["outcome"] == "booked", answer
        return str(answer["unit_label"])

    def inspected(self, *, by: Staff = INSPECTOR, label: str | None = None, **facts: Any) -> str:
        label = label or self.received()
        answer = self.one(by, unit_label=label, **{**INSPECTED, **facts})
        assert answer["outcome"] == "booked", answer
        return label

    def later(self, **span: float) -> None:
        self.now += dt.timedelta(**span)

    def query(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with connect(self.dsn) as conn:
            return conn.execute(statement.encode(), values or None).fetchall()


def _requested(merchant_id: str, code: str, n: int, piece: int, sku: str, case_id: uuid.UUID, at: dt.datetime) -> Event:
    entry = f"o{code}-{n}"
    return Event(
        event_id("requested", merchant_id, entry, piece), requested_unit_id(merchant_id, entry, piece), merchant_id,
        "requested", at, "kaspi", "kaspi/shop_api",
        {"case_id": str(case_id), "order_id": f"o{code}", "entry_id": entry, "piece": piece, "sku": sku},
    )  # fmt: skip


def _insert_order(
    conn: Connection, merchant_id: str, code: str, lines: tuple[tuple[str, int], ...], handed_over: dt.datetime
) -> None:
    conn.execute(
        "insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, "
        "handed_over_at, store_id, waybill, payload_hash) "
        "values (%s, %s, %s, 'ARCHIVE', 'COMPLETED', %s, %s, %s, 'PP1', %s, '')",
        (
            merchant_id,
            f"o{code}",
            code,
            sum(PRICES[sku] * n for sku, n in lines),
            handed_over,
            handed_over,
            f"WB{code}",
        ),
    )
    for n, (sku, quantity) in enumerate(lines):
        conn.execute(
            "insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, product_name, quantity, "
            "base_price, total_price) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (merchant_id, f"o{code}", f"o{code}-{n}", n, sku, sku, quantity, PRICES[sku], PRICES[sku] * quantity),
        )
