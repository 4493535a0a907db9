"""Append-only by right: the login that everything works as cannot change what happened, whatever it tries."""

import logging
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from include.db.connection import Connection, connect
from include.db.migrate import APPLICATION_ROLE, NotTheOwner, migrate
from include.db.statements import text_of
from include.flows import ledger
from runtime import postgres
from tests.conftest import APPLICATION, OWNER, TestServer, running_server
from tests.db.test_ledger import LIFE, NOW, event

SCHEMAS = ("raw", "core", "ledger", "channel", "mart", "ops")
CHECK = "checks/ledger/unit_event__nobody_may_change_it"


@pytest.fixture(scope="module")
def booked(new_warehouse: Callable[[], str]) -> str:
    dsn = new_warehouse()
    with connect(dsn) as conn:
        ledger.append(conn, [event(1, type_) for type_ in LIFE], NOW)
    return dsn


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger.unit_event set actor = 'me'",
        "delete from ledger.unit_event",
        "truncate ledger.unit_event",
        "truncate ledger.unit_event, ledger.unit",
        "insert into ledger.unit_event select * from ledger.unit_event on conflict (event_id) do update set seq = 9",
        "merge into ledger.unit_event using ledger.unit on unit.unit_id = unit_event.unit_id when matched then delete",
        "update ledger.effective_event set actor = 'me'",
        "delete from ledger.effective_event",
        "alter table ledger.unit_event disable trigger append_only",
        "alter table ledger.unit_event owner to current_user",
        "drop trigger append_only on ledger.unit_event",
        "drop table ledger.unit_event cascade",
        "create rule bend as on insert to ledger.unit_event do also delete from ledger.unit_event",
        "create trigger bend before insert on ledger.unit_event for each row execute function ledger.refuse_change()",
        "create or replace function ledger.refuse_change() returns trigger language plpgsql as 'begin end'",
        f"set role {OWNER}",
        f"set session authorization {OWNER}",
        "set session_replication_role = replica",
        "update ops.quarantine_action set actor = 'me'",
        "update core.unit_cost set amount = 0",
        "delete from core.claim_event",
        "update core.supplier_claim set amount = 0",
        "truncate ops.sending_action",
        "delete from ops.applied_migration",
        "create table ledger.mine (a integer)",
        "create table public.mine (a integer)",
        "create schema mine",
    ],
)
def test_the_application_cannot_change_what_happened(booked: str, statement: str) -> None:
    with connect(booked) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement.encode())
        conn.rollback()
        assert conn.execute("select count(*) as n from ledger.unit_event").fetchone() == {"n": len(LIFE)}


@pytest.mark.parametrize(
    "statement",
    ["update ledger.unit_event set actor = 'me'", "delete from ledger.unit_event", "truncate ledger.unit_event"],
)
def test_the_trigger_stops_the_owner_too(booked: str, postgres_server: TestServer, statement: str) -> None:
    with connect(postgres_server.as_owner(booked)) as conn:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            conn.execute(statement.encode())
        conn.rollback()


def test_the_application_may_do_all_the_rest(booked: str) -> None:
    """Every table can be read and written by it, but those that say what happened and what was migrated."""
    rights = """
    select
        format('%%I.%%I', namespace.nspname, class.relname) as name,
        has_table_privilege(class.oid, 'select') as read,
        has_table_privilege(class.oid, 'insert') as add,
        has_table_privilege(class.oid, 'update') and has_table_privilege(class.oid, 'delete') as change,
        has_table_privilege(class.oid, 'truncate, references, trigger') as more
    from pg_class as class
    inner join pg_namespace as namespace on class.relnamespace = namespace.oid
    where namespace.nspname = any(%s) and class.relkind = any(%s)
    """
    with connect(booked) as conn:
        tables = {row["name"]: row for row in conn.execute(rights, (list(SCHEMAS), ["r", "p"]))}
        views = conn.execute(rights, (list(SCHEMAS), ["v", "m"])).fetchall()
    assert len(tables) > 50 and len(views) > 10
    assert all(row["read"] and not row["more"] for row in [*tables.values(), *views])
    assert not any(row["add"] or row["change"] for row in views)
    only_added_to = {
        "ledger.unit_event", "core.unit_cost", "core.claim_event", "ops.quarantine_action", "ops.sending_action",
        "ops.staff_role_change", "core.discrepancy_event", "channel.route_proposal", "channel.route_estimate",
        "channel.route_ruling", "ops.kaspi_write", "ops.kaspi_write_step", "ops.kaspi_write_switch",
        "core.preventive_action", "core.preventive_action_event", "channel.resale_sku_change", "core.supplier_claim",
        "core.supplier_claim_unit", "core.supplier_claim_withdrawn",
        "ops.weekly_mail", "ops.weekly_known", "core.decision_clock_event", "core.discrepancy_amount",
        "mart.signal_past", "mart.reason_worth_past", "mart.cause_share_past", "mart.action_effect_past",
        "mart.cohort_weekly_past", "mart.cause_weekly_past",
    }  # fmt: skip
    assert {name for name, row in tables.items() if not row["change"]} == {*only_added_to, "ops.applied_migration"}
    assert {name for name, row in tables.items() if not row["add"]} == {"ops.applied_migration"}


