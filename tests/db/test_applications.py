"""Applications from a file: one case an application, no piece expected twice, whatever comes first."""

import datetime as dt
import io
import itertools
import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import identity
from include.flows import onboarding
from include.flows.applications import Preview, collect_folder, preview, publish_applications, take_in
from include.flows.booking import book_events
from include.flows.cases import lock, open_cases
from include.flows.housekeeping import tidy
from include.flows.ledger_rebuild import rebuild
from include.flows.run import Run
from include.kaspi.applications_file import needed_csv
from include.quality.suite import SqlCheck, Suite
from include.quality.suites.applications import APPLICATION_CHECKS
from tests.fingerprint import fingerprint
from tools import applications as command

BEGIN = dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HEADER = (
    "Номер заявки;Номер заказа;Код товара;Артикул;Количество;Код причины;Причина;Дата создания;Раздел;Шаг;Дата шага"
)
NEW = ("Новые", "MERCHANT_APPROVAL", None)
ON_WAY = ("На доставке", "BACKWARD_DELIVERY_BY_KASPI", BEGIN + 2 * DAY)
THERE = ("Ожидают решения", "BACKWARD_DELIVERY_BY_KASPI_FINISHED", BEGIN + 4 * DAY)


@dataclass(slots=True)
class Clock:
    """The test's time; every step is a minute later than the one before."""

    moment: dt.datetime = BEGIN + 10 * DAY

    def now(self) -> dt.datetime:
        self.moment += dt.timedelta(minutes=1)
        return self.moment


def row(
    number: str,
    *,
    sku: str = "",
    master: str = "",
    quantity: Any = 1,
    reason: str = "WRONG",
    made: dt.datetime = BEGIN + DAY,
    at: tuple[str, str, dt.datetime | None] = NEW,
) -> str:
    tab, step, moment = at
    local = (
        one.astimezone(dt.timezone(dt.timedelta(hours=5))).strftime("%d.%m.%Y %H:%M") if one else ""
        for one in (made, moment)
    )
    created, stepped = local
    order = number.rpartition("-")[0]
    return f"{number};{order};{master};{sku};{quantity};{reason};;{created};{tab};{step};{stepped}"


def file_of(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows)).encode("utf-8-sig")


@dataclass(slots=True)
class Shop:
    """A merchant whose orders, statuses, scans and files are put in by hand, and published as the flows do it."""

    dsn: str
    clock: Clock = field(default_factory=Clock)
    counter: Iterator[int] = field(default_factory=lambda: itertools.count(700_000_001))
    kept: list[Connection] = field(default_factory=list)

    @contextmanager
    def at_work(self) -> Iterator[Connection]:
        """A transaction on a connection that is kept: the tests take many small steps."""
        if not self.kept:
            self.kept.append(connect(self.dsn))
        with self.kept[0].transaction():
            yield self.kept[0]

    def query(self, statement: str, **params: Any) -> list[dict[str, Any]]:
        with self.at_work() as conn:
            return conn.execute(statement.encode(), params).fetchall()

    def order(self, *lines: tuple[str, int], code: str = "", status: str = "COMPLETED") -> str:
        """Place an order of (sku, pieces); return its code. Entry ids are ``<code>#<n>``."""
        code = code or str(next(self.counter))
        with self.at_work() as conn:
            conn.execute(
                "insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, "
                "handed_over_at, payload_hash, fetched_at) values ('shop', %s, %s, 'ARCHIVE', %s, 1, %s, %s, '', %s)",
                (f"o{code}", code, status, BEGIN - 9 * DAY, BEGIN - 8 * DAY, BEGIN),
            )
            columns = (
                "merchant_id", "order_id", "entry_id", "entry_number", "sku", "quantity", "base_price", "total_price",
            )  # fmt: skip
            copy_rows(
                conn,
                "core.order_line",
                columns,
                [("shop", f"o{code}", f"{code}#{n}", n, sku, pieces, 1, 1) for n, (sku, pieces) in enumerate(lines)],
            )
            self._observe(conn, code, status, BEGIN - 5 * DAY)
        return code

    def _observe(self, conn: Connection, code: str, status: str, at: dt.datetime) -> None:
        conn.execute(
            "insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode) "
            "select 'shop', %s, %s, 'ARCHIVE', %s, %s, 1 + count(*) from core.order_observation where order_id = %s",
            (f"o{code}", status, at, at, f"o{code}"),
        )

    def run(self) -> Run:
        now = self.clock.now()
        return Run("kaspi_returns_ingest", f"run-{now.isoformat()}", now)

    def publish(self, *changed: str, status: str | None = None) -> dict[str, int]:
        """Publish a batch in which these orders came, with their new status if they have one."""
        run = self.run()
        with self.at_work() as conn:
            for code in changed:
                if status:
                    conn.execute("update core.customer_order set status = %s where code = %s", (status, code))
                    self._observe(conn, code, status, run.now)
                conn.execute(
                    "insert into raw.stage_order (dag_id, run_id, merchant_id, order_id, code, state, status, "
                    "payload_hash, window_id, fetched_at, read_number) "
                    "values (%s, %s, 'shop', %s, %s, 'ARCHIVE', 'x', '', 1, %s, 1)",
                    (run.dag_id, run.run_id, f"o{code}", code, run.now),
                )
            lock(conn, run, "shop")
            open_cases(conn, run, "shop")
            counts = publish_applications(conn, run, "shop")
            conn.execute("delete from raw.stage_order")
            return counts

    def receive(self, code: str, sku: str | None, scan: str, **facts: Any) -> None:
        """Have the dock scan a piece and book it."""
        with self.at_work() as conn:
            conn.execute(
                "insert into core.warehouse_event (source, event_id, merchant_id, type, occurred_at, actor, store_id, "
                "payload, recorded_at, position) values ('w1', %s, 'shop', 'received', %s, 'Dana', 'PP1', %s, %s, 1) "
                "on conflict do nothing",
                (
                    f"{code}-{scan}", BEGIN + 5 * DAY,
                    Jsonb({"unit_label": f"W-{code}-{scan}", "order_code": code, "sku": sku, **facts}), BEGIN + 5 * DAY,
                ),
            )  # fmt: skip
        self.book()

    def tell(self, label: str, type_: str, **facts: Any) -> None:
        """Have the warehouse report something else of a piece, and book it."""
        with self.at_work() as conn:
            conn.execute(
                "insert into core.warehouse_event (source, event_id, merchant_id, type, occurred_at, actor, store_id, "
                "payload, recorded_at, position) values ('w1', %s, 'shop', %s, %s, 'Aliya', 'PP1', %s, %s, 2)",
                (
                    f"{label}-{type_}", type_, BEGIN + 6 * DAY, Jsonb({"unit_label": label, **facts}), BEGIN + 6 * DAY,
                ),
            )  # fmt: skip
        self.book()

    def book(self) -> None:
        run = self.run()
        with self.at_work() as conn:
            book_events(conn, run, "shop")
            run_statement(conn, "core/return_case__closed", merchant_id="shop", now=run.now)

    def take(self, *rows: str, name: str = "заявки.csv", actor: str = "Dana") -> Preview:
        return take_in(self.dsn, "shop", name, file_of(*rows), actor, self.clock)

    def look(self, *rows: str) -> list[tuple[str, str]]:
        seen = preview(self.dsn, "shop", "заявки.csv", file_of(*rows), self.clock.now())
        return [(one.application_number.partition("-")[2], one.verdict) for one in seen.rows]

    def cases(self, code: str) -> list[dict[str, Any]]:
        return self.query("select * from core.return_case where order_id = %(id)s order by episode", id=f"o{code}")

    def units(self, code: str) -> list[dict[str, Any]]:
        return self.query("select * from ledger.unit where order_id = %(id)s order by entry_id, piece", id=f"o{code}")

    def states(self, code: str) -> list[tuple[str, int, str]]:
        """Return (line, piece, state) of the order's units."""
        return [((one["entry_id"] or "").partition("#")[2], one["piece"], one["state"]) for one in self.units(code)]

    def quarantined(self) -> list[dict[str, Any]]:
        return self.query("select source, record_key, reason, pointer, payload from ops.quarantine order by id")


