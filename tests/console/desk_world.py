"""A warehouse with a desk: two merchants, what buyers bought and send back, and who may do what."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI, HTTPException, Request

from include.console.app import build_app
from include.db.connection import connect
from include.domain.identity import case_id, event_id, requested_unit_id
from include.domain.unit_life import Event
from include.flows import ledger, rate_card
from include.flows.onboarding import Store, add_merchant, add_source
from tests.console.surroundings import NOW, SECRET, User

WAREHOUSE = "W1"
DESK_IS_BELIEVED = dict.fromkeys(("receipt", "inspection", "repair", "qc", "pick"), "desk")
PRICES = """merchant,warehouse,term,per,code,amount,valid_from,name_ru,name_kk,name_en
*,*,receiving,event,,350,2026-11-01,,,
*,*,collection,event,,500,2026-11-01,,,
*,*,inspection,event,,600,2026-11-01,,,
*,*,repair,minute,,60,2026-11-01,,,
*,*,packaging,minute,,45,2026-11-01,,,
*,*,packaging,piece,film,40,2026-11-01,Плёнка,Пленка,Film
*,*,packaging,piece,box,250,2026-11-01,Коробка,Қорап,Box
*,*,parts,piece,button,400,2026-11-01,Кнопка,Батырма,Button
*,*,storage,day,,30,2026-11-01,,,
*,*,channel_fee,share,off_kaspi,5%,2026-11-01,,,
*,*,channel_fee,share,resale,12%,2026-11-01,,,
*,*,channel_fee,share,main,12%,2026-11-01,,,
"""
ROLES = {
    "daniyar": ("alpha", "operator"),
    "aliya": ("alpha", "inspector"),
    "beket": ("alpha", "inspector"),
    "vera": ("alpha", "viewer"),
    "saule": ("*", "supervisor"),
    "gulnar": ("beta", "operator"),
}


class Running:
    """The business clock of the test: it began at a given moment and goes on."""

    def __init__(self, begun: dt.datetime = NOW) -> None:
        self.begun = begun
        self.started = time.monotonic()

    def now(self) -> dt.datetime:
        return self.begun + dt.timedelta(seconds=time.monotonic() - self.started)


@dataclass(frozen=True)
class Sale:
    """A line of an order: what was bought and what its buyer says now; without a reason nothing is expected back."""

    number: int
    sku: str
    name: str
    category: str = "Смартфоны"
    price: int = 40_000
    reason: str | None = "UNSUITABLE"
    merchant_id: str = "alpha"

    @property
    def code(self) -> str:
        return f"7000000{self.number:02}"

    @property
    def label(self) -> str:
        """The label of Kaspi's return parcel."""
        return f"{self.code}-1-R"

    @property
    def ean(self) -> str:
        digits = f"487000000{self.number:03}"
        total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
        return f"{digits}{-total % 10}"

    @property
    def unit_id(self) -> UUID:
        return requested_unit_id(self.merchant_id, f"e{self.number}", 1)


SALES = {
    "main": Sale(1, "PH-100", "Смартфон Altyn A10, чёрный"),
    "resale": Sale(2, "PH-200", "Смартфон Altyn A20, синий"),
    "repair": Sale(3, "EL-300", "Чайник Bulak 1,7 л", "Чайники", 15_000, "WRONG"),
    "off_kaspi": Sale(4, "EL-400", "Утюг Zheldi 2400 Вт", "Утюги", 18_000),
    "supplier": Sale(5, "EL-500", "Наушники Dombra Pro", "Наушники", 25_000, "WRONG"),
    "write_off": Sale(6, "EL-600", "Термос Dala 1 л", "Термосы", 8_000),
    "wrong_item": Sale(7, "PH-700", "Смартфон Altyn A30, белый"),
    "offline": Sale(8, "PH-800", "Смартфон Altyn A40, серый"),
    "photo": Sale(9, "PH-900", "Смартфон Altyn A50, зелёный"),
    "quiet": Sale(10, "EL-010", "Фен Samal", "Фены", 12_000, None),
    "wedge": Sale(11, "EL-011", "Весы Taraz", "Весы", 9_000),
    "voided": Sale(12, "EL-012", "Лампа Sham", "Лампы", 7_000),
    "cheap": Sale(13, "EL-013", "Кружка Tau", "Кружки", 1_500),
    "other_login": Sale(14, "EL-014", "Плед Orda", "Пледы", 11_000),
    "beta": Sale(20, "BB-020", "Одеяло Жібек", "Одеяла", 22_000, "UNSUITABLE", "beta"),
}


