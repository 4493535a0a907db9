"""A shop whose orders live by a script, on a clock that every call moves: what was true when is known to the second."""

import bisect
import datetime as dt
import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from include.db.connection import connect
from include.flows import kaspi_returns_ingest, onboarding
from include.flows.run import Run, open_run
from include.kaspi.shop_api import ShopSettings, milliseconds
from include.kaspi.states import STATES
from include.quality.gate import judge
from include.quality.suites.kaspi_returns_ingest import SUITE

NOW = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
MERCHANT = "shop"
OWNED = {"NEW": "NEW", "APPROVED_BY_BANK": "NEW", "ACCEPTED_BY_MERCHANT": "KASPI_DELIVERY", "ARRIVED": "DELIVERY"}


@dataclass
class Life:
    """An order: when it was created, and the statuses it shows from a moment on."""

    created: dt.datetime
    steps: list[tuple[dt.datetime, str]]
    bad: tuple[dt.datetime, dt.datetime] | None = None  # between them its total is no number
    nameless: bool = False  # nor can its id be read then

    def is_bad(self, now: dt.datetime) -> bool:
        return self.bad is not None and self.bad[0] <= now < self.bad[1]

    def status(self, now: dt.datetime) -> str:
        place = bisect.bisect_right(self.steps, now, key=lambda step: step[0])
        return self.steps[max(place - 1, 0)][1]

    def state(self, now: dt.datetime) -> str:
        return OWNED.get(self.status(now), "ARCHIVE")


@dataclass
class ScriptedShop:
    """The shop, its clock, and the warehouse that the flow fills from it."""

    dsn: str
    lives: dict[str, Life] = field(default_factory=dict)
    moment: dt.datetime = NOW
    a_call: dt.timedelta = dt.timedelta()
    seconds_a_call: float = 0.0  # of real time
    refused: set[str] = field(default_factory=set)  # codes that are answered with 400
    hidden: bool = False  # the lists are empty: only its own path shows an order
    surprises: dict[str, str] = field(default_factory=dict)  # by code: its status a second after it was shown next
    asked: list[str] = field(default_factory=list)
    shown: dict[str, list[tuple[dt.datetime, str]]] = field(default_factory=dict)  # by code: usable orders, no counts
    url: str = ""
    runs: Iterator[int] = field(default_factory=itertools.count)
    lock: Lock = field(default_factory=Lock)

    def now(self) -> dt.datetime:
        with self.lock:
            self.moment += self.a_call / 4
            return self.moment

    # --- the shop

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        time.sleep(self.seconds_a_call)
        with self.lock:
            self.moment += self.a_call / 2
            found = self._answer(path, query)
            self.moment += self.a_call / 2
            return found

    def _answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if path.endswith("/entries"):
            return 200, {"data": [_line(path.split("/")[-2].removeprefix("id-"))]}
        if path.endswith("/product"):
            return 200, {"data": None}
        if "filter[orders][code]" in query:
            code = query["filter[orders][code]"][0]
            self.asked.append(code)
            if code in self.refused:
                return 400, {"errors": [{"title": "Order is being moved."}]}
            return 200, {"data": self._orders([code] if code in self.lives else [])}
        begin, end = (int(query[f"filter[orders][creationDate][${op}]"][0]) for op in ("ge", "le"))
        state, size = query["filter[orders][state]"][0], int(query["page[size]"][0])
        number = int(query["page[number]"][0])
        mine = sorted(
            code
            for code, life in self.lives.items()
            if begin <= milliseconds(life.created) <= end
            and life.created <= self.moment
            and life.state(self.moment) == state
            and not self.hidden
        )
        shown = mine[number * size : (number + 1) * size]
        counts = {"pageCount": -(-len(mine) // size), "totalCount": len(mine)}
        orders = self._orders(shown) if size != 1 else []
        return 200, {"data": orders, "included": [*map(_line, shown)], "meta": counts}

    def _orders(self, codes: list[str]) -> list[dict[str, Any]]:
        for code in codes:
            if not self.lives[code].is_bad(self.moment):
                self.shown.setdefault(code, []).append((self.moment, self.lives[code].status(self.moment)))
        shown = [self._order(code) for code in codes]
        for code in self.surprises.keys() & set(codes):
            self.lives[code].steps.append((self.moment + dt.timedelta(seconds=1), self.surprises.pop(code)))
        return shown

    def _order(self, code: str) -> dict[str, Any]:
        life = self.lives[code]
        attributes = {
            "code": code, "state": life.state(self.moment), "status": life.status(self.moment),
            "totalPrice": None if life.is_bad(self.moment) else 10.0, "creationDate": milliseconds(life.created),
            "kaspiDelivery": {"courierTransmissionDate": milliseconds(life.created)},
        }  # fmt: skip
        lines = {"data": [{"type": "orderentries", "id": f"line-{code}"}]}
        identity = "\x00" if life.nameless and life.is_bad(self.moment) else f"id-{code}"
        return {"id": identity, "type": "orders", "attributes": attributes, "relationships": {"entries": lines}}

    # --- what the DAG does with it

    def run(self, **span: dt.datetime) -> Run:
        with connect(self.dsn) as conn:
            return open_run(conn, "kaspi_returns_ingest", f"run {next(self.runs)}", self, **span)

    def fetch(self, run: Run) -> int:
        settings = ShopSettings(MERCHANT, self.url, "token", requests_per_second=5000)
        return kaspi_returns_ingest.fetch(self.dsn, run, settings, self, "owner")

    def publish(self, run: Run) -> None:
        judge(self.dsn, run, SUITE)
        kaspi_returns_ingest.publish(self.dsn, run, "owner")

    def ingest(self, at: dt.datetime | None = None, **span: dt.datetime) -> Run:
        """Move the clock to ``at`` and take in what the shop shows then."""
        self.moment = max(self.moment, at or self.moment)
        run = self.run(**span)
        self.fetch(run)
        self.publish(run)
        return run

    def ask(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with connect(self.dsn) as conn:
            return conn.execute(statement.encode(), values).fetchall()

    def observed(self, code: str) -> list[tuple[str, dt.datetime, dt.datetime]]:
        """Return the statuses that were seen of an order, each with the bounds of its change."""
        rows = self.ask(
            "select status, seen_from, seen_to from core.order_observation where order_id = %s order by episode",
            f"id-{code}",
        )
        return [(row["status"], row["seen_from"], row["seen_to"]) for row in rows]


def _line(code: str) -> dict[str, Any]:
    attributes = {"entryNumber": 0, "quantity": 1, "basePrice": 10.0, "totalPrice": 10.0, "offer": {"code": "LAMP"}}
    return {"id": f"line-{code}", "type": "orderentries", "attributes": attributes}


@contextmanager
def scripted_shop(dsn: str) -> Iterator[ScriptedShop]:
    """Serve a shop without orders over HTTP and take its merchant in."""
    shop = ScriptedShop(dsn)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            status, document = shop.answer(url.path, parse_qs(url.query))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with connect(dsn) as conn:
        stores = [onboarding.Store("PP1", "W1", base_includes_returns=False, pick_scan=True)]
        onboarding.add_merchant(conn, MERCHANT, name=MERCHANT, stores=stores)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    shop.url = f"http://127.0.0.1:{server.server_port}"
    assert set(OWNED.values()) <= set(STATES)
    yield shop
    server.shutdown()
    server.server_close()
