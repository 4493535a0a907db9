"""A warehouse with a merchant whose buyers are told, and goods that arrive when a test says so."""

import datetime as dt
import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from psycopg.types.json import Jsonb

from include.db.connection import connect
from include.domain import identity
from include.domain.unit_life import Event
from include.flows import ledger
from include.flows.contacts import Sealer, keep_contacts
from include.flows.notices import Outfit, queue_arrival_notices, send_notices
from include.flows.run import Run
from include.kaspi.privacy import Contact
from include.notify.apprise_channel import channel_of

NOON = dt.datetime(2026, 11, 16, 7, 0, tzinfo=dt.UTC)  # 12:00 in Almaty
BUYER = Contact("Айгүл", "7015550101")
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
FAST = {"per_minute": 60_000}


@dataclass
class NoticeWorld:
    """``arrive`` books goods, ``queue`` writes notices, ``send`` sends them over ``url``."""

    dsn: str
    now: dt.datetime = NOON
    key: str = field(default_factory=lambda: Fernet.generate_key().decode())
    url: str = ""
    extra: dict[str, Any] = field(default_factory=lambda: dict(FAST))
    turns: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        with connect(self.dsn) as conn:
            for merchant_id, locale in (("alpha", "ru"), ("beta", "kk")):
                conn.execute(
                    "insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id, locale, "
                    "report_email, notices) values (%s, %s, %s, 'b', %s, %s, true)",
                    (merchant_id, merchant_id.title(), f"c_{merchant_id}", locale, f"{merchant_id}@example.kz"),
                )

    @property
    def sealer(self) -> Sealer:
        return Sealer(self.key)

    def run(self, now: dt.datetime | None = None) -> Run:
        return Run("warehouse_receipts_reconcile", f"r{next(self.turns)}", now or self.now)

    def order(
        self,
        number: int,
        *,
        merchant_id: str = "alpha",
        pieces: int = 3,
        contact: Contact | None = BUYER,
        kind: str = "customer_return",
        status: str = "received",
        episode: int = 1,
    ) -> UUID:
        """Write an order of so many pieces with a case; return the case's id."""
        order_id, code = f"o{number}", f"7000000{number:02d}"
        case_id = identity.case_id(merchant_id, order_id, episode)
        with connect(self.dsn) as conn:
            conn.execute(
                "insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, "
                "handed_over_at, payload_hash) values (%s, %s, %s, 'KASPI_DELIVERY', 'x', 1000, %s, %s, '') "
                "on conflict do nothing",
                (merchant_id, order_id, code, self.now - 10 * DAY, self.now - 9 * DAY),
            )
            conn.execute(
                "insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, quantity, "
                "base_price, total_price) values (%s, %s, %s, 0, 'S1', %s, 1000, 3000) on conflict do nothing",
                (merchant_id, order_id, f"e{number}", pieces),
            )
            conn.execute(
                "insert into core.return_case (case_id, merchant_id, order_id, episode, return_kind, status, units_lo, "
                "units_hi, requested_from, requested_to, entry_id) values (%s, %s, %s, %s, %s, %s, 1, %s, %s, %s, %s)",
                (case_id, merchant_id, order_id, episode, kind, status, pieces, self.now, self.now, f"e{number}"),
            )
            if contact:
                keep_contacts(conn, merchant_id, [(order_id, contact)], self.sealer, self.now)
        return case_id

    def arrive(
        self, number: int, *pieces: int, merchant_id: str = "alpha", at: dt.datetime | None = None, episode: int = 1
    ) -> list[UUID]:
        """Book receipts of an order's pieces; return the units."""
        order_id, moment = f"o{number}", at or self.now
        units = [identity.requested_unit_id(merchant_id, f"e{number}", piece) for piece in pieces]
        events = [
            Event(
                identity.event_id("scan", unit_id),
                unit_id,
                merchant_id,
                "received",
                moment,
                "nurlan",
                "wms/w1",
                {
                    "source": "w1", "scan_id": f"{number}/{piece}", "order_id": order_id, "entry_id": f"e{number}",
                    "piece": piece, "sku": "S1",
                    "case_id": str(identity.case_id(merchant_id, order_id, episode)),
                },
            )
            for unit_id, piece in zip(units, pieces, strict=True)
        ]  # fmt: skip
        with connect(self.dsn) as conn:
            assert len(ledger.append(conn, events, self.now).accepted) == len(events)
        return units

    def void(self, unit_id: UUID) -> None:
        with connect(self.dsn) as conn:
            row = conn.execute(
                "select event_id from ledger.unit_event where unit_id = %s order by seq desc limit 1", (unit_id,)
            ).fetchone()
            assert row is not None
            event = Event(
                identity.event_id("void", unit_id), unit_id, "alpha", "voided", self.now, "nurlan", "desk",
                {"event_id": str(row["event_id"])},
            )  # fmt: skip
            assert ledger.append(conn, [event], self.now).accepted

    def queue(self, now: dt.datetime | None = None, merchant_id: str = "alpha") -> int:
        with connect(self.dsn) as conn:
            return queue_arrival_notices(conn, self.run(now), merchant_id)

    def send(self, now: dt.datetime | None = None, owner: str = "test#1", **extra: Any) -> dict[str, int]:
        outfit = Outfit(self.sealer, lambda _conn_id: channel_of(self.url, self.extra | extra))
        return send_notices(self.dsn, outfit, owner, now or self.now)

    def by(self, port: int, *, path: str = "sms") -> None:
        """Send over the HTTP gateway at a port."""
        self.url = f"json://127.0.0.1:{port}/{path}?:phone={{phone}}&+Idempotency-Key={{key}}"

    def set(self, name: str, value: Any) -> None:
        with connect(self.dsn) as conn:
            assert conn.execute("update ops.setting set value = %s where name = %s", (Jsonb(value), name)).rowcount == 1

    def ask(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        with connect(self.dsn) as conn:
            return conn.execute(statement.encode(), params or None).fetchall()

    def notices(self) -> list[dict[str, Any]]:
        return self.ask("select * from ops.notice order by notice_id")

    def statuses(self) -> list[tuple[str, str | None]]:
        return [(row["status"], row["reason"]) for row in self.notices()]
