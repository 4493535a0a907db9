"""What `make stop` finds when there is no supervisor left to ask, on real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runtime.keys import INSTANCE_VARIABLE, Keys, keep_keys
from runtime.layout import Layout
from runtime.private_file import write_json
from runtime.stop import find_processes, stop_everything

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
# A leader that ignores the polite signal and has a child in its session, in a process group of its own.
PARENT = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen({SLEEP!r}, process_group=0)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(root=tmp_path, run=tmp_path / "run", dags=tmp_path / "dags")
    found.make_folders()
    return found


@pytest.fixture
def keys(layout: Layout) -> Keys:
    return keep_keys(layout.keys)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else's process: another installation's id, a session of its own."""
    process = subprocess.Popen(SLEEP, env={INSTANCE_VARIABLE: "somebody-else"}, start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_marked_process_is_ended_and_a_bystander_is_not(
    layout: Layout, keys: Keys, bystander: subprocess.Popen[bytes]
) -> None:
    ours = subprocess.Popen(SLEEP, env={INSTANCE_VARIABLE: keys.instance}, start_new_session=True)
    lines = stop_everything(layout)
    assert [line for line in lines if str(ours.pid) in line]
    ours.wait(timeout=5)
    assert find_processes(layout, keys) == []
    assert bystander.poll() is None


def test_a_session_is_ended_without_looking_into_its_processes(
    layout: Layout, keys: Keys, bystander: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.stop._TERMINATE_SECONDS", 1.0)
    leader = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, start_new_session=True)
    assert leader.stdout is not None
    leader.stdout.readline()
    child = psutil.Process(leader.pid).children()[0]
    write_json(layout.session, {"id": leader.pid, "created": psutil.Process(leader.pid).create_time()})
    leader.kill()
    leader.wait()
    assert [process.pid for process in find_processes(layout, keys)] == [child.pid]
    stop_everything(layout)
    assert find_processes(layout, keys) == []
    assert bystander.poll() is None
    leader.stdout.close()


def test_a_reused_session_number_is_not_ours(layout: Layout, keys: Keys, bystander: subprocess.Popen[bytes]) -> None:
    created = psutil.Process(bystander.pid).create_time()
    write_json(layout.session, {"id": bystander.pid, "created": created - 3600})
    assert stop_everything(layout) == []
    assert bystander.poll() is None
