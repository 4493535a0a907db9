"""Two days lived in five ticks, with our own feed server in the loop: both parts of the truth, compared exactly."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fingerprint import fingerprint
from tests.flow_driver import World, feed_server, sandbox

UNITS = """
select
    unit.merchant_id,
    count(unit.requested_at) as requested,
    count(unit.received_at) as received,
    count(unit.inspected_at) as inspected,
    count(unit.qc_at) as qc_passed,
    count(unit.resold_at) as resold
from ledger.unit
group by unit.merchant_id
"""
# What our own lists put on sale: additions that were not a previous system's.
OBSERVED = """
select
    addition.merchant_id,
    count(*) as observed
from channel.addition
inner join ledger.unit_event
    on addition.unit_id = unit_event.unit_id and addition.decision_seq = unit_event.seq
where addition.observed_at is not null and unit_event.source not like 'wms/%'
group by addition.merchant_id
"""
NEVER_ABOVE = """
select *
from channel.feed_offer
where quantity > coalesce(base_quantity, 0) + added_quantity
"""
TWICE_ON_SALE = """
select unit_id
from channel.addition
where withdrawn_at is null
group by unit_id
having count(*) > 1
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, new_warehouse: Callable[[], str]) -> Iterator[World]:
    """A sandbox at the end of its two days, every tick's chain done."""
    with sandbox(tmp_path_factory.mktemp("sandbox"), new_warehouse()) as here, feed_server(here):
        here.past()
        here.receipts()
        here.restock()
        for moment in here.about["ticks"]:
            here.tick(moment)
        here.night()
        yield here


def per_merchant(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row.pop("merchant_id"): row for row in rows}


def test_what_the_world_did_is_what_the_ledger_says(world: World) -> None:
    truth = world.truth()
    did, followed = truth["world"]["merchants"], truth["listings"]["merchants"]
    expected = {
        merchant_id: {
            "requested": facts["requested_certain"],
            "received": facts["received"],
            "inspected": facts["inspected"],
            "qc_passed": facts["qc_passed"],
            "resold": facts["resold_by_previous_system"] + followed[merchant_id]["units_resold"],
        }
        for merchant_id, facts in did.items()
    }
    assert per_merchant(world.query(UNITS)) == expected


def test_what_followed_from_our_lists_is_what_we_observed(world: World) -> None:
    followed = world.truth()["listings"]["merchants"]
    expected = {merchant_id: {"observed": facts["units_observed"]} for merchant_id, facts in followed.items()}
    assert per_merchant(world.query(OBSERVED)) == expected
    assert sum(facts["observed"] for facts in expected.values()) >= 25
    assert sum(facts["units_resold"] for facts in followed.values()) >= 5


SOLD = """
select
    sale.merchant_id,
    placed.code,
    sale.offer_sku,
    unit.unit_label,
    sale.attribution,
    sale.state
from channel.sale as sale
inner join core.customer_order as placed
    on sale.merchant_id = placed.merchant_id and sale.order_id = placed.order_id
inner join ledger.unit as unit on sale.unit_id = unit.unit_id
"""


def test_every_order_of_a_returned_piece_took_one_as_the_world_did(world: World) -> None:
    """Handed over = sold, cancelled = freed, and by scan the very piece; nothing taken off the base is ours."""
    told = [sale for sale in world.truth()["listings"]["sales"] if sale["unit_label"]]
    ours = {(row["merchant_id"], row["code"], row["offer_sku"]): row for row in world.query(SOLD)}
    scans = {one["id"]: any(store["pick_scan"] for store in one["stores"]) for one in world.about["merchants"]}
    wrong, named = [], 0
    for sale in told:
        key = (sale["merchant_id"], sale["order_code"], sale["offer_sku"])
        row = ours.get(key)
        state = "sold" if sale["handed_over_at"] else "freed" if sale["cancelled_at"] else "reserved"
        by_scan = scans[sale["merchant_id"]] and state == "sold"
        if row is None and state == "freed":
            continue  # placed and cancelled between two sweeps: it never reserved anything
        same = row is not None and row["state"] == state and (not by_scan or row["unit_label"] == sale["unit_label"])
        wrong += [] if same else [(sale, row)]
        named += by_scan
    assert wrong == []
    assert len(told) > 8 and named, "too little was sold to prove anything"
    base = {(one["merchant_id"], one["order_code"]) for one in world.truth()["listings"]["sales"] if one["from_base"]}
    assert not base & {key[:2] for key in ours}


def test_no_list_ever_offered_more_than_there_was(world: World) -> None:
    assert world.query(NEVER_ABOVE) == []
    assert world.query(TWICE_ON_SALE) == []


def test_every_base_offer_is_in_the_list_that_kaspi_pulls(world: World) -> None:
    from lxml import etree

    for merchant in world.about["merchants"]:
        base = etree.fromstring(requests.get(world.url + merchant["base_list_path"], timeout=30).content)
        ours = etree.fromstring(requests.get(world.feeds[merchant["id"]], timeout=30).content)
        offers = [[one.get("sku") for one in tree.iter("{kaspiShopping}offer")] for tree in (base, ours)]
        assert offers[1][: len(offers[0])] == offers[0], merchant["id"]


def test_the_feed_server_logged_every_pull_of_the_buyer(world: World) -> None:
    pulls = [one for one in world.truth()["listings"]["pulls"] if one["pulled_at"]]
    logged = world.query("select count(*) as n from channel.feed_fetch where user_agent like '%Kaspi%'")
    assert logged[0]["n"] >= len(pulls) > 100


def test_the_daily_comparison_is_silent_about_all_that_agrees(world: World) -> None:
    """Base, ledger, list, buyers and shelf of a world that nobody disturbed: what differs waits, and says why."""
    world.daily()
    compared = world.query("select count(*) as n, count(observed_at) as seen, count(wms_qty) as counted "
                           "from mart.offer_sync")[0]  # fmt: skip
    assert compared["n"] > 20 and compared["seen"] == compared["n"] and compared["counted"] > 5
    found = world.query("select * from mart.offer_difference where cause <> 'waiting'")
    assert found == []


def test_one_more_chain_over_an_unchanged_world_changes_nothing(world: World) -> None:
    before = fingerprint(world.dsn)
    world.ingest()
    world.receipts()
    world.restock()
    assert fingerprint(world.dsn) == before


def test_a_rebuild_of_the_ledger_makes_the_same_table(world: World) -> None:
    from include.db.connection import connect
    from include.flows.ledger_rebuild import rebuild

    with connect(world.dsn) as conn:
        assert rebuild(conn) == 0


def test_the_balance_closes_on_every_day_and_can_fail(world: World, tmp_path: Path) -> None:
    days = world.query("select count(distinct as_of) as n from mart.balance_daily")
    assert days[0]["n"] > 180
    open_ones = 'select * from mart.balance_daily where opening + entered - "left" <> closing'
    assert world.query(open_ones) == []
    from include.db.connection import connect
    from include.flows.report import HeldBack

    with connect(world.dsn) as conn:  # a projection that somebody bent by hand
        conn.execute(
            "update ledger.unit set state = 'disposed' "
            "where unit_id = (select min(unit_id::text)::uuid from ledger.unit)"
        )
    with pytest.raises(HeldBack, match="balance_daily__closes"):
        world.night()
    from include.flows.ledger_rebuild import rebuild

    with connect(world.dsn) as conn:
        assert rebuild(conn) == 1
