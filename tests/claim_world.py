"""A warehouse with one shop and pieces whose receipt and inspection make claims, or do not."""

import datetime as dt
import io
from typing import Any
from uuid import UUID, uuid4

from PIL import Image, ImageDraw
from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.domain.days import ALMATY
from include.domain.identity import event_id, scanned_unit_id
from include.domain.unit_life import Event
from include.flows import ledger, onboarding

RECEIVED = dt.datetime(2026, 11, 2, 10, tzinfo=ALMATY)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
DENTED = {"grade": "C", "finding": "damaged_in_transit", "signs_of_use": False, "packaging_intact": False,
          "complete": True, "documents": True, "defects": ["вмятина на корпусе"], "route": "repair"}  # fmt: skip


def prepare(conn: Connection, *merchants: str) -> None:
    """Take merchants in, each with an order of nine pieces of 20,000 tenge."""
    for merchant in merchants or ("shop",):
        stores = [onboarding.Store("PP1", "W1", base_includes_returns=False)]
        onboarding.add_merchant(conn, merchant, name=f"Магазин {merchant}", stores=stores)
        conn.execute(
            """
            insert into core.product (merchant_id, sku, name, cost)
            values (%(m)s, 'S', 'Чайник электрический «Қайнар» 1,7 л', 9000);
            insert into core.customer_order (merchant_id, order_id, code, state, status, total_price,
                delivery_cost_seller, created_at, city, carrier, waybill, payload_hash)
            values (%(m)s, 'o1', '707512345', 'ARCHIVE', 'COMPLETED', 180000, 900, '2026-10-20T10:00+05', 'Астана',
                'Kaspi Доставка', 'KZ0001', '');
            insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price,
                total_price)
            values (%(m)s, 'o1', 'e1', 0, 'S', 9, 20000, 180000)
            """.replace("%(m)s", f"'{merchant}'").encode()
        )
    conn.commit()


def unit(n: int, merchant: str = "shop") -> UUID:
    return scanned_unit_id(merchant, f"scan-{n}")


def receive(
    conn: Connection,
    n: int,
    at: dt.datetime = RECEIVED,
    note: str | None = "коробка порвана",
    *,
    merchant: str = "shop",
    same_city: bool | None = True,
    known: dt.datetime | None = None,
) -> UUID:
    """Receive a piece as the warehouse's event and the ledger tell of it."""
    told = {"unit_label": f"W1-{n:06d}", "return_label": f"707512345-{n}-R"}
    told |= {"packaging_note": note} if note is not None else {}
    told |= {"same_city": same_city} if same_city is not None else {}  # type: ignore[dict-item]
    conn.execute(
        """
        insert into core.warehouse_event (source, event_id, merchant_id, type, occurred_at, actor, store_id, payload,
            recorded_at, position, booked_at, outcome, unit_id)
        values (%s, %s, %s, 'received', %s, 'w1-dock-1', 'PP1', %s, %s, %s, %s, 'booked', %s)
        """,
        (merchant, f"scan-{n}", merchant, at, Jsonb(told), known or at, n, known or at, unit(n, merchant)),
    )
    say(conn, n, "received", at, merchant=merchant, known=known, source=merchant, scan_id=f"scan-{n}",
        unit_label=f"W1-{n:06d}", return_order_no=f"RO-{n}", store_id="PP1", order_id="o1", entry_id="e1", piece=n,
        sku="S")  # fmt: skip
    return unit(n, merchant)


def inspect(conn: Connection, n: int, at: dt.datetime, merchant: str = "shop", **seen: Any) -> Event:
    return say(conn, n, "inspected", at, merchant=merchant, **{**DENTED, **seen})


def say(
    conn: Connection,
    n: int,
    type_: str,
    at: dt.datetime,
    *,
    merchant: str = "shop",
    known: dt.datetime | None = None,
    **payload: Any,
) -> Event:
    event = Event(
        event_id(merchant, n, type_, at), unit(n, merchant), merchant, type_, at, f"w1-{type_}", "test", payload
    )
    ledger.append(conn, [event], known or at)
    return event


def photo(conn: Connection, n: int, at: dt.datetime, merchant: str = "shop", body: bytes | None = None) -> UUID:
    body = body or picture()
    photo_id = uuid4()
    conn.execute(
        "insert into core.photo (photo_id, unit_id, merchant_id, jpeg, sha256, width, height, taken_at, actor) "
        "values (%s, %s, %s, %s, sha256(%s), 640, 480, %s, 'w1-insp-2')",
        (photo_id, unit(n, merchant), merchant, body, body, at),
    )
    return photo_id


def picture(word: str = "вмятина", shade: int = 190) -> bytes:
    """Return a drawn box with a dent as a JPEG of 640 × 480."""
    image = Image.new("RGB", (640, 480), (shade, shade - 30, shade - 80))
    draw = ImageDraw.Draw(image)
    draw.rectangle((120, 90, 520, 400), fill=(201, 160, 110), outline=(90, 60, 30), width=6)
    draw.line((120, 170, 520, 170), fill=(150, 110, 70), width=10)
    draw.ellipse((330, 230, 470, 330), fill=(120, 85, 50), outline=(60, 40, 20), width=4)
    draw.line((340, 280, 460, 290), fill=(60, 40, 20), width=5)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80, comment=word.encode())
    return out.getvalue()
