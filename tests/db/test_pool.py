"""Connections that are lent again and again."""

from collections.abc import Callable

import psycopg
import pytest

from include.db.connection import connect
from include.db.pool import KEPT, Pool, Pools


def pid(pool: Pool) -> int:
    with pool.connection() as conn:
        return conn.info.backend_pid


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    return new_warehouse()


def test_a_connection_is_used_again_and_what_was_done_is_there(dsn: str) -> None:
    pool = Pool(dsn)
    with pool.connection() as conn:
        conn.execute("insert into ops.setting (name, value, meaning) values ('mine', '1', 'x')")
        first = conn.info.backend_pid
    assert pid(pool) == first
    with connect(dsn) as other:
        assert other.execute("select value from ops.setting where name = 'mine'").fetchone() == {"value": 1}
    pool.close()


def test_an_error_undoes_it_and_takes_the_connection_away(dsn: str) -> None:
    pool = Pool(dsn)
    first = pid(pool)
    with pytest.raises(psycopg.errors.UndefinedTable), pool.connection() as conn:
        conn.execute("delete from ops.setting; select * from ops.nothing")
    with pool.connection() as conn:
        assert conn.info.backend_pid != first
        assert conn.execute("select count(*) > 0 as there from ops.setting").fetchone() == {"there": True}
    pool.close()


def test_a_connection_that_the_server_has_ended_is_replaced_before_it_is_lent(dsn: str) -> None:
    pool = Pool(dsn)
    first = pid(pool)
    with connect(dsn) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", (first,))
    assert pid(pool) != first
    pool.close()


def test_who_finds_all_of_them_lent_waits_and_is_told(dsn: str) -> None:
    pool = Pool(dsn, size=1, wait_seconds=0.05)
    with (
        pool.connection(),
        pytest.raises(psycopg.OperationalError, match="are busy"),
        pool.connection(),
    ):
        raise AssertionError("there is only one")
    assert pid(pool) > 0
    pool.close()


def test_a_database_that_is_asked_for_no_more_keeps_no_connection(new_warehouse: Callable[[], str]) -> None:
    pools = Pools("test of pools", size=2)
    addresses = [new_warehouse() for _ in range(KEPT + 1)]
    first = pools.of(addresses[0])
    with first.connection() as lent:
        for address in addresses[1:]:
            pid(pools.of(address))
        assert not lent.closed, "who has it may finish"
    assert lent.closed
    assert pools.of(addresses[1]) is pools.of(addresses[1])
    for address in addresses:
        pools.of(address).close()
