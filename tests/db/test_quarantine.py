"""A record put aside: seen again, replayed, settled, dismissed; and the fields that Kaspi changed."""

import dataclasses
import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from include.db.connection import Connection, connect
from include.db.statements import run as run_statement
from include.db.statements import text_of
from include.domain import identity
from include.domain.unit_life import Event
from include.flows import batch, housekeeping, ledger
from include.flows.drift import acknowledge, keep_drift
from include.flows.quarantine import Reject, dismiss, put_aside, refuse, replay, replay_chosen
from include.flows.run import Run
from include.kaspi.drift import Drift
from include.quality.gate import judge
from include.quality.suites.housekeeping import SUITE as NIGHT
from include.quality.suites.kaspi_returns_ingest import SUITE
from tests.db.test_applications import BEGIN, DAY, Shop, furnished, row
from tools.quarantine import main

NOW = dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
QUARTER = dt.timedelta(minutes=15)


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        conn.execute(
            """
            insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id)
            values ('shop', 'Shop', 'c', 'b'), ('other', 'Other', 'c2', 'b2')
            """
        )
    return address


@pytest.fixture
def conn(dsn: str) -> Iterator[Connection]:
    with connect(dsn) as connection:
        yield connection


def bad(n: int, **changes: Any) -> Reject:
    facts = {"payload": {"order": {"id": f"o{n}", "attributes": {"code": f"10{n}"}}}, "reason": "totalPrice: missing"}
    return Reject(**{"merchant_id": "shop", "source": "kaspi/order", "record_key": f"o{n}", **facts, **changes})


def states(conn: Connection) -> dict[str, str]:
    return {
        row["record_key"]: row["status"]
        for row in conn.execute("select record_key, status from mart.quarantine join ops.quarantine using (id, status)")
    }


def actions(conn: Connection) -> list[tuple[str, str, str | None]]:
    rows = conn.execute("select action, actor, reason from ops.quarantine_action order by action_id").fetchall()
    return [(row["action"], row["actor"], row["reason"]) for row in rows]


def ids(conn: Connection, *keys: str) -> list[int]:
    found = conn.execute("select id from ops.quarantine where record_key = any(%s) order by id", (list(keys),))
    return [row["id"] for row in found]


def stage(conn: Connection, run_id: str, now: dt.datetime, *order_ids: str) -> dict[str, str]:
    """Put good versions of orders where publish finds them."""
    key = {"dag_id": "kaspi_returns_ingest", "run_id": run_id}
    conn.execute(
        "insert into ops.run (dag_id, run_id, now_at) values (%(dag_id)s, %(run_id)s, %(now)s)", {**key, "now": now}
    )
    for order_id in order_ids:
        conn.execute(
            """
            insert into raw.stage_order (dag_id, run_id, merchant_id, order_id, code, state, status, payload_hash,
                window_id, fetched_at, read_number)
            values (%(dag_id)s, %(run_id)s, 'shop', %(order_id)s, 'c', 'ARCHIVE', 'COMPLETED', '\\x00', 1, %(now)s, 1)
            """,
            {**key, "order_id": order_id, "now": now},
        )
    return key


def test_a_record_seen_again_is_one_row_that_counts_its_runs(conn: Connection) -> None:
    put_aside(conn, [bad(1), bad(1), bad(1, payload={"another": "page"})], NOW)
    put_aside(conn, [bad(1)], NOW)  # a later try of the same run
    put_aside(conn, [bad(1)], NOW + QUARTER)
    put_aside(conn, [bad(1)], NOW - QUARTER)  # a run with an older clock
    (row,) = conn.execute("select first_seen, last_seen, times_seen, status from ops.quarantine").fetchall()
    assert row == {"first_seen": NOW - QUARTER, "last_seen": NOW + QUARTER, "times_seen": 2, "status": "open"}


