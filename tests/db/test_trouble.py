"""One bad record, one bad source, one late run: each harms only itself, and nothing is silent."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.fernet import Fernet

from include.db.connection import connect
from include.db.lease import LeaseBusy, LeaseLost, hold
from include.flows import (
    batch,
    harvest,
    housekeeping,
    kaspi_returns_ingest,
    onboarding,
    quarantine,
    warehouse_receipts_reconcile,
)
from include.flows.applications import take_in
from include.flows.contacts import Sealer
from include.flows.drift import acknowledge
from include.flows.report import HeldBack, raise_if_held
from include.flows.run import Run, open_run
from include.flows.warehouse_events import Sources
from include.kaspi import shop_api
from include.kaspi.errors import KaspiBusy
from include.kaspi.privacy import Contact
from include.kaspi.shop_api import ShopSettings
from include.quality.gate import judge
from include.quality.suites.kaspi_returns_ingest import SUITE as ORDERS
from include.quality.suites.warehouse_receipts_reconcile import SUITE as EVENTS
from include.wms.sources import Portion
from tests.console.surroundings import client_of

NOW = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)
SEALER = Sealer(Fernet.generate_key().decode())
CREATED = int((NOW - dt.timedelta(days=1)).timestamp() * 1000)


APPLICATION = """Номер заявки;Номер заказа;Артикул;Количество;Код причины;Дата создания
999999999-1;999999999;LAMP;1;OTHER_17;01.11.2026 10:00
"""


class Fixed:
    def __init__(self, moment: dt.datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> dt.datetime:
        return self.moment


def order(n: int, **changes: Any) -> dict[str, Any]:
    attributes = {
        "code": str(700 + n), "state": "ARCHIVE", "status": "COMPLETED", "totalPrice": 5990.0, "creationDate": CREATED,
        "pickupPointId": "shop_PP1",
        "customer": {"firstName": "Айгүл", "lastName": "Сериккызы", "cellPhone": "7015550101"},
    }  # fmt: skip
    relations = {"entries": {"links": {"related": f"/v2/orders/o{n}/entries"}}}
    return {"id": f"o{n}", "type": "orders", "attributes": {**attributes, **changes}, "relationships": relations}


def line(n: int, **changes: Any) -> dict[str, Any]:
    attributes = {
        "entryNumber": 0, "quantity": 1, "basePrice": 5990.0, "totalPrice": 5990.0,
        "offer": {"code": "LAMP", "name": "Лампа"},
    }  # fmt: skip
    return {"id": f"e{n}", "type": "orderentries", "attributes": {**attributes, **changes}}


class Shop:
    """A real HTTP server that answers like the Shop API with whatever orders it is given."""

    def __init__(self) -> None:
        self.orders: list[Any] = []
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.page_instead = b""
        self.status = 200
        self.retry_after = ""
        self.calls = 0
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.calls += 1
                path = self.path.partition("?")[0]
                if shop.page_instead:
                    self._send(shop.page_instead)
                elif path.endswith("/entries"):
                    order_id = path.split("/")[-2]
                    self._answer({"data": shop.lines.get(order_id, [line(int(order_id[1:]))])})
                elif "ARCHIVE" in self.path:
                    records = b",".join(
                        one if isinstance(one, bytes) else json.dumps(one).encode() for one in shop.orders
                    )
                    meta = json.dumps({"pageCount": 1, "totalCount": len(shop.orders)}).encode()
                    self._send(b'{"data": [' + records + b'], "meta": ' + meta + b"}")
                else:
                    self._answer({"data": [], "meta": {"pageCount": 0, "totalCount": 0}})

            def _answer(self, document: Any) -> None:
                self._send(json.dumps(document).encode())

            def _send(self, body: bytes) -> None:
                self.send_response(shop.status)
                if shop.retry_after:
                    self.send_header("Retry-After", shop.retry_after)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def settings(self) -> ShopSettings:
        return ShopSettings("shop", f"http://127.0.0.1:{self.server.server_port}", "token", requests_per_second=500)


@pytest.fixture
def shop() -> Iterator[Shop]:
    served = Shop()
    yield served
    served.server.shutdown()
    served.server.server_close()


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        for merchant_id in ("shop", "other"):
            stores = [onboarding.Store("PP1", "W1", base_includes_returns=False, pick_scan=True)]
            onboarding.add_merchant(conn, merchant_id, name=merchant_id, stores=stores)
        onboarding.add_source(conn, "w1", kind="http_feed")
        conn.execute("update core.merchant set active = false where merchant_id = 'other'")
    return address


def new_run(dsn: str, dag_id: str, run_id: str, now: dt.datetime = NOW) -> Run:
    with connect(dsn) as conn:
        return open_run(conn, dag_id, run_id, Fixed(now))


def ingest(
    dsn: str, shop: Shop, run_id: str, now: dt.datetime = NOW, applications: Callable[[], Path] | None = None
) -> dict[str, int]:
    run = new_run(dsn, "kaspi_returns_ingest", run_id, now)
    kaspi_returns_ingest.fetch(dsn, run, shop.settings, Fixed(now), "owner", applications=applications)
    verdict = judge(dsn, run, ORDERS)
    kaspi_returns_ingest.publish(dsn, run, "owner")
    raise_if_held(dsn, run)
    return verdict


def ask(dsn: str, statement: str, *values: Any) -> list[dict[str, Any]]:
    with connect(dsn) as conn:
        return conn.execute(statement.encode(), values or None).fetchall()


def test_one_bad_order_is_put_aside_and_the_others_go_on(dsn: str, shop: Shop) -> None:
    shop.orders = [
        order(1),
        order(2, totalPrice="a lot"),
        {"id": "o3", "type": "orders", "attributes": None},
        order(5, comment="\x00"),
        order(6, code="not a number"),
        order(7),
    ]
    shop.lines = {"o7": [line(7, quantity=0.35, unitType="MEASURABLE")]}
    assert ingest(dsn, shop, "first")["passed"] == 1
    assert [row["order_id"] for row in ask(dsn, "select order_id from core.customer_order order by 1")] == ["o1", "o7"]
    aside = {row["record_key"]: row["reason"] for row in ask(dsn, "select record_key, reason from ops.quarantine")}
    assert sorted(aside) == ["o2", "o3", "o5", "o6"]
    assert "totalPrice" in aside["o2"] and "code_is_a_number" in aside["o6"]
    text = json.dumps(ask(dsn, "select payload from ops.quarantine"), ensure_ascii=False)
    assert "Айгүл" not in text and "7015550101" not in text


def test_unknown_values_are_published_and_reported_until_somebody_has_acknowledged_them(dsn: str, shop: Shop) -> None:
    shop.orders = [
        *(order(n, status="PARTIAL_DISPUTE") for n in (1, 2)),
        order(3, state="DISPUTE"),
        order(4, status="CANCELLED", cancellationReason="OWN_77015550101"),
        order(5, status="CANCELLED", cancellationReason="MERCHANT_OUT_OF_STOCK"),
    ]
    take_in(dsn, "shop", "a.csv", APPLICATION.encode(), "Dana", Fixed())
    assert ingest(dsn, shop, "first") == {"passed": 1, "held": 0, "quarantined": 0}
    assert len(ask(dsn, "select 1 from core.customer_order")) == 5
    told = "select path, detail, examples, example_order_id, first_seen from ops.schema_drift where kind = 'unknown'"
    found = ask(dsn, told)
    assert {tuple(row.values())[:4] for row in found} == {
        ("order.status", "PARTIAL_DISPUTE", 2, "o1"),
        ("order.state", "DISPUTE", 1, "o3"),
        ("order.cancellationReason", "OWN_#", 1, "o4"),
        ("application.reason_code", "OTHER_17", 1, "999999999-1"),
    }
    # the next run meets none of these orders again, but one more with a value that is known by now
    later = NOW + dt.timedelta(minutes=15)
    shop.orders.append(order(6, status="PARTIAL_DISPUTE"))
    ingest(dsn, shop, "second", later)
    found = ask(dsn, told)
    assert len(found) == 4 and {row["first_seen"] for row in found} == {NOW}
    page = client_of(dsn).get("/quality?lang=en").text
    assert page.count("unknown value") == 4 and "PARTIAL_DISPUTE" in page and "o6" in page
    with connect(dsn) as conn:
        ids = [row["id"] for row in conn.execute("select id from ops.schema_drift where kind = 'unknown'").fetchall()]
        assert acknowledge(conn, ids, "aliya", later) == 4
    shop.orders.append(order(7, status="PARTIAL_DISPUTE"))
    ingest(dsn, shop, "third", later + dt.timedelta(minutes=15))
    assert ask(dsn, "select 1 from ops.schema_drift where acknowledged_at is null") == []


def test_lines_that_go_by_another_name_are_read_all_the_same_and_reported(dsn: str, shop: Shop) -> None:
    shop.orders = [order(n) for n in range(1, 10)]
    for one in shop.orders[6:]:
        one["relationships"] = {"positions": one["relationships"]["entries"]}
    shop.orders[8]["attributes"]["mood"] = "good"  # of one order only, and not of the first
    assert ingest(dsn, shop, "first")["passed"] == 1
    assert len(ask(dsn, "select 1 from core.order_line")) == 9
    found = ask(dsn, "select kind, path, examples, example_order_id from ops.schema_drift order by kind")
    assert [tuple(row.values()) for row in found] == [
        ("missing", "order.relationships.entries", 3, "o7"), ("new", "order.mood", 1, "o9"),
    ]  # fmt: skip
    page = client_of(dsn).get("/quality?lang=en").text
    assert "order.relationships.entries" in page


def test_poisoned_orders_harm_only_themselves(dsn: str, shop: Shop) -> None:
    """Each of them once broke somebody's page: all are put aside with a reason, or kept where nothing is wrong."""

    def poisoned(n: int, field: bytes) -> bytes:
        return json.dumps(order(n)).encode().replace(b'"state"', field + b', "state"')

    shop.orders = [
        order(0),
        poisoned(1, b'"note": "\\u0000"'),
        poisoned(2, b'"note": "\\ud83d"'),
        poisoned(3, b'"note": ' + b"[" * 50_000 + b"]" * 50_000),
        poisoned(4, b'"note": "' + b"x" * 10_000_000 + b'"'),
        poisoned(5, b'"code": "7051", "code": "7052"'),  # the last one counts, as everywhere
        poisoned(6, b'"note": "\xff\xfe"'),
        poisoned(7, b'"note": 1e999999'),
        poisoned(8, b'"note": NaN'),
        order(9, creationDate=253402300799000),
        poisoned(10, b'"note": "\\ud83d\\ude00"'),  # a whole pair is a smiling face
        order(11, code="7" * 3_000),  # more than an index can hold
        {"id": "\x00", "type": "orders", "attributes": {}},
        order(13),
    ]
    with connect(dsn) as conn:
        conn.execute("update ops.setting set value = '100' where name = 'quarantine_least_rows'")
    ingest(dsn, shop, "first")
    kept = {row["order_id"] for row in ask(dsn, "select order_id from core.customer_order")}
    assert kept == {"o0", "o5", "o7", "o10", "o13"}
    rows = ask(dsn, "select record_key, reason from ops.quarantine")
    aside = {row["record_key"]: row["reason"] for row in rows}
    assert len(rows) == 9 and {"o1", "o2", "o3", "o4", "o6", "o8", "o9", "o11"} < set(aside)
    for order_id, words in {
        "o1": "cannot be stored", "o4": "over 1 MiB", "o6": "UTF-8", "o9": "creationDate",
        "o11": "code", "o3": "recursion",
    }.items():  # fmt: skip
        assert words in aside[order_id], aside[order_id]
    assert len([key for key in aside if key.startswith("unnamed ")]) == 1, "whose id holds a NUL"
    # and once more: nothing is read again and again because of them
    ingest(dsn, shop, "second", NOW + dt.timedelta(minutes=15))
    assert len(ask(dsn, "select 1 from ops.quarantine")) == 9


