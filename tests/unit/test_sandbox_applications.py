"""Applications: filed for every customer return, exported as the cabinet would, agreeing with the world's truth."""

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from include.sandbox.applications import reason
from include.sandbox.mailbox import Mailbox
from include.sandbox.moments import DAY
from include.sandbox.server import application
from include.sandbox.session import Session
from include.sandbox.shop_payloads import encode
from include.sandbox.world import World, write_world

ALMATY = ZoneInfo("Asia/Almaty")
COLUMNS = (
    "Номер заявки;Номер заказа;Код товара;Название товара;Количество;Код причины;Причина;Дата создания;Раздел;Шаг;"
    "Дата шага;Трек-номер"
)
TAB_OF_STEP = {
    "MERCHANT_APPROVAL": {"Новые"},
    "BACKWARD_DELIVERY_BY_KASPI": {"На доставке"},
    "BACKWARD_DELIVERY_BY_KASPI_FINISHED": {"Ожидают решения"},
    "MERCHANT_DECISION": {"Ожидают решения", "Споры"},
    "WAITING_PAYMENT": {"Закрытые"},
}
MERCHANTS = ("almaty_tech", "jibek_home", "sary_kids")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    world = write_world()
    return Session(world, tmp_path_factory.mktemp("sandbox"), world.span.start_of_life)


@pytest.fixture(scope="module")
def client(session: Session) -> Iterator[TestClient]:
    with TestClient(application(session, Mailbox(session.folder / "mailbox"))) as client:
        yield client


@pytest.fixture(scope="module")
def world(session: Session) -> World:
    return session.world


