"""Orders from the Shop API to typed tables, return cases and the units that are certain to come.

fetch → gate → publish, each merchant on his own way. A page that is stored is never fetched again by a later try.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.errors import UniqueViolation

from include.clock import Clock
from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.lease import hold
from include.db.pace import SharedPace
from include.db.statements import run as run_statement
from include.domain.sweeps import LONG, left_over, sweep_range, windows
from include.flows import batch
from include.flows.applications import collect_folder, publish_applications
from include.flows.cases import lock, open_cases
from include.flows.contacts import Sealer, keep_unreadable
from include.flows.drift import keep_drift
from include.flows.harvest import SOURCE, Harvester
from include.flows.quarantine import Reject, put_aside
from include.flows.run import Run
from include.flows.staging import must_be_publishable, take_back_what_is_lost
from include.flows.sweep import OutOfTime, SpanReader, StillMoving, Wanted, read_singly, spans_of
from include.flows.unnamed_orders import name_again, waits
from include.kaspi.errors import KaspiBusy, KaspiLate, KaspiRefusedToken
from include.kaspi.shop_api import ShopApi, ShopSettings
from include.kaspi.states import STATES
from include.notify.alerts import APPLICATIONS_UNREADABLE, TOKEN_REFUSED, clear_alert, raise_alert, token_key

log = logging.getLogger(__name__)

ASKED_AT_ONCE = 20  # lines whose goods the product directory is asked for, until the answers are kept
BUDGET_SECONDS = 600


def active_merchants(dsn: str) -> list[str]:
    """Return the merchants to ingest; the list mapped tasks run over."""
    with connect(dsn) as conn:
        return [row["merchant_id"] for row in run_statement(conn, "core/merchant__active")]


def shop_connection_id(dsn: str, merchant_id: str) -> str:
    """Return the id of the connection that holds the merchant's address and token."""
    with connect(dsn) as conn:
        row = run_statement(conn, "core/merchant__one", merchant_id=merchant_id).fetchone()
    if row is None:
        raise ValueError(f"merchant {merchant_id} is not in core.merchant")
    return str(row["connection_id"])


def merchant_title(dsn: str, merchant_id: str) -> str:
    """Return what a merchant's mapped task is called: his name, and his id, by which tables know him."""
    with connect(dsn) as conn:
        row = run_statement(conn, "core/merchant__one", merchant_id=merchant_id).fetchone()
    return f"{row['name']} · {merchant_id}" if row else merchant_id


def fetch(
    dsn: str,
    run: Run,
    settings: ShopSettings,
    clock: Clock,
    owner: str,
    sealer: Sealer | None = None,
    applications: Callable[[], Path | None] | None = None,
) -> int:
    """Sweep one merchant's orders into the staging tables; return how many changed orders were staged.

    Files of applications in the folder that ``applications`` names are taken in beside. The lease is held for a span
    at a time, so an old range yields to the current run between spans. What the budget leaves unread stays in the page
    ledger; a later try goes on from the stored pages, the merchant's next run reads the windows that are left.
    """
    merchant_id = settings.merchant_id
    deadline = time.monotonic() + BUDGET_SECONDS
    with (
        connect(dsn) as conn,
        SharedPace(dsn, settings.token, settings.requests_per_second) as pace,
        ShopApi(settings, pace, deadline) as shop,
        batch.merchant_part(conn, run, merchant_id, alone=True),
    ):
        # what a crash of the server takes back, rows and page ledger alike, is read again
        conn.autocommit = True
        conn.execute("set synchronous_commit = off")
        take_back_what_is_lost(conn)
        long = _plan(conn, run, merchant_id)
        harvester = Harvester(conn, run, shop, sealer, _sends_notices(conn, merchant_id))
        sweep = _Sweep(harvester, pace, clock, owner)
        try:
            with _drift_kept(harvester):
                left = [sweep.spans(deadline)]
                sweep.name()
                with _what_is_late_waits():
                    sweep.singly(deadline, long=long)
                if applications:
                    left.append(_take_in_applications(dsn, run, merchant_id, applications, clock))
                with _what_is_late_waits():
                    sweep.master_codes(deadline)
        except KaspiRefusedToken as error:
            with conn.transaction():
                raise_alert(conn, token_key(merchant_id), merchant_id, TOKEN_REFUSED, str(error), run.now)
            raise
        except KaspiBusy as error:
            if error.body and sealer:
                with conn.transaction():
                    name = keep_unreadable(conn, merchant_id, error.body, sealer, run.now)
                error.add_note(f"the body is kept, sealed, in core.contact as {name!r}")
            raise
        with conn.transaction():
            clear_alert(conn, token_key(merchant_id), run.now)
            row = run_statement(conn, "raw/stage_order__count", **run.key, merchant_id=merchant_id).fetchone()
            assert row is not None
            batch.staged(
                conn,
                run,
                merchant_id,
                row["orders"],
                rejected=row["rejected"],
                detail="; ".join(filter(None, left)) or None,
            )
        if row["orders"]:
            with conn.transaction():
                run_statement(conn, "raw/stage_order__analyze")
        log.info("%s: %d changed orders staged with %d calls", merchant_id, row["orders"], shop.calls)
    return int(row["orders"])


