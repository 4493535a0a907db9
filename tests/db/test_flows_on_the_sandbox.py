"""The flows against a real sandbox: what the world did is what the tables say, however often they run."""

import base64
import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from include.db.connection import connect
from include.db.lease import LeaseLost, hold
from include.flows import kaspi_returns_ingest, warehouse_receipts_reconcile
from include.flows.warehouse_events import Sources
from include.kaspi.shop_api import OrderList, ShopApi
from tests.db.truths import CASES, COUNTS, FINDINGS, ORDERS, check_against_the_truth
from tests.fingerprint import fingerprint
from tests.flow_driver import World, sandbox


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> Iterator[World]:
    """A sandbox whose past has been taken in once."""
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here:
        here.past()
        here.receipts()
        yield here


@pytest.mark.parametrize("statement", [COUNTS, ORDERS, CASES, FINDINGS], ids=["units", "orders", "cases", "findings"])
def test_the_past_is_taken_in_exactly(world: World, statement: str) -> None:
    check_against_the_truth(world, statement)


def test_every_unit_the_warehouse_received_has_its_own_life_here(world: World) -> None:
    """Label by label: sku, finding, grade and the times of the dock, the inspection and QC."""
    truth = {
        one["unit_label"]: (
            one["merchant_id"], one["order_code"], _utc(one["received_at"]), _utc(one["inspected_at"]), one["finding"],
            one["grade"], _utc(one["qc_at"]),
        )
        for one in world.truth()["world"]["units"]
        if one["received_at"]
    }  # fmt: skip
    ours = {
        row["unit_label"]: (
            row["merchant_id"], row["code"], row["received_at"], row["inspected_at"], row["finding"], row["grade"],
            row["qc_at"],
        )
        for row in world.query(
            "select u.*, o.code from ledger.unit as u "
            "left join core.customer_order as o using (merchant_id, order_id) where u.received_at is not null"
        )
    }  # fmt: skip
    assert ours.keys() == truth.keys()
    # goods without a known order have no order here either
    differing = {label: (ours[label], truth[label]) for label in truth if ours[label] != truth[label]}
    assert differing == {}


def test_a_second_run_of_everything_changes_no_business_row(world: World) -> None:
    before = fingerprint(world.dsn)
    world.past()
    world.receipts()
    assert fingerprint(world.dsn) == before


def test_a_cleared_run_ends_the_same(world: World) -> None:
    run = world.new_run("kaspi_returns_ingest", "cleared")
    world.ingest(run)
    before = fingerprint(world.dsn)
    with connect(world.dsn) as conn:
        windows = conn.execute("select count(*) as n from ops.fetch_window").fetchone()
    world.ingest(world.new_run("kaspi_returns_ingest", "cleared"))
    assert fingerprint(world.dsn) == before
    with connect(world.dsn) as conn:  # the second try found its pages stored and fetched nothing again
        assert conn.execute("select count(*) as n from ops.fetch_window").fetchone() == windows


def test_two_runs_and_an_old_range_at_once_end_as_one_after_the_other(
    world: World, tmp_path: Path, new_warehouse: Callable[[], str]
) -> None:
    with sandbox(tmp_path, new_warehouse()) as other:
        old = {
            "range_from": dt.datetime.fromisoformat(other.about["begin"]) - dt.timedelta(days=7),
            "range_to": dt.datetime.fromisoformat(other.about["start_of_life"]),
        }
        at_once(lambda: other.ingest(**old), other.ingest, other.ingest)
        at_once(other.receipts, other.receipts)
        schemas = ("raw", "core", "ledger")
        assert fingerprint(other.dsn, schemas=schemas) == fingerprint(world.dsn, schemas=schemas)


