"""A process that imports everything once and forks a child a command; the children are there to be killed.

Commands and answers are lines of JSON. An answer says whether the child was ``killed``, what went wrong (``error``),
and what the child told.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo

from tests.conftest import APPLICATION, TestServer

ROOT = Path(__file__).resolve().parents[2]
COPIES = itertools.count(1)


def serve(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Fork a child for each command that comes in; ``work`` does it there and returns what the child tells."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            code = 1
            try:
                os.write(write, json.dumps(work(json.loads(line))).encode())
                code = 0
            except BaseException as error:
                os.write(write, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
            os._exit(code)
        os.close(write)
        with os.fdopen(read, "rb") as answer:
            said = answer.read()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print(json.dumps({"killed": killed, **(json.loads(said) if said else {})}), flush=True)


class Forking:
    """The test's end of such a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def begin(self, **command: Any) -> None:
        """Give a command, and do not wait."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """Wait for the answer."""
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def do(self, **command: Any) -> dict[str, Any]:
        """Give a command and return the answer."""
        self.begin(**command)
        return self.end()


@contextmanager
def forking(script: str, *arguments: str) -> Iterator[Forking]:
    """Run a script of this folder; it is ready to take commands."""
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "faults" / script), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline()) == {"ready": True}
            yield Forking(process)
        finally:
            process.kill()


@contextmanager
def copy_of(server: TestServer, dsn: str) -> Iterator[str]:
    """Copy a warehouse as it stands, for a child to die in; yields the address of the copy, which goes at the end."""
    template = str(conninfo.conninfo_to_dict(dsn)["dbname"])
    name = f"{template}_{next(COPIES)}"
    with psycopg.connect(server.address("postgres"), autocommit=True) as conn:
        # a copy needs a warehouse that nobody is in; the gate's engine keeps its connection
        conn.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (template,))
    server.create_database(name, template)
    try:
        yield server.address(name, APPLICATION)
    finally:
        server.drop_database(name)
