"""Books receipts in processes that die where they are told to: before their n-th statement reaches the database.

A command: ``dsn``, ``run_id``, ``now``,
``owner``, ``die_at`` (null: live); the answer says how it ended and how many statements were sent.
"""

import datetime as dt
import os
import signal
from typing import Any

import psycopg

from include.flows import warehouse_receipts_reconcile
from include.flows.run import Run
from tests.faults.forking import serve


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


def book(command: dict[str, Any]) -> dict[str, Any]:
    deadly = Deadly(command["die_at"])
    deadly.watch(psycopg.Cursor, psycopg.ClientCursor, psycopg.Connection)
    run = Run("warehouse_receipts_reconcile", command["run_id"], dt.datetime.fromisoformat(command["now"]))
    counts = warehouse_receipts_reconcile.book(command["dsn"], run, command["owner"])
    return {"statements": deadly.statements, "counts": counts}


if __name__ == "__main__":
    serve(book)
