"""Read spans of creation dates until nothing of them is missing, however the lists move meanwhile.

A span is read state by state. An order that changes its state between two calls, or shifts the pages of a list while
it is read, could be missed; so Kaspi's counts are asked again after the reading. The six of them add up to the orders
of the span at that moment: where more were counted than seen, lists are read again. Where reading all of them once more
shows nothing new and no count has changed, the counts are wrong (they may hold orders of outside the span), not we.
"""

import datetime as dt
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Raw
from xxhash import xxh3_128_digest

from include.clock import Clock
from include.db.lease import Lease
from include.db.statements import run as run_statement
from include.db.statements import run_bound, texts
from include.flows.harvest import RECORD_ERRORS, SOURCE, Harvester, Read, id_of
from include.flows.quarantine import Reject
from include.kaspi.errors import KaspiBusy, KaspiError, KaspiRefusedToken
from include.kaspi.shop_api import OrderList, Page, milliseconds

log = logging.getLogger(__name__)

ROUNDS = 5
AT_ONCE = 50
MOST_ABSENT = 500  # of one span are asked for by code; so many are no accident but a fault of the shop's answers


class StillMoving(RuntimeError):
    """The lists of a span did not add up after ROUNDS readings; the next run reads it again."""


class OutOfTime(RuntimeError):
    """The budget is used up; what is stored stays, and the next run reads the span again."""


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
    """Return the spans of the page ledger's open windows, in their order."""
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
    deadline: float

    def read(self) -> None:
        """Read what is not read yet, then what the counts say is missing. Raises StillMoving, OutOfTime."""
        self._in_time()
        started = self.clock.now()
        ids = [one.window_id for one in self.span.windows]
        with self.lease.transaction() as conn:
            run_statement(conn, "ops/fetch_window__start", window_ids=ids, now=started)
        self._read(self.span.lists([one for one in self.span.windows if not one.complete], anew=False))
        before: tuple[int, dict[int, int]] | None = None
        for number in range(ROUNDS):
            counted, (shown, seen, nameless) = self._count(), self._seen()
            if seen >= sum(counted.values()) and any(
                counted[one.window_id] != shown.get(one.window_id, 0) for one in self.span.windows
            ):
                # six counts are six moments: an order that moved between them can hide one that was not seen
                counted = self._count()
            stable = (seen, counted) == before
            if seen >= sum(counted.values()) or stable:
                self._absent()
                self._complete(seen, sum(counted.values()), stable=stable, nameless=nameless)
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
            self._in_time()

    def _in_time(self) -> None:
        if time.monotonic() > self.deadline:
            raise OutOfTime

    def _store(self, window_id: int, page: Page) -> None:
        read = Read(
            window_id, self.harvester.next_read(), self.clock.now(),
            milliseconds(self.span.created_from), milliseconds(self.span.created_to),
        )  # fmt: skip
        harvest = self.harvester.harvest(page.orders, page.included, read)
        ledger = {
            "window_id": window_id,
            "page": page.number,
            "page_count": page.page_count,
            "orders": len(page.orders),
            "body_hash": xxh3_128_digest(page.body),
            "order_ids": texts(harvest.seen),
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
        counted = {}
        for one in self.span.lists(self.span.windows, anew=True):
            counted[one.key] = self.harvester.shop.count(one)
            self._in_time()
        return counted

    def _seen(self) -> tuple[dict[int, int], int, bool]:
        """Return how many different orders each window showed, how many all of them together, and whether one of these
        has no readable id."""
        with self.harvester.conn.transaction():
            rows = run_statement(
                self.harvester.conn, "ops/fetch_seen", window_ids=[one.window_id for one in self.span.windows]
            ).fetchall()
        shown = {row["window_id"]: row["orders"] for row in rows}
        return shown, shown.pop(None, 0), any(row["nameless"] for row in rows)

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
            answered = read_singly(self.harvester, self.clock, self.lease, window, wanted, self.deadline)
            self._in_time()
            if answered.gone:
                codes = ", ".join(one.code or one.order_id for one in answered.gone[:20])
                log.warning("%s: Kaspi has these orders no more: %s", self.harvester.merchant_id, codes)

    def _complete(self, seen: int, counted: int, *, stable: bool, nameless: bool) -> None:
        with self.lease.transaction() as conn:
            run_statement(
                conn,
                "ops/fetch_window__complete",
                window_ids=[one.window_id for one in self.span.windows],
                now=self.clock.now(),
                seen=seen,
                counted=counted,
                stable=stable,
                nameless=nameless,
            )


@dataclass(slots=True)
class Answered:
    """What became of orders that were asked for by their own path: those asked for, found, and not had by Kaspi."""

    asked: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)
    gone: list[Wanted] = field(default_factory=list)


def read_singly(
    harvester: Harvester, clock: Clock, lease: Lease, window_id: int, wanted: Sequence[Wanted], deadline: float
) -> Answered:
    """Read orders by their number, or by their id where no number is known, and store them; those that cannot be read
    are put aside.

    AT_ONCE of them are stored in a transaction; after ``deadline`` no more are begun.
    """
    answered = Answered()
    for begin in range(0, len(wanted), AT_ONCE):
        found, seen, rejects, unanswered = [], {}, [], set()
        part = wanted[begin : begin + AT_ONCE]
        for one in part:
            asked_at = clock.now()
            try:
                order = _order(harvester, one)
                harvester.unanswered = 0
            except KaspiRefusedToken:
                raise
            except KaspiError as error:
                if isinstance(error, KaspiBusy):
                    harvester.bears(error)
                    unanswered.add(one.order_id)
                rejects.append(Reject(harvester.merchant_id, SOURCE, one.order_id, str(error)[:500]))
                continue
            if order is None:
                answered.gone.append(one)
            else:
                found.append(order)
                answered.found.add(one.order_id)
                if id_of(order) == one.order_id:  # one whose id cannot be read shows nothing of it
                    seen[one.order_id] = asked_at
        now = clock.now()
        # they belong to no span: whenever they were created, they do not count for one
        read = Read(window_id, harvester.next_read(), now, 1, 0)
        harvest = harvester.harvest(found, (), read)
        harvest.rejects += rejects
        with lease.transaction() as conn:
            harvester.store_singly(harvest, read)
            run_statement(
                conn,
                "ops/code_read",
                window_id=window_id,
                merchant_id=harvester.merchant_id,
                order_ids=list(seen),
                asked=list(seen.values()),
            )
        answered.asked.update(one.order_id for one in part if one.order_id not in unanswered)
        if time.monotonic() > deadline:
            break
    return answered


def _order(harvester: Harvester, wanted: Wanted) -> Raw | None:
    shop = harvester.shop
    return shop.order_by_code(wanted.code) if wanted.code else shop.order_by_id(wanted.order_id)
