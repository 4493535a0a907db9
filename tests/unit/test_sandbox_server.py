"""The sandbox over HTTP: the Shop API's rules, the warehouse feed, control calls, the mailbox."""

import datetime as dt
import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from include.sandbox.mailbox import Mailbox, serve_smtp
from include.sandbox.moments import DAY
from include.sandbox.orders import Order
from include.sandbox.server import application
from include.sandbox.session import Session
from include.sandbox.shop_payloads import decode
from include.sandbox.world import write_world

STATES = ("NEW", "SIGN_REQUIRED", "PICKUP", "DELIVERY", "KASPI_DELIVERY", "ARCHIVE")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    world = write_world()
    return Session(world, tmp_path_factory.mktemp("sandbox"), world.span.start_of_life)


@pytest.fixture(scope="module")
def client(session: Session) -> Iterator[TestClient]:
    with TestClient(application(session, Mailbox(session.folder / "mailbox"))) as client:
        yield client


class Shop:
    """Asks the Shop API as one merchant."""

    def __init__(self, client: TestClient, session: Session, merchant_id: str = "almaty_tech") -> None:
        self.client = client
        self.now = session.life.now
        self.headers = {
            "X-Auth-Token": session.world.merchants[merchant_id].token,
            "Content-Type": "application/vnd.api+json",
        }

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/shop/api/v2{path}", headers=self.headers, params=query)

    def window(self, days_from: float, **query: Any) -> Any:
        bounds = {
            "page[number]": 0,
            "page[size]": 100,
            "filter[orders][creationDate][$ge]": int((self.now - days_from * DAY).timestamp() * 1000),
            "filter[orders][creationDate][$le]": int(self.now.timestamp() * 1000),
        }
        return self.get("/orders", **{**bounds, **query})


@pytest.fixture
def shop(client: TestClient, session: Session) -> Shop:
    return Shop(client, session)


def title(answer: Any) -> str:
    assert list(answer.json()["errors"][0]) == ["title"]
    return str(answer.json()["errors"][0]["title"])


def test_a_token_and_the_content_type_are_required(client: TestClient, shop: Shop) -> None:
    assert client.get("/shop/api/v2/cities").status_code == 401
    assert client.get("/shop/api/v2/cities", headers={"X-Auth-Token": "x"}).status_code == 401
    bare = {"X-Auth-Token": shop.headers["X-Auth-Token"]}
    assert client.get("/shop/api/v2/cities", headers=bare).status_code == 400
    assert shop.get("/cities").status_code == 200


def test_rules_of_the_order_list(shop: Shop) -> None:
    assert title(shop.get("/orders")) == "Required pagination value [number] is empty."
    no_dates = shop.get("/orders", **{"page[number]": 0, "page[size]": 10})
    assert no_dates.status_code == 400
    assert title(no_dates) == "Required filter [orders][creationDate][$ge] is empty."
    assert title(shop.window(30)) == (
        "Exceeded the maximum difference for the filter[orders][creationDate] (in days). Actual [30], max [14]."
    )
    assert shop.window(14).status_code == 200
    assert shop.window(1, **{"page[size]": 101}).status_code == 400


def test_pages_and_states_cover_every_order_once(shop: Shop, session: Session) -> None:
    found: list[str] = []
    for state in STATES:
        number = 0
        while True:
            page = shop.window(14, **{"page[number]": number, "page[size]": 7, "filter[orders][state]": state}).json()
            found += [order["attributes"]["code"] for order in page["data"]]
            number += 1
            if number >= page["meta"]["pageCount"]:
                break
    since = session.life.now - 14 * DAY
    made = [
        o for o in session.world.orders if o.merchant_id == "almaty_tech" and since <= o.created_at <= session.life.now
    ]
    assert sorted(found) == sorted(order.code for order in made)


def test_an_order_is_found_by_code_alone_and_only_by_its_merchant(
    client: TestClient, shop: Shop, session: Session
) -> None:
    order = next(o for o in session.world.orders if o.merchant_id == "almaty_tech")
    query = {"filter[orders][code]": order.code}
    assert shop.get("/orders", **query).json()["data"][0]["attributes"]["code"] == order.code
    assert Shop(client, session, "sary_kids").get("/orders", **query).json()["data"] == []


def test_ids_are_unpadded_base64_and_lines_have_their_own_path(shop: Shop) -> None:
    page = shop.window(10, **{"include[orders]": "user,entries"}).json()
    order = page["data"][0]
    code = order["attributes"]["code"]
    assert decode(order["id"]) == code and "=" not in order["id"]
    entries = shop.get(f"/orders/{order['id']}/entries").json()["data"]
    assert [decode(entry["id"]) for entry in entries] == [f"{code}##{n}" for n in range(len(entries))]
    included = {item["id"]: item for item in page["included"] if item["type"] == "orderentries"}
    assert all(included[entry["id"]] == entry for entry in entries)
    assert any(item["type"] == "customers" for item in page["included"])