def test_a_replayed_order_is_forgotten_as_refused_and_asked_for_by_its_id(conn: Connection) -> None:
    put_aside(conn, [bad(1), bad(1, reason="another"), bad(2), bad(3, merchant_id="other")], NOW)
    put_aside(conn, [bad(4, record_key="unnamed 7"), bad(5, record_key="None")], NOW)
    refuse(conn, "shop", [("o1", b"x"), ("o2", b"y")], NOW)
    assert replay(conn, "shop", "kaspi/order", ids=ids(conn, "o1", "o3"), actor="aliya", now=NOW) == 2
    assert states(conn) == {"o1": "replayed", "o2": "open", "o3": "open", "unnamed 7": "open", "None": "open"}
    assert run_statement(conn, "ops/reread__due", merchant_id="shop").fetchall() == [{"order_id": "o1", "code": "101"}]
    left = conn.execute("select order_id from raw.refused_order").fetchall()
    assert left == [{"order_id": "o2"}]
    assert actions(conn) == [("replayed", "aliya", None)] * 2
    assert replay(conn, "shop", "kaspi/order", ids=ids(conn, "o1"), actor="aliya", now=NOW) == 0, "twice is once"
    assert replay(conn, "shop", "kaspi/order", actor="aliya", now=NOW) == 1, "only those that have an id"
    run_statement(conn, "ops/reread__done", merchant_id="shop", order_ids=["o1", "o2"])
    assert run_statement(conn, "ops/reread__due", merchant_id="shop").fetchall() == []


def test_the_code_of_an_order_stopped_by_a_check_is_the_one_known(conn: Connection) -> None:
    conn.execute(
        """
        insert into core.customer_order (merchant_id, order_id, code, state, status, total_price, created_at,
            payload_hash, fetched_at)
        values ('shop', 'o1', '777', 'ARCHIVE', 'COMPLETED', 1, now(), '\\x00', now())
        """
    )
    conn.execute(
        """
        insert into raw.order_payload (merchant_id, order_id, payload, payload_hash, first_run, fetched_at)
        values ('shop', 'o3', '{"order": {"attributes": {"code": "888"}}}', '\\x00', 'r', now())
        """
    )
    stopped = {"source": "kaspi_returns_ingest", "payload": {"detail": "x"}}
    put_aside(conn, [bad(n, **stopped) for n in (1, 2, 3)], NOW)
    assert replay(conn, "shop", "kaspi_returns_ingest", actor="aliya", now=NOW) == 3
    due = run_statement(conn, "ops/reread__due", merchant_id="shop").fetchall()
    assert due == [
        {"order_id": "o1", "code": "777"},
        {"order_id": "o2", "code": None},
        {"order_id": "o3", "code": "888"},
    ]


def test_a_replayed_event_is_judged_again_and_settled_once_published(conn: Connection) -> None:
    conn.execute(
        """
        insert into raw.wms_event (source, event_id, merchant_id, type, occurred_at, payload, received_at, quarantined)
        values ('w1', 'e1', 'shop', 'received', now(), '{}', now(), true)
        """
    )
    put_aside(
        conn,
        [
            bad(1, source="warehouse_receipts_reconcile", record_key="w1/e1"),
            bad(1, source="wms/w1", record_key="e1", reason="contract"),
            bad(1, source="wms/w2", record_key="e1", reason="contract"),
        ],
        NOW,
    )
    assert replay(conn, "shop", "warehouse_receipts_reconcile", actor="aliya", now=NOW) == 1
    assert conn.execute("select quarantined from raw.wms_event").fetchone() == {"quarantined": False}
    assert run_statement(conn, "ops/reread__due", merchant_id="shop").fetchall() == []
    key = stage(conn, "r", NOW + QUARTER)
    resolve = "ops/quarantine__resolved_events"
    assert run_statement(conn, resolve, **key, merchant_id="shop").rowcount == 0
    conn.execute(
        """
        insert into core.warehouse_event (source, event_id, merchant_id, type, occurred_at, payload, recorded_at,
            position)
        values ('w1', 'e1', 'shop', 'received', now(), '{}', now(), 1)
        """
    )
    assert run_statement(conn, resolve, **key, merchant_id="shop").rowcount == 2
    open_ones = conn.execute("select source from ops.quarantine where status = 'open'").fetchall()
    assert open_ones == [{"source": "wms/w2"}]


@pytest.mark.parametrize("settled", ["replayed", "resolved"])
def test_what_fails_again_is_open_again(conn: Connection, settled: str) -> None:
    put_aside(conn, [bad(1)], NOW)
    if settled == "replayed":
        replay(conn, "shop", "kaspi/order", actor="aliya", now=NOW)
    else:
        key = stage(conn, "r", NOW + QUARTER, "o1")
        run_statement(conn, "ops/quarantine__resolved", **key, merchant_id="shop")
    assert states(conn) == {"o1": settled}
    put_aside(conn, [bad(1), bad(1)], NOW + 2 * QUARTER)
    assert states(conn) == {"o1": "open"}
    assert [action for action, _actor, _reason in actions(conn)] == [settled, "reopened"]