def furnish(dsn: str) -> Shop:
    with connect(dsn) as conn:
        stores = [onboarding.Store("PP1", "W1", base_includes_returns=False, pick_scan=True)]
        onboarding.add_merchant(conn, "shop", name="Shop", stores=stores)
        onboarding.add_source(conn, "w1", kind="http_feed")
        onboarding.load_catalogue(
            conn,
            "shop",
            "sku,master_code,eans,name,category,supplier,batch,cost,agreed_defect_rate\nA,MA,,Лампа,,,,,\nB,MB,,Стол,,,,,\n",
        )
    return Shop(dsn)


@contextmanager
def furnished(dsn: str, *, empty: bool = False) -> Iterator[Shop]:
    shop = Shop(dsn) if empty else furnish(dsn)
    yield shop
    for conn in shop.kept:
        conn.close()


@pytest.fixture(scope="module")
def shop(warehouse_dsn: str) -> Iterator[Shop]:
    """A shop that the tests share; each has orders of its own."""
    with furnished(warehouse_dsn) as made:
        yield made


@pytest.fixture
def own_shop(new_warehouse: Callable[[], str]) -> Iterator[Shop]:
    with furnished(new_warehouse()) as made:
        yield made


def test_an_application_opens_a_case_with_certain_pieces(shop: Shop) -> None:
    code = shop.order(("A", 3), ("B", 1))
    shop.take(row(f"{code}-1", sku="A", quantity=2))
    assert shop.publish() == {
        "applications": 1, "cases": 1, "units": 2, "steps": 0, "taken_back": 0, "without_line": 0,
    }  # fmt: skip
    (case,) = shop.cases(code)
    assert case["case_id"] == identity.case_id("shop", f"o{code}", 1)
    assert (case["return_kind"], case["status"], case["quantity"]) == ("customer_return", "applied", 2)
    assert (case["units_lo"], case["units_hi"], case["entry_id"]) == (2, 2, f"{code}#0")
    assert case["requested_from"] == case["requested_to"] == BEGIN + DAY
    assert (case["stated_reason_raw"], case["stated_reason"]) == ("WRONG", "not_as_described")
    assert shop.states(code) == [("0", 1, "requested"), ("0", 2, "requested")]
    assert [one["unit_id"] for one in shop.units(code)] == [
        identity.requested_unit_id("shop", f"{code}#0", piece) for piece in (1, 2)
    ]
    assert {one["requested_at"] for one in shop.units(code)} == {BEGIN + DAY}


def test_the_same_file_twice_and_at_once_is_a_no_op(shop: Shop) -> None:
    code = shop.order(("A", 2))
    body = file_of(row(f"{code}-1", sku="A", quantity=2))
    seen: list[Preview] = []
    takers = [
        threading.Thread(
            target=lambda: seen.append(take_in(shop.dsn, "shop", "f.csv", body, "Dana", Clock(BEGIN + 10 * DAY)))
        )
        for _ in range(4)
    ]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert sorted(one.taken_in for one in seen) == [False, False, False, True]
    shop.publish()
    before = fingerprint(shop.dsn)
    again = shop.take(row(f"{code}-1", sku="A", quantity=2))
    assert not again.taken_in and again.known_by == "Dana" and again.counts == {"unchanged": 1}
    assert shop.publish(code)["units"] == 0
    assert fingerprint(shop.dsn) == before


def test_a_later_export_with_the_same_rows_changes_no_case(shop: Shop) -> None:
    one, two = shop.order(("A", 1)), shop.order(("A", 1))
    shop.take(row(f"{one}-1", at=ON_WAY))
    shop.publish()
    before = fingerprint(shop.dsn, schemas=("core", "ledger"))
    shop.take(row(f"{one}-1", at=ON_WAY), row(f"{two}-1", at=THERE))
    assert shop.query("select 1 from raw.application where application_number = %(n)s", n=f"{one}-1") == [
        {"?column?": 1}
    ]
    shop.publish()
    after = fingerprint(shop.dsn, schemas=("core", "ledger"))
    assert after != before and len(shop.units(one)) == len(shop.units(two)) == 1


def test_publishing_twice_at_once_ends_the_same(own_shop: Shop) -> None:
    codes = [own_shop.order(("A", 2), ("B", 2)) for _ in range(5)]
    own_shop.take(*(row(f"{code}-{n}", sku=sku, quantity=2) for code in codes for n, sku in ((1, "A"), (2, "B"))))
    failures: list[BaseException] = []

    def publish() -> None:
        try:
            Shop(own_shop.dsn, Clock(BEGIN + 20 * DAY)).publish()
        except BaseException as error:
            failures.append(error)

    publishers = [threading.Thread(target=publish) for _ in range(3)]
    for one in publishers:
        one.start()
    for one in publishers:
        one.join()
    assert failures == []
    assert [len(own_shop.units(code)) for code in codes] == [4] * 5
    assert [len(own_shop.cases(code)) for code in codes] == [2] * 5


