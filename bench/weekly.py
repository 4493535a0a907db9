"""The weekly marts: what changed is counted again, beside a million and ten million returns; and everything, beside it.

A week of a merchant brings 1,000 returns of 20,000 sold pieces, in both histories; the long one has ten times the
weeks. Sold pieces of the past are kept as sums (a line of a hundred stands for a hundred). The weeks in which something
changes are dense: each sold piece has an order of its own. Nothing of the other merchants waits, so the clock alone
changes none of their numbers; what it costs where one piece of each waits is told apart.
"""

import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bench import warehouse
from bench.result import Result, Size
from include.db.connection import Connection, connect
from include.db.statements import run as run_statement
from include.domain.days import ALMATY
from include.flows import marts_rebuild, weekly_marts
from include.flows import return_causes_weekly as weekly
from include.flows.onboarding import Store, add_merchant
from include.flows.run import Run
from include.flows.weekly_facts import Reader, facts_known
from include.flows.weekly_statistics import goods_rates, stage_statistics, young_rates
from include.reports.weekly_mail import compose, report_week

NOW = dt.datetime(2026, 11, 16, 8, tzinfo=ALMATY)
HERE = Path(__file__).resolve().parent
RETURNED_OF_A_LINE, SOLD_OF_A_LINE = 5, 100
SECONDS, AIM, FLAT = 3.0, 1.5, 1.15
BLOCKS = """
select sum(
    heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)
    + coalesce(toast_blks_read + toast_blks_hit, 0) + coalesce(tidx_blks_read + tidx_blks_hit, 0)
)::bigint
from pg_statio_user_tables
"""
INDEXES = """
select
    index.indexrelid::regclass::text as name,
    pg_get_indexdef(index.indexrelid) as definition
from pg_index as index
where
    index.indrelid in ('ledger.unit'::regclass, 'core.customer_order'::regclass, 'core.order_line'::regclass)
    and not exists (select 1 from pg_constraint where pg_constraint.conindid = index.indexrelid)
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a history is: a merchant's week has ``orders`` of a hundred pieces; a dense one ``pieces``, of one."""

    merchants: int
    orders: int
    pieces: int
    skus: int
    changing: int  # merchants of whom something changes
    weeks: tuple[int, int]
    rounds: int

    def returns(self, weeks: int) -> int:
        """Return how many pieces come back in so many weeks, but for the few that would wait at the end."""
        return weeks * self.merchants * self.orders * RETURNED_OF_A_LINE


SHAPES: dict[Size, Shape] = {
    "smoke": Shape(merchants=3, orders=8, pieces=200, skus=5, changing=1, weeks=(16, 24), rounds=1),
    "full": Shape(merchants=50, orders=200, pieces=20_000, skus=100, changing=2, weeks=(20, 200), rounds=5),
}
DENSE_AGES = (9, 8, 7)  # weeks ago: older than both horizons


@dataclass(slots=True)
class Measured:
    """What one history's runs took, in seconds, and how many blocks and rows the refreshes touched."""

    whole: float = 0.0
    refresh: list[float] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    clock: float = 0.0
    statistics: float = 0.0
    mail: float = 0.0
    differing: int = 0


@dataclass(slots=True)
class History:
    """One history, and what was measured of it."""

    weeks: int
    dsn: str
    found: Measured = field(default_factory=Measured)


def run(size: Size) -> Result:
    """Measure both histories; every size checks that what is refreshed equals what is counted anew."""
    result, shape = Result("weekly", size), SHAPES[size]
    with warehouse.running() as database, ExitStack() as stack:
        histories = [_history(database, stack, shape, weeks) for weeks in shape.weeks]
        # both in turn: what else the machine does meanwhile slows the one as the other
        for number in range(shape.rounds + 1):
            for history in histories:
                _round(database, history, shape, number)
        for history in histories:
            _rest(history, shape)
        _report(result, {shape.returns(one.weeks): one.found for one in histories}, shape)
    return result