def test_what_a_person_dismissed_stays_so_until_its_content_changes(conn: Connection) -> None:
    put_aside(conn, [bad(1)], NOW)
    with pytest.raises(ValueError, match="for a reason"):
        dismiss(conn, ids(conn, "o1"), "aliya", "  ", NOW)
    assert dismiss(conn, ids(conn, "o1"), "aliya", "a test order of Kaspi's", NOW) == 1
    assert dismiss(conn, ids(conn, "o1"), "aliya", "again", NOW) == 0
    put_aside(conn, [bad(1)], NOW + QUARTER)
    assert states(conn) == {"o1": "dismissed"}
    put_aside(conn, [bad(1, payload={"order": "another"})], NOW + 2 * QUARTER)
    assert states(conn) == {"o1": "open"}
    assert actions(conn) == [("dismissed", "aliya", "a test order of Kaspi's"), ("reopened", "pipeline", None)]
    dismiss(conn, ids(conn, "o1"), "aliya", "still", NOW)
    assert replay(conn, "shop", "kaspi/order", actor="aliya", now=NOW) == 0, "all means all open ones"
    assert replay(conn, "shop", "kaspi/order", ids=ids(conn, "o1"), actor="aliya", now=NOW) == 1


def test_a_published_good_version_settles_what_was_put_aside_before(conn: Connection) -> None:
    put_aside(conn, [bad(n) for n in (1, 2, 3, 4)], NOW)
    put_aside(conn, [bad(9, record_key="o1", merchant_id="other")], NOW)
    refuse(conn, "shop", [(f"o{n}", b"x") for n in (1, 2, 3, 4)], NOW)
    dismiss(conn, ids(conn, "o3"), "aliya", "known", NOW)
    replay(conn, "shop", "kaspi/order", ids=ids(conn, "o2"), actor="aliya", now=NOW)
    key = stage(conn, "r", NOW + QUARTER, "o1", "o2", "o3")
    put_aside(conn, [bad(2)], NOW + QUARTER)  # this very run read it badly, too: which is newer is not known
    for _ in range(2):
        run_statement(conn, "ops/quarantine__resolved", **key, merchant_id="shop")
    rows = conn.execute("select merchant_id, record_key, status from ops.quarantine order by 1, 2").fetchall()
    assert [(row["merchant_id"], row["record_key"], row["status"]) for row in rows] == [
        ("other", "o1", "open"),
        ("shop", "o1", "resolved"),
        ("shop", "o2", "open"),
        ("shop", "o3", "dismissed"),
        ("shop", "o4", "open"),
    ]
    refused = conn.execute("select order_id from raw.refused_order order by 1").fetchall()
    assert [row["order_id"] for row in refused] == ["o4"]
    assert actions(conn)[-1] == ("resolved", "kaspi_returns_ingest/r", None)


def test_what_cannot_come_back_from_here_says_so(conn: Connection) -> None:
    put_aside(conn, [bad(1), bad(2, source="wms/w1"), bad(3, source="file/applications")], NOW)
    assert replay(conn, "shop", "wms/w1", actor="aliya", now=NOW) == 0, "nothing is kept of it"
    with pytest.raises(ValueError, match="send the record again"):
        replay(conn, "shop", "nobody/knows", actor="aliya", now=NOW)
    with pytest.raises(ValueError, match="correct the file and upload it again"):
        replay(conn, "shop", "file/applications", actor="aliya", now=NOW)
    with pytest.raises(ValueError, match="has a name"):
        replay(conn, "shop", "kaspi/order", actor=" ", now=NOW)
    assert replay_chosen(conn, [*ids(conn, "o1", "o2", "o3"), 10**9], "aliya", NOW) == (1, 3)
    assert states(conn) == {"o1": "replayed", "o2": "open", "o3": "open"}


