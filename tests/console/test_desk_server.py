"""What the desk's server lets through: whose it is, from where, how large, at what time; and nothing of another's."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from include.console.desk import MESSAGE_BYTES, PHOTO_BYTES, in_our_time
from include.console.guard import OWN_HEADER
from include.db.connection import connect
from tests.console.desk_people import picture
from tests.console.desk_world import NOW, SALES, WAREHOUSE, desk_app, furnish

OURS = {OWN_HEADER: "1", "sec-fetch-site": "same-origin"}


def browser(dsn: str, name: str | None, **headers: str) -> TestClient:
    return TestClient(desk_app(dsn), cookies={"who": name} if name else {}, headers=headers or OURS)


def scan(actor: str, sale: str = "main", **more: Any) -> dict[str, Any]:
    """A piece of the sale taken in at the dock."""
    one, label = SALES[sale], f"W1-{uuid.uuid4().hex[:10].upper()}"
    event_id = str(uuid.uuid4())
    return {"event_id": event_id, "scan_id": event_id, "type": "received", "occurred_at": NOW.isoformat(),
            "merchant_id": one.merchant_id, "store_id": "PP1" if one.merchant_id == "alpha" else "PP2", "actor": actor,
            "unit_label": label, "return_order_no": f"RO-{label}", "return_label": one.label, **more}  # fmt: skip


def send(client: TestClient, *events: dict[str, Any], **more: Any) -> Any:
    return client.post(
        "/desk/api/events", json={"warehouse": WAREHOUSE, "sent_at": NOW.isoformat(), "events": events}, **more
    )


def events_in(dsn: str) -> int:
    with connect(dsn) as conn:
        row = conn.execute("select count(*) as n from ledger.unit_event").fetchone()
    assert row is not None
    return int(row["n"])


GETS = ["api/setup", "api/look?code=x&warehouse=W1", "api/queue?warehouse=W1&step=inspect", "api/zones?warehouse=W1",
        f"api/units/{uuid.UUID(int=1)}", "api/second?warehouse=W1", f"photos/{uuid.UUID(int=1)}.jpg",
        f"labels/{uuid.UUID(int=1)}.pdf", "api/staff"]  # fmt: skip
POSTS = ["api/events", f"api/photos?unit={uuid.UUID(int=1)}&event=x&actor=saule", "api/staff"]


@pytest.mark.parametrize("path", GETS)
def test_nothing_is_told_to_who_is_not_logged_in_or_has_no_role(desk_dsn: str, path: str) -> None:
    assert browser(desk_dsn, None).get(f"/desk/{path}").status_code == 401
    answer = browser(desk_dsn, "stranger").get(f"/desk/{path}")
    assert answer.status_code in (403, 404), answer.text
    assert "Altyn" not in answer.text


def test_a_bookmark_leads_to_airflows_login_and_back(desk_dsn: str) -> None:
    answer = browser(desk_dsn, None).get("/desk/?lang=kk", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "../../api/v2/auth/login?next=%2Fdesk%2F%3Flang%3Dkk"
    assert browser(desk_dsn, "aliya").get("/desk", follow_redirects=False).headers["location"] == "desk/"


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [{}, {"sec-fetch-site": "same-origin"}, {OWN_HEADER: "1", "sec-fetch-site": "cross-site"},
     {OWN_HEADER: "1", "sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)  # fmt: skip
def test_a_message_that_no_script_of_ours_sent_is_refused(desk_dsn: str, path: str, headers: dict[str, str]) -> None:
    client = TestClient(desk_app(desk_dsn), cookies={"who": "saule"}, headers=headers)
    answer = client.post(f"/desk/{path}", json={})
    assert answer.status_code == 403
    assert answer.json()["code"] == "another_site"


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("name", ["vera", "stranger"])
def test_who_may_only_look_is_refused_before_his_message_is_read(desk_dsn: str, path: str, name: str) -> None:
    def never() -> Any:
        raise AssertionError("the body was read")
        yield b""

    answer = browser(desk_dsn, name).post(f"/desk/{path}", content=never())
    assert answer.status_code == 403
    assert answer.json()["code"] == "no_role"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [(b"{", "application/json", 400), (b"[]", "application/json", 400), (b"{}", "application/json", 400),
     (b"x=1", "application/x-www-form-urlencoded", 415), (b"x" * (MESSAGE_BYTES + 1), "application/json", 413),
     (b'{"events": [1], "warehouse": "W1"}', "application/json", 400)],
)  # fmt: skip
def test_only_a_message_of_the_right_form_and_size_is_read(
    desk_dsn: str, content: bytes, kind: str, status: int
) -> None:
    before = events_in(desk_dsn)
    answer = browser(desk_dsn, "aliya").post("/desk/api/events", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["text"]
    assert events_in(desk_dsn) == before


def test_nobody_writes_in_anothers_name(desk_dsn: str) -> None:
    before = events_in(desk_dsn)
    answer = send(browser(desk_dsn, "aliya"), scan("beket"))
    assert (answer.status_code, answer.json()["code"]) == (409, "another_person")
    assert events_in(desk_dsn) == before


def test_the_same_event_sent_twice_is_one(desk_dsn: str) -> None:
    before, event, client = events_in(desk_dsn), scan("aliya", "wedge"), browser(desk_dsn, "aliya")
    first, second = send(client, event).json()["answers"][0], send(client, event).json()["answers"][0]
    assert (first["outcome"], second["outcome"]) == ("booked", "repeated")
    assert first["unit"]["unit_id"] == second["unit"]["unit_id"]
    assert events_in(desk_dsn) == before + 1


def test_a_device_with_a_wrong_clock_is_understood() -> None:
    now = NOW
    years_off = {"occurred_at": "2019-01-01T10:00:00+06:00"}
    assert (
        in_our_time(years_off, "2019-01-01T10:20:00+06:00", now)["occurred_at"]
        == (now - dt.timedelta(minutes=20)).isoformat()
    )
    ahead = {"occurred_at": "2019-01-01T10:20:00Z"}
    assert in_our_time(ahead, "2019-01-01T10:00:00Z", now)["occurred_at"] == now.isoformat()
    for broken in (None, "now", 5, "2019-01-01T10:00:00"):
        assert in_our_time(years_off, broken, now) == years_off


def test_another_merchants_piece_is_as_if_it_were_not_there(desk_dsn: str) -> None:
    gulnar, aliya = browser(desk_dsn, "gulnar"), browser(desk_dsn, "aliya")
    taken = send(gulnar, scan("gulnar", "beta")).json()["answers"][0]
    assert taken["outcome"] == "booked"
    unit_id, label = taken["unit"]["unit_id"], taken["unit"]["unit_label"]
    assert gulnar.get(f"/desk/api/units/{unit_id}").status_code == 200
    for path in (f"api/units/{unit_id}", f"labels/{unit_id}.pdf"):
        answer = aliya.get(f"/desk/{path}")
        assert answer.status_code in (403, 404), path
        assert "Жібек" not in answer.text
    for code in (label, SALES["beta"].label, SALES["beta"].code, SALES["beta"].ean):
        found = aliya.get("/desk/api/look", params={"code": code, "warehouse": WAREHOUSE})
        assert "Жібек" not in found.text, code
    for path in ("queue?warehouse=W1&step=inspect", "zones?warehouse=W1"):
        assert label not in aliya.get(f"/desk/api/{path}").text
        assert label in gulnar.get(f"/desk/api/{path}").text
    assert {one["merchant_id"] for one in aliya.get("/desk/api/setup").json()["merchants"]} == {"alpha"}
    before = events_in(desk_dsn)
    refused = send(aliya, scan("aliya", "beta"))
    assert refused.status_code == 403 or refused.json()["answers"][0]["outcome"] == "rejected"
    assert events_in(desk_dsn) == before


def photo(client: TestClient, unit_id: str, content: bytes, kind: str = "image/jpeg", actor: str = "") -> Any:
    query = {"unit": unit_id, "event": str(uuid.uuid4()), "actor": actor or client.cookies["who"]}
    return client.post("/desk/api/photos", params=query, content=content, headers={"content-type": kind})


def test_a_photo_is_a_picture_of_a_bearable_size_of_ones_own_piece(desk_dsn: str) -> None:
    aliya = browser(desk_dsn, "aliya")
    unit_id = send(aliya, scan("aliya", "photo")).json()["answers"][0]["unit"]["unit_id"]
    kept = photo(aliya, unit_id, picture()["buffer"])
    assert kept.status_code == 200, kept.text
    address = f"/desk/photos/{kept.json()['photo_id']}.jpg"
    seen = aliya.get(address)
    assert seen.headers["content-type"] == "image/jpeg" and seen.content[:2] == b"\xff\xd8"
    assert browser(desk_dsn, "gulnar").get(address).status_code in (403, 404)
    assert photo(browser(desk_dsn, "gulnar"), unit_id, picture()["buffer"]).status_code in (403, 404)
    assert photo(aliya, unit_id, picture()["buffer"], actor="daniyar").status_code == 409
    assert photo(aliya, unit_id, b"<svg onload='x()'/>").status_code == 422
    assert photo(aliya, unit_id, picture()["buffer"], "image/svg+xml").status_code == 415
    assert photo(aliya, unit_id, b"\xff\xd8" + b"0" * PHOTO_BYTES).status_code == 413


def test_the_page_keeps_its_policy(desk_dsn: str) -> None:
    page = browser(desk_dsn, "aliya").get("/desk/?lang=kk")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy and "script-src 'self'" in policy and "default-src 'none'" in policy
    assert '<html lang="kk">' in page.text
    assert "<style" not in page.text and " style=" not in page.text and " onclick=" not in page.text
    for path in ("", "quality"):
        assert "script-src" not in browser(desk_dsn, "aliya").get(f"/{path}").headers["content-security-policy"]


def test_the_worker_keeps_every_file_and_changes_with_each(desk_dsn: str) -> None:
    client = browser(desk_dsn, "aliya")
    worker = client.get("/desk/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    names = [name for name in worker.text.split('"') if name.startswith("../static/")]
    assert "../static/desk/main.js" in names and "../static/desk/desk.css" in names and len(names) > 15
    for name in names:
        assert client.get(f"/desk/{name}").status_code == 200, name


@pytest.mark.parametrize(
    "wrong", [{"type": ["received"]}, {"event_id": {}}, {"unit_label": ["x"]}, {"merchant_id": []}, {"note": "a\x00b"}]
)
def test_what_cannot_be_an_event_is_refused_with_a_sentence(desk_dsn: str, wrong: dict[str, Any]) -> None:
    """An error of the server would be taken for a lost connection, and tried again for ever."""
    answer = send(browser(desk_dsn, "saule"), {**scan("saule"), **wrong})
    assert (answer.status_code, answer.json()["code"]) == (400, "broken_message")


@pytest.mark.parametrize(
    "path", ["/desk/api/look?code=%00&warehouse=W1", "/desk/api/zones?warehouse=%00", "/?merchant=%00"]
)
def test_a_character_that_no_text_has_is_refused(desk_dsn: str, path: str) -> None:
    assert browser(desk_dsn, "saule").get(path).status_code == 400


def test_what_a_piece_can_bring_is_not_told_before_the_second_look(new_warehouse: Callable[[], str]) -> None:
    dsn = new_warehouse()
    furnish(dsn)
    with connect(dsn) as conn:
        conn.execute("update ops.setting set value = '1' where name = 'second_look_share'")
    first, other = browser(dsn, "aliya"), browser(dsn, "beket")
    received = scan("aliya")
    unit = send(first, received).json()["answers"][0]["unit"]
    found = {"packaging_intact": True, "complete": True, "documents": True, "signs_of_use": False, "defects": [],
             "grade": "A", "finding": "no_fault", "route": "main", "zone": "resellable"}  # fmt: skip
    looked = {**{name: received[name] for name in ("merchant_id", "store_id", "actor", "unit_label", "occurred_at")},
              "event_id": str(uuid.uuid4()), "type": "inspected", **found}  # fmt: skip
    assert send(first, looked).json()["answers"][0]["outcome"] == "booked"
    path = f"/desk/api/units/{unit['unit_id']}/recovery"
    assert first.get(path).json()["at_stake"] > 0
    assert other.get(path).json() == {"at_stake": None, "spent": None}
