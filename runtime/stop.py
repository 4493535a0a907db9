"""Ending an instance: its supervisor ends the programs, then whatever is left of ours is ended by its id.

Ours is what carries the instance's id in its environment, what lives in our supervisor's session, what works
in our database's folder, and what descends from one of these. Nothing else is touched.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from runtime.keys import INSTANCE_VARIABLE, Keys, read_keys
from runtime.layout import Layout
from runtime.ports import read_ports
from runtime.postgres import Server
from runtime.private_file import read_json
from runtime.programs import AIRFLOW_PROGRAMS
from runtime.supervisor import Supervisor
from runtime.waiting import TooLateError

_PROGRAM_SECONDS = 30.0
_SHUTDOWN_SECONDS = 45.0
_TERMINATE_SECONDS = 10.0


def stop_everything(layout: Layout) -> list[str]:
    """Stop the instance of `layout`; returns a line for each process that had to be ended one by one.

    Raises RuntimeError when something of ours survives even that.
    """
    keys = read_keys(layout.keys)
    if keys is None:
        return []
    known = _ask_supervisor(layout, keys)
    psutil.wait_procs(known, timeout=_SHUTDOWN_SECONDS)
    stubborn = _unite(_living(known), find_processes(layout, keys))
    lines = [f"ended one by one: {_describe(process)}" for process in stubborn]
    _end(stubborn)
    left = find_processes(layout, keys)
    if left:
        raise RuntimeError("these processes could not be ended: " + "; ".join(map(_describe, left)))
    layout.session.unlink(missing_ok=True)
    return lines


def _ask_supervisor(layout: Layout, keys: Keys) -> list[psutil.Process]:
    """Let the supervisor stop all; returns it with all its descendants as they were before."""
    ports = read_ports(layout.ports)
    if ports is None:
        return []
    supervisor = Supervisor(layout, ports, keys)
    if not supervisor.is_up():
        return []
    parent = psutil.Process(supervisor.pid())
    known = [parent, *parent.children(recursive=True)]
    try:
        # The supervisor by itself would stop one after the other; the database goes last, in its shutdown.
        supervisor.stop([*AIRFLOW_PROGRAMS, "feed", "sandbox"], _PROGRAM_SECONDS)
        supervisor.shutdown()
    except (TooLateError, OSError):
        pass  # whoever is left is ended by id
    return known


def find_processes(layout: Layout, keys: Keys) -> list[psutil.Process]:
    """All living processes of the instance, found without the supervisor; never this one or its parents."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    traces = Traces.read(layout, keys)
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if _is_alive(process) and traces.fit(process):
            for one in (process, *_descendants(process)):
                found[one.pid] = one
    return [process for pid, process in found.items() if pid not in own and _is_alive(process)]


@dataclass(frozen=True)
class Traces:
    """What tells a process of the instance from any other."""

    instance: str
    data: Path | None
    session: tuple[int, float] | None

    @classmethod
    def read(cls, layout: Layout, keys: Keys) -> Traces:
        """The traces as the last start wrote them down."""
        server, session = read_json(layout.postgres_record), read_json(layout.session)
        return cls(
            instance=keys.instance,
            data=None if server is None else Server(**server).data,
            session=None if session is None else (session["id"], session["created"]),
        )

    def fit(self, process: psutil.Process) -> bool:
        """Whether the process is one of ours."""
        return self._is_marked(process) or self._is_of_session(process) or self._is_of_database(process)

    def _is_marked(self, process: psutil.Process) -> bool:
        try:
            return bool(process.environ().get(INSTANCE_VARIABLE) == self.instance)
        except (psutil.Error, OSError):
            return False

    def _is_of_session(self, process: psutil.Process) -> bool:
        # Airflow closes its workers' memory to everybody, their environment with it; the session is visible.
        # The number may be given anew only after all of the session are gone, and then to somebody younger.
        if self.session is None:
            return False
        number, created = self.session
        try:
            if os.getsid(process.pid) != number or process.uids().real != os.getuid():
                return False
            leader = psutil.Process(number) if psutil.pid_exists(number) else None
            return leader is None or abs(leader.create_time() - created) < 1
        except (psutil.Error, OSError):
            return False

    def _is_of_database(self, process: psutil.Process) -> bool:
        # The server's sessions write their title over their environment, but all work in the data folder.
        if self.data is None or not _name(process).startswith("postgres"):
            return False
        try:
            return Path(process.cwd()) == self.data
        except (psutil.Error, OSError):
            return False


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if _is_alive(process)]


def _unite(*groups: list[psutil.Process]) -> list[psutil.Process]:
    return list({process.pid: process for group in groups for process in group}.values())


def _describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:120]}"
    except psutil.Error:
        return f"{process.pid} (gone)"


def _end(processes: list[psutil.Process]) -> None:
    """Terminate, wait, kill, wait; the database last. psutil compares start times: no reused id is hit."""
    database = [process for process in processes if _name(process).startswith("postgres")]
    _end_group([process for process in processes if process not in database], signal.SIGTERM)
    # Only the server itself is asked: it ends its sessions and writes everything down.
    pids = {process.pid for process in database}
    _end_group([process for process in database if _parent(process) not in pids], signal.SIGINT)
    _end_group(_living(database), signal.SIGTERM)


def _end_group(processes: list[psutil.Process], first: signal.Signals) -> None:
    for number in (first, signal.SIGKILL):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        _, processes = psutil.wait_procs(processes, timeout=_TERMINATE_SECONDS)


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return ""


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None