def _say(text: str) -> None:
    sys.stdout.write(f"weekly: {text}\n")
    sys.stdout.flush()


def _merchants(shape: Shape) -> list[str]:
    return [f"bench-{number}" for number in range(shape.merchants)]


def _begin(weeks: int) -> dt.datetime:
    """Return the Monday on which a history of so many weeks begins: its last week is the one before NOW.

    Counted in hours: Almaty's clock was set back in 2024, and by the clock a longer history would lie an hour apart.
    """
    return NOW.replace(hour=0).astimezone(dt.UTC) - dt.timedelta(weeks=weeks)


def _fill(address: str, dsn: str, shape: Shape, weeks: int) -> None:
    """Make the history; ``address`` is the superuser's, who may leave keys unchecked and indexes for the end."""
    began = time.monotonic()
    with connect(dsn) as conn:
        conn.execute("update core.merchant set active = false")
        for merchant_id in _merchants(shape):
            if conn.execute("select 1 from core.merchant where merchant_id = %s", (merchant_id,)).fetchone():
                conn.execute("update core.merchant set active = true where merchant_id = %s", (merchant_id,))
            else:
                add_merchant(conn, merchant_id, name=merchant_id, stores=[Store("PP1", "W1", False, False)])  # noqa: FBT003
    facts: dict[str, Any] = {
        "now": NOW, "begin": _begin(weeks), "orders": shape.orders, "pieces": shape.pieces, "skus": shape.skus,
    }  # fmt: skip
    dense = {weeks - age for age in DENSE_AGES}
    with psycopg.connect(address, cursor_factory=psycopg.ClientCursor) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute("set work_mem = '256MB'")
        conn.execute("set maintenance_work_mem = '512MB'")
        indexes = conn.execute(INDEXES).fetchall()
        for name, _ in indexes:
            conn.execute(f"drop index {name}")
        conn.execute((HERE / "weekly_goods.sql").read_bytes(), {"merchants": _merchants(shape), "skus": shape.skus,
                                                                 "begin": facts["begin"], "now": NOW})  # fmt: skip
        conn.commit()
        statement = (HERE / "weekly_history.sql").read_bytes()
        for week in range(weeks):
            for first, count, is_dense in _spans(shape, week in dense):
                conn.execute(statement, {**facts, "first": week, "beyond": week + 1, "merchant": first,
                                         "merchants": count, "dense": is_dense})  # fmt: skip
                conn.commit()
            if week % 20 == 19:
                _say(f"{week + 1} of {weeks} weeks made after {time.monotonic() - began:.0f} s")
        for _, definition in indexes:
            conn.execute(definition)
        conn.commit()
        conn.autocommit = True
        conn.execute("vacuum (freeze, analyze)")  # else autovacuum comes in the middle of a repetition
    _say(f"about {shape.returns(weeks):,} returns made in {time.monotonic() - began:.0f} s")


def _spans(shape: Shape, dense: bool) -> Iterator[tuple[int, int, bool]]:  # noqa: FBT001
    """Yield (first merchant, how many, whether their week is dense)."""
    if dense:
        yield 0, shape.changing, True
        yield shape.changing, shape.merchants - shape.changing, False
    else:
        yield 0, shape.merchants, False


def _history(database: warehouse.BenchServer, stack: ExitStack, shape: Shape, weeks: int) -> History:
    """Make a history and count everything of it once."""
    name = f"weekly_{weeks}"
    dsn = stack.enter_context(database.database(name))
    _fill(database.address(name), dsn, shape, weeks)
    history = History(weeks, dsn)
    with connect(dsn) as conn:
        history.found.whole = _count(conn, _run(conn, NOW), whole=True).seconds
    _say(f"everything counted in {history.found.whole:.1f} s")
    with psycopg.connect(database.address(name), autocommit=True) as owner:
        owner.execute("vacuum (analyze)")
    return history


