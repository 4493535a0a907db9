"""Taking in merchants and catalogues, on a real server."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from include.db.connection import Connection, connect
from include.flows.kaspi_returns_ingest import active_merchants
from include.flows.onboarding import CatalogueError, Store, add_merchant, add_source, load, load_catalogue

HEADER = "sku,master_code,eans,name,category,supplier,batch,cost,agreed_defect_rate\n"
STORE = Store("PP1", "W1", base_includes_returns=False, pick_scan=True)


def a_merchant(conn: Connection, merchant_id: str = "shop") -> str:
    return add_merchant(conn, merchant_id, name="Shop", stores=[STORE])


def test_the_feed_token_stays_for_life(warehouse: Connection) -> None:
    token = a_merchant(warehouse)
    assert len(token) >= 32
    assert add_merchant(warehouse, "shop", name="Renamed", stores=[STORE], feed_token="another") == token
    row = warehouse.execute("select name, connection_id from core.merchant").fetchone()
    assert row == {"name": "Renamed", "connection_id": "kaspi_shop_shop"}


def test_who_has_the_higher_tier_is_fetched_first(new_warehouse: Callable[[], str]) -> None:
    dsn = new_warehouse()
    with connect(dsn) as conn:
        for merchant_id, tier in (("a", None), ("b", "priority"), ("c", "standard"), ("d", "priority")):
            add_merchant(conn, merchant_id, name=merchant_id, stores=[STORE], tier=tier)
        with pytest.raises(ValueError, match="tier is one of priority, standard"):
            add_merchant(conn, "e", name="E", stores=[STORE], tier="golden")
    assert active_merchants(dsn) == ["b", "d", "a", "c"]
    with connect(dsn) as conn, pytest.raises(psycopg.errors.CheckViolation):
        conn.execute("update core.merchant set tier = 'golden'")


def test_a_store_is_brought_up_to_date(warehouse: Connection) -> None:
    a_merchant(warehouse)
    add_merchant(
        warehouse,
        "shop",
        name="Shop",
        stores=[Store("PP1", "W9", base_includes_returns=True, pick_scan=False)],
    )
    assert warehouse.execute("select warehouse, base_includes_returns, pick_scan from core.store").fetchall() == [
        {"warehouse": "W9", "base_includes_returns": True, "pick_scan": False}
    ]


def test_a_catalogue_is_merged_and_an_unchanged_one_writes_nothing(warehouse: Connection) -> None:
    a_merchant(warehouse)
    text = HEADER + "A1,M1,12|13,Чайник,kitchen,,,15000,0.02\nA2,,,Кружка,,S,B,,\n"
    assert load_catalogue(warehouse, "shop", text) == 2
    assert load_catalogue(warehouse, "shop", text) == 0
    assert load_catalogue(warehouse, "shop", "\ufeff" + text.replace("15000", "16000")) == 1
    first, second = warehouse.execute("select * from core.product order by sku").fetchall()
    assert (first["eans"], first["supplier"], first["cost"]) == (["12", "13"], "unknown", 16000)
    assert (second["category"], second["batch"], second["cost"], second["eans"]) == ("unknown", "B", None, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sku,name\nA1,x\n", "lacks the columns master_code"),
        (HEADER + "A1,,,Чайник,,,,many,\n", "line 2: cost is no number"),
        (HEADER + "A1,,,,,,,,\n", "sku and name are needed"),
    ],
)
def test_a_bad_catalogue_is_refused_whole(warehouse: Connection, text: str, told: str) -> None:
    a_merchant(warehouse)
    with pytest.raises(CatalogueError, match=told):
        load_catalogue(warehouse, "shop", text)
    assert warehouse.execute("select count(*) as n from core.product").fetchone() == {"n": 0}


def test_a_source_names_its_connection_and_its_system_of_record(warehouse: Connection) -> None:
    add_source(warehouse, "w2", kind="file_drop", system_of_record={"qc": "desk"})
    row = warehouse.execute("select connection_id, system_of_record from core.warehouse_source").fetchone()
    assert row is not None
    assert row["connection_id"] == "wms_drop_w2"
    assert (row["system_of_record"]["qc"], row["system_of_record"]["receipt"]) == ("desk", "wms")
    with pytest.raises(ValueError, match="kind must be"):
        add_source(warehouse, "w3", kind="carrier pigeon")


def test_a_whole_world_is_onboarded_twice_with_the_same_result(warehouse_dsn: str) -> None:
    merchant = {
        "id": "kids",
        "name": "Kids",
        "email": "kids@example.kz",
        "feed_token": "kids-token",
        "stores": [{"store_id": "PP2", "warehouse": "W2", "base_includes_returns": True, "pick_scan": True}],
    }
    world = {"merchants": [merchant], "sources": [{"name": "w1", "kind": "http_feed"}]}
    catalogues = {"kids": HEADER + "K1,,,Куртка,,,,,\n"}
    assert load(warehouse_dsn, world, catalogues) == {"kids": "kids-token"}
    assert load(warehouse_dsn, world, catalogues) == {"kids": "kids-token"}
    with connect(warehouse_dsn) as conn:
        assert conn.execute("select count(*) as n from core.product").fetchone() == {"n": 1}
