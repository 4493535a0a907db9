"""Runs the restock flows in processes that die where they are told to: before their n-th word with the database.

Everything is imported once; each command forks. A command is a line of JSON: ``dsn``, ``url`` of the outside world,
``steps`` to take (``sales``, ``restock``, or ``stage``, ``gate``, ``publish``, ``tell`` of the daily comparison),
``run_id``, ``now``, ``attempt``, ``mail_port``, and ``die_at`` (null: live). With ``sales`` only the words of the sales
themselves and of their commit are counted. The answer says how it ended and how many words were counted.
"""

import datetime as dt
import os
import signal
from dataclasses import dataclass
from typing import Any

import great_expectations.expectations  # noqa: F401 (imported here, not in each fork)
import mjml  # noqa: F401
import psycopg
import scipy.optimize  # noqa: F401
import scipy.stats  # noqa: F401

from include.db.connection import connect
from include.db.lease import hold
from include.flows import restock_daily_mail, restock_reconcile_daily, restock_sync, sales
from include.flows.run import Run, open_run
from include.notify.outbox import MailServer
from include.quality.gate import judge
from include.quality.suites.restock_reconcile_daily import SUITE as DAILY
from include.quality.suites.restock_sync import SUITE as RESTOCK
from tests.faults.forking import serve


@dataclass
class Deadly:
    """Counts what this process says to the database; kills it before the word it is told."""

    die_at: int | None
    words: int = 0
    counting: bool = True

    def listen(self) -> None:
        spoken = psycopg.Connection.wait

        def wait(conn: Any, *arguments: Any, **more: Any) -> Any:
            if self.counting:
                self.words += 1
                if self.words == self.die_at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return spoken(conn, *arguments, **more)

        psycopg.Connection.wait = wait  # type: ignore[method-assign]


@dataclass
class Fixed:
    moment: dt.datetime

    def now(self) -> dt.datetime:
        return self.moment


def run_of(command: dict[str, Any], dag_id: str) -> Run:
    with connect(command["dsn"]) as conn:
        return open_run(conn, dag_id, command["run_id"], Fixed(dt.datetime.fromisoformat(command["now"])))


def sell(command: dict[str, Any], deadly: Deadly) -> None:
    """The sales of a run of restock_sync: from the first statement to the commit."""
    run = run_of(command, "restock_sync")
    owner = f"{run.run_id}/stage#{command['attempt']}"  # the try after it is one of the same task
    with connect(command["dsn"]) as conn, hold(conn, "restock_sync:m", owner) as lease:
        deadly.counting = True
        with lease.transaction():
            sales.book_sales(conn, run, "m")
        deadly.counting = False


def restock(command: dict[str, Any], _: Deadly) -> None:
    run, attempt = run_of(command, "restock_sync"), command["attempt"]
    ports = restock_sync.Ports(lambda _conn_id: f"{command['url']}/base.xml", command["url"])
    restock_sync.stage(command["dsn"], run, ports, f"{run.run_id}/stage#{attempt}")
    judge(command["dsn"], run, RESTOCK)
    restock_sync.publish(command["dsn"], run, f"{run.run_id}/publish#{attempt}")


def stage(command: dict[str, Any], _: Deadly) -> None:
    run = run_of(command, "restock_reconcile_daily")
    restock_reconcile_daily.stage(command["dsn"], run, command["url"], f"{run.run_id}/stage#{command['attempt']}")


def gate(command: dict[str, Any], _: Deadly) -> None:
    judge(command["dsn"], run_of(command, "restock_reconcile_daily"), DAILY)


def publish(command: dict[str, Any], _: Deadly) -> None:
    run = run_of(command, "restock_reconcile_daily")
    restock_reconcile_daily.publish(command["dsn"], run, f"{run.run_id}/publish#{command['attempt']}")


def tell(command: dict[str, Any], _: Deadly) -> None:
    run = run_of(command, "restock_reconcile_daily")
    server = MailServer("127.0.0.1", command["mail_port"], "reports@example.kz")
    restock_daily_mail.tell_team(command["dsn"], run, server, f"{run.run_id}/tell#{command['attempt']}")


STEPS = {"sales": sell, "restock": restock, "stage": stage, "gate": gate, "publish": publish, "tell": tell}


def work(command: dict[str, Any]) -> dict[str, Any]:
    deadly = Deadly(command["die_at"], counting=command["steps"] != ["sales"])
    deadly.listen()
    for step in command["steps"]:
        STEPS[step](command, deadly)
    return {"words": deadly.words}


if __name__ == "__main__":
    serve(work)