def test_rights_that_stand_are_not_given_again_and_others_are_put_right(
    new_warehouse: Callable[[], str], postgres_server: TestServer
) -> None:
    """A migration beside working tasks touches no table's rights for nothing; a right too many is taken away."""
    touched = """
    select xmin::text as version, relname, relacl
    from pg_class
    where relnamespace = 'ledger'::regnamespace and relkind in ('r', 'v')
    order by relname
    """
    owner = postgres_server.as_owner(new_warehouse())
    with connect(owner) as conn:
        before = conn.execute(touched).fetchall()
        conn.commit()
        migrate(owner)
        assert conn.execute(touched).fetchall() == before
        conn.execute(f"grant update, truncate on ledger.unit_event to {APPLICATION_ROLE}")
        conn.commit()
        migrate(owner)
        assert [row["relacl"] for row in conn.execute(touched)] == [row["relacl"] for row in before]


def test_statistics_are_refreshed_without_owning_the_tables(new_warehouse: Callable[[], str]) -> None:
    counted = "select reltuples from pg_class where oid = 'ledger.unit_event'::regclass"
    with connect(new_warehouse()) as conn:
        ledger.append(conn, [event(2, type_) for type_ in LIFE], NOW)
        conn.commit()
        assert conn.execute(counted).fetchone() == {"reltuples": -1}
        conn.commit()
        conn.autocommit = True
        conn.execute(text_of("ops/analyze").encode())
        assert conn.execute(counted).fetchone() == {"reltuples": len(LIFE)}
        with conn.transaction():
            conn.execute(text_of("raw/stage_order__analyze").encode())


def test_the_night_tells_whether_the_login_could_change_the_past(booked: str, postgres_server: TestServer) -> None:
    with connect(booked) as conn:
        assert conn.execute(text_of(CHECK).encode()).fetchall() == []
    with connect(postgres_server.as_owner(booked)) as conn:
        (found,) = conn.execute(text_of(CHECK).encode()).fetchall()
    assert (found["merchant_id"], found["record_key"]) == ("*", OWNER)


def test_the_application_cannot_migrate_and_is_told_who_can(booked: str) -> None:
    with pytest.raises(NotTheOwner, match=f"{APPLICATION} may not change the schema"):
        migrate(booked)


@pytest.fixture(scope="module")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """A server that has only the owner's role, as an installation of before."""
    with running_server(tmp_path_factory.mktemp("bare")) as server:
        yield server


def _roles(server: TestServer) -> set[str]:
    with psycopg.connect(server.address("postgres")) as conn:
        return {row[0] for row in conn.execute("select rolname from pg_roles")}


def test_an_installation_of_before_goes_on_and_gets_its_second_login(
    bare_server: TestServer, caplog: pytest.LogCaptureFixture
) -> None:
    """First the owner migrates and works as ever, told what is missing; then an administrator makes the logins."""
    owner = bare_server.create_database("before")
    with caplog.at_level(logging.WARNING):
        assert migrate(owner)
    assert f"create role {APPLICATION_ROLE} nologin" in caplog.text
    assert APPLICATION_ROLE not in _roles(bare_server)
    with connect(owner) as conn:
        ledger.append(conn, [event(1, type_) for type_ in LIFE], NOW)
    postgres.ensure_application(bare_server.address("postgres"), "before", APPLICATION, bare_server.password)
    assert migrate(owner) == []
    with connect(bare_server.address("before", APPLICATION)) as conn:
        _works_and_cannot_change(conn)
    postgres.ensure_application(bare_server.address("postgres"), "before", APPLICATION, bare_server.password)  # again


def test_an_owner_who_may_create_roles_makes_the_applications(bare_server: TestServer) -> None:
    with psycopg.connect(bare_server.address("postgres"), autocommit=True) as conn:
        conn.execute("drop database if exists before with (force)")
        for role in (APPLICATION, APPLICATION_ROLE):
            conn.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
        conn.execute(sql.SQL("alter role {} createrole").format(sql.Identifier(OWNER)))
    migrate(bare_server.create_database("alone"))
    assert APPLICATION_ROLE in _roles(bare_server)


def _works_and_cannot_change(conn: Connection) -> None:
    assert ledger.append(conn, [event(2, type_) for type_ in LIFE], NOW).accepted
    conn.commit()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("delete from ledger.unit_event")
    conn.rollback()
