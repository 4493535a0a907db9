"""The loop over merchants inside one task: each with a connection of his own, whatever became of the one before."""

import logging
from collections.abc import Callable, Iterable

import psycopg

from include.db.connection import Connection, connect
from include.flows import batch
from include.flows.run import Run

log = logging.getLogger(__name__)


def each_merchant(dsn: str, run: Run, merchants: Iterable[str], work: Callable[[Connection, str], None]) -> None:
    """Do ``work`` for every merchant; an ordinary failure is recorded as his part's and the next one is done.

    A part whose connection broke could not even be recorded: the others are done first, then the error is raised,
    so that the task is tried again. A lost lease ends the loop: a newer try of the task is at work.
    """
    broken: list[psycopg.Error] = []
    for merchant_id in merchants:
        try:
            with connect(dsn) as conn, batch.merchant_part(conn, run, merchant_id):
                work(conn, merchant_id)
        except psycopg.Error as error:
            log.error("%s %s: the connection broke in the part of %s: %s", run.dag_id, run.run_id, merchant_id, error)
            broken.append(error)
    if broken:
        raise broken[0]
