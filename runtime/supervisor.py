"""The supervisor that owns all programs: its configuration, its start, and talking to it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

from runtime.airflow_home import base_environment
from runtime.keys import INSTANCE_VARIABLE, Keys
from runtime.layout import Layout
from runtime.ports import LOOPBACK, Ports
from runtime.private_file import write_json, write_private
from runtime.programs import Program
from runtime.waiting import TooLateError, wait_for

_USER = "qaitarym"
_LOG_BYTES = "10MB"
# Fault codes of supervisord's XML-RPC interface.
_ALREADY_STARTED, _NOT_RUNNING = 60, 70


class ProgramFailedError(RuntimeError):
    """A program does not come up; the message holds the end of its log."""


def render_config(layout: Layout, ports: Ports, keys: Keys, programs: Iterable[Program]) -> str:
    """The supervisor's configuration. It listens on loopback TCP: the path of a socket may be too long."""
    lines = [
        "[supervisord]",
        "nodaemon = true",
        *(["user = 0"] if os.geteuid() == 0 else []),  # says that staying root is meant
        f"identifier = qaitarym-{keys.instance}",
        f"logfile = {_plain(layout.logs / 'supervisord.log')}",
        f"logfile_maxbytes = {_LOG_BYTES}",
        "logfile_backups = 1",
        f"pidfile = {_plain(layout.supervisor_pid)}",
        f"childlogdir = {_plain(layout.logs)}",
        "[inet_http_server]",
        f"port = {LOOPBACK}:{ports.supervisor}",
        f"username = {_USER}",
        f"password = {keys.supervisor_password}",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        lines += _render_program(layout, program)
    return "\n".join(lines) + "\n"


def _render_program(layout: Layout, program: Program) -> list[str]:
    lines = [
        f"[program:{program.name}]",
        f"command = {_plain(shlex.join(program.command))}",
        f"directory = {_plain(program.folder)}",
        f"environment = {_pairs(program.environment)}",
        "autostart = false",
        "autorestart = true",
        "startsecs = 1",
        "startretries = 3",
        f"priority = {program.priority}",
        f"stopsignal = {program.stop_signal}",
        f"stopwaitsecs = {program.stop_seconds}",
        "stopasgroup = true",
        "killasgroup = true",
        "redirect_stderr = true",
        f"stdout_logfile = {_plain(log_of(layout, program.name))}",
        f"stdout_logfile_maxbytes = {_LOG_BYTES}",
        "stdout_logfile_backups = 2",
    ]
    if program.user is not None:
        lines.append(f"user = {program.user}")
    return lines


def _plain(value: object) -> str:
    text = str(value)
    if "\n" in text or " ;" in text or " #" in text:
        raise ValueError(f"the supervisor's configuration cannot hold this path: {text!r}; move the checkout")
    return text.replace("%", "%%")


def _pairs(environment: Mapping[str, str]) -> str:
    return ",".join(f"{name}={_quoted(value)}" for name, value in environment.items())


def _quoted(value: str) -> str:
    if '"' in value:
        raise ValueError(f"the supervisor's configuration cannot hold a value with a double quote: {value!r}")
    return f'"{_plain(value)}"'


def log_of(layout: Layout, program: str) -> Path:
    """The log file of a program."""
    return layout.logs / f"{program}.log"


class Supervisor:
    """A running supervisor, addressed with its generated password: nobody else's answers to it."""

    def __init__(self, layout: Layout, ports: Ports, keys: Keys) -> None:
        self._layout = layout
        self._ports = ports
        self._keys = keys

    def _call(self, method: str, *arguments: object) -> object:
        # A proxy of its own per call: the class is used from several threads.
        address = f"http://{_USER}:{self._keys.supervisor_password}@{LOOPBACK}:{self._ports.supervisor}/RPC2"
        with xmlrpc.client.ServerProxy(address, allow_none=True) as proxy:
            return getattr(proxy, method)(*arguments)

    def is_up(self) -> bool:
        """Whether our supervisor answers."""
        try:
            return self._call("supervisor.getIdentification") == f"qaitarym-{self._keys.instance}"
        except (OSError, xmlrpc.client.Error):
            return False

    def launch(self, programs: Iterable[Program]) -> None:
        """Write the configuration and start the supervisor, in a session of its own, with no program."""
        write_private(self._layout.supervisor_config, render_config(self._layout, self._ports, self._keys, programs))
        binary = Path(sys.executable).parent / "supervisord"
        with log_of(self._layout, "supervisord-output").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, str(binary), "-n", "-c", str(self._layout.supervisor_config)],
                cwd=self._layout.run,
                env=base_environment(self._layout) | {INSTANCE_VARIABLE: self._keys.instance},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        created = psutil.Process(process.pid).create_time()
        write_json(self._layout.session, {"id": process.pid, "created": created})

        def answers() -> bool:
            if process.poll() is not None:
                raise ProgramFailedError(f"the supervisor ended at once:\n{self.log_end('supervisord-output')}")
            return self.is_up()

        wait_for("the supervisor to answer", answers, seconds=30, pause=0.05)

    def pid(self) -> int:
        """The process id of the supervisor."""
        return int(str(self._call("supervisor.getPID")))

    def running(self) -> set[str]:
        """The names of the programs that are up or coming up."""
        return {name for name, state in self._states().items() if state in ("STARTING", "RUNNING")}

    def _states(self) -> dict[str, str]:
        told = self._call("supervisor.getAllProcessInfo")
        assert isinstance(told, list)
        return {str(info["name"]): str(info["statename"]) for info in told}

    def start(self, name: str) -> None:
        """Start a program without waiting; one that runs already is left alone."""
        try:
            self._call("supervisor.startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _ALREADY_STARTED:
                raise ProgramFailedError(f"{name} cannot be started: {fault.faultString}") from fault

    def stop(self, names: Iterable[str], seconds: float) -> None:
        """Stop programs side by side and wait until all have ended."""
        wanted = set(names)
        for name in wanted:
            try:
                self._call("supervisor.stopProcess", name, False)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode != _NOT_RUNNING:
                    raise

        def ended() -> bool:
            return not any(
                state in ("STARTING", "RUNNING", "STOPPING", "BACKOFF")
                for name, state in self._states().items()
                if name in wanted
            )

        wait_for(f"{', '.join(sorted(wanted))} to end", ended, seconds)

    def shutdown(self) -> None:
        """Ask the supervisor to end its programs and itself."""
        self._call("supervisor.shutdown")

    def check_alive(self, name: str) -> None:
        """Raise ProgramFailedError, with the end of its log, when a program has given up."""
        state = self._states().get(name, "UNKNOWN")
        if state in ("FATAL", "EXITED", "UNKNOWN"):
            raise ProgramFailedError(f"{name} does not run (state {state}); the end of its log:\n{self.log_end(name)}")

    def log_end(self, name: str, lines: int = 25) -> str:
        """The last lines of a program's log."""
        try:
            text = log_of(self._layout, name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return f"(no log {log_of(self._layout, name)})"
        return "\n".join(text.splitlines()[-lines:])


__all__ = ["ProgramFailedError", "Supervisor", "TooLateError", "log_of", "render_config"]
