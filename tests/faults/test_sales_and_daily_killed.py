"""Sales and the daily comparison, killed at every statement, doubled, with a clock that goes back, overtaken by orders.

Real processes, really killed (SIGKILL) before each word with the database in turn. Each kill has a warehouse of its
own, copied from one that has never been disturbed; who comes after must bring it to where the undisturbed one ends.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from include.clock import ALMATY
from include.db.connection import connect
from include.db.statements import run as run_statement
from include.flows.balance import balance
from include.sandbox.mailbox import Mailbox, serve_smtp
from tests.conftest import TestServer
from tests.db.restock_world import Offer, RestockWorld, at
from tests.faults.forking import Forking, copy_of, forking

ROOT = Path(__file__).resolve().parents[2]
# What must hold of the books, whatever happened: each row of these is a violation.
PROMISES = (
    "checks/ledger/unit__stands_where_it_was_left",
    "checks/ledger/unit_event__seq_has_no_gap",
    "checks/ledger/unit__no_used_goods_on_kaspi",
    "checks/channel/addition__is_a_decision_of_the_ledger",
)
ABOVE = """
with free as (
    select offer_sku, sum(quantity) filter (where not reserved) as pieces
    from channel.offered_unit
    group by offer_sku
)

select offer.offer_sku, offer.quantity, offer.base_quantity, free.pieces
from channel.feed_offer as offer
left join free using (offer_sku)
where
    offer.version = (select max(version) from channel.feed_version where status = 'published')
    and offer.quantity > coalesce(offer.base_quantity, 0) + coalesce(free.pieces, 0)
