"""Preventive actions: registered by somebody who may, judged by the weekly flow, never changed silently."""

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.db.connection import Connection, connect
from include.domain.actions import Action, BadAction
from include.domain.staff import Staff
from include.flows import actions, staff
from include.flows.desk_access import NotAllowed, NotFound
from tests.db.test_return_causes_weekly import NOW, STORY, whole_run

ROOT = Path(__file__).resolve().parents[2]
SAULE = Staff("saule", {"alpha": "supervisor", "beta": "viewer"})
ACTION = Action(
    "alpha", "supplier_instruction", {"supplier": "Nomad", "batch": "B7"}, "half as many defects", "Aigul",
    dt.date(2026, 9, 14), "defective",
)  # fmt: skip


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        psycopg.ClientCursor(conn).execute(STORY.read_bytes(), {"now": NOW})
    return address


def changed(**values: Any) -> Action:
    facts = {name: getattr(ACTION, name) for name in Action.__slots__} | values
    return Action(**facts)


def test_an_action_is_registered_once_with_who_said_it(dsn: str) -> None:
    with connect(dsn) as conn:
        first = actions.register(conn, SAULE, ACTION, NOW)
        assert actions.register(conn, SAULE, changed(hypothesis="said again"), NOW) == first
        (row,) = actions.actions(conn, SAULE)
        assert (row["action_id"], row["hypothesis"], row["registered_by"], row["registered_at"]) == (
            first, "half as many defects", "saule", NOW,
        )  # fmt: skip
        assert (row["ended_on"], row["withdrawn"], row["scope"]) == (None, False, {"supplier": "Nomad", "batch": "B7"})


def test_only_a_supervisor_of_the_merchant_registers_and_nobody_sees_anothers(dsn: str) -> None:
    with connect(dsn) as conn:
        with pytest.raises(NotAllowed):
            actions.register(conn, Staff("bolat", {"alpha": "inspector"}), ACTION, NOW)
        with pytest.raises(NotAllowed):
            actions.register(conn, SAULE, changed(merchant_id="beta"), NOW)
        known = actions.register(conn, SAULE, ACTION, NOW)
        stranger = Staff("dana", {"beta": "supervisor"})
        assert actions.actions(conn, stranger) == []
        with pytest.raises(NotFound):
            actions.end(conn, stranger, known, dt.date(2026, 10, 1), None, NOW)
        with pytest.raises(NotAllowed):
            actions.end(conn, Staff("eva", {"alpha": "viewer"}), known, dt.date(2026, 10, 1), None, NOW)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"kind": "prayer"}, "none of"),
        ({"scope": {}}, "say what it is about"),
        ({"scope": {"colour": "red"}}, "colour"),
        ({"scope": {"supplier": "Nobody"}}, "has sold nothing of supplier 'Nobody'"),
        ({"scope": {"city": "Рим"}}, "city 'Рим'"),
        ({"reason": "bad_luck"}, "bad_luck"),
        ({"hypothesis": " "}, "hypothesis"),
        ({"owner": ""}, "owner"),
        ({"starts_on": dt.date(2030, 1, 1)}, "more than a year"),
    ],
)
def test_what_says_too_little_is_refused_with_the_reason(dsn: str, values: dict[str, Any], why: str) -> None:
    with connect(dsn) as conn, pytest.raises(BadAction, match=why):
        actions.register(conn, SAULE, changed(**values), NOW)


def test_an_end_and_a_mistake_are_further_rows_and_the_register_is_never_changed(dsn: str) -> None:
    with connect(dsn) as conn:
        known = actions.register(conn, SAULE, ACTION, NOW)
        with pytest.raises(BadAction, match="withdraw it instead"):
            actions.end(conn, SAULE, known, dt.date(2026, 9, 1), None, NOW)
        assert actions.end(conn, SAULE, known, dt.date(2026, 11, 1), "the batch is sold out", NOW)
        assert not actions.end(conn, SAULE, known, dt.date(2026, 11, 2), None, NOW)
        assert actions.withdraw(conn, SAULE, known, None, NOW)
        (row,) = actions.actions(conn, SAULE)
        assert (row["ended_on"], row["withdrawn"]) == (dt.date(2026, 11, 1), True)
    for table in ("preventive_action", "preventive_action_event"):
        with connect(dsn) as conn, pytest.raises(psycopg.Error):
            conn.execute(f"delete from core.{table}".encode())


