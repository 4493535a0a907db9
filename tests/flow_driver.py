"""Run the flows as plain functions against a real sandbox process: what the DAGs do, without Airflow."""

import datetime as dt
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from cryptography.fernet import Fernet

from include.clock import HttpClock
from include.db.connection import connect
from include.flows import (
    housekeeping,
    kaspi_returns_ingest,
    onboarding,
    report,
    restock_reconcile_daily,
    restock_sync,
    warehouse_receipts_reconcile,
)
from include.flows.contacts import Sealer
from include.flows.run import Run, open_run
from include.flows.warehouse_events import Sources
from include.kaspi.shop_api import ShopSettings
from include.quality.gate import judge
from include.quality.suite import Suite
from include.quality.suites import housekeeping as housekeeping_suite
from include.quality.suites import kaspi_returns_ingest as ingest_suite
from include.quality.suites import restock_reconcile_daily as daily_suite
from include.quality.suites import restock_sync as restock_suite
from include.quality.suites import warehouse_receipts_reconcile as receipts_suite
from include.wms.sources import FileDrop, HttpFeed, Source

SEALER = Sealer(Fernet.generate_key().decode())
ROOT = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class World:
    """A running sandbox and the warehouse that the flows fill from it."""

    url: str
    dsn: str
    about: dict[str, Any]
    counter: Iterator[int] = field(default_factory=itertools.count)
    feeds: dict[str, str] = field(default_factory=dict)

    @property
    def clock(self) -> HttpClock:
        return HttpClock(f"{self.url}/control/clock")

    def advance(self, moment: str) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/control/advance", json={"to": moment}, timeout=120)
        answer.raise_for_status()
        return dict(answer.json())

    def truth(self) -> dict[str, Any]:
        return dict(requests.get(f"{self.url}/control/truth", timeout=30).json())

    def shop(self, merchant: dict[str, Any], **changes: Any) -> ShopSettings:
        facts = {"token": merchant["token"], "requests_per_second": 500, **changes}
        return ShopSettings(merchant["id"], self.url + self.about["shop_api_path"], **facts)

    def sources(self) -> Sources:
        by_name: dict[str, Source] = {
            one["name"]: HttpFeed(self.url + one["path"], one["token"])
            if one["kind"] == "http_feed"
            else FileDrop(Path(one["folder"]))
            for one in self.about["sources"]
        }
        return Sources(by_name, SEALER)

    def new_run(self, dag_id: str, run_id: str | None = None, **span: dt.datetime | None) -> Run:
        with connect(self.dsn) as conn:
            return open_run(conn, dag_id, run_id or f"test-{next(self.counter)}", self.clock, **span)

    def gate(self, run: Run, suite: Suite) -> dict[str, int]:
        return judge(self.dsn, run, suite)

    def ingest(self, run: Run | None = None, **span: dt.datetime | None) -> dict[str, int]:
        run = run or self.new_run("kaspi_returns_ingest", **span)
        for merchant in self.about["merchants"]:
            kaspi_returns_ingest.fetch(self.dsn, run, self.shop(merchant), self.clock, f"{run.run_id}/fetch")
        self.gate(run, ingest_suite.SUITE)
        counts = kaspi_returns_ingest.publish(self.dsn, run, f"{run.run_id}/publish")
        report.raise_if_held(self.dsn, run)
        return counts

    def past(self) -> dict[str, int]:
        begin = dt.datetime.fromisoformat(self.about["begin"]) - dt.timedelta(days=7)
        return self.ingest(range_from=begin, range_to=dt.datetime.fromisoformat(self.about["start_of_life"]))

    def receipts(self, run: Run | None = None) -> dict[str, int]:
        run = run or self.new_run("warehouse_receipts_reconcile")
        warehouse_receipts_reconcile.collect(self.dsn, run, self.sources(), f"{run.run_id}/collect")
        self.gate(run, receipts_suite.SUITE)
        counts = warehouse_receipts_reconcile.book(self.dsn, run, f"{run.run_id}/book")
        report.raise_if_held(self.dsn, run)
        return counts

    def restock(self, run: Run | None = None) -> int:
        run = run or self.new_run("restock_sync")
        paths = {f"base_list_{one['id']}": one["base_list_path"] for one in self.about["merchants"]}
        ports = restock_sync.Ports(lambda conn_id: self.url + paths[conn_id], self.url)
        restock_sync.stage(self.dsn, run, ports, f"{run.run_id}/stage")
        self.gate(run, restock_suite.SUITE)
        published = restock_sync.publish(self.dsn, run, f"{run.run_id}/publish")
        report.raise_if_held(self.dsn, run)
        return published

    def daily(self) -> dict[str, int]:
        """Compare the stock of every merchant; return how many offers differ."""
        run = self.new_run("restock_reconcile_daily")
        diverging = restock_reconcile_daily.stage(self.dsn, run, self.url, f"{run.run_id}/stage")
        self.gate(run, daily_suite.SUITE)
        restock_reconcile_daily.publish(self.dsn, run, f"{run.run_id}/publish")
        report.raise_if_held(self.dsn, run)
        return diverging

    def night(self) -> int:
        run = self.new_run("housekeeping")
        housekeeping.tidy(self.dsn, run, f"{run.run_id}/tidy")
        self.gate(run, housekeeping_suite.SUITE)
        housekeeping.accept(self.dsn, run)
        return report.raise_if_held(self.dsn, run)

    def tick(self, moment: str) -> None:
        self.advance(moment)
        self.ingest()
        self.receipts()
        self.restock()

    def query(self, statement: str) -> list[dict[str, Any]]:
        with connect(self.dsn) as conn:
            return conn.execute(statement.encode()).fetchall()


@contextmanager
def process(module: str, *arguments: str, env: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
    """Run a server of ours that prints one line of JSON when it is ready; end it by its own group."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        try:
            assert child.stdout is not None
            yield json.loads(child.stdout.readline())
        finally:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait(timeout=20)


@contextmanager
def sandbox(folder: Path, dsn: str, *options: str) -> Iterator[World]:
    """Start a fresh sandbox in ``folder`` and take its merchants in."""
    with process("include.sandbox", "--state-dir", str(folder), "--port", "0", "--smtp-port", "0", *options) as ready:
        about = requests.get(f"{ready['url']}/control/world", timeout=30).json()
        catalogues = {
            one["id"]: requests.get(ready["url"] + one["catalogue_path"], timeout=30).content.decode("utf-8")
            for one in about["merchants"]
        }
        onboarding.load(dsn, about, catalogues)
        yield World(ready["url"], dsn, about)


@contextmanager
def feed_server(world: World) -> Iterator[None]:
    """Serve the world's published lists, and tell the sandbox's buyer where to pull them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "include.feed_server",
        "--port",
        str(port),
        "--clock",
        f"{world.url}/control/clock",
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "QAITARYM_WAREHOUSE_DSN": world.dsn}
    with subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True) as child:
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz")
            for row in world.query("select merchant_id, feed_token from core.merchant"):
                url = f"http://127.0.0.1:{port}/{row['feed_token']}.xml"
                world.feeds[row["merchant_id"]] = url
                body = {"merchant_id": row["merchant_id"], "url": url}
                requests.put(f"{world.url}/control/feed", json=body, timeout=30).raise_for_status()
            yield
        finally:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait(timeout=20)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer")
