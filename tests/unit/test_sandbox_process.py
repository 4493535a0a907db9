"""The sandbox as a process: it pulls real lists over HTTP, and its clock answers while it does."""

import datetime as dt
import json
import smtplib
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parents[2]


@contextmanager
def running(folder: Path, *options: str) -> Iterator[dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "include.sandbox", "--state-dir", str(folder), "--port", "0", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        assert process.wait(15) == 0


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[dict[str, Any]]:
    with running(tmp_path) as ready:
        yield ready


class Feed(ThreadingHTTPServer):
    """Serves one list, and notes what the sandbox's clock says at each GET of it."""

    def __init__(self, body: bytes, clock: str) -> None:
        super().__init__(("127.0.0.1", 0), FeedHandler)
        self.body, self.clock = body, clock
        self.gets: list[tuple[str, int, str | None]] = []


class FeedHandler(BaseHTTPRequestHandler):
    server: Feed

    def do_GET(self) -> None:  # noqa: N802
        now = requests.get(self.server.clock, timeout=5).json()["now"]
        unchanged = self.headers.get("If-None-Match") == '"v1"'
        self.server.gets.append((now, 304 if unchanged else 200, self.headers.get("User-Agent")))
        self.send_response(304 if unchanged else 200)
        self.send_header("ETag", '"v1"')
        self.send_header("X-Feed-Version", "1")
        self.send_header("Content-Length", "0" if unchanged else str(len(self.server.body)))
        self.end_headers()
        if not unchanged:
            self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


def test_kaspi_pulls_a_real_list_each_hour_at_the_time_the_clock_tells(sandbox: dict[str, Any]) -> None:
    url = sandbox["url"]
    feed = Feed(requests.get(f"{url}/files/sary_kids/base.xml", timeout=5).content, f"{url}/control/clock")
    threading.Thread(target=feed.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{feed.server_address[1]}/secret.xml"
        told = requests.put(f"{url}/control/feed", json={"merchant_id": "sary_kids", "url": address}, timeout=5)
        assert told.status_code == 200
        start = dt.datetime.fromisoformat(requests.get(f"{url}/control/clock", timeout=5).json()["now"])
        to = (start + dt.timedelta(hours=3)).isoformat()
        advanced = requests.post(f"{url}/control/advance", json={"to": to}, timeout=30).json()
    finally:
        feed.shutdown()
        feed.server_close()
    pulled_at = [(start.replace(minute=20) + dt.timedelta(hours=h)).isoformat() for h in range(3)]
    assert advanced["pulls"] == 3
    assert [now for now, _, _ in feed.gets] == pulled_at
    assert [status for _, status, _ in feed.gets] == [200, 304, 304]
    assert all(agent for _, _, agent in feed.gets)
    pulls = requests.get(f"{url}/control/truth", timeout=5).json()["listings"]["pulls"]
    assert [(pull["version"], pull["changed"]) for pull in pulls] == [("1", True), ("1", False), ("1", False)]


def test_a_second_shop_of_another_seed_lives_beside_the_first(sandbox: dict[str, Any], tmp_path: Path) -> None:
    """Ports, folders, tokens, clock and mails are its own."""
    first = requests.get(f"{sandbox['url']}/control/world", timeout=5).json()
    with running(tmp_path / "second", "--smtp-port", "0", "--seed", "7", "--date", "2026-09-07") as ready:
        second = requests.get(f"{ready['url']}/control/world", timeout=5).json()
        assert (second["seed"], second["end"][:10]) == (7, "2026-09-07")
        assert len({ready["url"], sandbox["url"]}) == len({ready["smtp_port"], sandbox["smtp_port"]}) == 2
        secrets = [{one["token"] for one in world["merchants"]} for world in (first, second)]
        assert not secrets[0] & secrets[1]
        folders = [one["folder"] for world in (first, second) for one in world["sources"] if one["folder"]]
        assert len(set(folders)) == 2
        with smtplib.SMTP(ready["smtp_host"], ready["smtp_port"], timeout=5) as smtp:
            smtp.sendmail("a@example.kz", ["b@example.kz"], "Subject: here\r\n\r\nwords")
        assert "here" in requests.get(ready["mailbox"], timeout=5).text
        assert "here" not in requests.get(sandbox["mailbox"], timeout=5).text
        to = (dt.datetime.fromisoformat(second["start_of_life"]) + dt.timedelta(hours=2)).isoformat()
        requests.post(f"{ready['url']}/control/advance", json={"to": to}, timeout=30).raise_for_status()
        for path in ("catalogue.csv", "base.xml", "applications.csv"):
            assert requests.get(f"{ready['url']}/files/sary_kids/{path}", timeout=5).status_code == 200
    now = requests.get(f"{sandbox['url']}/control/clock", timeout=5).json()["now"]
    assert dt.datetime.fromisoformat(now) == dt.datetime.fromisoformat(first["start_of_life"])