def _round(database: warehouse.BenchServer, history: History, shape: Shape, number: int) -> None:
    """Let something change, and refresh; the first round fills caches and does not count."""
    found, now = history.found, _now(number)
    with connect(history.dsn) as conn:
        _change(conn, shape, number, now)
    database.checkpoint()
    with connect(history.dsn) as conn:
        before = _blocks(history.dsn)
        took = _count(conn, _run(conn, now))
        if not took.touched:
            raise RuntimeError("nothing changed: the figure means nothing")
        idle = _count(conn, _run(conn, now))
    if number:
        found.refresh.append(took.seconds)
        found.rows.append(took.rows)
        found.blocks.append(_blocks(history.dsn) - before)
        found.idle.append(idle.seconds)
    _say(f"{history.weeks} weeks, round {number} of {shape.rounds}: {took.touched} weeks counted, "
         f"{took.rows:,} rows in {took.seconds:.2f} s")  # fmt: skip


def _now(number: int) -> dt.datetime:
    return NOW + dt.timedelta(hours=number + 1)


def _rest(history: History, shape: Shape) -> None:
    """Let the clock alone move; then statistics, mail, and everything anew beside what was refreshed."""
    found, dsn, now = history.found, history.dsn, _now(shape.rounds)
    with connect(dsn) as conn:
        conn.execute((HERE / "weekly_waiting.sql").read_bytes())
        _count(conn, _run(conn, now))
        now += dt.timedelta(hours=1)
        found.clock = _count(conn, _run(conn, now)).seconds
        found.statistics = _statistics(conn, _run(conn, now))
        found.mail = _mail(conn, _run(conn, now))
        run = _run(conn, now)
    began = time.monotonic()
    weekly.stage(dsn, run, "bench", whole=True)
    found.differing = len(marts_rebuild.differences(dsn, run))
    _say(f"everything counted anew and compared in {time.monotonic() - began:.0f} s: {found.differing} rows differ")


@dataclass(frozen=True, slots=True)
class Counted:
    """What a run took, how many weeks it counted anew and how many rows it staged."""

    seconds: float
    touched: int
    rows: int


def _count(conn: Connection, run: Run, *, whole: bool = False) -> Counted:
    """Count and publish what changed of all merchants and the house, as the flow does, but for estimates and mail."""
    began = time.perf_counter()
    weeks = rows = 0
    served = weekly.merchants(conn)
    for merchant_id in [*served, None]:
        part = merchant_id or weekly_marts.WHOLE
        with conn.transaction():
            if merchant_id is None:
                touched, staged = weekly_marts.touched_by(conn, run, part, whole=whole), 0
            else:
                touched, staged = weekly_marts.stage(conn, run, merchant_id, whole=whole)
            found = weekly_marts.numbers_of(conn, run, merchant_id, touched)
            rows += staged + weekly.stage_numbers(conn, run, merchant_id, found)
            weeks += sum(len(of_kind) for of_kind in touched.weeks.values())
    for merchant_id in [*served, None]:
        part = merchant_id or weekly_marts.WHOLE
        with conn.transaction():
            weekly_marts.publish(conn, run, part)
            run_statement(conn, "mart/staged_rows__drop", **run.key, part=part)
            weekly.keep_known(conn, run, part)
    return Counted(time.perf_counter() - began, weeks, rows)


def _run(conn: Connection, now: dt.datetime) -> Run:
    """Open a run; its clock is the one of costs that grow by the day."""
    with conn.transaction():
        row = conn.execute("select count(*)::text as number from ops.run").fetchone()
        assert row is not None
        run = Run("return_causes_weekly", f"bench-{row['number']}", now)
        conn.execute("insert into ops.run (dag_id, run_id, now_at) values (%s, %s, %s)", (run.dag_id, run.run_id, now))
    return run