@contextmanager
def _what_is_late_waits() -> Iterator[None]:
    """Let what the budget leaves no time for wait for the next run: what was read is worth publishing."""
    try:
        yield
    except KaspiLate as error:
        log.warning("%s; it waits for the next run", error)


def _take_in_applications(
    dsn: str, run: Run, merchant_id: str, applications: Callable[[], Path | None], clock: Clock
) -> str:
    """Take in the merchant's files of applications; return why they cannot be, if so.

    A folder that is not there keeps no order waiting: an alert tells of it until it is read again.
    """
    key = f"{APPLICATIONS_UNREADABLE}/{merchant_id}"
    try:
        folder = applications()
        if folder:
            collect_folder(dsn, run, merchant_id, folder, clock)
    except Exception as error:
        log.exception("%s: the files of applications could not be taken in", merchant_id)
        # what the database says may quote a row, which may name a buyer
        told = f": {error}" if isinstance(error, (OSError, ValueError)) else ", see the log of fetch"
        trouble = f"the files of applications could not be taken in: {type(error).__name__}{told}"
        with connect(dsn) as conn:
            raise_alert(conn, key, merchant_id, APPLICATIONS_UNREADABLE, trouble, run.now)
        return trouble
    with connect(dsn) as conn:
        clear_alert(conn, key, run.now)
    return ""


@contextmanager
def _drift_kept(harvester: Harvester) -> Iterator[None]:
    """Keep what was found, however the fetch ends: pages that are stored are not looked at again."""
    try:
        yield
    finally:
        with harvester.conn.transaction():
            keep_drift(harvester.conn, harvester.merchant_id, harvester.drift.findings(), harvester.run)


def _sends_notices(conn: Connection, merchant_id: str) -> bool:
    """Tell whether the merchant sends notices; only then a buyer's name and phone are kept."""
    with conn.transaction():
        row = run_statement(conn, "core/merchant__one", merchant_id=merchant_id).fetchone()
    return bool(row and row["notices"])


def _plan(conn: Connection, run: Run, merchant_id: str) -> bool:
    """Write the windows this run has to read into the page ledger, those an ended run left unread included.

    Returns whether this is a long sweep. A later try finds the plan of the first and goes on with it.
    """
    with conn.transaction():
        batch.open_batch(conn, run, merchant_id)
        planned = run_statement(conn, "ops/fetch_window__planned", **run.key, merchant_id=merchant_id).fetchone()
        if planned is not None:
            return bool(planned["long"])
        long = False
        if run.range_from:
            start, end = run.range_from, run.range_to or run.now
        else:
            last = run_statement(
                conn, "ops/fetch_window__last_long", merchant_id=merchant_id, before=run.now
            ).fetchone()
            start, end, long = sweep_range(run.now, last["began_at"] if last else None)
        left = run_statement(conn, "ops/fetch_window__left", **run.key, merchant_id=merchant_id).fetchall()
        spans = windows(start, end)
        spans += left_over([(row["created_from"], row["created_to"]) for row in left], start, end)
        begins, ends = zip(*spans, strict=True)
        run_statement(
            conn,
            "ops/fetch_window__plan",
            **run.key,
            merchant_id=merchant_id,
            begins=list(begins),
            ends=list(ends),
            states=list(STATES),
            long=long,
        )
        return long