def test_a_line_without_offer_leads_to_its_sku_by_the_product(shop: Shop, session: Session) -> None:
    def bare(order: Order) -> bool:
        return order.merchant_id == "almaty_tech" and not order.lines[0].names_offer

    order = next(o for o in session.world.orders if bare(o))
    identity = shop.get("/orders", **{"filter[orders][code]": order.code}).json()["data"][0]["id"]
    entry = shop.get(f"/orders/{identity}/entries").json()["data"][0]
    assert "offer" not in entry["attributes"]
    product = shop.get(f"/orderentries/{entry['id']}/product").json()["data"]
    own = shop.get(f"/masterproducts/{product['id']}/merchantProduct").json()["data"]
    assert own["attributes"]["code"] == order.lines[0].sku


def test_phones_are_masked_in_the_archive_only(shop: Shop) -> None:
    orders = shop.window(14).json()["data"] + shop.window(10).json()["data"]
    for order in orders:
        masked = order["attributes"]["customer"]["cellPhone"] == "7xx0xxxxxx"
        assert masked == (order["attributes"]["state"] == "ARCHIVE")
    assert {order["attributes"]["state"] for order in orders} >= {"ARCHIVE", "KASPI_DELIVERY"}


def test_nothing_of_the_future_is_shown(shop: Shop, session: Session) -> None:
    for order in shop.window(14).json()["data"]:
        handed = order["attributes"].get("kaspiDelivery", {}).get("courierTransmissionDate")
        assert handed is None or handed <= session.life.now.timestamp() * 1000
    future = next(o for o in session.world.orders if o.created_at > session.life.now and o.merchant_id == "almaty_tech")
    assert shop.get("/orders", **{"filter[orders][code]": future.code}).json()["data"] == []


def test_the_warehouse_feed_pages_by_cursor_and_repeats_some_events(client: TestClient, session: Session) -> None:
    assert client.get("/wms/w1/events").status_code == 401
    source = next(s for s in client.get("/control/world").json()["sources"] if s["name"] == "w1")
    headers = {"Authorization": f"Bearer {source['token']}"}
    assert client.get("/wms/w1/events", headers=headers, params={"cursor": "x!"}).status_code == 400
    assert client.get("/wms/w1/events", headers=headers, params={"limit": 501}).status_code == 400
    events, cursor, more = [], "", True
    while more:
        page = client.get("/wms/w1/events", headers=headers, params={"cursor": cursor, "limit": 300}).json()
        events += page["events"]
        cursor, more = page["next_cursor"], page["has_more"]
    ids = {event["event_id"] for event in events}
    assert len(ids) < len(events) < len(ids) * 1.05
    assert client.get("/wms/w1/events", headers=headers, params={"cursor": cursor}).json()["events"] == []
    truth = client.get("/control/truth").json()["world"]["merchants"]
    labels = {event["unit_label"] for event in events if event["type"] == "received"}
    assert len(labels) == truth["almaty_tech"]["received"] + truth["jibek_home"]["received"]


def test_control_calls(client: TestClient, session: Session) -> None:
    now = dt.datetime.fromisoformat(client.get("/control/clock").json()["now"])
    assert now == session.life.now
    assert client.post("/control/advance", json={"to": (now - DAY).isoformat()}).status_code == 409
    assert client.post("/control/advance", json={"to": "2026-11-14T10:00:00"}).status_code == 422
    same = client.post("/control/advance", json={"to": now.isoformat()}).json()
    assert (same["pulls"], same["orders_placed"]) == (0, 0)
    assert client.put("/control/feed", json={"merchant_id": "nobody", "url": "http://x"}).status_code == 404
    assert len(client.get("/control/world").json()["ticks"]) == 5


def test_files_and_the_buyers_eyes(client: TestClient) -> None:
    header = client.get("/files/jibek_home/catalogue.csv").text.splitlines()[0]
    assert header == "sku,master_code,eans,name,category,supplier,batch,cost,agreed_defect_rate"
    base = client.get("/files/jibek_home/base.xml").text
    assert 'stockCount="0"' in base and 'preOrder="14"' in base and 'available="no"' in base
    offers = client.get("/buyer/offers", params={"merchant": "jibek_home"}).json()["offers"]
    assert {"sku", "store_id", "on_sale", "price", "quantity"} == set(offers[0])
    assert client.get("/buyer/offers", params={"merchant": "nobody"}).status_code == 404


def test_a_mail_sent_by_smtp_can_be_looked_at(client: TestClient, session: Session) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "reports@example.kz", "owner@example.kz", "Апта"
    mail.set_content("plain words")
    mail.add_alternative('<p>words <img src="cid:chart"></p>', subtype="html")
    html = mail.get_payload()[1]  # type: ignore[index]
    html.add_related(b"\x89PNG", "image", "png", cid="<chart>")  # type: ignore[union-attr]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mailbox = Mailbox(session.folder / "mailbox")
    server = serve_smtp(mailbox, port)
    try:
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            smtp.send_message(mail)
    finally:
        server.stop()
    assert [path.name for path in Path(mailbox.folder).iterdir()] == ["0001-owner@example.kz.eml"]
    assert "Апта" in client.get("/mailbox").text
    assert "data:image/png;base64,iVBORw==" in client.get("/mailbox/1").text
    assert client.get("/mailbox/1", params={"part": "text"}).text.strip() == "plain words"
    assert client.get("/mailbox/9").status_code == 404