def effects(conn: Connection) -> dict[str, dict[str, Any]]:
    rows = conn.execute(b"select * from mart.action_effect").fetchall()
    return {row["kind"]: row for row in rows}


def test_the_weekly_flow_judges_what_was_done(dsn: str) -> None:
    """Defects of batch B7 rose from the start of October on: an 'action' of that day made it worse, says the data."""
    harmful = changed(starts_on=dt.date(2026, 10, 5))
    small = changed(kind="description", scope={"sku": "A001"}, starts_on=dt.date(2026, 11, 2))
    mistaken = changed(kind="packaging_standard")
    with connect(dsn) as conn:
        for action in (harmful, small, mistaken):
            actions.register(conn, SAULE, action, NOW)
        actions.withdraw(conn, SAULE, mistaken.action_id, "another merchant's", NOW)
    whole_run(dsn)
    with connect(dsn) as conn:
        found = effects(conn)
        assert set(found) == {"supplier_instruction", "description"}
        told = found["supplier_instruction"]
        assert told["evidence"]["compared_with"] == "other goods"
        assert told["verdict"] in ("made_worse", "not_enough_data")
        assert (told["started_on"], told["owner"], told["known_on"]) == (harmful.starts_on, "Aigul", NOW.date())
        assert (found["description"]["verdict"], found["description"]["effect"]) == ("not_enough_data", None)
        assert found["description"]["evidence"]["because"]
        before = conn.execute(b"select xmin::text as x, action_effect.* from mart.action_effect order by 2").fetchall()
    whole_run(dsn)
    with connect(dsn) as conn:
        after = conn.execute(b"select xmin::text as x, action_effect.* from mart.action_effect order by 2").fetchall()
    assert before == after


def test_what_was_judged_to_its_end_stays_said_when_its_past_is_read_no_more(dsn: str) -> None:
    """A year later the weeks before the action are out of sight; the verdict is that of 39 weeks after it."""
    harmful = changed(starts_on=dt.date(2026, 10, 5))
    with connect(dsn) as conn:
        actions.register(conn, SAULE, harmful, NOW)
    told = []
    for weeks in (20, 50, 70):
        whole_run(dsn, NOW + dt.timedelta(weeks=weeks))
        with connect(dsn) as conn:
            row = conn.execute(b"select xmin::text as x, action_effect.* from mart.action_effect").fetchone()
        assert row is not None
        told.append(row)
    assert [row["evidence"]["judged_to"] for row in told] == ["2027-04-05", "2027-07-05", "2027-07-05"]
    assert told[1]["evidence"]["weeks_before"] == 12 and told[1]["evidence"]["others_returned_before"] > 0
    assert (told[1]["verdict"], told[1]["effect"]) == (told[0]["verdict"], told[0]["effect"])
    assert told[2] == told[1]


def test_the_command_registers_ends_and_lists(dsn: str) -> None:
    def tool(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tools.actions", *arguments],
            cwd=ROOT, env={"PATH": "", "QAITARYM_WAREHOUSE_DSN": dsn}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    with connect(dsn) as conn:
        staff.grant(conn, "saule", "alpha", "supervisor", actor="root", now=NOW)
    said = (
        "--merchant", "alpha", "--kind", "description", "--owner", "Aigul", "--hypothesis", "fewer", "--starts-on",
        "2026-11-01", "--reason", "does_not_fit",
    )  # fmt: skip
    done = tool("register", "--actor", "saule", "--scope", "category=Наушники", *said)
    assert done.returncode == 0, done.stderr
    known = done.stdout.strip()
    assert tool("end", known, "--on", "2026-12-01", "--actor", "saule").returncode == 0
    assert tool("end", known, "--on", "2026-12-01", "--actor", "saule").returncode == 1
    listed = tool("list", "--actor", "saule")
    assert known in listed.stdout and "until 2026-12-01" in listed.stdout and "category Наушники" in listed.stdout
    refused = tool("register", "--actor", "bolat", "--scope", "category=Наушники", *said)
    assert refused.returncode == 1 and "no supervisor" in refused.stderr
    assert "name=value" in tool("register", "--actor", "saule", "--scope", "Наушники", *said).stderr