def furnish(dsn: str) -> None:
    """Fill an empty warehouse database with the world."""
    with connect(dsn) as conn:
        add_merchant(conn, "alpha", name="Almaty Tech", stores=[Store("PP1", WAREHOUSE, False, True)])
        add_merchant(conn, "beta", name="Жібек Home", stores=[Store("PP2", WAREHOUSE, False, True)])
        add_source(conn, "desk-w1", kind="desk", warehouse=WAREHOUSE, system_of_record=DESK_IS_BELIEVED)
        rate_card.load(conn, "prices.csv", PRICES.encode(), "saule", NOW)
        conn.execute(
            "update core.zone set capacity = 40 where warehouse = 'W1' and purpose in ('dock', 'quarantine', 'repair')"
        )
        events = []
        for sale in SALES.values():
            events += _sell(conn, sale)
        assert not ledger.append(conn, events, NOW).rejected
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into ops.staff_role (user_name, merchant_id, role, granted_by, granted_at) "
                "values (%s, %s, %s, 'test', %s)",
                [(name, merchant, role, NOW) for name, (merchant, role) in ROLES.items()],
            )


def _sell(conn: Any, sale: Sale) -> list[Event]:
    facts = {
        **{name: getattr(sale, name) for name in ("merchant_id", "sku", "name", "category", "price", "code", "reason")},
        "order": f"o{sale.number}",
        "entry": f"e{sale.number}",
        "ean": sale.ean,
        "sold": NOW - dt.timedelta(days=9),
        "case": case_id(sale.merchant_id, f"o{sale.number}", 1),
        "application": f"{sale.code}-1",
        "asked": NOW - dt.timedelta(days=2),
        "store": "PP1" if sale.merchant_id == "alpha" else "PP2",
    }
    for statement in (
        "insert into core.product (merchant_id, sku, eans, name, category, supplier, cost) "
        "values (%(merchant_id)s, %(sku)s, array[%(ean)s], %(name)s, %(category)s, 'Zhetisu Import', %(price)s / 2)",
        "insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, "
        "payload_hash, fetched_at, store_id, waybill) values (%(merchant_id)s, %(order)s, %(code)s, 'ARCHIVE', "
        "'COMPLETED', %(price)s, %(sold)s, '\\x00', %(sold)s, %(store)s, 'WB' || %(code)s)",
        "insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, product_name, category, "
        "quantity, base_price, total_price) values (%(merchant_id)s, %(order)s, %(entry)s, 0, %(sku)s, %(name)s, "
        "%(category)s, 1, %(price)s, %(price)s)",
        "insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode) "
        "values (%(merchant_id)s, %(order)s, 'COMPLETED', 'ARCHIVE', %(sold)s, %(sold)s, 1)",
    ):
        conn.execute(statement, facts)
    if sale.reason is None:
        return []
    conn.execute(
        "insert into core.return_case (case_id, merchant_id, order_id, application_number, return_kind, status, "
        "quantity, units_lo, units_hi, stated_reason_raw, stated_reason, requested_from, requested_to) values "
        "(%(case)s, %(merchant_id)s, %(order)s, %(application)s, 'customer_return', 'open', 1, 1, 1, %(reason)s, "
        "case %(reason)s when 'WRONG' then 'not_as_described' else 'changed_mind' end, %(asked)s, %(asked)s)",
        facts,
    )
    requested = {"case_id": str(facts["case"]), "order_id": facts["order"], "entry_id": facts["entry"], "piece": 1,
                 "sku": sale.sku, "store_id": facts["store"],
                 "stated_reason": "not_as_described" if sale.reason == "WRONG" else "changed_mind"}  # fmt: skip
    return [Event(event_id("requested", sale.unit_id), sale.unit_id, sale.merchant_id, "requested",
                  facts["asked"], "kaspi", "kaspi/shop_api", requested)]  # fmt: skip


def who(request: Request) -> User:
    """Who is logged in: the cookie of the test stands for Airflow's."""
    name = request.cookies.get("who")
    if not name:
        raise HTTPException(401, "Not authenticated")
    return User(name)


def desk_app(dsn: str, clock: Any = None) -> FastAPI:
    """Return the console as the desk's tests see it."""
    running = clock or Running()
    return build_app(lambda: dsn, lambda: running, logged_in=who, secret=lambda: SECRET)


@contextmanager
def served(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Serve the app on the loopback address; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
