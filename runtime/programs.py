"""The programs of an instance, as the supervisor runs them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from runtime.airflow_home import airflow_environment, base_environment
from runtime.keys import INSTANCE_VARIABLE, Keys
from runtime.layout import Layout
from runtime.ports import LOOPBACK, Ports
from runtime.postgres import Server, dsn
from runtime.postgres import environment as postgres_environment

WAREHOUSE = "warehouse"  # the database, and the login that owns it
APPLICATION = "warehouse_app"  # the login that everything but a migration works with
MANNERS_VARIABLE = "QAITARYM_SANDBOX_MANNERS"  # how badly the sandbox's shop behaves; see docs/sandbox.md
AIRFLOW_PROGRAMS = ("airflow-api", "airflow-dags", "airflow-scheduler", "airflow-triggerer")


@dataclass(frozen=True)
class Program:
    """One supervised program. `stop_seconds` is how long it may take to end before it is killed."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    user: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 10
    priority: int = 500
    exit_codes: list[int] = field(default_factory=lambda: [0])


def sandbox_url(ports: Ports) -> str:
    """The base address of the sandbox world."""
    return f"http://{LOOPBACK}:{ports.sandbox}"


def feed_url(ports: Ports) -> str:
    """The public base address of the price lists."""
    return f"http://{LOOPBACK}:{ports.feed}"


def clock_url(ports: Ports) -> str:
    """Who is asked for the business time in the demonstration."""
    return f"{sandbox_url(ports)}/control/clock"


def warehouse_dsn(ports: Ports, keys: Keys) -> str:
    """The connection URL of the warehouse database, for the application: it may not change what happened."""
    return dsn(ports.postgres, APPLICATION, keys.warehouse_app_password, WAREHOUSE)


def owner_dsn(ports: Ports, keys: Keys) -> str:
    """The connection URL of the warehouse database, for migrations."""
    return dsn(ports.postgres, WAREHOUSE, keys.warehouse_password, WAREHOUSE)


def all_programs(layout: Layout, ports: Ports, keys: Keys, server: Server) -> list[Program]:
    """Every program; all carry the instance's id in their environment."""
    mark = {INSTANCE_VARIABLE: keys.instance}
    python = base_environment(layout) | mark
    airflow = airflow_environment(layout, ports, keys) | mark
    programs = [
        Program(
            "postgres",
            server.command(ports.postgres),
            postgres_environment() | mark,
            Path(server.base),
            user=server.user,
            stop_signal="INT",  # a fast shutdown: sessions are ended, nothing is lost
            stop_seconds=30,
            priority=1,
        ),
        Program("sandbox", _sandbox_command(layout, ports), python, layout.root),
        Program(
            "feed",
            _feed_command(ports),
            python | {"QAITARYM_WAREHOUSE_DSN": warehouse_dsn(ports, keys)},
            layout.root,
        ),
    ]
    for name, arguments in zip(AIRFLOW_PROGRAMS, _airflow_arguments(), strict=True):
        programs.append(Program(name, airflow_command(*arguments), airflow, layout.airflow_home))
    return programs


def airflow_command(*arguments: str) -> list[str]:
    """A command line of Airflow's own program, with the Python that runs us."""
    return [sys.executable, "-m", "airflow", *arguments]


def _airflow_arguments() -> list[list[str]]:
    # The logs lie on this machine and the api-server reads them there: no log servers, two processes less.
    return [
        ["api-server"],
        ["dag-processor"],
        ["scheduler", "--skip-serve-logs"],
        ["triggerer", "--skip-serve-logs"],
    ]


def _feed_command(ports: Ports) -> list[str]:
    return [
        *(sys.executable, "-m", "include.feed_server", "--dsn-env", "QAITARYM_WAREHOUSE_DSN"),
        *("--port", str(ports.feed), "--clock", clock_url(ports)),
    ]


def _sandbox_command(layout: Layout, ports: Ports) -> list[str]:
    manners = os.environ.get(MANNERS_VARIABLE)
    return [
        *(sys.executable, "-m", "include.sandbox", "--state-dir", str(layout.sandbox)),
        *("--port", str(ports.sandbox), "--smtp-port", str(ports.smtp)),
        *(("--manners", manners) if manners else ()),
    ]