def rows(client: TestClient, merchant_id: str, steps: str = "last") -> list[dict[str, str]]:
    answer = client.get(f"/files/{merchant_id}/applications.csv", params={"steps": steps})
    answer.raise_for_status()
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def moment(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%d.%m.%Y %H:%M").replace(tzinfo=ALMATY)


# --- the world


def test_every_customer_return_has_one_application_a_line(world: World) -> None:
    returned = {
        (unit.order.code, unit.sku) for unit in world.units if unit.order and unit.kind == "customer_return"
    }  # fmt: skip
    filed = [(one.order.code, one.line.sku) for one in world.applications]
    assert sorted(filed) == sorted(returned)
    assert sum(len(one.units) for one in world.applications) == sum(u.kind == "customer_return" for u in world.units)
    by_order = Counter(code for code, _ in filed)
    assert max(by_order.values()) > 1
    numbers = {code: sorted(one.number for one in world.applications if one.order.code == code) for code in by_order}
    assert all(found == [f"{code}-{n + 1}" for n in range(by_order[code])] for code, found in numbers.items())


def test_never_more_pieces_than_were_sold_and_sometimes_two(world: World) -> None:
    quantities = Counter(len(one.units) for one in world.applications)
    assert all(len(one.units) <= one.line.quantity for one in world.applications)
    assert set(quantities) == {1, 2} and quantities[2] >= 10
    for one in world.applications:
        first, *others = one.units
        assert not first.worn
        for other in others:
            assert other.channel is None and other.listed_at is None and (other.label > first.label or not other.label)


def test_the_stages_go_forward_and_agree_with_the_parcel(world: World) -> None:
    for one in world.applications:
        unit = one.units[0]
        moments = [stage.at for stage in one.stages]
        assert moments == sorted(moments), one.number
        assert all(at.second == at.microsecond == 0 for at in moments)
        assert unit.signalled_at and dt.timedelta(0) <= unit.signalled_at - one.created_at < dt.timedelta(minutes=1)
        at = {stage.step: stage.at for stage in one.stages}
        finished = at.get("BACKWARD_DELIVERY_BY_KASPI_FINISHED")
        assert (finished is None) == (unit.arrives_at is None)
        if finished and unit.arrives_at:
            assert at["BACKWARD_DELIVERY_BY_KASPI"] < finished < unit.arrives_at < at["MERCHANT_DECISION"]
        paid = [step.at for step in one.order.steps if step.status == "RETURNED"]
        if one.status_tells and paid:
            assert paid[0] - at["WAITING_PAYMENT"] < dt.timedelta(minutes=1)
        assert all(stage.tab in TAB_OF_STEP[stage.step] for stage in one.stages)
        assert [stage.step for stage in one.stages][:2] == ["MERCHANT_APPROVAL", "BACKWARD_DELIVERY_BY_KASPI"]


def test_the_label_on_the_parcel_is_the_track_number(world: World) -> None:
    scanned = {event.unit_label: event.facts["return_label"] for event in world.events if event.type == "received"}
    labels = {unit.label: one.return_label for one in world.applications for unit in one.units if unit.label}
    assert {label: scanned[label] for label in labels} == labels
    assert any(label.endswith("-2-R") for label in labels.values())


def test_some_returns_only_the_application_tells_of(world: World) -> None:
    silent = [one for one in world.applications if not one.status_tells]
    assert len([one for one in silent if one.created_at < world.span.start_of_life]) >= 5
    for one in silent:
        assert {step.status for step in one.order.steps} <= {
            "APPROVED_BY_BANK",
            "ACCEPTED_BY_MERCHANT",
            "COMPLETED",
        }
        assert one.order.pieces > 1


def test_a_second_piece_moves_nothing_else_of_the_world(world: World) -> None:
    """Labels and event ids of everything else are those of a world without second pieces: gapless from 1."""
    usual = [event.event_id for event in world.events if event.source == "w1" and "-p" not in event.event_id]
    assert sorted(usual) == [f"w1-{n:06d}" for n in range(1, len(usual) + 1)]
    labels = sorted(unit.label for unit in world.units if unit.label.startswith("W1-") and not unit.worn)
    assert labels == [f"W1-{n:06d}" for n in range(1, len(labels) + 1)]
    assert all(unit.label.startswith(("W1-9", "W2-9")) for unit in world.units if unit.worn and unit.label)


@pytest.mark.parametrize(
    ("stated", "code", "text"),
    [
        ("UNSUITABLE", "UNSUITABLE", "Не понравился"),
        ("Не понравился", "UNSUITABLE", "Не понравился"),
        ("Товар повреждён", "", "Товар повреждён"),
        ("OTHER_17", "OTHER_17", "Другая причина"),
        (None, "", ""),
    ],
)
def test_reasons_have_a_code_where_one_is_known(stated: str | None, code: str, text: str) -> None:
    assert reason(stated) == (code, text)


# --- the file


def test_the_file_has_the_cabinets_form(client: TestClient) -> None:
    answer = client.get("/files/almaty_tech/applications.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.decode("utf-8-sig").splitlines()[0] == COLUMNS
    assert client.get("/files/nobody/applications.csv").status_code == 404
    assert client.get("/files/almaty_tech/applications.csv", params={"steps": "some"}).status_code == 422


@pytest.mark.parametrize("merchant_id", MERCHANTS)
def test_the_file_says_what_the_truth_says(client: TestClient, merchant_id: str) -> None:
    truth = client.get("/control/truth").json()["world"]
    told = {one["application_number"]: one for one in truth["applications"] if one["merchant_id"] == merchant_id}
    units: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for unit in truth["units"]:
        if unit["kind"] == "customer_return":
            units.setdefault((unit["order_code"], unit["sku"]), []).append(unit)
    found = rows(client, merchant_id)
    assert [row["Номер заявки"] for row in found] == list(told) and len(found) > 50
    for row in found:
        one = told[row["Номер заявки"]]
        assert row["Номер заказа"] == one["order_code"] and row["Код товара"] == one["master_code"]
        assert int(row["Количество"]) == one["quantity"] and row["Трек-номер"] == one["return_label"]
        assert (row["Код причины"], row["Причина"]) == (one["reason_code"], one["reason_text"])
        assert (row["Раздел"], row["Шаг"]) == (one["tab"], one["step"])
        assert moment(row["Дата создания"]) == dt.datetime.fromisoformat(one["created_at"])
        assert moment(row["Дата шага"]) == dt.datetime.fromisoformat(one["step_at"])
        known = units.get((one["order_code"], one["sku"]), [])
        assert sorted(one["unit_labels"]) == sorted(unit["unit_label"] for unit in known if unit["unit_label"])
        if one["status_tells"]:
            assert len(known) == one["quantity"]
            assert known[0]["stated_reason"] in (one["reason_code"], one["reason_text"])


def test_all_steps_are_those_reached_so_far(client: TestClient, session: Session) -> None:
    last, every = rows(client, "sary_kids"), rows(client, "sary_kids", "all")
    assert len(every) > 3 * len(last)
    grouped: dict[str, list[dict[str, str]]] = {}
    for row in every:
        grouped.setdefault(row["Номер заявки"], []).append(row)
    assert [steps[-1] for steps in grouped.values()] == last
    for steps in grouped.values():
        assert steps[0]["Шаг"] == "MERCHANT_APPROVAL" and steps[0]["Дата шага"] == steps[0]["Дата создания"]
        assert all(moment(a["Дата шага"]) <= moment(b["Дата шага"]) for a, b in pairwise(steps))
    assert max(moment(row["Дата шага"]) for row in every) <= session.life.now


def test_every_tab_and_every_step_is_somewhere(client: TestClient) -> None:
    found = [row for merchant_id in MERCHANTS for row in rows(client, merchant_id, "all")]
    assert {row["Шаг"] for row in found} == set(TAB_OF_STEP)
    assert {row["Раздел"] for row in found} == {"Новые", "На доставке", "Ожидают решения", "Споры", "Закрытые"}
    assert {"", "OTHER_17", "SIZE_MISMATCH"} <= {row["Код причины"] for row in found}


def test_the_file_names_no_buyer(client: TestClient, world: World) -> None:
    text = "".join(client.get(f"/files/{merchant_id}/applications.csv").text for merchant_id in MERCHANTS)
    for order in world.orders:
        assert order.buyer.phone not in text
        assert f"{order.buyer.first_name} {order.buyer.last_name}" not in text


def test_the_product_code_is_the_one_the_shop_api_and_the_catalogue_know(
    client: TestClient, world: World, session: Session
) -> None:
    for merchant_id, merchant in world.merchants.items():
        text = client.get(f"/files/{merchant_id}/catalogue.csv").text
        codes = {row["sku"]: row["master_code"] for row in csv.DictReader(io.StringIO(text))}
        assert len(set(codes.values())) == len(codes)
        headers = {"X-Auth-Token": merchant.token, "Content-Type": "application/vnd.api+json"}
        for one in session.applications(merchant)[:20]:
            assert codes[one.line.sku] == one.line.master_code
            entry = encode(f"{one.order.code}##{one.order.lines.index(one.line)}")
            product = client.get(f"/shop/api/v2/orderentries/{entry}/product", headers=headers).json()["data"]
            assert product["attributes"]["code"] == one.line.master_code


@pytest.mark.parametrize("steps", ["last", "all"])
def test_the_workbook_holds_the_same(client: TestClient, steps: str) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    answer = client.get("/files/jibek_home/applications.xlsx", params={"steps": steps})
    answer.raise_for_status()
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content), data_only=True).active
    header, *body = sheet.iter_rows(values_only=True)
    assert ";".join(header) == COLUMNS
    shown = [
        {
            name: f"{cell:%d.%m.%Y %H:%M}" if isinstance(cell, dt.datetime) else str("" if cell is None else cell)
            for name, cell in zip(header, cells, strict=True)
        }
        for cells in body
    ]
    assert shown == rows(client, "jibek_home", steps)
    assert isinstance(body[0][1], str) and isinstance(body[0][4], int) and isinstance(body[0][7], dt.datetime)


