"""The demonstration as a user sees it: one command, then true numbers."""

from __future__ import annotations

import hashlib
import stat
import subprocess
import sys
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from runtime.bring_up import DAG_IDS
from runtime.keys import INSTANCE_VARIABLE, read_keys
from runtime.layout import Layout
from runtime.stop import find_processes
from tests.e2e.conftest import ROOT, Demo

pytestmark = pytest.mark.timeout(1200)

SUMMARY_KEYS = {
    "airflow_url",
    "username",
    "password",
    "console_url",
    "warehouse_dsn",
    "mailbox_dir",
    "dag_runs",
    "counts",
    "reconciled_share",
    "seconds",
}
BUSINESS_SCHEMAS = ("raw", "core", "ledger", "channel")
# Written by reading, not by a decision: when the buyer or a sweep last looked.
LOOKED_AT = {("channel", "feed_fetch"), ("channel", "base_list"), ("channel", "observation")}


def test_every_run_succeeded(demo: Demo) -> None:
    assert demo.summary["dag_runs"] == dict.fromkeys(DAG_IDS, "success")


def test_summary_has_exactly_its_keys(demo: Demo) -> None:
    assert set(demo.summary) == SUMMARY_KEYS
    assert stat.S_IMODE((demo.run / "summary.json").stat().st_mode) == 0o600


def test_a_taken_port_is_chosen_anew(demo: Demo, occupied_port: int) -> None:
    demo.must_be_ours()
    assert not demo.summary["airflow_url"].endswith(f":{occupied_port}")
    assert demo.airflow.is_healthy(("metadatabase", "scheduler", "dag_processor", "triggerer"))


def test_counts_are_those_of_the_world(demo: Demo) -> None:
    merchants = demo.sandbox.truth()["world"]["merchants"]
    counts = demo.summary["counts"]
    assert counts["received"] == total(merchants, "received")
    assert counts["inspected"] == total(merchants, "inspected")
    assert counts["requested"] == total(merchants, "requested_certain")
    awaiting = sum(sum(merchant["awaiting_restock"].values()) for merchant in merchants.values())
    assert counts["restocked"] == total(merchants, "restocked_by_previous_system") + awaiting


def test_counts_are_those_that_followed_from_our_lists(demo: Demo) -> None:
    truth = demo.sandbox.truth()
    world, listings = truth["world"]["merchants"], truth["listings"]["merchants"]
    counts = demo.summary["counts"]
    before_us = total(world, "restocked_by_previous_system")
    assert counts["observed"] == before_us + total(listings, "units_observed")
    assert counts["resold"] == total(world, "resold_by_previous_system") + total(listings, "units_resold")


def total(merchants: dict[str, dict[str, Any]], name: str) -> int:
    return sum(int(merchant[name]) for merchant in merchants.values())


def test_the_weekly_mail_lies_in_the_mailbox(demo: Demo) -> None:
    found = sorted(Path(demo.summary["mailbox_dir"]).glob("*.eml"))
    mails = [mail for mail in found if b"Message-ID: <kpi." in mail.read_bytes()]
    recipients = {mail.stem.split("-", 1)[1] for mail in mails}
    readers = {merchant["email"] for merchant in demo.sandbox.world()["merchants"]}
    assert readers < recipients, "every merchant gets a mail, and somebody else the one about all"
    # beside it lie the alerts of claims that must be sent soon, mails of text alone
    kinds = [
        {part.get_content_type() for part in message_from_bytes(mail.read_bytes(), policy=default).walk()}
        for mail in mails
    ]
    assert sum({"text/plain", "text/html", "image/png"} <= found for found in kinds) >= len(readers) + 1


def test_the_console_needs_a_login(demo: Demo) -> None:
    assert requests.get(demo.summary["console_url"], timeout=30).status_code == 401


def test_secrets_are_readable_only_by_their_owner(demo: Demo) -> None:
    for name in ("secrets.json", "supervisord.conf", "summary.json", "airflow/passwords.json"):
        assert stat.S_IMODE((demo.run / name).stat().st_mode) == 0o600, name


def business_checksums(dsn: str) -> dict[str, str]:
    """One hash a business table, over its rows in a fixed order."""
    found = {}
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema = any(%s) and table_type = 'BASE TABLE'",
            (list(BUSINESS_SCHEMAS),),
        ).fetchall()
        for schema, table in tables:
            if (schema, table) not in LOOKED_AT:
                query = psycopg.sql.SQL("select t::text from {} as t order by 1").format(
                    psycopg.sql.Identifier(schema, table)
                )
                digest = hashlib.sha256("\n".join(row[0] for row in connection.execute(query)).encode())
                found[f"{schema}.{table}"] = digest.hexdigest()
    return found


def test_a_second_demo_is_quick_and_changes_nothing(demo: Demo) -> None:
    demo.must_be_ours()
    before = business_checksums(demo.summary["warehouse_dsn"])
    assert "ledger.unit_event" in before
    demo.command("demo")
    again = demo.read_summary()
    assert again["seconds"] < 30
    assert {**again, "seconds": 0} == {**demo.summary, "seconds": 0}
    assert business_checksums(again["warehouse_dsn"]) == before


@pytest.mark.ends_the_demo
def test_stop_ends_all_of_ours_and_nobody_else(demo: Demo) -> None:
    demo.must_be_ours()
    layout = Layout(root=ROOT, run=demo.run, dags=ROOT / "dags")
    keys = read_keys(layout.keys)
    assert keys is not None
    assert len(find_processes(layout, keys)) > 6
    bystander = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], env={INSTANCE_VARIABLE: "somebody-else"}
    )
    try:
        demo.command("stop")
        assert find_processes(layout, keys) == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