def test_what_was_replayed_and_did_not_come_back_is_seen_and_can_be_replayed_anew(
    dsn: str, conn: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = dt.datetime.now(dt.UTC)
    put_aside(conn, [bad(1), bad(2), bad(3)], now - 3 * DAY)
    for key, ago in (("o1", 25 * HOUR), ("o2", 23 * HOUR)):
        assert replay(conn, "shop", "kaspi/order", ids=ids(conn, key), actor="aliya", now=now - ago) == 1
    run = Run("housekeeping", "night", now)
    run_statement(conn, "ops/run", **run.key, now=now, range_from=None, range_to=None)
    batch.open_batch(conn, run, "shop")
    batch.staged(conn, run, "shop", 0)
    conn.commit()
    judge(dsn, run, NIGHT)
    (found,) = conn.execute(
        "select success, severity, failed_rows, sample from ops.dq_result "
        "where check_name = 'replayed_records_came_back'"
    ).fetchall()
    assert (found["success"], found["severity"], found["failed_rows"]) == (False, "warning", 1)
    assert found["sample"][0]["record"] == str(ids(conn, "o1")[0])
    conn.commit()
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", dsn)
    for status, key in (("gone", "o1"), ("replayed", "o2"), ("open", "o3")):
        assert main(["list", "--merchant", "shop", "--status", status]) == 0
        said = capsys.readouterr().out
        assert [one for one in ("o1", "o2", "o3") if f"  {one}  " in said] == [key]
    assert replay(conn, "shop", "kaspi/order", ids=ids(conn, "o1", "o2"), actor="aliya", now=now) == 1
    conn.commit()
    assert main(["list", "--merchant", "shop", "--status", "gone"]) == 0
    assert "nothing is gone" in capsys.readouterr().out


@pytest.fixture
def shop(new_warehouse: Callable[[], str]) -> Iterator[Shop]:
    with furnished(new_warehouse()) as made:
        yield made


def gated(shop: Shop) -> dict[str, int]:
    """Judge what waits as an ingest run does, and publish what passed."""
    run = shop.run()
    with connect(shop.dsn) as conn:
        run_statement(conn, "ops/run", **run.key, now=run.now, range_from=None, range_to=None)
        batch.open_batch(conn, run, "shop")
        batch.staged(conn, run, "shop", 100)
    counts = judge(shop.dsn, run, SUITE)
    shop.publish()
    return counts


def settle(shop: Shop) -> dict[str, str]:
    """Book what waits as a receipts run does; return the records put aside, by status."""
    shop.book()
    run = shop.run()
    with shop.at_work() as conn:
        run_statement(conn, "ops/run", **run.key, now=run.now, range_from=None, range_to=None)
        run_statement(conn, "ops/quarantine__resolved_events", **run.key, merchant_id="shop")
        return states(conn)


@pytest.mark.parametrize("way", ["replayed", "uploaded again"])
def test_a_row_of_an_application_put_aside_by_the_gate_comes_back(shop: Shop, way: str) -> None:
    code = shop.order(("A", 1))
    shop.take(row("999999999-1"), row(f"{code}-1", made=BEGIN - 30 * DAY), name="May.csv")
    assert gated(shop)["quarantined"] == 1
    with shop.at_work() as conn:
        (record,) = conn.execute("select * from ops.quarantine").fetchall()
    assert record["record_key"].startswith(f"{code}-1#")
    assert (record["source"], record["pointer"], record["status"]) == (
        "kaspi_returns_ingest",
        "May.csv, line 3",
        "open",
    )
    assert gated(shop)["quarantined"] == 0 and shop.cases(code) == []
    with shop.at_work() as conn:  # it was the order's own date that was wrong
        conn.execute("update core.customer_order set created_at = %s where code = %s", (BEGIN - 31 * DAY, code))
        if way == "replayed":
            assert replay(conn, "shop", "kaspi_returns_ingest", actor="aliya", now=NOW) == 1
            assert run_statement(conn, "ops/reread__due", merchant_id="shop").fetchall() == [], "it is no order"
    if way == "uploaded again":
        shop.take(row(f"{code}-1", made=BEGIN - 30 * DAY), name="again.csv")
    assert gated(shop)["quarantined"] == 0
    assert [case["application_number"] for case in shop.cases(code)] == [f"{code}-1"]
    with shop.at_work() as conn:
        assert set(states(conn).values()) == {"resolved"}


def test_a_replayed_application_that_is_still_wrong_is_open_again(shop: Shop) -> None:
    code = shop.order(("A", 1))
    shop.take(row(f"{code}-1", made=BEGIN - 30 * DAY))
    gated(shop)
    with shop.at_work() as conn:
        replay(conn, "shop", "kaspi_returns_ingest", actor="aliya", now=NOW)
    assert gated(shop)["quarantined"] == 1
    with shop.at_work() as conn:
        assert set(states(conn).values()) == {"open"}
        assert [action for action, _actor, _reason in actions(conn)] == ["replayed", "reopened"]


def tell(shop: Shop, event_id: str, kind: str, hour: int, actor: str = "Dana", **payload: Any) -> None:
    with shop.at_work() as conn:
        conn.execute(
            """
            insert into core.warehouse_event (source, event_id, merchant_id, type, occurred_at, actor, store_id,
                payload, recorded_at, position)
            values ('w1', %s, 'shop', %s, %s, %s, 'PP1', %s, %s, %s)
            """,
            (event_id, kind, BEGIN + hour * HOUR, actor, Jsonb({"unit_label": "W1", **payload}), BEGIN, hour),
        )


def let_judge(shop: Shop, source: str) -> int:
    with shop.at_work() as conn:
        return replay(conn, "shop", source, actor="aliya", now=NOW)


GOOD = {"finding": "no_fault", "grade": "A", "signs_of_use": False}


def test_an_event_whose_label_came_too_late_is_booked_anew_by_a_replay(shop: Shop) -> None:
    tell(shop, "back", "returned_to_buyer", 9)
    assert settle(shop) == {"back": "open"}, "nobody bore the label, and its day was over"
    tell(shop, "scan", "received", 1, order_code=shop.order(("A", 1)), sku="A")
    assert settle(shop) == {"back": "open"}
    assert let_judge(shop, "ledger/w1") == 1
    assert settle(shop) == {"back": "resolved"}
    assert shop.query("select state from ledger.unit") == [{"state": "returned_to_buyer"}]


def test_what_the_ledger_refused_is_booked_anew_by_a_replay_or_is_open_again(shop: Shop) -> None:
    tell(shop, "scan", "received", 1, order_code=shop.order(("A", 1)), sku="A")
    tell(shop, "look", "inspected", 2, **GOOD)
    tell(shop, "qc", "qc", 4, passed=True)  # by whom it was inspected
    (key,) = settle(shop)
    assert let_judge(shop, "ledger/wms/w1") == 1
    assert settle(shop) == {key: "open"}
    mistake = identity.event_id("w1", "look", "inspected")
    (unit,) = shop.query("select unit_id from ledger.unit")
    with shop.at_work() as conn:
        undo = Event(uuid.uuid4(), unit["unit_id"], "shop", "voided", NOW, "aliya", "desk", {"event_id": str(mistake)})
        ledger.append(conn, [undo], NOW)
    tell(shop, "again", "inspected", 3, "Timur", **GOOD)
    assert let_judge(shop, "ledger/wms/w1") == 1
    assert settle(shop) == {key: "resolved"}
    assert shop.query("select state from ledger.unit") == [{"state": "qc"}]


def test_an_event_that_waited_too_long_comes_back_by_a_replay(shop: Shop) -> None:
    tell(shop, "scan", "received", 1, order_code=shop.order(("A", 1)), sku="A")
    tell(shop, "qc", "qc", 3, passed=True)
    assert settle(shop) == {}
    shop.clock.moment += 2 * DAY
    housekeeping.tidy(shop.dsn, dataclasses.replace(shop.run(), dag_id="housekeeping"), "night#1")
    (key,) = settle(shop)
    tell(shop, "look", "inspected", 2, "Timur", **GOOD)
    assert settle(shop) == {key: "open"}
    assert let_judge(shop, "ledger/wms/w1") == 1
    assert settle(shop) == {key: "resolved"}
    assert shop.query("select state from ledger.unit") == [{"state": "qc"}]


def test_what_the_ledger_refused_of_no_warehouse_stays_open(shop: Shop) -> None:
    with shop.at_work() as conn:
        put_aside(conn, [bad(1, source="ledger/price_list")], NOW)
        assert replay_chosen(conn, ids(conn, "o1"), "aliya", NOW) == (0, 1)
        assert states(conn) == {"o1": "open"}


def test_a_status_that_is_none_is_refused(conn: Connection) -> None:
    put_aside(conn, [bad(1)], NOW)
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute("update ops.quarantine set status = 'gone'")


def test_the_command_lists_replays_and_dismisses(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", dsn)
    with connect(dsn) as conn:
        put_aside(conn, [bad(n) for n in (1, 2, 3)], NOW)
        first, second, _third = ids(conn, "o1", "o2", "o3")
    assert main(["list", "--merchant", "shop"]) == 0
    assert "totalPrice: missing" in capsys.readouterr().out
    assert main(["list", "--merchant", "other"]) == 0
    assert "nothing" in capsys.readouterr().out
    assert main(["replay", "--merchant", "shop", "--source", "kaspi/order", "--id", str(first), "--actor", "a"]) == 0
    assert main(["dismiss", "--merchant", "shop", "--id", str(second), "--actor", "a", "--reason", "known"]) == 0
    assert main(["dismiss", "--merchant", "other", "--id", str(first), "--actor", "a", "--reason", "known"]) == 1
    with pytest.raises(SystemExit):
        main(["replay", "--merchant", "shop", "--source", "kaspi/order"])
    assert main(["replay", "--merchant", "shop", "--source", "file/applications", "--actor", "a"]) == 1
    assert "correct the file" in capsys.readouterr().err
    with connect(dsn) as conn:
        put_aside(conn, [bad(4, source="wms/w1")], NOW)
    assert main(["replay", "--merchant", "shop", "--source", "wms/w1", "--actor", "a"]) == 1
    assert "of 1 nothing is kept" in capsys.readouterr().err
    with connect(dsn) as conn:
        assert states(conn) == {"o1": "replayed", "o2": "dismissed", "o3": "open", "o4": "open"}


def drifted(count: int, **changes: Any) -> Drift:
    return Drift(**{"kind": "new", "path": "order.reason", "detail": "string", "count_of_examples": count,
                    "example_order_id": "o1", **changes})  # fmt: skip


def violations(conn: Connection, run: Run) -> list[tuple[str, str]]:
    conn.execute(
        """
        insert into ops.batch (dag_id, run_id, merchant_id, status) values (%(dag_id)s, %(run_id)s, 'shop', 'staged')
        on conflict do nothing
        """,
        run.key,
    )
    run_statement(conn, "ops/show_run", **run.key, merchant_id=None)
    rows = conn.execute(text_of("checks/raw/order_payload__no_schema_drift").encode()).fetchall()
    return [(row["merchant_id"], row["record_key"]) for row in rows]


def test_a_changed_field_warns_in_every_run_until_somebody_acknowledges_it(
    conn: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (Run("kaspi_returns_ingest", f"r{n}", NOW + n * QUARTER) for n in (1, 2))
    with caplog.at_level(logging.WARNING):
        assert keep_drift(conn, "shop", [drifted(5), drifted(1, kind="missing", path="order.code")], first) == 2
        assert keep_drift(conn, "shop", [drifted(3)], first) == 1  # a later try read the pages that were left
        assert keep_drift(conn, "other", [drifted(1)], first) == 1
    assert len(caplog.records) == 4
    assert violations(conn, first) == [("shop", "order.code"), ("shop", "order.reason")]
    assert violations(conn, second) == [("shop", "order.code"), ("shop", "order.reason")], "still open"
    (row,) = conn.execute(
        "select id, examples, first_seen from ops.schema_drift where merchant_id = 'shop' and kind = 'new'"
    ).fetchall()
    assert (row["examples"], row["first_seen"]) == (5, first.now)
    assert acknowledge(conn, [row["id"]], "aliya", NOW) == 1
    caplog.clear()
    assert keep_drift(conn, "shop", [drifted(9)], second) == 0
    assert not caplog.records
    assert violations(conn, second) == [("shop", "order.code")]
    assert keep_drift(conn, "shop", [drifted(1, detail="object")], second) == 1, "another type is another news"
    assert keep_drift(conn, "shop", [], second) == 0


def test_a_payload_of_null_is_kept_as_it_was(conn: Connection) -> None:
    put_aside(conn, [bad(1, payload=None)], NOW)
    assert conn.execute("select payload from ops.quarantine").fetchone() == {"payload": None}
    assert Jsonb(None) is not None