# --- what it makes certain


def certain_pieces(world: World, merchant_id: str, now: dt.datetime) -> int:
    """Count piece by piece, the long way: each piece an application or a lone piece's status speaks of, once."""
    named = [one for one in world.applications if one.created_at <= now]
    pieces = {id(unit) for one in named if one.merchant_id == merchant_id for unit in one.units}
    for unit in world.units:
        order = unit.order
        if order and order.merchant_id == merchant_id and order.certain and order.signals_by(now):
            pieces.add(id(unit))
    return len(pieces)


def test_certain_pieces_are_counted_once(tmp_path: Path) -> None:
    world = write_world(seed=7, day=dt.date(2026, 9, 7))
    session = Session(world, tmp_path, world.span.begin + 40 * DAY)
    for now in (session.life.now, world.span.start_of_life, world.span.end):
        session.advance(now)
        truth = session.truth()["world"]
        for merchant_id, facts in truth["merchants"].items():
            assert facts["requested_with_applications"] == certain_pieces(world, merchant_id, now)
            mine = [one for one in truth["applications"] if one["merchant_id"] == merchant_id]
            assert facts["applications"] == len(mine)
            assert facts["application_pieces"] == sum(one["quantity"] for one in mine)
            assert facts["unquantified_with_applications"] < facts["unquantified"]
            assert all(dt.datetime.fromisoformat(one["created_at"]) <= now for one in mine)
    planted = truth["planted"]
    assert len(planted["applications_without_status"]) >= 4
    two = [one["application_number"] for one in truth["applications"] if one["quantity"] == 2]
    assert planted["applications_of_two"] == two
