"""A working day in ticks of 15 minutes: what has passed QC before a tick is in the list that the next pull takes."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest

from tests.flow_driver import World, feed_server, sandbox

TICK = dt.timedelta(minutes=15)
TICKS = 36  # from the morning on: nine hours
# Each pull of Kaspi's beside each piece whose QC was booked by a tick before it and that may be sold on Kaspi; in time
# where the list that was pulled, or one before it, carries the piece.
PULLED = """
with pull as (
    select
        merchant_id,
        version,
        fetched_at,
        (select max(now_at) from ops.run where dag_id = 'restock_sync' and now_at < kaspi_pull.fetched_at) as ticked_at
    from channel.kaspi_pull
    where status in (200, 304)
),

passed as (
    select event.merchant_id, event.unit_id, max(event.recorded_at) as passed_at
    from ledger.effective_event as event
    where event.type = 'qc_passed' and event.recorded_at > %(since)s
    group by event.merchant_id, event.unit_id
)

select
    pull.merchant_id,
    pull.version,
    pull.fetched_at,
    passed.unit_id,
    unit.state,
    addition.channel,
    addition.waiting_reason,
    passed.passed_at,
    addition.decided_at,
    addition.published_at,
    addition.published_version,
    addition.published_version <= pull.version as in_time
from pull
inner join passed on pull.merchant_id = passed.merchant_id and passed.passed_at <= pull.ticked_at
inner join ledger.unit as unit on passed.unit_id = unit.unit_id
left join channel.addition as addition on passed.unit_id = addition.unit_id and addition.withdrawn_at is null
where coalesce(addition.channel, '') <> 'off_kaspi'
order by pull.fetched_at, passed.unit_id
"""
REFUSED = "select unit_id from core.discrepancy where kind = 'restock_refused' and status = 'open'"


@pytest.fixture(scope="module")
def day(
    tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]
) -> Iterator[tuple[World, dt.datetime]]:
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here, feed_server(here):
        here.past()
        here.receipts()
        here.restock()
        begin = dt.datetime.fromisoformat(here.about["start_of_life"])
        for number in range(1, TICKS + 1):
            here.tick((begin + number * TICK).isoformat())
        yield here, begin


def test_every_piece_is_in_the_list_that_the_next_pull_takes(day: tuple[World, dt.datetime]) -> None:
    from include.db.connection import connect

    world, begin = day
    with connect(world.dsn) as conn:
        rows = conn.execute(PULLED.encode(), {"since": begin}).fetchall()
    refused = {row["unit_id"] for row in world.query(REFUSED)}
    late = [row for row in rows if not row["in_time"] and not row["waiting_reason"] and row["unit_id"] not in refused]
    assert late == [], "\n".join(str(sorted(row.items())) for row in late)
    pieces = {row["unit_id"] for row in rows if row["in_time"]}
    pulls = {(row["merchant_id"], row["fetched_at"]) for row in rows}
    print(f"{len(pieces)} pieces in {len(pulls)} pulls, {len(rows)} pairs of them; late: {len(late)}")
    assert len(pieces) >= 10
    assert len(pulls) >= 10
