"""Read spans of creation dates until nothing of them is missing, however the lists move meanwhile.

A span is read state by state. An order that changes its state between two calls, or shifts the pages of a list while
it is read, could be missed; so Kaspi's counts are asked again after the reading. The six of them add up to the orders
of the span at that moment: where more were counted than seen, lists are read again. Where reading all of them once more
shows nothing new and no count has changed, the counts are wrong (they may hold orders of outside the span), not we.
"""

import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.clock import Clock
from include.db.lease import Lease
from include.db.statements import run as run_statement
from include.db.statements import run_bound
from include.flows.harvest import RECORD_ERRORS, Harvester, Read
from include.kaspi.shop_api import OrderList, Page

log = logging.getLogger(__name__)

ROUNDS = 5
AT_ONCE = 50
LAST_MOMENT = dt.datetime.max.replace(tzinfo=dt.UTC)
MOST_ABSENT = 500  # of one span are asked for by code; so many are no accident but a fault of the shop's answers


class StillMoving(RuntimeError):
    """The lists of a span did not add up after ROUNDS readings; the next run reads it again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order to be read by its own path."""

    order_id: str
    code: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """One state of a span, as the page ledger has it."""

    window_id: int
    state: str
    complete: bool
    pages: frozenset[int]


@dataclass(slots=True)
class Span:
    """A span of creation dates with its six windows."""

    created_from: dt.datetime
    created_to: dt.datetime
    windows: list[Window] = field(default_factory=list)

    def lists(self, windows: Iterable[Window], *, anew: bool) -> list[OrderList]:
        """Return the lists of these windows; ``anew``: all pages, whatever is stored."""
        return [
            OrderList(one.state, self.created_from, self.created_to, () if anew else one.pages, one.window_id)
            for one in windows
        ]


def spans_of(rows: Iterable[Mapping[str, Any]]) -> list[Span]:
    """Return the spans of the page ledger's open windows, in the order they were planned."""
    spans: dict[tuple[dt.datetime, dt.datetime], Span] = {}
    for row in rows:
        span = spans.setdefault((row["created_from"], row["created_to"]), Span(row["created_from"], row["created_to"]))
        pages = frozenset(row["pages"] or ())
        complete = bool(pages) and pages >= frozenset(range(row["page_count"]))
        span.windows.append(Window(row["window_id"], row["state"], complete, pages))
    return list(spans.values())


