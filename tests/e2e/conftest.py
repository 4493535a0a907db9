"""One full demonstration for all end-to-end tests, in a run folder of its own.

QAITARYM_E2E_RUN=<run folder> gives them one that is running already (that of ``make demo`` is ``.run``): it is looked
at, never started, changed, stopped or cleaned, and the tests that would do so are skipped.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.airflow_api import AirflowApi
from runtime.browser import find_browser
from runtime.layout import RUN_DIR_VARIABLE
from runtime.ports import LOOPBACK, PREFERRED_AIRFLOW_PORT, read_ports
from runtime.programs import MANNERS_VARIABLE, sandbox_url
from runtime.sandbox_control import SandboxControl

ROOT = Path(__file__).resolve().parents[2]
DEMO_SECONDS = 900
GIVEN_RUN_VARIABLE = "QAITARYM_E2E_RUN"
# One call in twenty is answered badly, in one of ten ways; what few calls can show comes oftener. Pages are short: a
# list of this small world has several then.
MANNERS = "all=0.005,leak=0.01,page_count=0.01,duplicate=0.04,page_size=25"


@dataclass
class Demo:
    """A demonstration that was run: where it is, what it printed, what it wrote."""

    run: Path
    output: str
    seconds: float
    summary: dict[str, Any]
    given: bool = False

    @property
    def airflow(self) -> AirflowApi:
        return AirflowApi(self.summary["airflow_url"], self.summary["username"], self.summary["password"])

    @property
    def sandbox(self) -> SandboxControl:
        ports = read_ports(self.run / "ports.json")
        assert ports is not None
        return SandboxControl(sandbox_url(ports))

    def must_be_ours(self) -> None:
        """Skip a test that changes the demonstration, or asks how it was started, where it is somebody else's."""
        if self.given:
            pytest.skip(f"a demonstration given by {GIVEN_RUN_VARIABLE} is only looked at")

    def command(self, name: str) -> str:
        """Run `python -m runtime <name>` on this run folder; returns what it printed."""
        self.must_be_ours()
        return run_command(self.run, name)

    def read_summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.run / "summary.json").read_text(encoding="utf-8"))
        return found


def run_command(run: Path, name: str) -> str:
    """Run a command of the runtime; fails with its output when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "runtime", name],
        cwd=ROOT,
        env=os.environ | {RUN_DIR_VARIABLE: str(run), "QAITARYM_STARTED": "", MANNERS_VARIABLE: MANNERS},
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"`runtime {name}` failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def occupied_port() -> Iterator[int]:
    """Airflow's usual port, held by somebody who is not us."""
    with ExitStack() as stack:
        holder = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((LOOPBACK, PREFERRED_AIRFLOW_PORT))
            holder.listen()
        except OSError:
            pass  # somebody else holds it already: as good
        yield PREFERRED_AIRFLOW_PORT


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, occupied_port: int) -> Iterator[Demo]:
    """The demonstration, running; everything of it is removed in the end (nothing of one that was given)."""
    given = os.environ.get(GIVEN_RUN_VARIABLE)
    if given:
        looked_at = Demo(Path(given).resolve(), "", 0.0, {}, given=True)
        looked_at.summary = looked_at.read_summary()
        yield looked_at
        return
    run = tmp_path_factory.mktemp("demo") / "run"
    begun = time.monotonic()
    try:
        output = run_command(run, "demo")
        found = Demo(run, output, time.monotonic() - begun, {})
        found.summary = found.read_summary()
        yield found
    finally:
        run_command(run, "clean")


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The path of Chromium; without one the browser tests are skipped, saying so."""
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium here: install the package `chromium` to run the browser tests")
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that end the shared demonstration come last."""
    items.sort(key=lambda item: item.get_closest_marker("ends_the_demo") is not None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "ends_the_demo: stops the demonstration that all end-to-end tests share")