class _Sweep:
    """One try of one merchant's fetch. All HTTP is done before a transaction begins."""

    def __init__(self, harvester: Harvester, pace: SharedPace, clock: Clock, owner: str) -> None:
        self.harvester, self.pace, self.clock, self.owner = harvester, pace, clock, owner
        self.conn, self.run, self.merchant_id = harvester.conn, harvester.run, harvester.merchant_id
        self.scope = f"{self.run.dag_id}:{self.merchant_id}"

    def spans(self, deadline: float) -> str:
        """Read the planned spans that are not swept until ``deadline``; return what is left to the next run."""
        with self.conn.transaction():
            spans = spans_of(
                run_statement(
                    self.conn, "ops/fetch_window__open", **self.run.key, merchant_id=self.merchant_id
                ).fetchall()
            )
        left = []
        for done, span in enumerate(spans):
            try:
                with hold(self.conn, self.scope, self.owner) as lease, self.pace.lane():
                    SpanReader(self.harvester, self.clock, lease, span, deadline).read()
            except StillMoving as error:
                log.warning("%s", error)
                left.append(str(error))
            except (OutOfTime, KaspiLate):
                left.append(
                    f"{len(spans) - done} windows are left for the next run: "
                    f"the budget of {BUDGET_SECONDS} s is used up"
                )
                break
        return "; ".join(left)

    def master_codes(self, deadline: float) -> None:
        """Ask Kaspi's directory which goods the lines of an order are, where an application names them by it only.

        Answers are kept a few at a time; what ``deadline`` leaves unasked waits for the next run.
        """
        with self.conn.transaction():
            lines = run_statement(self.conn, "core/order_line__without_master", merchant_id=self.merchant_id).fetchall()
        if not lines:
            return
        with hold(self.conn, self.scope, self.owner) as lease, self.pace.lane():
            for begin in range(0, len(lines), ASKED_AT_ONCE):
                codes = self._codes([row["entry_id"] for row in lines[begin : begin + ASKED_AT_ONCE]])
                with lease.transaction():
                    run_statement(self.conn, "core/order_line__stage_master")
                    copy_rows(self.conn, "stage_master", ("entry_id", "master_code"), codes)
                    run_statement(self.conn, "core/order_line__master", merchant_id=self.merchant_id)
                if time.monotonic() > deadline:
                    log.info(
                        "%s: %d of %d master codes are asked for", self.merchant_id, begin + len(codes), len(lines)
                    )
                    return

    def _codes(self, entry_ids: list[str]) -> list[tuple[str, str]]:
        """Return the master code of each line that the directory answers about, empty where it has none."""
        found = []
        for entry_id in entry_ids:
            try:
                product = self.harvester.shop.product(entry_id)
            except KaspiBusy as error:
                self.harvester.bears(error)
                continue
            self.harvester.unanswered = 0
            found.append((entry_id, (product and product[1]) or ""))
        return found

    def name(self) -> None:
        """Look again for the ids of orders that came without a legible one and are to be judged again."""
        sealer = self.harvester.sealer
        with self.conn.transaction():
            if sealer is None or not waits(self.conn, self.merchant_id):
                return
        with hold(self.conn, self.scope, self.owner) as lease, lease.transaction():
            name_again(self.conn, self.merchant_id, sealer, f"{self.run.dag_id}/{self.run.run_id}", self.run.now)

    def singly(self, deadline: float, *, long: bool) -> None:
        """Read by its own path what no sweep covers: what a replay asked for and, with a long sweep, old open cases.

        Some of them are read though the spans have used up the budget; the rest waits for its next turn.
        """
        with self.conn.transaction():
            due = run_statement(self.conn, "ops/reread__due", merchant_id=self.merchant_id).fetchall()
            old = (
                run_statement(
                    self.conn, "core/return_case__old_open", merchant_id=self.merchant_id, now=self.run.now
                ).fetchall()
                if long
                else []
            )
        wanted = {row["order_id"]: Wanted(row["order_id"], row["code"]) for row in (*due, *old)}
        if not wanted:
            return
        with self.conn.transaction():
            window = run_statement(
                self.conn,
                "ops/fetch_window__by_code",
                **self.run.key,
                merchant_id=self.merchant_id,
                created_from=self.run.now - LONG - dt.timedelta(days=30),
                created_to=self.run.now,
                long=long,
                now=self.clock.now(),
            ).fetchone()
        assert window is not None
        if window["completed_at"] is not None:
            return
        with hold(self.conn, self.scope, self.owner) as lease, self.pace.lane():
            answered = read_singly(
                self.harvester, self.clock, lease, window["window_id"], list(wanted.values()), deadline
            )
            asked = answered.asked & {row["order_id"] for row in due}
            with lease.transaction():
                lost = [
                    Reject(self.merchant_id, SOURCE, one.order_id, "Kaspi has this order no more")
                    for one in answered.gone
                    if one.order_id in asked
                ]
                put_aside(self.conn, lost, self.run.now)
                run_statement(
                    self.conn,
                    "ops/fetch_window__read_by_code",
                    window_id=window["window_id"],
                    now=self.clock.now(),
                    total=len(answered.asked) - len(answered.gone),
                )
                run_statement(
                    self.conn,
                    "ops/reread__done",
                    merchant_id=self.merchant_id,
                    order_ids=sorted(asked - answered.found),
                )


