"""The sandbox as a process: it pulls real lists over HTTP, and its clock answers while it does."""

import datetime as dt
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "include.sandbox", "--state-dir", str(tmp_path), "--port", "0"],
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
