"""Roles: what they allow, who gives them, and that every change leaves a trace."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from include.db.connection import Connection, connect
from include.domain.staff import Staff
from include.flows import desk, staff
from tests.db.desk_world import NOW, DeskWorld

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def conn(new_warehouse: Callable[[], str]) -> Connection:
    world = DeskWorld(new_warehouse())
    world.set_up()
    return connect(world.dsn)


def test_a_role_is_given_changed_and_taken_and_every_change_is_kept(conn: Connection) -> None:
    with conn:
        assert staff.grant(conn, "olga", "tech", "operator", actor="root", now=NOW)
        assert not staff.grant(conn, "olga", "tech", "operator", actor="root", now=NOW)
        assert staff.grant(conn, "olga", "tech", "supervisor", actor="saule", now=NOW)
        assert desk.staff_of(conn, "olga") == Staff("olga", {"tech": "supervisor"})
        assert staff.revoke(conn, "olga", "tech", actor="root", now=NOW)
        assert not staff.revoke(conn, "olga", "tech", actor="root", now=NOW)
        assert desk.staff_of(conn, "olga") == Staff("olga", {})
        kept = [(one["role_before"], one["role_after"], one["actor"], one["at"]) for one in staff.changes(conn, "olga")]
        assert kept == [
            (None, "operator", "root", NOW), ("operator", "supervisor", "saule", NOW),
            ("supervisor", None, "root", NOW),
        ]  # fmt: skip


def test_a_change_by_hand_leaves_a_trace_too_and_the_trace_cannot_be_changed(conn: Connection) -> None:
    with conn:
        conn.execute(
            "insert into ops.staff_role (user_name, merchant_id, role, granted_by, granted_at) "
            "values ('x', '*', 'supervisor', 'x', now())"
        )
        (kept,) = staff.changes(conn)
        assert kept["role_after"] == "supervisor" and kept["actor"] == conn.info.user
        for statement in ("update ops.staff_role_change set actor = 'me'", "delete from ops.staff_role_change"):
            with (
                pytest.raises((psycopg.errors.RaiseException, psycopg.errors.InsufficientPrivilege)),
                conn.transaction(),
            ):
                conn.execute(statement.encode())


def test_a_supervisor_gives_roles_of_his_own_merchants_only(conn: Connection) -> None:
    with conn:
        of_kids, of_all = Staff("k", {"kids": "supervisor"}), Staff("a", {"*": "supervisor"})
        assert staff.set_role(conn, of_kids, "olga", "kids", "inspector", NOW)
        for merchant_id in ("tech", "*"):
            with pytest.raises(desk.NotAllowed):
                staff.set_role(conn, of_kids, "olga", merchant_id, "viewer", NOW)
        assert staff.set_role(conn, of_all, "ivan", "*", "inspector", NOW)
        assert [row["user_name"] for row in staff.roles(conn, of_kids)] == ["olga"]
        assert [row["user_name"] for row in staff.roles(conn, of_all)] == ["ivan", "olga"]
        with pytest.raises(desk.NotAllowed):
            staff.roles(conn, Staff("v", {"*": "inspector"}))
        assert staff.set_role(conn, of_kids, "olga", "kids", None, NOW)
        with pytest.raises(desk.Refused, match="no merchant"):
            staff.grant(conn, "olga", "nobody", "viewer", actor="root", now=NOW)


def test_the_command_gives_lists_and_takes(conn: Connection) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"QAITARYM_WAREHOUSE_DSN": conn.info.dsn + f" password={conn.info.password}"}
        return subprocess.run(
            [sys.executable, "-m", "tools.staff", *arguments], cwd=ROOT, env=env, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    who = ("--user", "olga", "--merchant", "*", "--actor", "root")
    assert command("grant", *who, "--role", "operator").returncode == 0
    assert command("grant", *who, "--role", "operator").returncode == 1
    assert "olga" in command("list").stdout and "operator" in command("list").stdout
    assert command("revoke", *who).returncode == 0
    assert command("list").stdout == ""
    history = command("history", "--user", "olga").stdout.splitlines()
    assert [line.split("  ")[3] for line in history] == ["- -> operator", "operator -> -"]
    wrong = command("grant", "--user", "olga", "--merchant", "m", "--actor", "root", "--role", "viewer")
    assert wrong.returncode == 1 and "no merchant 'm'" in wrong.stderr
