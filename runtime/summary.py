"""What the demonstration ends with: a page of text and `.run/summary.json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from include.db.connection import connect
from include.db.statements import run
from runtime.airflow_home import ADMIN, airflow_url
from runtime.bring_up import DAG_IDS, Installation
from runtime.private_file import write_json
from runtime.programs import sandbox_url
from runtime.stopwatch import Stopwatch

CONSOLE_PATH = "/qaitarym/"
COUNTS = ("requested", "received", "inspected", "restocked", "observed", "resold")


@dataclass(frozen=True)
class Summary:
    """The keys of summary.json; programs and tests read them."""

    airflow_url: str
    username: str
    password: str
    console_url: str
    warehouse_dsn: str
    mailbox_dir: str
    dag_runs: dict[str, str]
    counts: dict[str, int]
    reconciled_share: float
    seconds: float


def state_of_runs(states: list[str]) -> str:
    """One word for all runs of a DAG: `failed` if any failed, `success` if one succeeded, else `none`."""
    if "failed" in states:
        return "failed"
    return "success" if "success" in states else "none"


def gather(installation: Installation, seconds: float) -> Summary:
    """Ask Airflow and the warehouse how far things have come."""
    url = airflow_url(installation.ports)
    counts = flow_counts(installation.warehouse_dsn)
    return Summary(
        airflow_url=url,
        username=ADMIN,
        password=installation.keys.admin_password,
        console_url=url + CONSOLE_PATH,
        warehouse_dsn=installation.warehouse_dsn,
        mailbox_dir=str(installation.layout.mailbox),
        dag_runs={
            dag_id: state_of_runs([str(found["state"]) for found in installation.airflow.runs(dag_id, limit=100)])
            for dag_id in DAG_IDS
        },
        counts={name: int(counts[name]) for name in COUNTS},
        reconciled_share=float(counts["reconciled_share"] or 0),
        seconds=round(seconds, 1),
    )


def flow_counts(warehouse_dsn: str) -> dict[str, Any]:
    """The one row of sql/mart/flow_counts.sql."""
    with connect(warehouse_dsn, application="qaitarym summary") as conn:
        row = run(conn, "mart/flow_counts").fetchone()
    assert row is not None
    return row


def report(installation: Installation, summary: Summary, watch: Stopwatch) -> str:
    """The summary as text."""
    mailbox = f"{sandbox_url(installation.ports)}/mailbox"
    lines = ["", "Qaitarym is running.", ""]
    lines += _table(
        [
            ("Airflow", summary.airflow_url),
            ("login", f"{summary.username} / {summary.password}"),
            ("console", summary.console_url),
            ("mailbox", mailbox),
            ("phones", f"{sandbox_url(installation.ports)}/phones"),
            ("warehouse", summary.warehouse_dsn),
            ("logs", str(installation.layout.logs)),
        ]
    )
    lines += ["", "DAG runs", *_table(list(summary.dag_runs.items()))]
    lines += ["", "Units", *_table([(name, str(count)) for name, count in summary.counts.items()])]
    lines += _table([("reconciled share", f"{summary.reconciled_share:.1%}")])
    lines += ["", "Where the time went"]
    lines += _table([(name, f"{seconds:6.1f} s") for name, seconds in watch.steps])
    lines += _table([("in all", f"{summary.seconds:6.1f} s")])
    lines += ["", "It goes on running; `make stop` ends it, `make demo` brings it back.", ""]
    return "\n".join(lines)


def _table(rows: list[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"  {name:<{width}}  {value}" for name, value in rows]


def write(installation: Installation, summary: Summary) -> None:
    """Write summary.json; it holds a password, so only its owner can read it."""
    write_json(installation.layout.summary, asdict(summary))