def _change(conn: Connection, shape: Shape, number: int, now: dt.datetime) -> None:
    cursor = psycopg.ClientCursor(conn)
    facts = {
        "merchants": _merchants(shape)[: shape.changing], "round": str(number), "now": now,
        "dense_from": _begin(max(DENSE_AGES)), "dense_to": _begin(min(DENSE_AGES) - 1),
    }  # fmt: skip
    with conn.transaction():
        cursor.execute((HERE / "weekly_change.sql").read_bytes(), facts)
        while cursor.nextset():  # the last one sells
            pass
        if number == 0 and not cursor.rowcount:
            raise RuntimeError("no piece was sold: no week of receipts would be counted again")


def _blocks(dsn: str) -> int:
    time.sleep(1.2)  # the counters are flushed once a second
    with psycopg.connect(dsn) as conn:
        row = conn.execute(BLOCKS).fetchone()
    assert row is not None
    return int(row[0])


def _timed(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def _statistics(conn: Connection, run: Run) -> float:
    """Make the estimates of every merchant and the signals of all, as a run does in any case; keep nothing."""

    def all_of_them() -> None:
        served = weekly.merchants(conn)
        for merchant_id in served:
            young_rates(conn, run, merchant_id)
            goods_rates(conn, run, merchant_id)
        young_rates(conn, run, None)
        stage_statistics(conn, run, served)

    seconds = _timed(all_of_them)
    conn.rollback()
    return seconds


def _mail(conn: Connection, run: Run) -> float:
    """Write the mail about all merchants, and keep nothing."""

    def written() -> None:
        reader = Reader(None, "All merchants", "ru", "team@example.kz")
        compose(facts_known(conn, reader, report_week(run.now), run.now), "reports@example.kz")

    seconds = _timed(written)
    conn.rollback()
    return seconds


def _report(result: Result, found: dict[int, Measured], shape: Shape) -> None:
    medians: dict[int, float] = {}
    blocks: dict[int, float] = {}
    for returns, of in found.items():
        name = f"{returns:,} returns"
        result.measure(f"{name}: sold pieces", [returns * SOLD_OF_A_LINE / RETURNED_OF_A_LINE], "pieces")
        medians[returns] = result.measure(f"{name}: refresh of what changed", of.refresh, "s")
        blocks[returns] = result.measure(
            f"{name}: blocks a refresh touches", [float(one) for one in of.blocks], "blocks"
        )
        result.measure(f"{name}: rows a refresh stages", [float(one) for one in of.rows], "rows")
        result.measure(f"{name}: a refresh where nothing changed", of.idle, "s")
        result.measure(
            f"{name}: a refresh where only the clock moved, a piece of each merchant waiting", [of.clock], "s"
        )
        result.measure(f"{name}: everything counted", [of.whole], "s")
        result.measure(f"{name}: estimates and signals", [of.statistics], "s")
        result.measure(f"{name}: the mail about all merchants", [of.mail], "s")
        result.check(f"{name}: rows refreshed otherwise than counted anew", of.differing, "0", holds=of.differing == 0)
    small, large = min(found), max(found)
    result.check(f"refresh beside {large:,} returns", medians[large], f"<= {SECONDS:.0f} s (aim {AIM})",
                 holds=medians[large] <= SECONDS, of_time=True)  # fmt: skip
    ratio = medians[large] / medians[small]
    result.check(f"refresh: {large:,} ÷ {small:,}", ratio, f"<= {FLAT}", holds=ratio <= FLAT, of_time=True)
    ratio = blocks[large] / blocks[small]
    result.check(f"blocks touched: {large:,} ÷ {small:,}", ratio, f"<= {FLAT}", holds=ratio <= FLAT or _is_small(shape))
    same = found[large].rows == found[small].rows
    result.check("both refreshes stage the same rows", str(found[large].rows), str(found[small].rows), holds=same)


def _is_small(shape: Shape) -> bool:
    """Tell whether tables are of a few pages, which are scanned whatever their indexes."""
    return shape.merchants * shape.orders < 1_000