def test_what_postgresql_refuses_is_put_aside_alone(dsn: str, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should our own look at a payload miss something, the database says so, and the page's other orders are kept."""
    monkeypatch.setattr(harvest, "_must_be_storable", lambda _: None)
    shop.orders = [order(1), order(2, kaspiDelivery={"firstMileCourier": "\x00"}), order(3)]
    ingest(dsn, shop, "first")
    assert [row["order_id"] for row in ask(dsn, "select order_id from core.customer_order order by 1")] == ["o1", "o3"]
    (row,) = ask(dsn, "select record_key, reason from ops.quarantine")
    assert row["record_key"] == "o2" and "PostgreSQL cannot keep it" in row["reason"]


def test_a_bad_order_is_not_judged_again_until_it_changes_or_is_replayed(dsn: str, shop: Shop) -> None:
    shop.orders = [order(1), order(2, code="x2"), order(3, code="x3")]
    assert ingest(dsn, shop, "first")["quarantined"] == 2
    assert ingest(dsn, shop, "second", NOW + dt.timedelta(minutes=15))["quarantined"] == 0
    shop.orders[1] = order(2)
    ingest(dsn, shop, "third", NOW + dt.timedelta(minutes=30))
    assert len(ask(dsn, "select 1 from core.customer_order")) == 2
    with connect(dsn) as conn:
        # of order 2 a good version was published: that is settled
        assert quarantine.replay(conn, "shop", ORDERS.name, actor="test", now=NOW) == 1
    assert ingest(dsn, shop, "fourth", NOW + dt.timedelta(minutes=45))["quarantined"] == 1


def test_a_shop_whose_every_order_is_unreadable_is_held_not_green(dsn: str, shop: Shop) -> None:
    shop.orders = [order(n, totalPrice=None) for n in range(8)]
    with pytest.raises(HeldBack, match="8 of 8 rows were quarantined"):
        ingest(dsn, shop, "first")


def test_an_unreadable_body_is_kept_sealed_and_nowhere_in_clear(
    dsn: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.page_instead = "<html>Айгүл Сериккызы, 7015550101</html>".encode()
    monkeypatch.setattr("include.kaspi.shop_api.ATTEMPTS", 1)
    sealer = Sealer(Fernet.generate_key().decode())
    run = new_run(dsn, "kaspi_returns_ingest", "html")
    with pytest.raises(KaspiBusy, match="no JSON document"):
        kaspi_returns_ingest.fetch(dsn, run, shop.settings, Fixed(), "owner", sealer)
    (kept,) = ask(dsn, "select sealed from core.contact where order_id like 'unreadable %'")
    assert Fernet(sealer.key).decrypt(bytes(kept["sealed"])) == shop.page_instead
    (part,) = ask(dsn, "select status, detail from ops.batch")
    assert part["status"] == "failed" and "Айгүл" not in part["detail"]


@pytest.mark.parametrize("notices", [True, False])
def test_a_buyer_is_kept_only_sealed_and_only_where_notices_are_sent(dsn: str, shop: Shop, notices: bool) -> None:
    with connect(dsn) as conn:
        conn.execute("update core.merchant set notices = %s", (notices,))
    sealer = Sealer(Fernet.generate_key().decode())
    shop.orders = [order(1)]
    run = new_run(dsn, "kaspi_returns_ingest", "contacts")
    kaspi_returns_ingest.fetch(dsn, run, shop.settings, Fixed(), "owner", sealer)
    kept = [sealer.open(bytes(row["sealed"])) for row in ask(dsn, "select sealed from core.contact")]
    assert kept == ([Contact("Айгүл Сериккызы", "7015550101")] if notices else [])


@pytest.mark.parametrize("merchant_id", ["shop", "other"], ids=["active", "deactivated"])
def test_name_and_phone_go_after_45_days_unless_a_case_is_open(dsn: str, merchant_id: str) -> None:
    def days_ago(days: float) -> dt.datetime:
        return NOW - dt.timedelta(days=days)

    with connect(dsn) as conn:
        for order_id, handed_over, case_closed in (
            ("old", 46, None),
            ("old, case closed", 46, 1),
            ("old, case open", 46, "open"),
            ("young, case closed", 44, 1),
            ("young", 44, None),
        ):
            conn.execute(
                "insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at, "
                "handed_over_at, payload_hash, fetched_at) "
                "values (%s, %s, %s, 'ARCHIVE', 'COMPLETED', 1, %s, %s, '', %s)",
                (merchant_id, order_id, order_id, days_ago(handed_over + 5), days_ago(handed_over), NOW),
            )
            if case_closed:
                closed_at = None if case_closed == "open" else NOW
                conn.execute(
                    "insert into core.return_case (case_id, merchant_id, order_id, return_kind, status, units_lo, "
                    "units_hi, requested_from, requested_to, closed_at) "
                    "values (gen_random_uuid(), %s, %s, 'unknown', 'received', 1, 1, %s, %s, %s)",
                    (merchant_id, order_id, days_ago(40), days_ago(40), closed_at),
                )
            conn.execute("insert into core.contact values (%s, %s, '', %s)", (merchant_id, order_id, days_ago(60)))
        for name, taken in (("unreadable old", 46), ("unreadable young", 44)):
            conn.execute("insert into core.contact values (%s, %s, '', %s)", (merchant_id, name, days_ago(taken)))
    done = housekeeping.tidy(dsn, new_run(dsn, "housekeeping", "night"), "night#1")
    assert done["contacts_erased"] == 3
    left = {row["order_id"] for row in ask(dsn, "select order_id from core.contact")}
    assert left == {"old, case open", "young", "young, case closed", "unreadable young"}
    assert housekeeping.tidy(dsn, new_run(dsn, "housekeeping", "again"), "night#2")["contacts_erased"] == 0


def test_a_run_without_the_part_of_an_active_merchant_fails(dsn: str) -> None:
    run = new_run(dsn, "kaspi_returns_ingest", "nobody fetched")
    with pytest.raises(HeldBack, match="shop is missing"):
        raise_if_held(dsn, run)


def test_what_the_budget_leaves_unread_is_read_by_the_next_run(
    dsn: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.orders = [order(1)]
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", -1)
    ingest(dsn, shop, "cut short")
    (part,) = ask(dsn, "select detail from ops.batch")
    assert "windows are left for the next run" in part["detail"]
    assert ask(dsn, "select 1 from core.customer_order") == []
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", 600)
    ingest(dsn, shop, "goes on", NOW + dt.timedelta(minutes=15))
    assert len(ask(dsn, "select 1 from core.customer_order")) == 1
    assert ask(dsn, "select 1 from ops.fetch_window where completed_at is null") == []


def test_a_shop_that_asks_to_wait_longer_than_the_budget_is_left_to_the_next_run(
    dsn: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run would be late else, and the next one, of all merchants, behind it."""
    shop.orders, shop.status, shop.retry_after = [order(1)], 429, "100"
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", 5)
    begun = time.monotonic()
    assert ingest(dsn, shop, "no time")["passed"] == 1
    assert time.monotonic() - begun < 60 and shop.calls <= 2
    (part,) = ask(dsn, "select status, detail from ops.batch")
    assert part["status"] == "published" and "windows are left for the next run" in part["detail"]
    shop.status = 200
    ingest(dsn, shop, "answers", NOW + dt.timedelta(minutes=15))
    assert len(ask(dsn, "select 1 from core.customer_order")) == 1


def test_a_folder_of_applications_that_is_not_there_keeps_no_order_waiting(
    dsn: str, shop: Shop, tmp_path: Path
) -> None:
    shop.orders = [order(1)]
    folder = tmp_path / "applications"

    def nowhere() -> Path:
        raise ValueError("the connection applications_shop names no folder")

    alert = "select alert_key, merchant_id, message from ops.alert where cleared_at is null"
    for name, where in (("unnamed", nowhere), ("away", lambda: folder)):
        ingest(dsn, shop, name, applications=where)
        (open_alert,) = ask(dsn, alert)
        assert (open_alert["alert_key"], open_alert["merchant_id"]) == ("applications_unreadable/shop", "shop")
        (part,) = ask(dsn, "select status, detail from ops.batch where run_id = %s", name)
        assert part["status"] == "published" and "could not be taken in" in part["detail"]
    assert len(ask(dsn, "select 1 from core.customer_order")) == 1
    folder.mkdir()
    (folder / "a.csv").write_text(APPLICATION, encoding="utf-8")
    ingest(dsn, shop, "back", NOW + dt.timedelta(minutes=15), applications=lambda: folder)
    assert ask(dsn, alert) == []
    assert len(ask(dsn, "select 1 from raw.application")) == 1


def test_a_gate_of_one_merchant_judges_nothing_of_another_who_is_not_staged_yet(dsn: str, shop: Shop) -> None:
    """Two gates of a run, each of its own part; what the other's shop has sent so far is not whole yet."""
    run = new_run(dsn, "kaspi_returns_ingest", "two ways")
    for merchant_id, orders in (("shop", [order(1)]), ("other", [order(2), order(3, code="bad")])):
        shop.orders = orders
        kaspi_returns_ingest.fetch(dsn, run, replace(shop.settings, merchant_id=merchant_id), Fixed(), "owner")
    still = "update ops.batch set status = %s where merchant_id = 'other' returning 1"
    ask(dsn, still, "staging")
    assert judge(dsn, run, ORDERS, "shop") == {"passed": 1, "held": 0, "quarantined": 0}
    assert judge(dsn, run, ORDERS, "other") == {"passed": 0, "held": 0, "quarantined": 0}
    assert kaspi_returns_ingest.publish(dsn, run, "owner", "shop")["orders"] == 1
    told = "select merchant_id, status, rows_quarantined from ops.batch order by 1"
    assert [tuple(row.values()) for row in ask(dsn, told)] == [("other", "staging", 0), ("shop", "published", 0)]
    assert ask(dsn, "select distinct merchant_id from ops.dq_result") == [{"merchant_id": "shop"}]
    ask(dsn, still, "staged")
    assert judge(dsn, run, ORDERS, "other") == {"passed": 1, "held": 0, "quarantined": 1}
    assert kaspi_returns_ingest.publish(dsn, run, "owner", "other")["orders"] == 1
    assert [tuple(row.values()) for row in ask(dsn, told)] == [("other", "published", 1), ("shop", "published", 0)]


def test_what_a_range_left_unread_outlives_the_failure_of_the_run_that_took_it_over(
    dsn: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget of a run over an old range is used up, the next run fails, and the one after that reads the rest."""
    monkeypatch.setattr(shop_api, "_wait", lambda _state: 0)
    run = Run("kaspi_returns_ingest", "range", NOW, NOW - dt.timedelta(days=210), NOW - dt.timedelta(days=190))
    with connect(dsn) as conn:
        conn.execute(
            "insert into ops.run (dag_id, run_id, now_at, range_from, range_to) values (%s, %s, %s, %s, %s)",
            (run.dag_id, run.run_id, run.now, run.range_from, run.range_to),
        )
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", -1)
    kaspi_returns_ingest.fetch(dsn, run, shop.settings, Fixed(NOW), "range")
    judge(dsn, run, ORDERS)
    kaspi_returns_ingest.publish(dsn, run, "range")
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", 600)
    shop.status = 502
    for minutes in (15, 30):
        failing = new_run(dsn, "kaspi_returns_ingest", f"failing {minutes}", NOW + dt.timedelta(minutes=minutes))
        with pytest.raises(KaspiBusy):
            kaspi_returns_ingest.fetch(dsn, failing, shop.settings, Fixed(failing.now), "failing")
    shop.status = 200
    ingest(dsn, shop, "goes on", NOW + dt.timedelta(minutes=45))
    assert ask(dsn, "select 1 from ops.fetch_window where completed_at is null") == []
    read = ask(
        dsn,
        "select state, range_agg(tstzrange(created_from, created_to, '[]')) @> "
        f"tstzrange('{run.range_from}', '{run.range_to}', '[]') as whole from ops.fetch_window group by 1 order by 1",
    )
    assert len(read) == 6 and all(row["whole"] for row in read)


def test_an_older_payload_never_overwrites_a_newer_one_nor_its_lines(dsn: str, shop: Shop) -> None:
    shop.orders, shop.lines = [order(1)], {"o1": [line(1, quantity=3)]}
    late = new_run(dsn, "kaspi_returns_ingest", "late", NOW)
    kaspi_returns_ingest.fetch(dsn, late, shop.settings, Fixed(NOW), "late")
    shop.orders, shop.lines = [order(1, status="CANCELLED")], {"o1": [line(2, quantity=1)]}
    ingest(dsn, shop, "newer", NOW + dt.timedelta(minutes=15))
    judge(dsn, late, ORDERS)
    kaspi_returns_ingest.publish(dsn, late, "late")
    assert ask(dsn, "select status from core.customer_order") == [{"status": "CANCELLED"}]
    assert ask(dsn, "select entry_id, quantity from core.order_line") == [{"entry_id": "e2", "quantity": 1}]


class Events:
    """A source that hands over what it is given, in one portion, as JSON."""

    def __init__(self, *events: Any) -> None:
        self.events = list(events)

    def portions(self, read: Mapping[str, str]) -> Iterator[Portion]:
        bodies = [json.dumps(event).encode() for event in self.events]
        yield Portion(bodies, str(int(read.get("", 0)) + 1))

    def event(self, body: bytes) -> Any:
        return json.loads(body)


def event(n: int, type_: str, **fields: Any) -> dict[str, Any]:
    head = {
        "event_id": f"ev-{n}", "type": type_, "occurred_at": "2026-11-02T10:00:00+05:00", "merchant_id": "shop",
        "store_id": "PP1", "actor": "Dana", "unit_label": "W1-1",
    }  # fmt: skip
    return {**head, **fields}


def receive(n: int, **fields: Any) -> dict[str, Any]:
    return event(n, "received", **{"return_order_no": f"RO-{n}", "sku": "LAMP", "scan_id": f"scan-{n}", **fields})


def receipts(dsn: str, run_id: str, source: Any, now: dt.datetime = NOW) -> dict[str, int]:
    run = new_run(dsn, "warehouse_receipts_reconcile", run_id, now)
    warehouse_receipts_reconcile.collect(dsn, run, Sources({"w1": source}, SEALER), "owner")
    judge(dsn, run, EVENTS)
    counts = warehouse_receipts_reconcile.book(dsn, run, "owner")
    raise_if_held(dsn, run)
    return counts


def test_poison_events_harm_only_themselves_and_strangers_names_are_not_kept(dsn: str) -> None:
    receipts(
        dsn,
        "first",
        Events(
            receive(1),
            receive(2, unit_label="W1-2", occurred_at="2026-02-30T10:00:00+05:00"),
            receive(3, unit_label="W1-3", stated_reason="\x00"),
            receive(4, unit_label="W1-4", occurred_at="1970-01-01T00:00:00+00:00"),
            receive(5, unit_label="W1-5", customer_name="Айгүл Сериккызы", packaging_note="звонить 7015550101"),
            "no event at all",
        ),
    )
    assert ask(dsn, "select unit_label, state from ledger.unit") == [{"unit_label": "W1-1", "state": "unexpected"}]
    rows = ask(dsn, "select record_key, reason, payload from ops.quarantine")
    assert len(rows) == 5
    text = json.dumps(rows, ensure_ascii=False)
    assert "Айгүл" not in text and "7015550101" not in text and "customer_name" in text


def test_a_label_that_no_index_can_hold_harms_only_itself(dsn: str) -> None:
    receipts(dsn, "first", Events(receive(1), receive(2, unit_label="W" * 100_000), receive(3, unit_label="W1-3")))
    assert [row["unit_label"] for row in ask(dsn, "select unit_label from ledger.unit order by 1")] == ["W1-1", "W1-3"]
    (row,) = ask(dsn, "select reason from ops.quarantine")
    assert row["reason"] == "unit_label: maxLength fails"


def test_a_label_of_another_merchants_unit_is_refused_and_the_rest_is_booked(dsn: str) -> None:
    receipts(dsn, "first", Events(receive(1)))
    with connect(dsn) as conn:
        conn.execute("update core.merchant set active = true where merchant_id = 'other'")
    receipts(
        dsn, "second", Events(receive(2, merchant_id="other"), receive(3, merchant_id="other", unit_label="W1-9")),
        NOW + dt.timedelta(minutes=15),
    )  # fmt: skip
    units = ask(dsn, "select merchant_id, unit_label from ledger.unit order by 1")
    assert units == [{"merchant_id": "other", "unit_label": "W1-9"}, {"merchant_id": "shop", "unit_label": "W1-1"}]
    (row,) = ask(dsn, "select reason from ops.quarantine")
    assert "another merchant" in row["reason"]


def test_the_same_scan_told_twice_is_one_and_a_new_scan_of_its_label_is_a_finding(dsn: str) -> None:
    scans = Events(receive(1, scan_id="s1"), receive(2, scan_id="s1"), receive(3, scan_id="s2"))
    receipts(dsn, "first", scans)
    outcomes = ask(dsn, "select event_id, outcome from core.warehouse_event order by 1")
    assert [row["outcome"] for row in outcomes] == ["booked", "repeated", "duplicate_scan"]
    assert len(ask(dsn, "select 1 from ledger.unit")) == 1


def test_a_dead_source_fails_the_run_that_names_it(dsn: str, tmp_path: Path) -> None:
    from include.wms.sources import FileDrop

    run = new_run(dsn, "warehouse_receipts_reconcile", "drop away")
    sources = {"w1": Events(receive(1)), "w2": FileDrop(tmp_path / "not mounted")}
    warehouse_receipts_reconcile.collect(dsn, run, Sources(sources, SEALER), "owner")
    judge(dsn, run, EVENTS)
    assert warehouse_receipts_reconcile.book(dsn, run, "owner")["booked"] == 1
    with pytest.raises(HeldBack, match=r"source w2 is failed: .*not mounted"):
        raise_if_held(dsn, run)


def test_every_dropped_file_is_read_whatever_its_name_and_again_when_it_changed(dsn: str, tmp_path: Path) -> None:
    from include.wms.sources import FileDrop

    def drop(name: str, *events: dict[str, Any]) -> None:
        fields = sorted({field for one in events for field in one})
        lines = [";".join(fields), *(";".join(str(one.get(field, "")) for field in fields) for one in events)]
        (tmp_path / name).write_bytes("\ufeff".encode() + "\n".join(lines).encode("utf-8"))

    drop("events_9.csv", receive(1))
    receipts(dsn, "first", FileDrop(tmp_path))
    drop("events_10.csv", receive(2, unit_label="W1-2"))  # sorts before the one that was read
    drop("events_9.csv", receive(1), receive(3, unit_label="W1-3"))  # delivered again, with one more
    receipts(dsn, "second", FileDrop(tmp_path), NOW + dt.timedelta(minutes=15))
    assert [row["unit_label"] for row in ask(dsn, "select unit_label from ledger.unit order by 1")] == [
        "W1-1", "W1-2", "W1-3",
    ]  # fmt: skip
    receipts(dsn, "third", FileDrop(tmp_path), NOW + dt.timedelta(minutes=30))
    assert len(ask(dsn, "select 1 from core.warehouse_event")) == 3


def test_a_broken_check_holds_everybody(dsn: str, shop: Shop) -> None:
    from dataclasses import replace

    from include.quality.suite import ColumnCheck

    shop.orders = [order(1)]
    run = new_run(dsn, "kaspi_returns_ingest", "broken check")
    kaspi_returns_ingest.fetch(dsn, run, shop.settings, Fixed(), "owner")
    broken = ColumnCheck(
        "broken", "raw.batch_order", "ExpectColumnValuesToNotBeNull", {"column": "nowhere"}, "order_id"
    )
    assert judge(dsn, run, replace(ORDERS, checks=(broken,))) == {"passed": 0, "held": 1, "quarantined": 0}


def test_an_overtaken_try_does_not_write_its_failure_over_its_successor(dsn: str) -> None:
    run = new_run(dsn, "kaspi_returns_ingest", "twice")

    def overtaken_try() -> None:
        with connect(dsn) as orphan, batch.merchant_part(orphan, run, "shop"), hold(orphan, "t", "task#1") as first:
            with connect(dsn) as successor, hold(successor, "t", "task#2"), successor.transaction():
                batch.open_batch(successor, run, "shop")
                batch.staged(successor, run, "shop", 1)
            with first.transaction():
                raise AssertionError("an overtaken try got into a transaction")

    with pytest.raises(LeaseLost):
        overtaken_try()
    assert ask(dsn, "select status from ops.batch") == [{"status": "staged"}]


def test_an_earlier_try_never_takes_the_lease_back(dsn: str) -> None:
    with (
        connect(dsn) as orphan,
        connect(dsn) as successor,
        hold(successor, "t", "task#2"),
        pytest.raises(LeaseBusy),
        hold(orphan, "t", "task#1", wait_seconds=0.3),
    ):
        pass


def test_what_was_known_on_a_day_is_not_rewritten_by_an_old_run(dsn: str) -> None:
    from include.flows import housekeeping

    def night(run_id: str, now: dt.datetime) -> None:
        run = new_run(dsn, "housekeeping", run_id, now)
        housekeeping.tidy(dsn, run, "owner")
        from include.quality.suites.housekeeping import SUITE

        judge(dsn, run, SUITE)
        housekeeping.accept(dsn, run)
        raise_if_held(dsn, run)

    night("monday", NOW)
    receipts(dsn, "first", Events(receive(1)), NOW + dt.timedelta(days=1))
    night("tuesday", NOW + dt.timedelta(days=1))
    before = ask(dsn, "select * from mart.balance_daily order by known_on, as_of, state")
    night("monday", NOW)  # cleared
    assert ask(dsn, "select * from mart.balance_daily order by known_on, as_of, state") == before
