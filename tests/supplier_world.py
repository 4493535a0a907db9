"""A warehouse with two shops, their suppliers and pieces that came back from buyers and were inspected."""

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from include.db.connection import Connection
from include.domain.days import ALMATY
from include.domain.identity import stable_id
from include.domain.unit_life import Event
from include.flows import ledger, onboarding
from include.flows.suppliers import Period, Wanted
from tests.claim_world import picture, unit

WEEK = dt.date(2026, 9, 7)  # of every order, mature by now
SOLD_AT = dt.datetime(2026, 9, 9, 12, tzinfo=ALMATY)
INSPECTED = dt.datetime(2026, 10, 5, 10, tzinfo=ALMATY)
NOW = dt.datetime(2026, 11, 16, 9, tzinfo=ALMATY)
SUPPLIER = "ТОО «Север» / 1=1 & Ко"
PERIOD = Period(dt.date(2026, 9, 1), dt.date(2026, 11, 16))
# sku: supplier, category, batch, cost, agreed rate, pieces sold
GOODS: dict[str, tuple[str, str, str, int | None, str | None, int]] = {
    "KET-1": (SUPPLIER, "Чайники", "B-1", 9_000, "0.02", 400),
    "KET-2": (SUPPLIER, "Чайники", "B-2", None, None, 50),
    "HP-1": (SUPPLIER, "Наушники", "unknown", 5_000, "0.01", 50),
    "LAMP": ("Жарық Импорт", "Лампы", "unknown", 2_000, "0.02", 300),
    "NONE": ("unknown", "Лампы", "unknown", 2_000, None, 10),
}
SOUND = {"finding": "no_fault", "grade": "A", "signs_of_use": False, "packaging_intact": True, "complete": True,
         "documents": True, "defects": [], "route": "main"}  # fmt: skip
BROKEN = {**SOUND, "finding": "defective", "grade": "C", "defects": ["no_power"], "route": "supplier"}
SEALED = {**SOUND, "finding": "incomplete", "grade": "B", "defects": ["accessory_missing"]}


def prepare(conn: Connection, *merchants: str) -> None:
    """Take merchants in, each with the same goods, an order of each, and what was sold in one mature week."""
    for merchant in merchants or ("shop",):
        stores = [onboarding.Store("PP1", "W1", base_includes_returns=False)]
        onboarding.add_merchant(conn, merchant, name=f"Магазин {merchant}", stores=stores)
        for sku, (supplier, category, batch, cost, agreed, sold) in GOODS.items():
            facts = {
                "m": merchant, "sku": sku, "name": f"=Товар {sku}", "supplier": supplier, "category": category,
                "batch": batch, "cost": cost, "agreed": agreed, "order": f"o-{sku}", "entry": f"e-{sku}",
                "code": str(700_000_000 + len(sku) * 1000 + sum(map(ord, sku))), "at": SOLD_AT, "week": WEEK,
                "sold": sold,
            }  # fmt: skip
            for statement in (
                "insert into core.product (merchant_id, sku, name, category, supplier, batch, cost, "
                "agreed_defect_rate) values (%(m)s, %(sku)s, %(name)s, %(category)s, %(supplier)s, %(batch)s, "
                "%(cost)s, %(agreed)s)",
                "insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, "
                "payload_hash) values (%(m)s, %(order)s, %(code)s, 'ARCHIVE', 'COMPLETED', 1, %(at)s, '')",
                "insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, quantity, "
                "base_price, total_price) values (%(m)s, %(order)s, %(entry)s, 0, %(sku)s, 9, 1, 9)",
                "insert into mart.cohort_weekly (merchant_id, cohort_week, horizon_days, category, sku, supplier, "
                "city, carrier, sold, returned, returned_lo, returned_hi, mature, backfilled, known_on) values (%(m)s, "
                "%(week)s, 30, %(category)s, %(sku)s, %(supplier)s, 'Астана', 'Kaspi', %(sold)s, 0, 0, 0, true, false, "
                "%(week)s)",
                "insert into core.return_case (case_id, merchant_id, order_id, return_kind, status, units_lo, "
                "units_hi, stated_reason, requested_from, requested_to) values (%(case)s, %(m)s, %(order)s, "
                "'customer_return', 'open', 1, 9, 'defective', %(at)s, %(at)s)",
            ):
                conn.execute(statement.encode(), {**facts, "case": case(merchant, sku)})
    conn.commit()


