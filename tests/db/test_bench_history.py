"""The history of the increment benchmark is made by SQL; it must be the orders that its shop serves."""

from collections.abc import Callable

import psycopg
from psycopg import conninfo

from bench import increment
from bench.orders import MERCHANTS, DataSet
from tests.conftest import TestServer

COUNT, UNDER_WAY = 500, 400


def test_the_history_is_made_of_the_orders_that_the_shop_serves(
    postgres_server: TestServer, new_warehouse: Callable[[], str]
) -> None:
    name = str(conninfo.conninfo_to_dict(new_warehouse())["dbname"])
    address = postgres_server.address(name)
    increment._fill(address, COUNT, UNDER_WAY)
    orders = [DataSet(COUNT).order(index) for index in range(COUNT)]
    with psycopg.connect(address) as conn:
        found = conn.execute(
            "select merchant_id, order_id, code, total_price, (extract(epoch from created_at) * 1000)::bigint, "
            "status = 'ACCEPTED_BY_MERCHANT' from core.customer_order order by code"
        ).fetchall()
        assert found == [
            (MERCHANTS[0], one.order_id, one.code, one.total_price, one.created_ms, place >= UNDER_WAY)
            for place, one in enumerate(orders)
        ]
        lines = conn.execute(
            "select order_id, entry_id, entry_number, sku, quantity, base_price from core.order_line "
            "inner join core.customer_order using (merchant_id, order_id) order by code, entry_number"
        ).fetchall()
        assert lines == [
            (one.order_id, line.entry_id, line.number, line.sku, line.quantity, line.base_price)
            for one in orders
            for line in one.lines
        ]
        for table in ("core.order_observation", "raw.order_payload"):
            assert conn.execute(f"select count(*) from {table}".encode()).fetchone() == (COUNT,)
        units = conn.execute("select count(*), count(distinct case_id) from ledger.unit").fetchone()
        assert units is not None and units[0] == units[1] > 0