def at_once(*works: Callable[[], object]) -> None:
    """Do the works in threads of their own, all at the same time; none may fail."""
    failures: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_an_overtaken_try_cannot_write(world: World) -> None:
    """The orphan of a killed worker goes on beside its successor: its next transaction finds a newer epoch."""
    with (
        connect(world.dsn) as orphan,
        connect(world.dsn) as successor,
        hold(orphan, "test:orphan", "dag/run/task/0") as first,
        hold(successor, "test:orphan", "dag/run/task/0") as second,
    ):
        assert second.epoch == first.epoch + 1
        with pytest.raises(LeaseLost, match="overtaken"), first.transaction() as conn:
            conn.execute("update core.merchant set name = 'written by an orphan'")
        with second.transaction() as conn:
            written = conn.execute("select count(*) as n from core.merchant where name like 'written%'").fetchone()
        assert written == {"n": 0}


def test_one_merchants_dead_token_holds_back_his_part_only(world: World) -> None:
    run = world.new_run("kaspi_returns_ingest", "dead-token")
    from include.kaspi.errors import KaspiRefusedToken
    from include.quality.suites.kaspi_returns_ingest import SUITE

    for merchant in world.about["merchants"]:
        bad = merchant["id"] == "jibek_home"
        settings = world.shop(merchant, **({"token": "worn out"} if bad else {}))
        if bad:
            with pytest.raises(KaspiRefusedToken, match="jibek_home"):
                kaspi_returns_ingest.fetch(world.dsn, run, settings, world.clock, "owner")
        else:
            kaspi_returns_ingest.fetch(world.dsn, run, settings, world.clock, "owner")
    assert world.gate(run, SUITE)["passed"] == 2
    kaspi_returns_ingest.publish(world.dsn, run, "owner")
    from include.flows.report import HeldBack, raise_if_held

    with pytest.raises(HeldBack, match=r"1 of 3 parts .*jibek_home is failed: KaspiRefusedToken"):
        raise_if_held(world.dsn, run)


def test_a_source_that_is_down_does_not_keep_the_other_sources_events(world: World, tmp_path: Path) -> None:
    from include.wms.sources import FileDrop

    run = world.new_run("warehouse_receipts_reconcile", "drop-away")
    known = world.sources()
    sources = {**known.by_name, "w2": FileDrop(tmp_path / "not mounted")}
    warehouse_receipts_reconcile.collect(world.dsn, run, Sources(sources, known.sealer), "owner")
    (alert,) = world.query("select message from ops.alert where kind = 'source_unreadable'")
    assert "w2" in alert["message"] and "not mounted" in alert["message"]


def test_no_name_and_no_phone_of_a_buyer_is_stored_in_clear(world: World) -> None:
    """Every column of every table, against every buyer the shop's API shows."""
    buyers = _buyers(world)
    assert len(buyers) > 100
    with connect(world.dsn) as conn:
        tables = conn.execute(
            "select format('%I.%I', table_schema, table_name) as name from information_schema.tables "
            "where table_schema in ('raw', 'core', 'ledger', 'channel', 'mart', 'ops') and table_type = 'BASE TABLE'"
        ).fetchall()
        for table in tables:
            text = "\n".join(
                row["line"]
                for row in conn.execute(f"select to_jsonb(t)::text as line from {table['name']} as t").fetchall()
            )
            leaked = [word for word in buyers if word in text]
            assert leaked == [], f"{table['name']} holds {leaked[:3]}"


def _buyers(world: World) -> set[str]:
    """Return the full names, phones and base64 phones that the API shows of orders it has not masked yet."""
    found: set[str] = set()
    end = world.clock.now()
    for merchant in world.about["merchants"]:
        with ShopApi(world.shop(merchant)) as shop:
            lists = [
                OrderList(state, end - dt.timedelta(days=13), end) for state in ("NEW", "KASPI_DELIVERY", "ARCHIVE")
            ]
            for _, page in shop.lists(lists):
                for order in page.orders:
                    buyer = json.loads(bytes(order))["attributes"]["customer"]
                    found.add(f"{buyer['firstName']} {buyer['lastName']}")
                    phone = str(buyer["cellPhone"])
                    if phone.isdigit():
                        found |= {phone, base64.b64encode(phone.encode()).decode().rstrip("=")}
    return found


def _utc(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if text else None