def case(merchant: str, sku: str) -> UUID:
    return stable_id("case of the test", merchant, sku)


def piece(
    conn: Connection, n: int, sku: str = "KET-1", seen: dict[str, Any] | None = None, *, merchant: str = "shop",
    at: dt.datetime = INSPECTED,
) -> UUID:  # fmt: skip
    """A piece that was received, and inspected a day later."""
    append(conn, *life(n, sku, seen or SOUND, merchant, at))
    return unit(n, merchant)


def life(n: int, sku: str, seen: dict[str, Any], merchant: str = "shop", at: dt.datetime = INSPECTED) -> list[Event]:
    received = {
        "source": merchant, "scan_id": f"scan-{n}", "unit_label": f"W1-{n:06d}", "return_order_no": f"RO-{n}",
        "store_id": "PP1", "order_id": f"o-{sku}", "entry_id": f"e-{sku}", "piece": n, "sku": sku,
        "case_id": str(case(merchant, sku)),
    }  # fmt: skip
    return [
        event(n, "received", at - dt.timedelta(days=1), merchant, **received),
        event(n, "inspected", at, merchant, **seen),
    ]


def event(n: int, type_: str, at: dt.datetime, merchant: str = "shop", **payload: Any) -> Event:
    key = stable_id("event of the test", merchant, n, type_, at)
    return Event(key, unit(n, merchant), merchant, type_, at, f"w1-{type_}", "test", payload)


def append(conn: Connection, *events: Event) -> None:
    """Append to the ledger: each must be legal."""
    assert not ledger.append(conn, list(events), NOW).rejected
    conn.commit()


def photo(conn: Connection, n: int, *, merchant: str = "shop", shade: int = 190) -> bytes:
    """Keep a photo of a piece; returns the JPEG."""
    body = picture(shade=shade)
    conn.execute(
        "insert into core.photo (photo_id, unit_id, merchant_id, jpeg, sha256, width, height, taken_at, actor) "
        "values (%s, %s, %s, %s, sha256(%s), 640, 480, %s, 'w1-insp-2')",
        (uuid4(), unit(n, merchant), merchant, body, body, INSPECTED),
    )
    conn.commit()
    return body


def wanted(**more: Any) -> Wanted:
    return Wanted(**{"merchant_id": "shop", "supplier": SUPPLIER, "period": PERIOD, **more})


def furnish(conn: Connection) -> None:
    """Two shops: seven of eleven pieces of the supplier's are his defects, five of them can be claimed."""
    prepare(conn, "shop", "other")
    told = [
        ("KET-1", BROKEN), ("KET-1", BROKEN), ("KET-1", SEALED), ("KET-1", {**SEALED, "packaging_intact": False}),
        ("KET-1", SOUND), ("KET-2", BROKEN), ("KET-2", SOUND), ("HP-1", {**BROKEN, "signs_of_use": True}),
        ("HP-1", {**BROKEN, "route": "resale"}), ("HP-1", {**SOUND, "finding": "wrong_item"}),
        ("HP-1", {**SOUND, "finding": "damaged_in_transit"}), ("LAMP", BROKEN), ("NONE", BROKEN),
    ]  # fmt: skip
    for merchant in ("shop", "other"):
        for n, (sku, seen) in enumerate(told, start=1):
            at = INSPECTED + dt.timedelta(days=3 * n)
            append(conn, *life(n, sku, {**seen, "defects": [*seen["defects"], "@царапина"]}, merchant, at))
    append(conn, event(9, "returned_to_buyer", NOW - dt.timedelta(hours=1)))
    photo(conn, 1)
    photo(conn, 1, shade=150)
    photo(conn, 8, shade=120)
