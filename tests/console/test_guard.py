"""Who may change anything: a user with the right, from our own pages, in small portions."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from fastapi.testclient import TestClient

from include.console import guard
from include.console.guard import FORM_BYTES, OWN_HEADER, Tokens
from tests.console.surroundings import SECRET, User, app_of, client_of

CHANGES = [
    "/quality/records", "/quality/drift", "/quality/alerts", "/applications", "/notices/decide", "/notices/mails",
]  # fmt: skip
UPLOAD = "/applications/00000000-0000-0000-0000-000000000000/take"


@pytest.fixture(scope="module")
def dsn(new_warehouse: Callable[[], str]) -> str:
    return new_warehouse()


def token(user: User | None = None) -> str:
    return Tokens(lambda: SECRET).make(user or User())


@pytest.mark.parametrize("path", [*CHANGES, UPLOAD])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "Same-Origin", ""])
def test_a_form_from_elsewhere_is_refused_whatever_it_brings(dsn: str, path: str, site: str) -> None:
    browser = client_of(dsn, ours=False)
    answer = browser.post(path, data={"token": token()}, headers={"sec-fetch-site": site, OWN_HEADER: "1"})
    assert answer.status_code == 403
    assert (
        "another site"
        in browser.post(path + "?lang=en", data={"token": token()}, headers={"sec-fetch-site": site}).text
    )


@pytest.mark.parametrize("path", [*CHANGES, UPLOAD])
def test_a_browser_that_does_not_say_where_from_needs_the_users_own_token(dsn: str, path: str) -> None:
    browser = client_of(dsn, ours=False)
    other = Tokens(lambda: "another secret").make(User())
    stale = str(int(time.time()) - 1) + "." + token().partition(".")[2]
    forged = str(int(time.time()) + 99_999) + "." + token().partition(".")[2]
    for bad in ("", "x", token(User("beket")), other, stale, forged, "٣.٣", "1" * 400 + ".a", "9.é"):
        assert browser.post(path, data={"token": bad}).status_code == 403, bad
    assert browser.post(path).status_code == 403
    assert browser.post(path, headers={"origin": "https://evil.example"}).status_code == 403
    good = browser.post(path, data={"token": token()}, follow_redirects=False)
    assert good.status_code == (404 if path == UPLOAD else 303)


@pytest.mark.parametrize("path", [*CHANGES, UPLOAD])
def test_who_may_only_look_changes_nothing(dsn: str, path: str) -> None:
    viewer = User("viewer", "viewer")
    answer = client_of(dsn, viewer).post(path + "?lang=en", data={"token": token(viewer)})
    assert answer.status_code == 403
    assert "lets you look but not change" in answer.text


def test_a_request_of_ours_passes_by_its_header_its_origin_or_a_bearer_token(dsn: str) -> None:
    app = app_of(dsn)
    app.post("/change")(lambda: "done")
    client = TestClient(app)
    for headers in (
        {"sec-fetch-site": "same-origin"},
        {OWN_HEADER: "1"},
        {OWN_HEADER: "1", "sec-fetch-site": "same-origin"},
        {"authorization": "Bearer x", "sec-fetch-site": "cross-site"},
    ):
        assert client.post("/change", headers=headers).status_code == 200, headers
    for headers in ({}, {"authorization": "Basic eDp5"}, {OWN_HEADER: "1", "sec-fetch-site": "cross-site"}):
        assert client.post("/change", headers=headers).status_code == 403, headers
        for method in ("put", "patch", "delete"):
            assert client.request(method, "/change", headers=headers).status_code in (403, 405)


def test_a_route_of_tomorrow_is_guarded_too(dsn: str) -> None:
    app = app_of(dsn, User("viewer", "viewer"))
    app.put("/tomorrow")(lambda: "done")
    client = TestClient(app, headers={"sec-fetch-site": "same-origin"})
    assert client.put("/tomorrow").status_code == 403


def test_a_large_body_is_refused_before_it_is_read(dsn: str) -> None:
    browser = client_of(dsn)
    large = {"reason": "x" * FORM_BYTES}
    assert browser.post("/quality/records", data=large).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"reason=" + b"x" * 10_000

    form = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/quality/records", content=endless(), headers=form).status_code == 413
    assert (
        browser.post("/quality/records", content=b"{}", headers={"content-type": "application/json"}).status_code == 415
    )
    many = "&".join(f"id={n}" for n in range(guard.MOST_FIELDS + 5))
    assert browser.post("/quality/records", content=many, headers=form).status_code == 400
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert browser.post("/applications", content=b"not multipart", headers=broken).status_code == 400
    no_boundary = {"content-type": "multipart/form-data"}
    assert browser.post("/applications", content=b"x", headers=no_boundary).status_code == 400


def test_a_stranger_is_turned_away_before_his_body_is_read(dsn: str) -> None:
    """Over a real connection: the answer comes although the body never does."""
    config = uvicorn.Config(app_of(dsn, User("viewer", "viewer")), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(
                b"POST /applications HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n"
                b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 10000000\r\n\r\n--x\r\n"
            )
            assert line.recv(100).startswith(b"HTTP/1.1 403")
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def test_a_token_is_bound_to_its_user_its_time_and_its_secret() -> None:
    tokens = Tokens(lambda: SECRET)
    assert tokens.good(tokens.make(User()), User())
    assert not tokens.good(tokens.make(User()), User("beket"))
    assert not tokens.good(None, User())
    assert not tokens.good(["x"], User())
