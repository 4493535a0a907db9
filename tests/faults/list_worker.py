"""Runs tasks of restock_sync in processes that die where they are told to: at an exchange with the database.

Everything is imported once; each command forks. Commands come as lines of JSON: ``task`` (stage or publish), ``dsn``,
``url`` of the outside world, ``run_id``, ``now``, ``attempt``, and where to die: ``die_at``, before the n-th exchange,
or ``die_after``, where the server has done the n-th one and its answer is lost. The answer of a command says how it
ended and how many exchanges there were: statements, copies, begins and ends of transactions.
"""

import datetime as dt
import json
import os
import signal
import sys
from typing import Any

import psycopg

from include.flows import restock_sync
from include.flows.run import Run


def watch(die_at: int | None, die_after: int | None) -> list[int]:
    """Count the exchanges of this process with the database; end it at the one it is told."""
    count, wait = [0], psycopg.Connection.wait

    def counted(conn: Any, *args: Any, **kwargs: Any) -> Any:
        count[0] += 1
        if count[0] == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        done = wait(conn, *args, **kwargs)
        if count[0] == die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    psycopg.Connection.wait = counted  # type: ignore[method-assign]
    return count


def work(command: dict[str, Any]) -> dict[str, Any]:
    run = Run("restock_sync", command["run_id"], dt.datetime.fromisoformat(command["now"]))
    owner = f"restock_sync/{run.run_id}/{command['task']}/-1#{command['attempt']}"
    count = watch(command.get("die_at"), command.get("die_after"))
    if command["task"] == "stage":
        ports = restock_sync.Ports(lambda _: f"{command['url']}/base.xml")
        restock_sync.stage(command["dsn"], run, ports, owner)
    else:
        restock_sync.publish(command["dsn"], run, owner)
    return {"exchanges": count[0]}


def main() -> None:
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


if __name__ == "__main__":
    main()