def publish(dsn: str, run: Run, owner: str, merchant_id: str | None = None) -> dict[str, int]:
    """Make the passed parts, or that of ``merchant_id`` alone, visible; return how much of each was.

    A part is its orders, lines, observations, cases and the units that are certain.
    """
    with connect(dsn) as conn:
        merchants = [one for one in batch.passed(conn, run) if merchant_id in (None, one)]
    parts = [_publish_part(dsn, run, one, owner) for one in merchants]
    return {name: sum(part[name] for part in parts) for name in ("orders", "cases", "units")}


def _publish_part(dsn: str, run: Run, merchant_id: str, owner: str) -> dict[str, int]:
    part = {**run.key, "merchant_id": merchant_id}
    with (
        connect(dsn) as conn,
        batch.merchant_part(conn, run, merchant_id),
        hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease,
        lease.transaction(),
    ):
        must_be_publishable(conn, run, merchant_id)
        run_statement(conn, "raw/stage_order__newest", **part)
        orders = run_statement(conn, "core/customer_order", **part).fetchone()
        assert orders is not None
        _publish_lines(conn, run, merchant_id, known=orders["changed"] > 0)
        run_statement(conn, "core/order_observation", **part)
        run_statement(conn, "ops/mart_touch__of_batch", **part)
        if orders["changed"]:
            run_statement(conn, "ops/mart_touch__of_receipts", **part)
        run_statement(conn, "ops/quarantine__resolved", **part)
        run_statement(conn, "ops/reread__published", **part)
        lock(conn, run, merchant_id)
        cases, units = open_cases(conn, run, merchant_id)
        told = publish_applications(conn, run, merchant_id)
        run_statement(conn, "raw/stage_order__clear", **part)
        batch.published(conn, run, merchant_id)
        counted = orders["changed"] + orders["added"]
        return {"orders": counted, "cases": cases + told["cases"], "units": units + told["units"]}
    return {"orders": 0, "cases": 0, "units": 0}  # it failed, and that is recorded


def _publish_lines(conn: Connection, run: Run, merchant_id: str, *, known: bool) -> None:
    """Publish the lines of the batch's orders; ``known`` tells whether any of the orders was here before.

    Two orders can name one line only by a fault of Kaspi's. Then it stays with the first of them, and the other one is
    put aside as well as published.
    """
    part = {**run.key, "merchant_id": merchant_id}
    if known:
        run_statement(conn, "core/order_line__known", **part)
    try:
        with conn.transaction():
            run_statement(conn, "core/order_line", **part)
    except UniqueViolation:
        claimed = run_statement(conn, "raw/stage_order_line__claimed_twice", **part).fetchall()
        rejects = [
            Reject(merchant_id, SOURCE, row["order_id"], f"its line {row['entry_id']} is of order {row['kept_by']} too")
            for row in claimed
        ]
        put_aside(conn, rejects, run.now)
        run_statement(conn, "core/order_line", **part)
