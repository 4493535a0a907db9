"""What of Kaspi's answers is read, and how: single orders, the product directory, lists that do not add up, poison."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from cryptography.fernet import Fernet

from include.db.connection import connect
from include.db.statements import text_of
from include.flows import cases, harvest, kaspi_returns_ingest, onboarding, quarantine
from include.flows.applications import take_in
from include.flows.contacts import Sealer
from include.flows.run import open_run
from include.kaspi import records, shop_api
from include.kaspi.errors import KaspiBusy
from include.kaspi.payloads import Identified, OrderResource
from include.kaspi.shop_api import ShopApi, ShopSettings
from include.quality.gate import judge
from include.quality.suites.kaspi_returns_ingest import SUITE
from tests.loopback import Reply, Server

NOW = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)
SEALER = Sealer(Fernet.generate_key().decode())


LONG_ID = "o" + "1" * 200  # one letter more than is an id yet


class _AnyId(Identified):
    """A resource whose id may be of any length."""

    id: str


class _AnyOrder(OrderResource):
    """An order whose id may be."""

    id: str


class Fixed:
    def __init__(self, now: dt.datetime) -> None:
        self._now = now

    def now(self) -> dt.datetime:
        return self._now


def order(number: int, *, age_days: int = 1, **changes: Any) -> dict[str, Any]:
    created = NOW - dt.timedelta(days=age_days)
    attributes = {
        "code": str(700 + number), "state": "ARCHIVE", "status": "COMPLETED", "totalPrice": 5990.0,
        "creationDate": int(created.timestamp() * 1000), "pickupPointId": "shop_PP1",
    }  # fmt: skip
    return {"id": f"o{number}", "type": "orders", "attributes": {**attributes, **changes}}


def line(number: int, **changes: Any) -> dict[str, Any]:
    attributes = {"entryNumber": 0, "quantity": 1, "basePrice": 5990.0, "totalPrice": 5990.0, "offer": {"code": "LAMP"}}
    return {"id": f"e{number}", "type": "orderentries", "attributes": {**attributes, **changes}}


class Shop:
    """The Shop API over the orders it is given; ``instead`` answers for a path that ends so."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.instead: dict[str, Reply] = {}
        self.asked: list[str] = []

    def __call__(self, path: str, params: dict[str, str]) -> Reply:
        self.asked.append(path)
        for end, reply in self.instead.items():
            if path.endswith(end):
                return reply
        match path.split("/"):
            case [*_, "orders"] if "filter[orders][code]" in params:
                code = params["filter[orders][code]"]
                return _answer([one for one in self.orders if one["attributes"]["code"] == code])
            case [*_, "orders"]:
                begin, end_ = (int(params[f"filter[orders][creationDate][${one}]"]) for one in ("ge", "le"))
                state, size = params["filter[orders][state]"], int(params["page[size]"])
                listed = [
                    one
                    for one in self.orders
                    if one["attributes"]["state"] == state and begin <= one["attributes"]["creationDate"] <= end_
                ]
                number = int(params["page[number]"])
                meta = {"pageCount": -(-len(listed) // size), "totalCount": len(listed)}
                return _answer(listed[number * size : (number + 1) * size], meta)
            case [*_, "orders", order_id]:
                found = [one for one in self.orders if one["id"] == order_id]
                return _answer(found[0]) if found else Reply(404, b'{"errors": [{"title": "not found"}]}')
            case [*_, order_id, "entries"]:
                return _answer(self.lines.get(order_id, [line(int(order_id[1:]))]))
        return Reply(404, b'{"errors": [{"title": "not found"}]}')


def _answer(data: Any, meta: Any = None) -> Reply:
    return Reply(200, json.dumps({"data": data, "meta": meta}).encode())


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def settings(shop: Shop) -> Iterator[ShopSettings]:
    with Server(shop) as server:
        yield ShopSettings("shop", server.url, "token", requests_per_second=500)


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        stores = [onboarding.Store("PP1", "W1", base_includes_returns=False, pick_scan=True)]
        onboarding.add_merchant(conn, "shop", name="Shop", stores=stores)
    return address


def ingest(dsn: str, settings: ShopSettings, run_id: str, minutes: int = 0) -> dict[str, int]:
    clock = Fixed(NOW + dt.timedelta(minutes=minutes))
    with connect(dsn) as conn:
        run = open_run(conn, "kaspi_returns_ingest", run_id, clock)
    kaspi_returns_ingest.fetch(dsn, run, settings, clock, "owner", SEALER)
    verdict = judge(dsn, run, SUITE)
    kaspi_returns_ingest.publish(dsn, run, "owner")
    return verdict


def ask(dsn: str, statement: str) -> list[Any]:
    with connect(dsn) as conn:
        return [tuple(row.values()) for row in conn.execute(statement.encode()).fetchall()]


def test_an_order_put_aside_long_ago_is_replayed_by_its_id(dsn: str, settings: ShopSettings, shop: Shop) -> None:
    """No sweep reaches it any more, and its payload could not be kept: nothing but its id is known."""
    shop.orders = [order(1, note="\x00")]
    ingest(dsn, settings, "first")
    assert ask(dsn, "select record_key, payload from ops.quarantine") == [("o1", None)]
    shop.orders = [order(1, age_days=80)]
    with connect(dsn) as conn:
        quarantine.replay(conn, "shop", "kaspi/order", actor="tester", now=NOW)
    ingest(dsn, settings, "second", 15)
    assert ask(dsn, "select order_id from core.customer_order") == [("o1",)]
    assert any(path.endswith("/orders/o1") for path in shop.asked)
    assert ask(dsn, "select 1 from ops.reread") == []


def test_a_poisoned_order_is_known_by_its_id_where_that_is_legible(
    dsn: str, settings: ShopSettings, shop: Shop
) -> None:
    """Half a surrogate pair in a note: no reader gets through it, and the id stands in clear beside it."""
    shop.orders = [order(1, note="\ud83d"), order(2, note="\ud83d"), order(3)]
    ingest(dsn, settings, "first")
    told = "select record_key, status from ops.quarantine order by 1"
    assert ask(dsn, told) == [("o1", "open"), ("o2", "open")]
    assert ask(dsn, "select sealed from core.contact") == [], "Kaspi is asked for them again"
    shop.orders[0] = order(1)
    ingest(dsn, settings, "second", 15)
    assert ask(dsn, told) == [("o1", "resolved"), ("o2", "open")], "a good version settles it"
    shop.orders[1] = order(2, age_days=80)  # no sweep reaches it
    with connect(dsn) as conn:
        assert quarantine.replay(conn, "shop", "kaspi/order", actor="tester", now=NOW) == 1
    ingest(dsn, settings, "third", 30)
    assert ask(dsn, told) == [("o1", "resolved"), ("o2", "resolved")]
    assert ask(dsn, "select order_id from core.customer_order order by 1") == [("o1",), ("o2",), ("o3",)]


def test_an_order_without_a_legible_id_is_replayed_from_what_is_kept_of_it(
    dsn: str, settings: ShopSettings, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes give its id once that can be read; what it is now, Kaspi says."""
    shop.orders = [{**order(1, customer={"name": "Айгүл"}), "id": LONG_ID}, order(2)]
    shop.lines = {LONG_ID: [line(1)]}
    ingest(dsn, settings, "first")
    told = "select record_key like 'unnamed %', reason, status from ops.quarantine order by id"
    ((unnamed, reason, _),) = ask(dsn, told)
    assert unnamed and "id" in reason
    ((name, sealed),) = ask(dsn, "select order_id, sealed from core.contact")
    assert name.startswith("kaspi/order unnamed ")
    assert json.loads(SEALER.open_bytes(bytes(sealed))) == shop.orders[0]

    def again(minutes: int) -> int:
        with connect(dsn) as conn:
            asked = quarantine.replay(conn, "shop", "kaspi/order", actor="tester", now=NOW)
        ingest(dsn, settings, f"again {minutes}", minutes)
        return asked

    assert again(15) == 1
    assert ask(dsn, told) == [(True, reason, "open")], "it is no more legible than it was"
    monkeypatch.setattr(records, "_identified", msgspec.json.Decoder(_AnyId))  # the rule is mended
    monkeypatch.setattr(harvest, "_order", msgspec.json.Decoder(_AnyOrder))
    shop.orders = [{**order(1, age_days=80, cancellationReason="NEWER"), "id": LONG_ID}, order(2)]
    assert again(30) == 1
    assert ask(dsn, "select record_key, status from ops.quarantine") == [(LONG_ID, "resolved")]
    assert ask(dsn, "select cancellation_reason from core.customer_order where order_id <> 'o2'") == [("NEWER",)]
    assert ask(dsn, "select 1 from core.contact") == [] == ask(dsn, "select 1 from ops.reread")
    assert again(45) == 0


def test_a_replayed_order_that_was_held_back_is_read_again(dsn: str, settings: ShopSettings, shop: Shop) -> None:
    """Nothing but the replay knows of it: what a held run has read must not be forgotten with that run."""
    shop.orders = [order(1, note="\x00")]
    ingest(dsn, settings, "first")
    shop.orders = [order(1, age_days=80)]
    with connect(dsn) as conn:
        quarantine.replay(conn, "shop", "kaspi/order", actor="tester", now=NOW)
        run = open_run(conn, "kaspi_returns_ingest", "second", Fixed(NOW + dt.timedelta(minutes=15)))
    kaspi_returns_ingest.fetch(dsn, run, settings, Fixed(run.now), "owner")
    assert ask(dsn, "select order_id from raw.stage_order") == [("o1",)]
    with connect(dsn) as conn:
        conn.execute("update ops.batch set status = 'held' where run_id = 'second'")
    kaspi_returns_ingest.publish(dsn, run, "owner")
    assert ask(dsn, "select 1 from core.customer_order") == []
    ingest(dsn, settings, "third", 30)
    assert ask(dsn, "select order_id from core.customer_order") == [("o1",)]
    assert ask(dsn, "select 1 from ops.reread") == []


def test_drift_of_a_fetch_that_broke_off_is_kept(
    dsn: str, settings: ShopSettings, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_api, "_wait", lambda _state: 0)
    shop.orders = [order(1, state="NEW", mood="good"), *map(order, range(2, 6))]
    shop.lines = {f"o{number}": [line(number, offer=None)] for number in range(2, 6)}
    shop.instead = {"/product": Reply(503, b"")}
    with pytest.raises(KaspiBusy):
        ingest(dsn, settings, "first")
    assert ("new", "order.mood") in ask(dsn, "select kind, path from ops.schema_drift")


def test_a_record_that_kaspi_never_answers_about_keeps_no_other_waiting(
    dsn: str, settings: ShopSettings, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put aside with the reason, asked for again by every sweep, and published once there is an answer."""
    monkeypatch.setattr(shop_api, "_wait", lambda _state: 0)
    shop.orders = [*map(order, range(1, 12))]
    shop.lines = {"o2": [line(number, offer=None, entryNumber=number) for number in (20, 21, 22, 23)]}
    for number, reply in enumerate((Reply(503, b""), Reply(200, b"[" * 100_000), Reply(200, b'{"data": "\\ud800"}'))):
        shop.instead = {"/product": reply}
        assert ingest(dsn, settings, f"run {number}", 15 * number)["passed"] == 1
        assert set(ask(dsn, "select record_key, status from ops.quarantine")) == {("o2", "open")}
        assert len(ask(dsn, "select 1 from core.customer_order")) == 10
    shop.instead = {"/product": Reply(404, b"")}
    ingest(dsn, settings, "answered", 45)
    assert len(ask(dsn, "select 1 from core.customer_order")) == 11
    assert ask(dsn, "select 1 from ops.quarantine where status = 'open'") == []


def test_master_codes_are_asked_for_within_the_budget_and_kept_as_they_come(
    dsn: str, settings: ShopSettings, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application names its goods by Kaspi's code only, and its order has three lines."""
    shop.orders = [order(1, code="123456789")]
    shop.lines = {"o1": [line(number, entryNumber=number, offer={"code": f"S{number}"}) for number in (1, 2, 3)]}
    ingest(dsn, settings, "first")
    file = (
        "Номер заявки;Номер заказа;Код товара;Количество;Код причины;Дата создания\n"
        "123456789-1;123456789;M9;1;WRONG;01.11.2026 11:00\n"
    )
    assert take_in(dsn, "shop", "заявки.csv", file.encode(), "Dana", Fixed(NOW)).bad == []
    monkeypatch.setattr(kaspi_returns_ingest, "ASKED_AT_ONCE", 1)
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", -1)
    for number in (1, 2):
        shop.asked.clear()
        ingest(dsn, settings, f"short {number}", 15 * number)
        assert [path.split("/")[-2] for path in shop.asked if path.endswith("/product")] == [f"e{number}"]
    monkeypatch.setattr(kaspi_returns_ingest, "BUDGET_SECONDS", 600)
    ingest(dsn, settings, "whole", 45)
    known = ask(dsn, "select entry_id from core.order_line where master_code is not null order by 1")
    assert known == [("e1",), ("e2",), ("e3",)]


def test_what_cannot_be_read_is_put_aside_once_and_holds_nobody_back(
    dsn: str, settings: ShopSettings, shop: Shop
) -> None:
    """Six of seven orders are unreadable: that holds the part once, and not in every run until they are old."""
    shop.orders = [*(order(number, totalPrice="dear") for number in range(6)), order(6)]
    assert ingest(dsn, settings, "first")["held"] == 1
    assert ingest(dsn, settings, "second", 15) == {"passed": 1, "held": 0, "quarantined": 0}
    assert ask(dsn, "select order_id from core.customer_order") == [("o6",)]
    assert len(ask(dsn, "select 1 from ops.quarantine")) == 6
    shop.orders[0] = order(0)
    ingest(dsn, settings, "third", 30)
    assert ask(dsn, "select order_id from core.customer_order order by 1") == [("o0",), ("o6",)]


@pytest.mark.parametrize(
    "reply",
    [Reply(404, b""), Reply(400, b'{"errors": [{"title": "no"}]}'), Reply(200, b'{"data": null}')],
    ids=["404", "400", "null"],
)
def test_a_line_whose_product_is_unknown_keeps_no_other_order_waiting(
    dsn: str, settings: ShopSettings, shop: Shop, reply: Reply
) -> None:
    shop.orders = [order(1), order(2)]
    shop.lines = {"o1": [line(1, offer=None)]}
    shop.instead = {"/product": reply}
    assert ingest(dsn, settings, "first")["passed"] == 1
    assert ask(dsn, "select order_id, sku from core.order_line order by 1") == [("o1", None), ("o2", "LAMP")]
    warned = ask(dsn, "select failed_rows from ops.dq_result where check_name = 'sku_is_known' and not success")
    assert warned == [(1,)]


@pytest.mark.parametrize("meta", [b"", b', "meta": {}', b', "meta": {"pageCount": null, "totalCount": 3}'])
def test_a_list_that_does_not_say_how_long_it_is_ends_the_sweep_loudly(
    dsn: str, settings: ShopSettings, shop: Shop, meta: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop_api, "_wait", lambda _state: 0)
    shop.instead = {"/orders": Reply(200, b'{"data": []' + meta + b"}")}
    with pytest.raises(KaspiBusy, match="shop: GET /orders"):
        ingest(dsn, settings, "first")
    assert ask(dsn, "select 1 from ops.sweep") == []


def test_a_town_of_any_length_is_no_key(dsn: str, settings: ShopSettings, shop: Shop) -> None:
    shop.orders = [order(1), order(2, deliveryAddress={"town": "A" * 500})]
    shop.lines = {"o1": [line(1, offer={"code": "LAMP", "name": "x" * 3_000_000})]}
    ingest(dsn, settings, "first")
    reasons = dict(ask(dsn, "select record_key, reason from ops.quarantine"))
    assert "over 1 MiB" in reasons["o1"] and "town" in reasons["o2"]


def test_a_required_field_of_another_type_is_drift_and_not_only_a_reject(
    dsn: str, settings: ShopSettings, shop: Shop
) -> None:
    shop.orders = [order(1, totalPrice="dear")]
    ingest(dsn, settings, "first")
    assert ("retyped", "order.totalPrice") in ask(dsn, "select kind, path from ops.schema_drift")


def test_the_connections_proxy_goes_before_the_environments(
    settings: ShopSettings, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody listens there
    through = ShopSettings("shop", "http://kaspi.invalid/shop/api/v2", "token", proxy=settings.url)
    shop.orders = [order(1)]
    with ShopApi(through) as api:
        assert api.order_by_id("o1") is not None
    assert shop.asked == ["http://kaspi.invalid/shop/api/v2/orders/o1"]


def test_the_night_finds_what_no_foreign_key_forbids(dsn: str, settings: ShopSettings, shop: Shop) -> None:
    shop.orders = [order(1), order(2)]
    ingest(dsn, settings, "first")
    check = text_of("checks/core/customer_order__nothing_without_it")
    assert ask(dsn, check) == []
    with connect(dsn) as conn:
        conn.execute("delete from core.customer_order where order_id = 'o1'")
        conn.execute("update core.customer_order set merchant_id = 'nobody'")
    assert {(key, detail.split()[1]) for _, key, detail in ask(dsn, check)} == {
        ("o1", "line"), ("o1", "status"), ("o2", "line"), ("o2", "status"), ("o2", "order"),
    }  # fmt: skip


def test_a_batch_with_many_returns_is_born_in_parts(
    dsn: str, settings: ShopSettings, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "BORN_AT_ONCE", 2)
    shop.orders = [order(number, status="RETURNED" if number < 5 else "COMPLETED") for number in range(8)]
    ingest(dsn, settings, "first")
    assert ask(dsn, "select order_id, state from ledger.unit order by 1") == [(f"o{n}", "requested") for n in range(5)]


def test_what_a_second_window_shows_as_the_first_did_is_not_staged_again(
    dsn: str, settings: ShopSettings, shop: Shop
) -> None:
    """The first run sweeps sixty days: its windows overlap by a day, and twelve days ago is in two of them."""
    shop.orders = [order(number, age_days=age) for number, age in enumerate((1, 23, 24, 36, 37, 48, 60))]
    clock = Fixed(NOW)
    with connect(dsn) as conn:
        run = open_run(conn, "kaspi_returns_ingest", "first", clock)
    kaspi_returns_ingest.fetch(dsn, run, settings, clock, "owner")
    shown = ask(dsn, "select id, count(*) from ops.fetch_seen, unnest(order_ids) as id group by 1 having count(*) > 1")
    assert shown, "some are in two windows"
    staged = ask(dsn, "select order_id, count(*) from raw.stage_order group by 1 order by 1")
    assert staged == [(one["id"], 1) for one in shop.orders]


def test_a_line_that_two_orders_name_stays_with_the_first_and_is_told(
    dsn: str, settings: ShopSettings, shop: Shop
) -> None:
    shop.orders = [order(1), order(2), order(3)]
    shop.lines = {"o1": [line(1)], "o2": [line(1), line(2), line(2, basePrice=4990.0)]}
    assert ingest(dsn, settings, "first") == {"passed": 1, "held": 0, "quarantined": 0}
    lines = ask(dsn, "select order_id, entry_id, base_price from core.order_line order by 1")
    assert lines == [("o1", "e1", 5990), ("o2", "e2", 4990), ("o3", "e3", 5990)]
    told = ask(dsn, "select record_key, reason from ops.quarantine where status = 'open'")
    assert told == [("o2", "its line e1 is of order o1 too")]
