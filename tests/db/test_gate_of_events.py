"""The gate of warehouse events looks at those that wait and at their orders only, and says so by part."""

import datetime as dt
from collections.abc import Callable

import pytest

from include.db.connection import Connection, connect
from include.db.statements import run as run_statement
from include.flows.batch import published
from include.flows.run import Run
from include.quality.gate import judge
from include.quality.suites.warehouse_receipts_reconcile import SUITE

NOW = dt.datetime(2026, 11, 16, 3, tzinfo=dt.UTC)
RUN = Run("warehouse_receipts_reconcile", "r1", NOW)
CHECK = "raw/wms_event__returns_no_more_than_sold"


@pytest.fixture(scope="module")
def dsn(new_warehouse: Callable[[], str]) -> str:
    """Orders 1 and 2 of one piece each; order 1 comes back twice, order 2 once; one more event is of nobody's store."""
    address = new_warehouse()
    with connect(address) as conn:
        conn.execute(
            """
            insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id)
            values ('alpha', 'Alpha', 'c', 'b')
            """
        )
        conn.execute(
            """
            insert into core.store (merchant_id, store_id, warehouse, base_includes_returns, pick_scan)
            values ('alpha', 'PP1', 'w1', false, false)
            """
        )
        conn.execute(
            """
            insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at,
                payload_hash)
            select 'alpha', 'o' || n, n::text, 'ARCHIVE', 'COMPLETED', 10, %s, '' from generate_series(1, 2) as n
            """,
            (NOW,),
        )
        conn.execute(
            """
            insert into core.order_line (merchant_id, order_id, entry_id, entry_number, quantity, base_price,
                total_price)
            select merchant_id, order_id, order_id || '-0', 0, 1, 10, 10 from core.customer_order
            """
        )
        conn.execute(
            """
            insert into raw.wms_event (source, event_id, merchant_id, type, occurred_at, actor, store_id, payload,
                received_at)
            select 'w1', 'e' || n, 'alpha', 'received', %(now)s, 'dock', case when n = 4 then 'X' else 'PP1' end,
                jsonb_build_object('order_code', (case when n = 3 then 2 else 1 end)::text), %(now)s
            from generate_series(1, 4) as n
            """,
            {"now": NOW},
        )
        conn.execute("insert into ops.run (dag_id, run_id, now_at) values (%s, %s, %s)", (RUN.dag_id, RUN.run_id, NOW))
        run_statement(conn, "ops/batch__of_events", **RUN.key)
    return address


def part(conn: Connection) -> dict[str, object]:
    row = conn.execute("select * from ops.dq_part where run_id = %s", (RUN.run_id,)).fetchone()
    assert row is not None
    return row


def test_a_part_is_judged_once_and_again_with_the_same_words(dsn: str) -> None:
    judge(dsn, RUN, SUITE)
    with connect(dsn) as conn:
        first = part(conn)
        sample = conn.execute("select sample from ops.dq_result where check_name = %s", (CHECK,)).fetchone()
        told = conn.execute(
            """
            select
                (count(*) filter (where severity = 'row'))::integer as row_checks,
                (count(*) filter (where severity = 'row' and not success))::integer as row_failed,
                (sum(failed_rows) filter (where severity = 'row'))::integer as row_rows,
                (count(*) filter (where severity = 'warning' and not success))::integer as warning_failed
            from mart.dq_result
            """
        ).fetchone()
    assert sample == {"sample": [{"record": "1", "detail": "3 pieces scanned, 1 sold"}]}
    assert told is not None and {name: first[name] for name in told} == told
    assert (first["row_failed"], first["row_rows"], first["warning_failed"]) == (1, 1, 1)
    assert (first["staged"], first["quarantined"], first["held"], first["at"]) == (4, 1, False, NOW)
    judge(dsn, RUN, SUITE)
    with connect(dsn) as conn:
        again = part(conn)
    assert (again["row_failed"], again["row_rows"]) == (0, 0), "what was put aside is not judged again"


def test_what_is_published_waits_no_more_by_whatever_way_it_came(dsn: str) -> None:
    waiting = "select array_agg(event_id order by event_id) as ids from raw.batch_wms_event"
    with connect(dsn) as conn:
        assert conn.execute(waiting).fetchone() == {"ids": ["e1", "e2", "e3"]}
        booked = run_statement(conn, "core/warehouse_event", **RUN.key, merchant_id="alpha", now=NOW).rowcount
        assert booked == 3
        assert conn.execute(waiting).fetchone() == {"ids": None}
        conn.rollback()
        assert conn.execute(waiting).fetchone() == {"ids": ["e1", "e2", "e3"]}
        run_statement(conn, "core/warehouse_event__sent", source="w1", merchant_id="alpha", event_ids=["e2"], now=NOW)
        assert conn.execute("select event_id from core.warehouse_event").fetchall() == [{"event_id": "e2"}]
        assert conn.execute(waiting).fetchone() == {"ids": ["e1", "e3"]}


def test_judging_again_leaves_the_verdicts_of_a_published_part(dsn: str) -> None:
    again = Run(RUN.dag_id, "r2", NOW + dt.timedelta(hours=1))
    verdicts = """
        select merchant_id, (count(*))::integer as checks, bool_or(part.held) as held
        from ops.dq_result inner join ops.dq_part as part using (dag_id, run_id, merchant_id, suite)
        where run_id = 'r2' group by merchant_id order by merchant_id
        """
    told = [
        {"merchant_id": "alpha", "checks": len(SUITE.checks), "held": False},
        {"merchant_id": "beta", "checks": len(SUITE.checks), "held": True},
    ]
    with connect(dsn) as conn:
        conn.execute("insert into ops.run (dag_id, run_id, now_at) values (%s, 'r2', %s)", (again.dag_id, again.now))
        conn.execute(
            """
            insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged, rows_rejected)
            values (%(flow)s, 'r2', 'alpha', 'staged', 10, 0), (%(flow)s, 'r2', 'beta', 'staged', 10, 10)
            """,
            {"flow": again.dag_id},
        )
    assert judge(dsn, again, SUITE) == {"passed": 1, "held": 1, "quarantined": 0}
    with connect(dsn) as conn:
        assert conn.execute(verdicts).fetchall() == told
        published(conn, again, "alpha")
    assert judge(dsn, again, SUITE) == {"passed": 0, "held": 1, "quarantined": 0}
    with connect(dsn) as conn:
        assert conn.execute(verdicts).fetchall() == told