def test_the_dock_and_a_file_at_once_end_the_same(own_shop: Shop) -> None:
    codes = [own_shop.order(("A", 2), ("B", 1)) for _ in range(6)]
    failures: list[BaseException] = []

    def work(step: Callable[[Shop, str], Any]) -> None:
        with furnished(own_shop.dsn, empty=True) as mine:
            for code in codes:
                try:
                    step(mine, code)
                except BaseException as error:
                    failures.append(error)

    def dock(mine: Shop, code: str) -> None:
        mine.receive(code, "A", "s1")
        mine.receive(code, "B", "s2")

    def bring(mine: Shop, code: str) -> None:
        mine.take(row(f"{code}-1", sku="A", quantity=2), row(f"{code}-2", sku="B"))
        mine.publish()

    def status(mine: Shop, code: str) -> None:
        run = mine.run()
        with mine.at_work() as conn:
            lock(conn, run, "shop")
            open_cases(conn, run, "shop")
            publish_applications(conn, run, "shop")

    hands = [threading.Thread(target=work, args=(step,)) for step in (dock, bring, status)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert failures == []
    own_shop.publish()
    for code in codes:
        # which of two equal pieces the dock meets is the accident
        assert sorted((line, state) for line, _, state in own_shop.states(code)) == [
            ("0", "received"), ("0", "requested"), ("1", "received"),
        ]  # fmt: skip
        assert [one["application_number"] for one in own_shop.cases(code)] in (
            [f"{code}-1", f"{code}-2"], [f"{code}-2", f"{code}-1"],
        )  # fmt: skip


# --- signals in every order


def test_an_application_joins_the_case_of_a_status_which_keeps_its_id(shop: Shop) -> None:
    code = shop.order(("A", 3), ("B", 2))
    shop.publish(code, status="KASPI_DELIVERY_RETURN_REQUESTED")
    (before,) = shop.cases(code)
    assert (before["quantity"], before["units_lo"], before["units_hi"]) == (None, 1, 5)
    assert before["status"] == "in_transit" and shop.units(code) == []
    assert shop.look(row(f"{code}-1", sku="B", quantity=2)) == [("1", "joins")]
    shop.take(row(f"{code}-1", sku="B", quantity=2))
    shop.publish()
    (after,) = shop.cases(code)
    assert after["case_id"] == before["case_id"] and after["application_number"] == f"{code}-1"
    assert (after["quantity"], after["units_lo"], after["units_hi"], after["return_kind"]) == (
        2, 2, 2, "customer_return",
    )  # fmt: skip
    assert shop.states(code) == [("1", 1, "requested"), ("1", 2, "requested")]


def test_a_status_after_the_applications_opens_no_case(shop: Shop) -> None:
    code = shop.order(("A", 1), ("B", 1))
    shop.take(row(f"{code}-1", sku="A"), row(f"{code}-2", sku="B"))
    shop.publish()
    shop.publish(code, status="KASPI_DELIVERY_RETURN_REQUESTED")
    shop.publish(code, status="RETURNED")
    cases = shop.cases(code)
    assert [one["application_number"] for one in cases] == [f"{code}-1", f"{code}-2"]
    assert {one["signal_status"] for one in cases} == {"RETURNED"}
    assert {(one["quantity"], one["units_hi"]) for one in cases} == {(1, 1)} and len(shop.units(code)) == 2


def test_a_status_that_goes_back_does_not_withdraw_an_application(shop: Shop) -> None:
    code = shop.order(("A", 1))
    shop.publish(code, status="KASPI_DELIVERY_RETURN_REQUESTED")
    shop.take(row(f"{code}-1"))
    shop.publish()
    shop.publish(code, status="COMPLETED")
    assert shop.cases(code)[0]["status"] == "applied" and shop.states(code) == [("0", 1, "requested")]


def test_one_piece_announced_by_status_and_application_is_one_unit(shop: Shop) -> None:
    code = shop.order(("A", 1))
    shop.publish(code, status="RETURN_ACCEPTED_BY_MERCHANT")
    shop.take(row(f"{code}-1"))
    shop.publish()
    shop.receive(code, "A", "s1")
    assert shop.states(code) == [("0", 1, "received")] and len(shop.cases(code)) == 1
    assert shop.cases(code)[0]["status"] == "received"


def test_what_the_dock_received_before_counts_as_pieces_of_the_application(shop: Shop) -> None:
    code = shop.order(("A", 3), ("B", 1))
    shop.receive(code, "A", "s1")
    (dock,) = shop.cases(code)
    shop.take(row(f"{code}-1", sku="A", quantity=2))
    shop.publish()
    (case,) = shop.cases(code)
    assert case["case_id"] == dock["case_id"] and case["status"] == "received"
    assert shop.states(code) == [("0", 1, "received"), ("0", 2, "requested")]
    shop.receive(code, "A", "s2")
    assert shop.states(code) == [("0", 1, "received"), ("0", 2, "received")]
    assert shop.cases(code)[0]["closed_at"] is not None


def test_a_case_that_the_dock_has_closed_is_joined_and_not_doubled(shop: Shop) -> None:
    code = shop.order(("A", 1))
    shop.receive(code, "A", "s1")
    assert shop.cases(code)[0]["closed_at"] is not None
    shop.take(row(f"{code}-1", made=BEGIN + 6 * DAY))  # the dock was earlier than the application itself
    shop.publish()
    (case,) = shop.cases(code)
    assert case["application_number"] == f"{code}-1" and case["closed_at"] is not None
    assert case["requested_from"] == case["requested_to"] == BEGIN + 5 * DAY  # of the first receipt
    assert shop.states(code) == [("0", 1, "received")]


def test_the_return_label_of_the_dock_names_the_case_of_the_file(shop: Shop) -> None:
    code = shop.order(("A", 2), ("B", 1))
    shop.receive(code, "B", "s1", return_label=f"{code}-2-R")
    shop.take(row(f"{code}-1", sku="A"), row(f"{code}-2", sku="B"))
    shop.publish()
    assert {one["application_number"]: one["status"] for one in shop.cases(code)} == {
        f"{code}-2": "received", f"{code}-1": "applied",
    }  # fmt: skip
    assert shop.states(code) == [("0", 1, "requested"), ("1", 1, "received")]


def test_a_batch_of_scans_that_tells_of_one_case_twice_is_booked(shop: Shop) -> None:
    code = shop.order(("A", 2), ("B", 1))
    with connect(shop.dsn) as conn:
        for scan, label in (("s1", None), ("s2", f"{code}-1-R")):
            conn.execute(
                "insert into core.warehouse_event (source, event_id, merchant_id, type, occurred_at, actor, store_id, "
                "payload, recorded_at, position) values ('w1', %s, 'shop', 'received', %s, 'Dana', 'PP1', %s, %s, 1)",
                (
                    f"{code}-{scan}", BEGIN + 5 * DAY,
                    Jsonb({"unit_label": f"W-{code}-{scan}", "order_code": code, "sku": "A", "return_label": label}),
                    BEGIN + 5 * DAY,
                ),
            )  # fmt: skip
    shop.book()
    assert [one["application_number"] for one in shop.cases(code)] == [f"{code}-1"]


def test_goods_that_came_before_their_order_are_adopted_and_not_expected_again(shop: Shop) -> None:
    code = str(next(shop.counter))
    shop.take(row(f"{code}-1", sku="A", quantity=2))
    shop.receive(code, "A", "s1")
    assert shop.query("select state from ledger.unit where unit_label = %(l)s", l=f"W-{code}-s1") == [
        {"state": "unexpected"}
    ]
    assert shop.look(row(f"{code}-1", sku="A", quantity=2)) == [("1", "waits")]
    assert shop.publish()["applications"] == 0
    shop.order(("A", 3), code=code)
    assert shop.look(row(f"{code}-1", sku="A", quantity=2)) == [("1", "unchanged")]
    shop.publish(code)
    assert shop.states(code) == [("0", 1, "received"), ("0", 2, "requested")]
    assert shop.cases(code)[0]["status"] == "received"


# --- a label that says which order and application, and not which line


def label_only(shop: Shop, code: str, n: int, scan: str = "s1") -> None:
    shop.receive(code, None, scan, return_label=f"{code}-{n}-R")


def life(shop: Shop, unit_id: Any) -> list[str]:
    rows = shop.query("select type from ledger.unit_event where unit_id = %(u)s order by seq", u=unit_id)
    return [one["type"] for one in rows]


def test_a_label_alone_meets_its_own_applications_piece(shop: Shop) -> None:
    code = shop.order(("A", 1), ("B", 1))
    shop.take(row(f"{code}-1", sku="A"), row(f"{code}-2", sku="B"))
    shop.publish()
    label_only(shop, code, 2)
    assert shop.states(code) == [("0", 1, "requested"), ("1", 1, "received")]
    shop.receive(code, "A", "s2")
    assert shop.states(code) == [("0", 1, "received"), ("1", 1, "received")]
    shop.receive(code, "A", "s3")  # a third piece of an order of two
    assert len(shop.units(code)) == 2


@pytest.mark.parametrize("disposed", [False, True])
def test_a_piece_without_a_line_is_placed_by_its_application_and_nothing_is_expected_again(
    shop: Shop, disposed: bool
) -> None:
    code = shop.order(("A", 1), ("B", 1))
    label_only(shop, code, 2)
    ((unit,), (dock,)) = shop.units(code), shop.cases(code)
    assert (unit["state"], unit["case_id"], unit["entry_id"], unit["piece"], unit["sku"]) == (
        "received", dock["case_id"], None, None, None,
    )  # fmt: skip
    assert (dock["application_number"], dock["closed_at"]) == (f"{code}-2", None)
    if disposed:
        for type_, payload in (
            ("inspected", {"grade": "D", "finding": "damaged", "signs_of_use": True}), ("unrecoverable", {}),
            ("disposed", {}),
        ):  # fmt: skip
            shop.tell(f"W-{code}-s1", type_, **payload)
        (unit,) = shop.units(code)
        assert unit["closed_at"] is not None
    shop.take(row(f"{code}-2", sku="B"))
    assert shop.publish()["units"] == 0
    (placed,) = shop.units(code)
    changed = {name for name in placed if placed[name] != unit[name]}
    assert changed == {"entry_id", "piece", "sku", "seq"}
    assert (placed["entry_id"], placed["piece"], placed["sku"]) == (f"{code}#1", 1, "B")
    assert life(shop, unit["unit_id"])[-1] == "placed"
    shop.book()
    (case,) = shop.cases(code)
    assert case["case_id"] == dock["case_id"] and case["quantity"] == 1 and case["closed_at"] is not None
    before = everything_of(shop, code)
    shop.take(row(f"{code}-2", sku="B"))
    shop.publish(code)
    shop.book()
    assert everything_of(shop, code) == before
    with shop.at_work() as conn:
        assert rebuild(conn) == 0


def test_a_piece_is_placed_once_kaspi_says_of_which_line_its_application_is(shop: Shop) -> None:
    code = shop.order(("E", 1), ("F", 1))
    label_only(shop, code, 1)
    shop.take(row(f"{code}-1", master="MF"))
    shop.publish()
    (unit,) = shop.units(code)
    assert unit["entry_id"] is None
    with connect(shop.dsn) as conn:
        run_statement(conn, "core/order_line__stage_master")
        copy_rows(conn, "stage_master", ("entry_id", "master_code"), [(f"{code}#0", ""), (f"{code}#1", "MF")])
        run_statement(conn, "core/order_line__master", merchant_id="shop")
    shop.publish()
    assert shop.states(code) == [("1", 1, "received")]
    assert life(shop, unit["unit_id"]) == ["received", "placed"]


def test_a_piece_that_is_placed_takes_the_place_of_one_expected_of_its_line(shop: Shop) -> None:
    """The goods of two applications of one line are both here before any of the files says so."""
    code = shop.order(("A", 2), ("B", 1))
    label_only(shop, code, 1)
    shop.receive(code, "A", "s2")
    shop.take(row(f"{code}-2", sku="A"))
    shop.publish()
    assert [state for *_, state in shop.states(code)][:2] == ["received", "requested"]
    shop.take(row(f"{code}-1", sku="A"))
    shop.publish()
    shop.book()
    assert shop.states(code) == [("0", 1, "received"), ("0", 2, "cancelled"), ("0", 3, "received")]
    assert [(one["status"], one["closed_at"] is not None) for one in shop.cases(code)] == [("received", True)] * 2


def test_a_piece_beyond_its_application_displaces_nothing(shop: Shop) -> None:
    code = shop.order(("A", 2), ("B", 1))
    shop.take(row(f"{code}-1", sku="A"), row(f"{code}-2", sku="A"))
    shop.publish()
    label_only(shop, code, 1)
    label_only(shop, code, 1, "s2")
    shop.publish(code)
    assert shop.states(code) == [("0", 1, "received"), ("0", 2, "requested"), ("", None, "received")]


# --- goods before their order


@pytest.mark.parametrize("lines", [[("A", 1)], [("A", 2), ("B", 1)]])
@pytest.mark.parametrize("read", [{"sku": "A"}, {"sku": None, "label": 1}])
def test_goods_before_their_order_end_as_goods_after_it(
    shop: Shop, lines: list[tuple[str, int]], read: dict[str, Any]
) -> None:
    """No status, no file: the scan alone tells of the return, whichever comes first."""
    after, before = shop.order(*lines), str(next(shop.counter))
    for code in (after, before):
        shop.receive(code, read["sku"], "s1", return_label=f"{code}-1-R" if "label" in read else None)
    shop.order(*lines, code=before)
    shop.publish(before)
    shop.publish(before)
    shop.book()

    def told(code: str, rows: list[dict[str, Any]], *leave: str) -> list[dict[str, str]]:
        kept = [{name: str(value) for name, value in one.items() if name not in leave} for one in rows]
        return [{name: value.replace(code, "<code>") for name, value in one.items()} for one in kept]

    its_own = ("case_id", "closed_at")
    assert told(before, shop.cases(before), *its_own) == told(after, shop.cases(after), *its_own)
    its_own = ("unit_id", "case_id", "seq", "unexpected")
    assert told(before, shop.units(before), *its_own) == told(after, shop.units(after), *its_own)
    assert [one["case_id"] for one in shop.cases(before)] == [one["case_id"] for one in shop.units(before)]
    ((gone,), (there,)) = shop.cases(before), shop.cases(after)
    assert (gone["closed_at"] is None) == (there["closed_at"] is None) == (len(lines) > 1)


def test_goods_that_name_their_order_by_its_waybill_are_adopted(shop: Shop) -> None:
    code = str(next(shop.counter))
    shop.receive(code, "A", "s1", order_code=None, waybill=f"WB{code}")
    shop.order(("A", 1), code=code)
    with shop.at_work() as conn:
        conn.execute("update core.customer_order set waybill = %s where code = %s", (f"WB{code}", code))
    shop.publish()
    assert shop.states(code) == [("0", 1, "received")] and len(shop.cases(code)) == 1


def test_what_was_done_to_goods_before_their_order_came_is_not_lost(own_shop: Shop) -> None:
    code = str(next(own_shop.counter))
    own_shop.receive(code, "A", "s1")
    own_shop.tell(f"W-{code}-s1", "inspected", grade="A", finding="no_fault", signs_of_use=False)
    own_shop.clock.moment += 9 * DAY
    assert tidy(own_shop.dsn, own_shop.run(), "test")["inbox_expired"] == 0
    own_shop.order(("A", 1), code=code)
    own_shop.publish(code)
    assert own_shop.states(code) == [("0", 1, "inspected")] and own_shop.units(code)[0]["grade"] == "A"
    assert own_shop.quarantined() == [] and own_shop.query("select 1 from ledger.event_inbox") == []


# --- a case of which nothing comes


def test_an_unquantified_case_of_which_nothing_comes_is_lost_until_something_does(own_shop: Shop) -> None:
    code, other, late = (own_shop.order(("A", 2), ("B", 1)) for _ in range(3))
    for one in (code, other, late):
        own_shop.publish(one, status="KASPI_DELIVERY_RETURN_REQUESTED")

    def standing(one: str) -> tuple[str, bool]:
        own_shop.book()
        (case,) = own_shop.cases(one)
        return case["status"], case["closed_at"] is not None

    own_shop.clock.moment += 44 * DAY
    assert standing(code) == ("in_transit", False)
    own_shop.clock.moment += 2 * DAY
    assert standing(code) == standing(other) == standing(late) == ("lost", True)
    before = fingerprint(own_shop.dsn, schemas=("core", "ledger"))
    own_shop.publish(code)
    own_shop.book()
    assert fingerprint(own_shop.dsn, schemas=("core", "ledger")) == before
    own_shop.publish(code, status="RETURN_ACCEPTED_BY_MERCHANT")
    assert standing(code) == ("waiting_decision", False)
    own_shop.receive(other, "A", "s1")
    assert standing(other) == ("received", True)  # long ago, by its date: nothing more is to come
    own_shop.take(row(f"{late}-1", sku="A", made=own_shop.clock.moment - DAY))
    own_shop.publish()
    assert standing(late) == ("applied", False) and own_shop.states(late) == [("0", 1, "requested")]


def test_an_application_without_a_line_of_which_nothing_comes_is_lost_once(own_shop: Shop) -> None:
    code = own_shop.order(("C", 2), ("D", 1))
    own_shop.take(row(f"{code}-1", master="MC", made=BEGIN))
    own_shop.publish()
    own_shop.clock.moment += 45 * DAY
    own_shop.book()
    before = fingerprint(own_shop.dsn, schemas=("core", "ledger"))
    assert own_shop.cases(code)[0]["status"] == "lost"
    own_shop.publish(code)
    own_shop.book()
    assert fingerprint(own_shop.dsn, schemas=("core", "ledger")) == before
    own_shop.take(row(f"{code}-1", master="MC", made=BEGIN, at=(*THERE[:2], own_shop.clock.moment)))
    own_shop.publish()
    own_shop.book()
    (case,) = own_shop.cases(code)
    assert (case["status"], case["closed_at"]) == ("waiting_decision", None)


@pytest.mark.parametrize(
    ("reading", "seen", "kinds"),
    [
        (
            "undelivered",
            ["RETURN_REQUESTED", "RETURN_REQUESTED", "ACCEPTED"],
            ["refusal", "refusal", "customer_return"],
        ),
        ("undelivered", ["RETURN_REQUESTED", "RETURNED", "RETURNED"], ["refusal"] * 3),
        ("after_sale", ["RETURN_REQUESTED", "CANCELLED", "RETURNED"], ["customer_return", "refusal", "refusal"]),
        ("undelivered", ["ACCEPTED", "RETURN_REQUESTED", "ACCEPTED"], ["customer_return"] * 3),
        ("both", ["RETURN_REQUESTED", "CANCELLED", "ACCEPTED"], ["unknown", "refusal", "refusal"]),
    ],
)
def test_a_kind_that_was_guessed_is_corrected_by_what_says_more(
    own_shop: Shop, reading: str, seen: list[str], kinds: list[str]
) -> None:
    """One order, seen in three sweeps."""
    status_of = {"RETURN_REQUESTED": "KASPI_DELIVERY_RETURN_REQUESTED", "ACCEPTED": "RETURN_ACCEPTED_BY_MERCHANT"}
    code = own_shop.order(("A", 1), status="ACCEPTED_BY_MERCHANT")
    own_shop.query(
        "update ops.setting set value = to_jsonb(%(r)s::text) where name = %(n)s returning 1",
        r=reading,
        n="return_requested_reading",
    )
    found = []
    for status in seen:
        own_shop.query(
            "update core.customer_order set cancellation_reason = %(r)s where code = %(c)s returning 1",
            r="BUYER_NOT_REACHABLE" if status == "CANCELLED" else None, c=code,
        )  # fmt: skip
        own_shop.publish(code, status=status_of.get(status, status))
        found.append(own_shop.cases(code)[0]["return_kind"])
    assert found == kinds


# --- several applications of one order


def test_two_applications_on_two_lines_are_two_cases(shop: Shop) -> None:
    code = shop.order(("A", 1), ("B", 1))
    shop.receive(code, "B", "s1")  # the dock's case holds the goods of the second
    shop.take(row(f"{code}-1", master="MA"), row(f"{code}-2", master="MB"))
    shop.publish()
    assert [(one["application_number"], one["status"]) for one in shop.cases(code)] == [
        (f"{code}-2", "received"), (f"{code}-1", "applied"),
    ]  # fmt: skip
    assert shop.states(code) == [("0", 1, "requested"), ("1", 1, "received")]


def test_two_applications_on_one_line_share_what_came(shop: Shop) -> None:
    code = shop.order(("A", 3))
    shop.receive(code, "A", "s1")
    shop.receive(code, "A", "s2")
    shop.take(row(f"{code}-1"))
    shop.publish()
    shop.take(row(f"{code}-2"))
    shop.publish()
    shop.book()
    assert shop.states(code) == [("0", 1, "received"), ("0", 2, "received")]
    assert [(one["status"], one["closed_at"] is not None) for one in shop.cases(code)] == [("received", True)] * 2


def test_goods_of_another_line_in_a_case_are_not_expected_again_by_their_own_application(shop: Shop) -> None:
    code = shop.order(("A", 1), ("B", 1))
    shop.receive(code, "A", "s1")
    shop.receive(code, "B", "s2")
    shop.take(row(f"{code}-1", sku="A"))
    shop.publish()
    shop.take(row(f"{code}-2", sku="B"))
    shop.publish()
    assert shop.states(code) == [("0", 1, "received"), ("1", 1, "received")]
    assert [one["status"] for one in shop.cases(code)] == ["received", "received"]


def test_more_than_was_sold_is_never_expected(shop: Shop) -> None:
    code = shop.order(("A", 2))
    assert shop.look(row(f"{code}-1", quantity=5)) == [("1", "conflict")]
    shop.take(row(f"{code}-1", quantity=5), row(f"{code}-2"))
    shop.publish()
    assert len(shop.units(code)) == 2 and shop.cases(code)[0]["quantity"] == 2
    found = violations(shop, "application__no_more_than_sold")
    assert f"6 pieces applied for, 2 sold in line {code}#0" in found


def test_a_corrected_quantity_takes_back_what_is_not_coming(shop: Shop) -> None:
    code = shop.order(("A", 9))
    shop.take(row(f"{code}-1", quantity=9))
    shop.publish()
    shop.take(row(f"{code}-1", quantity=1, at=ON_WAY))
    assert shop.publish()["taken_back"] == 8
    assert [state for *_, state in shop.states(code)] == ["in_transit"] + ["cancelled"] * 8
    assert shop.cases(code)[0]["units_hi"] == 1


# --- the line


def test_a_line_that_nothing_tells_is_not_guessed_and_found_once_kaspi_says_it(shop: Shop) -> None:
    code = shop.order(("C", 2), ("D", 1))
    seen = shop.take(row(f"{code}-1", master="MC", quantity=2))
    assert seen.rows[0].verdict == "new_case" and "строка заказа" in seen.rows[0].detail
    assert shop.publish()["without_line"] >= 1
    (case,) = shop.cases(code)
    assert (case["quantity"], case["units_lo"], case["units_hi"], case["entry_id"]) == (None, 2, 2, None)
    assert shop.units(code) == []
    assert f"nothing tells which line of order {code}" in violations(shop, "application__line_is_known")
    with connect(shop.dsn) as conn:
        ask = run_statement(conn, "core/order_line__without_master", merchant_id="shop").fetchall()
        assert {f"{code}#0", f"{code}#1"} <= {one["entry_id"] for one in ask}
        run_statement(conn, "core/order_line__stage_master")
        copy_rows(conn, "stage_master", ("entry_id", "master_code"), [(f"{code}#0", "MC"), (f"{code}#1", "")])
        run_statement(conn, "core/order_line__master", merchant_id="shop")
        again = run_statement(conn, "core/order_line__without_master", merchant_id="shop").fetchall()
        assert not {f"{code}#0", f"{code}#1"} & {one["entry_id"] for one in again}
    shop.publish()
    (case,) = shop.cases(code)
    assert (case["quantity"], case["entry_id"]) == (2, f"{code}#0")
    assert shop.states(code) == [("0", 1, "requested"), ("0", 2, "requested")]


# --- time and steps


def test_steps_move_the_units_and_date_the_arrival(shop: Shop) -> None:
    code = shop.order(("A", 1))
    shop.take(row(f"{code}-1"), row(f"{code}-1", at=ON_WAY), row(f"{code}-1", at=THERE))
    assert shop.publish()["steps"] == 2
    (case,) = shop.cases(code)
    assert (case["status"], case["arrived_at"]) == ("waiting_decision", BEGIN + 4 * DAY)
    events = shop.query(
        "select type, occurred_at from ledger.unit_event where unit_id = %(u)s order by seq",
        u=shop.units(code)[0]["unit_id"],
    )
    assert [(one["type"], one["occurred_at"]) for one in events] == [
        ("requested", BEGIN + DAY), ("in_transit", BEGIN + 2 * DAY), ("at_pickup_point", BEGIN + 4 * DAY),
    ]  # fmt: skip


def test_an_older_export_taken_in_later_moves_nothing_back(shop: Shop) -> None:
    code = shop.order(("A", 1))
    shop.take(row(f"{code}-1", at=THERE, reason="UNSUITABLE"))
    shop.publish()
    before = (shop.cases(code), shop.units(code))
    assert shop.look(row(f"{code}-1", at=ON_WAY)) == [("1", "new_step")]
    assert shop.look(row(f"{code}-1", reason="UNSUITABLE")) == [("1", "older")]
    shop.take(row(f"{code}-1", at=ON_WAY))
    shop.publish()
    assert (shop.cases(code), shop.units(code)) == before
    history = shop.query("select reason_code from raw.application where application_number = %(n)s", n=f"{code}-1")
    assert sorted(one["reason_code"] for one in history) == ["UNSUITABLE", "WRONG"]


def test_late_steps_of_received_goods_are_no_events_and_no_rejects(shop: Shop) -> None:
    code = shop.order(("A", 1))
    shop.take(row(f"{code}-1"))
    shop.publish()
    shop.receive(code, "A", "s1")
    aside = len(shop.quarantined())
    shop.take(row(f"{code}-1", at=THERE))
    assert shop.publish()["steps"] == 0
    assert len(shop.quarantined()) == aside and shop.states(code) == [("0", 1, "received")]
    (case,) = shop.cases(code)
    assert (case["status"], case["arrived_at"]) == ("received", BEGIN + 4 * DAY)
    shop.take(row(f"{code}-1", at=("Закрытые", "WAITING_PAYMENT", BEGIN + 6 * DAY)))
    shop.publish()
    assert shop.cases(code)[0]["status"] == "closed" and shop.states(code) == [("0", 1, "received")]


def test_a_changed_reason_is_shown_taken_over_and_kept_in_the_history(shop: Shop) -> None:
    code = shop.order(("A", 1))
    shop.take(row(f"{code}-1"))
    shop.publish()
    changed = row(f"{code}-1", reason="SIZE_MISMATCH")
    seen = preview(shop.dsn, "shop", "f", file_of(changed), shop.clock.now())
    assert [(one.verdict, one.detail) for one in seen.rows] == [("reason_changed", "WRONG → SIZE_MISMATCH")]
    shop.take(changed)
    shop.publish()
    assert shop.cases(code)[0]["stated_reason"] == "does_not_fit"
    rows = shop.query(
        "select reason_code, actor from raw.application where application_number = %(n)s order by taken_at",
        n=f"{code}-1",
    )
    assert rows == [{"reason_code": "WRONG", "actor": "Dana"}, {"reason_code": "SIZE_MISMATCH", "actor": "Dana"}]


# --- bad rows, folders, the command, the gate


def test_a_preview_writes_nothing_and_says_what_each_row_does(own_shop: Shop) -> None:
    one, two, three = (own_shop.order(("A", 1), ("B", 1)) for _ in range(3))
    own_shop.publish(two, status="KASPI_DELIVERY_RETURN_REQUESTED")
    own_shop.take(row(f"{three}-1", sku="A"))
    own_shop.publish()
    before = fingerprint(own_shop.dsn, schemas=("raw", "core", "ledger", "ops"))
    rows = (
        row(f"{one}-1", sku="A"), row(f"{one}-1", sku="A", at=ON_WAY), row(f"{two}-1", sku="A"),
        row(f"{three}-1", sku="A"), row(f"{three}-1", sku="A", quantity=2), row("999999999-1"), row("bad"),
    )  # fmt: skip
    assert own_shop.look(*rows) == [
        ("1", "new_case"), ("1", "new_step"), ("1", "joins"), ("1", "unchanged"), ("1", "conflict"), ("1", "waits"),
    ]  # fmt: skip
    assert fingerprint(own_shop.dsn, schemas=("raw", "core", "ledger", "ops")) == before


def test_a_preview_says_which_of_two_values_will_hold(shop: Shop) -> None:
    code = shop.order(("A", 5))
    shop.take(row(f"{code}-1", quantity=2, at=ON_WAY))
    shop.publish()
    for at, stays in ((THERE, 3), (NEW, 2)):  # the newest file, by the latest moment it speaks of, says it
        told = row(f"{code}-1", quantity=3, at=at)
        (seen,) = preview(shop.dsn, "shop", "f", file_of(told), shop.clock.now()).rows
        assert (seen.verdict, seen.detail) == ("conflict", f"количество: 2 / 3 → останется {stays}")


def test_a_preview_says_what_the_gate_will_put_aside(shop: Shop) -> None:
    code = shop.order(("A", 1))
    seen = preview(shop.dsn, "shop", "f", file_of(row(f"{code}-1", made=BEGIN - 30 * DAY)), shop.clock.now())
    assert [(one.verdict, one.detail) for one in seen.rows] == [
        ("conflict", "заявка создана 30.01.2026 11:00, заказ 20.02.2026 11:00")
    ]
    assert shop.look(row(f"{code}-1", made=BEGIN - 9 * DAY)) == [("1", "new_case")]


def test_bad_rows_are_put_aside_without_what_stands_in_them(own_shop: Shop) -> None:
    code = own_shop.order(("A", 1))
    secret = "Айгүл Сериккызы 77015550101"
    seen = own_shop.take(
        row(f"{code}-1"), row(f"{code}-2", quantity=secret), row(f"{code}-3", made=BEGIN + 99 * DAY), secret
    )
    assert seen.counts == {"new_case": 1, "bad": 3}
    aside = own_shop.quarantined()
    assert {(one["source"], one["record_key"].partition("#")[2], one["reason"]) for one in aside} == {
        ("file/applications", "3", "quantity: no whole number above zero"),
        ("file/applications", "4", "created_at: the date is in the future"),
        ("file/applications", "5", "application_number: an application number looks like <order>-<n>, for example "
         "123456789-1"),
        ("file/applications", "5", "quantity: the value is missing"),
        ("file/applications", "5", "created_at: the value is missing"),
    }  # fmt: skip
    everything = json.dumps([own_shop.quarantined(), own_shop.query("select * from raw.application_file")], default=str)
    assert "Айгүл" not in everything and "7015550101" not in everything
    assert own_shop.publish()["applications"] == 1


def test_the_same_file_is_taken_in_again_once_more_of_it_can_be_read(own_shop: Shop) -> None:
    """A row's time lay ahead, by a clock that was wrong: brought unchanged when it has come, the row is in."""
    code = own_shop.order(("A", 1), ("B", 1))
    rows = (row(f"{code}-1"), row(f"{code}-2", sku="B", made=BEGIN + 99 * DAY))
    assert own_shop.take(*rows).counts == {"new_case": 1, "bad": 1}
    assert not own_shop.take(*rows).taken_in
    own_shop.clock.moment = BEGIN + 100 * DAY
    again = own_shop.take(*rows)
    assert again.taken_in and again.bad == []
    assert own_shop.query("select rows, bad_rows from raw.application_file") == [{"rows": 2, "bad_rows": 0}]
    assert len(own_shop.query("select 1 as one from raw.application")) == 2
    assert own_shop.query("select distinct status from ops.quarantine") == [{"status": "replayed"}]
    assert not own_shop.take(*rows).taken_in


def test_a_file_that_cannot_be_read_is_put_aside_once(own_shop: Shop) -> None:
    for _ in range(2):
        seen = take_in(own_shop.dsn, "shop", "x.xlsx", b"PK\x03\x04 broken", "Dana", own_shop.clock)
        assert seen.refused == "unreadable" and seen.rows == []
    (aside,) = own_shop.quarantined()
    assert (aside["source"], aside["pointer"]) == ("file/applications", "x.xlsx")


def test_a_folder_is_read_file_by_file_and_a_changed_one_again(own_shop: Shop, tmp_path: Path) -> None:
    one, two = own_shop.order(("A", 1)), own_shop.order(("A", 1))

    def collect() -> list[str]:
        run = own_shop.run()
        return [seen.file_name for seen in collect_folder(own_shop.dsn, run, "shop", tmp_path, own_shop.clock)]

    (tmp_path / "b.csv").write_bytes(file_of(row(f"{one}-1")))
    (tmp_path / "a.xlsx").write_bytes(b"no workbook")
    (tmp_path / "~$b.xlsx").write_bytes(b"a lock of Excel")
    assert collect() == ["a.xlsx", "b.csv"]
    assert collect() == []
    (tmp_path / "b.csv").write_bytes(file_of(row(f"{one}-1"), row(f"{two}-1")))
    assert collect() == ["b.csv"]
    own_shop.publish()
    assert len(own_shop.units(one)) == len(own_shop.units(two)) == 1
    with pytest.raises(FileNotFoundError, match="does not exist"):
        collect_folder(own_shop.dsn, own_shop.run(), "shop", tmp_path / "away", own_shop.clock)


def test_a_workbook_is_the_same_from_the_console_and_from_a_folder(own_shop: Shop, tmp_path: Path) -> None:
    code = own_shop.order(("C", 2), ("D", 1))
    with connect(own_shop.dsn) as conn:
        conn.execute("update core.order_line set master_code = '10001' where entry_id = %s", (f"{code}#0",))
    made = (BEGIN + DAY).replace(tzinfo=None) + dt.timedelta(hours=5)
    facts = (f"{code}-1", int(code), 10001, None, 2, "WRONG", None, made, "Новые", "MERCHANT_APPROVAL", None)
    book = openpyxl.Workbook()
    for cells in (tuple(HEADER.split(";")), facts):
        book.active.append(cells)
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<v>10001</v>", b"<v>10001.0</v>")
    assert b"10001.0" in parts[sheet]
    with zipfile.ZipFile(tmp_path / "заявки.xlsx", "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    body = (tmp_path / "заявки.xlsx").read_bytes()
    seen = take_in(own_shop.dsn, "shop", "заявки.xlsx", needed_csv(body), "Dana", own_shop.clock)
    assert seen.counts == {"new_case": 1}
    (again,) = collect_folder(own_shop.dsn, own_shop.run(), "shop", tmp_path, own_shop.clock)
    assert again.counts == {"unchanged": 1}
    own_shop.publish()
    assert own_shop.states(code) == [("0", 1, "requested"), ("0", 2, "requested")]


def test_the_command_previews_takes_in_and_fails_on_bad_rows(
    own_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", own_shop.dsn)
    monkeypatch.delenv("QAITARYM_CLOCK", raising=False)
    code = own_shop.order(("A", 1))
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(file_of(row(f"{code}-1")))
    bad.write_bytes(file_of(row(f"{code}-1"), row(f"{code}-2", quantity=0)))
    assert command.main([str(good), "--merchant", "shop"]) == 0
    assert own_shop.query("select 1 from raw.application") == []
    assert f"2\t{code}-1\tновый возврат" in capsys.readouterr().out
    assert command.main([str(bad), "--merchant", "shop", "--take-in", "--actor", "Dana"]) == 1
    out = capsys.readouterr().out
    assert f"3\t{code}-2\t! quantity: это не целое число больше нуля" in out and "с ошибками: 1" in out
    assert len(own_shop.query("select 1 from raw.application")) == 1
    assert command.main([str(good), "--merchant", "nobody"]) == 2
    with pytest.raises(SystemExit):
        command.main([str(good), "--merchant", "shop", "--take-in"])


def violations(shop: Shop, check: str) -> str:
    with connect(shop.dsn) as conn:
        run = shop.run()
        run_statement(
            conn, "ops/run", dag_id=run.dag_id, run_id=run.run_id, now=run.now, range_from=None, range_to=None
        )
        run_statement(conn, "ops/show_run", **run.key, merchant_id=None)
        return "\n".join(str(one["detail"]) for one in run_statement(conn, f"checks/raw/{check}"))


def test_the_gates_checks_see_what_they_are_for(own_shop: Shop) -> None:
    code, other = own_shop.order(("A", 1)), own_shop.order(("A", 1))
    own_shop.take(row(f"{code}-1", made=BEGIN - 30 * DAY), row("999999999-1"), row(f"{other}-1"))
    with connect(own_shop.dsn) as conn:
        conn.execute("update raw.application set order_code = '1' where order_code = %s", (other,))
        conn.execute(
            "insert into core.return_case (case_id, merchant_id, order_id, application_number, return_kind, status, "
            "units_lo, units_hi, requested_from, requested_to) "
            "values (gen_random_uuid(), 'shop', %s, %s, 'customer_return', 'received', 1, 1, now(), now())",
            (f"o{other}", f"{other}-1"),
        )
    assert "application made" in violations(own_shop, "application__not_before_its_order")
    assert f"is of order 1 here and of {other}" in violations(own_shop, "application__one_order_a_number")
    assert "order 999999999 is not here yet" in violations(own_shop, "application__order_is_here")
    with connect(own_shop.dsn) as conn:
        for number, key in [(f"{code}-1", "row_key"), (f"{other}-1", "row_key")]:
            (found,) = conn.execute(
                f"select {key} from raw.batch_application where application_number = %s",
                (number,),  # type: ignore[arg-type]
            ).fetchall()
            run_statement(conn, "ops/stage_drop")
            copy_rows(conn, "stage_drop", ("merchant_id", "record_key"), [("shop", found[key])])
            run_statement(conn, "raw/application__drop", dag_id="d", run_id="r")
    assert own_shop.publish()["applications"] == 0
    assert [one["application_number"] for one in own_shop.query("select * from raw.batch_application")] == [
        "999999999-1"
    ]


def test_a_number_of_another_order_never_moves_a_case(own_shop: Shop) -> None:
    """What the gate puts aside does no harm even where it slips through."""
    code, other = own_shop.order(("A", 1)), own_shop.order(("A", 1))
    own_shop.take(row(f"{code}-1"))
    own_shop.publish()
    own_shop.take(row(f"{code}-1", reason="UNSUITABLE"))
    with connect(own_shop.dsn) as conn:
        conn.execute("update raw.application set order_code = %s where reason_code = 'UNSUITABLE'", (other,))
    assert own_shop.publish()["applications"] == 0
    assert own_shop.cases(other) == [] and own_shop.cases(code)[0]["stated_reason"] == "not_as_described"


def test_the_gate_runs_the_checks(own_shop: Shop) -> None:
    from include.flows import batch
    from include.quality.gate import judge

    code = own_shop.order(("A", 1))
    own_shop.take(row(f"{code}-1", at=("Архив", "X", None), reason="OTHER_17"), row("999999999-1", made=BEGIN))
    run = own_shop.run()
    with connect(own_shop.dsn) as conn:
        run_statement(
            conn, "ops/run", dag_id=run.dag_id, run_id=run.run_id, now=run.now, range_from=None, range_to=None
        )
        batch.open_batch(conn, run, "shop")
        batch.staged(conn, run, "shop", 100)
    suite = Suite("applications", APPLICATION_CHECKS, drop=("raw/application__drop",))
    assert judge(own_shop.dsn, run, suite) == {"passed": 1, "held": 0, "quarantined": 0}
    failed = own_shop.query("select check_name, failed_rows from ops.dq_result where not success order by 1")
    assert {one["check_name"]: one["failed_rows"] for one in failed} == {
        "application_reason_is_known": 1,
        "application_step_is_known": 1,
        "application_tab_is_known": 1,
        "raw/application__order_is_here": 1,
    }
    assert {check.severity for check in APPLICATION_CHECKS if isinstance(check, SqlCheck)} == {"row", "warning"}


# --- any order of everything


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[tuple[str, str, int]], dict[str, int], list[Any]]:
    """An order, its applications (n, sku, quantity), what the dock receives by sku, and all that in some order.

    A piece of an application may be scanned by its return label alone; the order may come after everything else.
    """
    lines = draw(st.sampled_from([[("A", 1)], [("A", 3)], [("A", 2), ("B", 1)], [("A", 1), ("B", 1)]]))
    sold = dict(lines)
    asked: list[tuple[str, str, int]] = []
    for n in range(draw(st.integers(1, 2))):
        sku = draw(st.sampled_from(sorted(sold)))
        left = sold[sku] - sum(quantity for _, one, quantity in asked if one == sku)
        if left > 0:
            asked.append((str(n + 1), sku, draw(st.integers(1, left))))
    came = {sku: draw(st.integers(0, pieces)) for sku, pieces in lines}
    label_of = {sku: [n for n, one, quantity in asked if one == sku for _ in range(quantity)] for sku in sold}
    steps: list[Any] = [
        *(("file", n, place) for n, _, _ in asked for place in (ON_WAY, THERE)),
        *(
            ("scan", sku, k, draw(st.sampled_from([None, *label_of[sku][k : k + 1]])))
            for sku, count in came.items()
            for k in range(count)
        ),
        *draw(st.sampled_from([[], [("status", "KASPI_DELIVERY_RETURN_REQUESTED")], [("status", "RETURNED")]])),
        *draw(st.lists(st.sampled_from([("publish",), ("book",), ("again",)]), max_size=2)),
    ]
    steps = draw(st.permutations(steps))
    if draw(st.booleans()):
        return lines, asked, came, [("order",), *steps]
    last = {"order": 1, "status": 2}
    return lines, asked, came, sorted([*steps, ("order",)], key=lambda step: last.get(step[0], 0))


def everything_of(shop: Shop, code: str) -> list[Any]:
    """Every row about the order, to the last column."""
    tables = {
        "raw.application": "order_code = %(c)s",
        "core.application": "order_code = %(c)s",
        "core.return_case": "order_id = 'o' || %(c)s",
        "ledger.unit": "order_id = 'o' || %(c)s",
        "ledger.unit_event": "unit_id in (select unit_id from ledger.unit where order_id = 'o' || %(c)s)",
        "ledger.event_inbox": "true",
        "ops.quarantine": "true",
    }
    return [
        shop.query(f"select to_jsonb(t)::text as line from {name} as t where {about} order by 1", c=code)
        for name, about in tables.items()
    ]


@settings(
    max_examples=int(os.environ.get("QAITARYM_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(world=worlds())
def test_any_order_of_statuses_files_and_scans_ends_the_same(shop: Shop, world: Any) -> None:
    lines, asked, came, steps = world
    code = str(next(shop.counter))
    here = False
    facts = {n: (sku, quantity) for n, sku, quantity in asked}
    taken: list[tuple[str, ...]] = []
    for step in steps:
        if step[0] == "file":
            sku, quantity = facts[step[1]]
            taken.append((row(f"{code}-{step[1]}", sku=sku, quantity=quantity, at=step[2]),))
            shop.take(*taken[-1])
            shop.publish()
        elif step[0] == "scan":
            _, sku, k, label = step
            shop.receive(code, None if label else sku, f"{sku}{k}", return_label=label and f"{code}-{label}-R")
        elif step[0] == "order":
            shop.order(*lines, code=code)
            here = True
        elif step[0] == "status":
            shop.publish(code, status=step[1])
        elif step[0] == "book":
            shop.book()
        else:
            if step[0] == "again" and taken:
                shop.take(*taken[0])
            shop.publish(*[code] * here)
    shop.publish(code)
    shop.book()
    cases = shop.cases(code)
    entry = {sku: f"{code}#{n}" for n, (sku, _) in enumerate(lines)}
    assert {one["case_id"] for one in cases} == {
        identity.case_id("shop", f"o{code}", episode) for episode in range(1, len(asked) + 1)
    }
    assert {
        (
            one["application_number"],
            one["entry_id"],
            one["quantity"],
            one["units_lo"],
            one["units_hi"],
            one["arrived_at"],
        )
        for one in cases
    } == {(f"{code}-{n}", entry[sku], q, q, q, BEGIN + 4 * DAY) for n, sku, q in asked}
    assert {one["signal_status"] for one in cases} == {next((one[1] for one in steps if one[0] == "status"), None)}
    assert {(one["return_kind"], one["requested_from"], one["requested_to"]) for one in cases} == {
        ("customer_return", BEGIN + DAY, BEGIN + DAY)
    }
    units = [one for one in shop.units(code) if one["state"] != "cancelled"]
    # only a piece that came without a line can take the place of one that was expected
    assert len(units) == len(shop.units(code)) or any(step[0] == "scan" and step[3] for step in steps)
    assert {one["entry_id"] for one in units} <= set(entry.values())
    for sku, sold in lines:
        pieces = [one for one in units if one["entry_id"] == entry[sku]]
        applied = sum(quantity for _, one, quantity in asked if one == sku)
        numbers = sorted(one["piece"] for one in shop.units(code) if one["entry_id"] == entry[sku])
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(pieces) == min(sold, max(applied, came[sku])), (steps, shop.states(code))
        assert sum(one["state"] == "received" for one in pieces) == came[sku]
        assert {one["state"] for one in pieces} <= {"received", "at_pickup_point"}
    counted = shop.query(
        "select case_id, count(received_at) as received from core.case_piece('shop', %(o)s) group by 1", o=[f"o{code}"]
    )
    received = {one["case_id"] for one in counted if one["received"]}
    assert {one["case_id"] for one in cases if one["status"] == "received"} == received
    assert {one["status"] for one in cases} <= {"received", "waiting_decision"}
    before = everything_of(shop, code)
    for one in taken:
        shop.take(*one)
    shop.publish(code)
    shop.book()
    assert everything_of(shop, code) == before