@dataclass(slots=True)
class SpanReader:
    """Reads one span under a lease; what is stored and what the page ledger says always agree."""

    harvester: Harvester
    clock: Clock
    lease: Lease
    span: Span

    def read(self) -> None:
        """Read what is not read yet, then what the counts say is missing. Raises StillMoving."""
        started = self.clock.now()
        ids = [one.window_id for one in self.span.windows]
        with self.lease.transaction() as conn:
            run_statement(conn, "ops/fetch_window__start", window_ids=ids, now=started)
        self._read(self.span.lists([one for one in self.span.windows if not one.complete], anew=False))
        before: tuple[int, dict[int, int]] | None = None
        for number in range(ROUNDS):
            counted, (shown, seen) = self._count(), self._seen()
            stable = (seen, counted) == before
            if seen >= sum(counted.values()) or stable:
                self._absent()
                self._complete(seen, sum(counted.values()), stable=stable)
                return
            # two orders can change places between two lists, and no count differs: the second time all are read
            moved = [one for one in self.span.windows if counted[one.window_id] != shown.get(one.window_id, 0)]
            again = moved if moved and number == 0 else self.span.windows
            before = (seen, counted) if number else None
            log.info("%s: %d orders seen, %d counted from %s: %d lists are read again", self.harvester.merchant_id,
                     seen, sum(counted.values()), self.span.created_from, len(again))  # fmt: skip
            self._read(self.span.lists(again, anew=True))
        raise StillMoving(
            f"{self.harvester.merchant_id}: the orders of {self.span.created_from} … {self.span.created_to} do not "
            f"add up after {ROUNDS} readings; the next run reads them again"
        )

    def _read(self, lists: list[OrderList]) -> None:
        for wanted, page in self.harvester.shop.lists(lists):
            self._store(wanted.key, page)

    def _store(self, window_id: int, page: Page) -> None:
        read = Read(
            window_id, self.harvester.next_read(), self.clock.now(), self.span.created_from, self.span.created_to
        )
        harvest = self.harvester.harvest(page.orders, page.included, read)
        ledger = {
            "window_id": window_id,
            "page": page.number,
            "page_count": page.page_count,
            "orders": len(page.orders),
            "sha256": hashlib.sha256(page.body).digest(),
            "order_ids": harvest.seen,
        }
        try:
            with self.lease.transaction() as conn:
                self.harvester.store(harvest)
                run_bound(conn, "ops/fetch_page", **ledger)
        except RECORD_ERRORS:
            with self.lease.transaction() as conn:
                self.harvester.store_singly(harvest, read)
                run_bound(conn, "ops/fetch_page", **ledger)

    def _count(self) -> dict[int, int]:
        """Return how many orders Kaspi counts in each window now."""
        return {one.key: self.harvester.shop.count(one) for one in self.span.lists(self.span.windows, anew=True)}

    def _seen(self) -> tuple[dict[int, int], int]:
        """Return how many different orders each window showed, and how many all of them together."""
        with self.harvester.conn.transaction():
            rows = run_statement(
                self.harvester.conn, "ops/fetch_seen", window_ids=[one.window_id for one in self.span.windows]
            ).fetchall()
        shown = {row["window_id"]: row["orders"] for row in rows}
        return shown, shown.pop(None, 0)

    def _absent(self) -> None:
        """Read by code what we know of the span and no page showed; Kaspi may have lost it from its lists."""
        with self.harvester.conn.transaction():
            rows = run_statement(
                self.harvester.conn,
                "core/customer_order__absent",
                merchant_id=self.harvester.merchant_id,
                window_ids=[one.window_id for one in self.span.windows],
                created_from=self.span.created_from,
                created_to=self.span.created_to,
                most=MOST_ABSENT,
            ).fetchall()
        if rows:
            codes = ", ".join(row["code"] for row in rows[:20])
            log.warning("%s: %d known orders are on no list: %s", self.harvester.merchant_id, len(rows), codes)
            window = self.span.windows[-1].window_id
            wanted = [Wanted(row["order_id"], row["code"]) for row in rows]
            gone = read_singly(self.harvester, self.clock, self.lease, window, wanted)
            if gone:
                codes = ", ".join(one.code or one.order_id for one in gone[:20])
                log.warning("%s: Kaspi has these orders no more: %s", self.harvester.merchant_id, codes)

    def _complete(self, seen: int, counted: int, *, stable: bool) -> None:
        with self.lease.transaction() as conn:
            run_statement(
                conn,
                "ops/fetch_window__complete",
                window_ids=[one.window_id for one in self.span.windows],
                now=self.clock.now(),
                seen=seen,
                counted=counted,
                stable=stable,
            )


def read_singly(
    harvester: Harvester, clock: Clock, lease: Lease, window_id: int, wanted: Sequence[Wanted]
) -> list[Wanted]:
    """Read orders by their number, or by their id where no number is known, and store them; return what Kaspi has not.

    AT_ONCE of them are stored in a transaction.
    """
    gone: list[Wanted] = []
    for begin in range(0, len(wanted), AT_ONCE):
        found = []
        for one in wanted[begin : begin + AT_ONCE]:
            shop = harvester.shop
            order = shop.order_by_code(one.code) if one.code else shop.order_by_id(one.order_id)
            if order is None:
                gone.append(one)
            else:
                found.append(order)
        now = clock.now()
        # they belong to no span: whenever they were created, they do not count for one
        read = Read(window_id, harvester.next_read(), now, LAST_MOMENT, now)
        harvest = harvester.harvest(found, (), read)
        with lease.transaction():
            harvester.store_singly(harvest, read)
    return gone
