"""Books receipts in processes that die where they are told to: before their n-th statement reaches the database.

Everything is imported once; each command forks. Commands come as lines of JSON: ``dsn``, ``run_id``, ``now``,
``owner``, ``die_at`` (null: live); the answer says how it ended and how many statements were sent.
"""

import datetime as dt
import json
import os
import signal
import sys
from typing import Any

import psycopg

from include.flows import warehouse_receipts_reconcile
from include.flows.run import Run


class Deadly:
    """Counts what is sent to the database; kills the process before the statement it is told."""

    def __init__(self, die_at: int | None) -> None:
        self.die_at = die_at
        self.statements = 0

    def watch(self, *owners: Any) -> None:
        for owner in owners:
            for name in ("execute", "copy", "commit"):
                if name in owner.__dict__:
                    setattr(owner, name, self._counted(owner.__dict__[name]))

    def _counted(self, method: Any) -> Any:
        def counted(*args: Any, **more: Any) -> Any:
            self.statements += 1
            if self.statements == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(*args, **more)

        return counted


def book(command: dict[str, Any], out: int) -> None:
    deadly = Deadly(command["die_at"])
    deadly.watch(psycopg.Cursor, psycopg.ClientCursor, psycopg.Connection)
    run = Run("warehouse_receipts_reconcile", command["run_id"], dt.datetime.fromisoformat(command["now"]))
    counts = warehouse_receipts_reconcile.book(command["dsn"], run, command["owner"])
    os.write(out, json.dumps({"statements": deadly.statements, "counts": counts}).encode())


def main() -> None:
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            code = 1
            try:
                book(json.loads(line), write)
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