"""
DAILY = ("stage", "gate", "publish", "tell")
STAGED = "select * from mart.stage_offer_sync order by store_id, offer_sku"
STAGED_CAUSES = "select * from mart.stage_offer_difference order by store_id, offer_sku, cause"
PARTS = "select dag_id, run_id, merchant_id, status, rows_staged, rows_rejected from ops.batch order by 1, 2, 3"
RESOLD_TWICE = """
select unit_id
from ledger.effective_event
where type = 'resold'
group by unit_id
having count(*) > 1
"""


def runner() -> AbstractContextManager[Forking]:
    """The process that forks a run a command."""
    return forking("restock_runner.py")


@pytest.fixture(scope="module")
def way() -> Iterator[Forking]:
    with runner() as made:
        yield made


@contextmanager
def copied(server: TestServer, world: RestockWorld) -> Iterator[RestockWorld]:
    """The same world over a copy of its warehouse."""
    with copy_of(server, world.dsn) as dsn:
        yield RestockWorld(dsn, world.offers, world.seen, world.url, now=world.now, runs=world.runs)


@pytest.fixture(scope="module")
def world(new_warehouse: Callable[[], str]) -> Iterator[RestockWorld]:
    """Hour 3: orders reserved, handed over, cancelled and new, a unit taken off sale; none of it is booked yet."""
    with RestockWorld(new_warehouse(), {"A1": Offer("A1", count=0), "B1": Offer("B1", count=4)}).served() as made:
        made.onboard()
        units = [made.unit(f"U{n}", "A1", 1 + n / 10, route="resale", grade="B") for n in range(5)]
        made.unit("V1", "A1", 1)
        made.restock(2)
        made.fetched(2.2)
        for n in range(4):
            made.order(f"o{n}", "A1R", 2.3 + n / 100)
        made.restock(2.5)
        made.fetched(2.7)
        made.order("o0", "A1R", 2.3, handed_over=2.8)
        made.order("o1", "A1R", 2.31, status="CANCELLED")
        made.book(made.event(units[2], "withdrawn", at(2.9), "supervisor"))
        made.order("o4", "A1R", 2.95)
        made.order("o5", "A1", 2.96, price=10_000)
        made.seen = [
            {"sku": "A1", "store_id": "PP1", "on_sale": True, "price": 10_000, "quantity": 1},
            {"sku": "A1R", "store_id": "PP1", "on_sale": True, "price": 9_000, "quantity": 4},
        ]
        with connect(made.dsn) as conn:
            conn.execute(
                "insert into ops.setting (name, value, meaning) values ('team_email', '\"team@example.kz\"', 't') "
                "on conflict (name) do update set value = excluded.value"
            )
        yield made


def books_hold(world: RestockWorld) -> None:
    with connect(world.dsn) as conn:
        today = at(3).astimezone(ALMATY).date()
        lines = balance(conn, "m", today, today)
        assert lines and all(line.closes for line in lines)
        for promise in PROMISES:
            assert run_statement(conn, promise).fetchall() == [], promise
    assert world.query(RESOLD_TWICE) == []
    assert world.query("select unit_id from channel.sale where state <> 'freed' group by 1 having count(*) > 1") == []


def about(world: RestockWorld, hours: float, *steps: str, **more: Any) -> dict[str, Any]:
    moment = at(hours).isoformat()
    return {
        "dsn": world.dsn, "url": world.url, "steps": list(steps), "run_id": f"at-{hours}", "now": moment, "attempt": 1,
        "die_at": None, "mail_port": 0, **more,
    }  # fmt: skip


def test_sales_killed_at_every_statement_end_as_if_nothing_had_happened(
    way: Forking, world: RestockWorld, postgres_server: TestServer
) -> None:
    with copied(postgres_server, world) as plain:
        words = int(way.do(**about(plain, 3, "sales"))["words"])
        assert "error" not in way.do(**about(plain, 3, "restock", attempt=2))
        books_hold(plain)
        ended = plain.business_rows()
        states = {row["order_id"]: row["state"] for row in plain.query("select order_id, state from channel.sale")}
    assert states == {
        "o0": "sold", "o1": "freed", "o2": "reserved", "o3": "reserved", "o4": "reserved", "o5": "reserved"
    }  # fmt: skip
    assert words > 8, "a process that says so little to the database proves nothing"
    for word in range(1, words + 1):
        with copied(postgres_server, world) as mine:
            assert way.do(**about(mine, 3, "sales", die_at=word))["killed"], word
            books_hold(mine)
            assert "error" not in way.do(**about(mine, 3, "restock", attempt=2)), word
            assert mine.business_rows() == ended, f"killed at word {word}"
            books_hold(mine)
            assert mine.query(ABOVE) == []


def where_it_stands(world: RestockWorld) -> tuple[object, ...]:
    return world.business_rows(), *(world.query(statement) for statement in (STAGED, STAGED_CAUSES, PARTS))


@pytest.mark.parametrize("step", DAILY)
def test_the_daily_comparison_killed_at_every_statement_ends_as_if_nothing_had_happened(
    way: Forking, world: RestockWorld, postgres_server: TestServer, tmp_path: Path, step: str
) -> None:
    """Each of its steps, killed and tried again, leaves what an undisturbed one leaves to the next."""
    box = Mailbox(tmp_path)
    smtp = serve_smtp(box, 0)
    facts = {"mail_port": smtp.port}
    try:
        with copied(postgres_server, world) as before:
            for earlier in DAILY[: DAILY.index(step)]:
                assert "error" not in way.do(**about(before, 4, earlier, **facts))
            with copied(postgres_server, before) as plain:
                answer = way.do(**about(plain, 4, step, **facts))
                assert "error" not in answer, answer
                words, ended = int(answer["words"]), where_it_stands(plain)
                books_hold(plain)
            assert words > 5, "a process that says so little to the database proves nothing"
            ends = []
            for word in range(1, words + 1):
                with copied(postgres_server, before) as mine:
                    mails = len(box.mails())
                    assert way.do(**about(mine, 4, step, die_at=word, **facts))["killed"], word
                    again = way.do(**about(mine, 4, step, attempt=2, **facts))
                    statuses = [row["status"] for row in mine.query("select status from ops.outbox")]
                    ends.append((len(box.mails()) - mails, statuses, "error" in again))
                    assert where_it_stands(mine) == ended, f"{step} killed at word {word}"
                    books_hold(mine)
    finally:
        smtp.stop()
    if step != "tell":
        assert all(end == (0, [], False) for end in ends), ends
        return
    # once, or a person is asked: the task fails and says so
    assert all(end in ((1, ["sent"], False), (1, ["unknown"], True)) for end in ends), ends
    assert any(end[2] for end in ends), "no kill fell between the sending and its record: the test proves too little"


def test_two_runs_at_once_sell_once_compare_once_and_tell_once(
    way: Forking, world: RestockWorld, postgres_server: TestServer, tmp_path: Path
) -> None:
    box = Mailbox(tmp_path)
    smtp = serve_smtp(box, 0)
    try:
        with runner() as other, copied(postgres_server, world) as mine:
            way.begin(**about(mine, 3, "restock"))
            other.begin(**{**about(mine, 3, "restock"), "run_id": "another"})
            assert [one for one in (way.end(), other.end()) if "error" in one] == []
            sold = mine.query("select order_id, state from channel.sale order by order_id")
            assert [row["state"] for row in sold] == ["sold", "freed", *["reserved"] * 4]
            assert mine.one("select count(*) from ledger.unit_event where type = 'resold'") == 1
            assert mine.query(ABOVE) == []

            way.begin(**about(mine, 4, *DAILY, mail_port=smtp.port))
            other.begin(**{**about(mine, 4, *DAILY, mail_port=smtp.port), "run_id": "another"})
            assert [one for one in (way.end(), other.end()) if "error" in one] == []
            assert len(box.mails()) == 1
            assert mine.one("select count(*) from core.discrepancy where status = 'open'") == mine.one(
                "select count(*) from mart.offer_sync where divergence is not null"
            )
            books_hold(mine)
    finally:
        smtp.stop()


def test_a_clock_that_goes_back_changes_nothing(
    way: Forking, world: RestockWorld, postgres_server: TestServer, tmp_path: Path
) -> None:
    box = Mailbox(tmp_path)
    smtp = serve_smtp(box, 0)
    try:
        with copied(postgres_server, world) as mine:
            assert "error" not in way.do(**about(mine, 4, "restock"))
            assert "error" not in way.do(**about(mine, 5, *DAILY, mail_port=smtp.port))
            before, mails = mine.business_rows(), len(box.mails())

            assert "error" not in way.do(**about(mine, 2.6, "sales"))
            assert "error" not in way.do(**about(mine, 2.6, "restock"))
            assert "error" not in way.do(**about(mine, 3.5, *DAILY, mail_port=smtp.port))

            assert mine.business_rows() == before
            assert len(box.mails()) == mails
            books_hold(mine)
    finally:
        smtp.stop()


def test_a_sale_between_reading_and_publishing_is_made_good_by_the_next_run(
    world: RestockWorld, postgres_server: TestServer
) -> None:
    """The list was made before the order was known: one more is shown until the next run, and no unit is sold twice."""
    from include.flows import restock_sync
    from include.quality.gate import judge
    from include.quality.suites.restock_sync import SUITE

    with copied(postgres_server, world) as mine:
        mine.restock(3)
        free = mine.one("select count(*) from channel.offered_unit where offer_sku = 'A1R' and not reserved")
        assert free == 0, "one is sold, one taken off sale, three are reserved"
        mine.unit("U9", "A1", 3.1, route="resale", grade="B")
        late = mine.new_run("restock_sync", 3.5)
        restock_sync.stage(mine.dsn, late, mine.ports(), "stage")
        for n in range(3):  # two more than there are pieces
            mine.order(f"late{n}", "A1R", 3.5 + n / 100)
        judge(mine.dsn, late, SUITE)
        restock_sync.publish(mine.dsn, late, "publish")
        assert mine.shown()["A1R"][0] == 1, "what was free when the list was made"

        mine.restock(4)

        assert "A1R" not in mine.shown()
        taken = mine.query("select unit_id from channel.sale where order_id like 'late%' and state = 'reserved'")
        assert len(taken) == 1
        assert mine.query(ABOVE) == []
        books_hold(mine)
