"""Runs tasks of restock_sync in processes that die where they are told to: before an exchange with the database.

Everything is imported once; each command forks. Commands come as lines of JSON: ``task`` (stage, gate, publish),
``run_id`` and ``now``, ``die_at`` (the n-th exchange; null: live) or ``stop_at``, where it waits to be continued,
``attempt``; the answer says how it ended and how many exchanges there were. An exchange is whatever goes to the server
and is waited for: a statement, a copy, the begin or end of a transaction.
"""

import datetime as dt
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any

import great_expectations.expectations  # noqa: F401 (imported here, not in each fork)
import psycopg
import scipy.optimize  # noqa: F401
import scipy.stats  # noqa: F401

from include.db.connection import connect
from include.flows import restock_sync
from include.flows.run import Run, open_run
from include.quality.gate import judge
from include.quality.suites.restock_sync import SUITE


@dataclass
class Deadly:
    """Counts the exchanges of this process with the database; kills or stops it before the one it is told."""

    die_at: int | None
    stop_at: int | None = None
    count: int = 0

    def watch(self) -> None:
        wait = psycopg.Connection.wait

        def counted(conn: Any, *args: Any, **kwargs: Any) -> Any:
            self.count += 1
            if self.count == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if self.count == self.stop_at:
                os.kill(os.getpid(), signal.SIGSTOP)
            return wait(conn, *args, **kwargs)

        psycopg.Connection.wait = counted  # type: ignore[method-assign]


@dataclass(frozen=True)
class Fixed:
    moment: dt.datetime

    def now(self) -> dt.datetime:
        return self.moment


def work(dsn: str, url: str, command: dict[str, Any]) -> None:
    with connect(dsn) as conn:
        run: Run = open_run(conn, "restock_sync", command["run_id"], Fixed(dt.datetime.fromisoformat(command["now"])))
    task = command["task"]
    owner = f"restock_sync/{run.run_id}/{task}/-1#{command['attempt']}"
    deadly = Deadly(command["die_at"], command.get("stop_at"))
    deadly.watch()
    if task == "stage":
        restock_sync.stage(dsn, run, restock_sync.Ports(lambda _: f"{url}/base.xml", None), owner)
    elif task == "gate":
        judge(dsn, run, SUITE)
    else:
        restock_sync.publish(dsn, run, owner)
    os.write(command["out"], json.dumps({"exchanges": deadly.count}).encode())


def main() -> None:
    settings = json.loads(sys.argv[1])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            code = 1
            try:
                work(settings["dsn"], settings["url"], {**command, "out": write})
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


if __name__ == "__main__":
    main()
