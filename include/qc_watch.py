"""Wakes the restocking up the moment quality control at a desk has passed something; runs in Airflow's triggerer.

A desk books at once and no task of a DAG is at work then, so nobody would tell Airflow before the next poll of the
warehouses. That poll counts what passed as well: without a triggerer the goods wait for it, and are not forgotten.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

log = logging.getLogger(__name__)

GATHER_SECONDS = 10.0  # whoever checks goods checks one after the other: they are restocked together
RETRY_SECONDS = 15.0


class PassedAtDesks(BaseEventTrigger):
    """Fires some seconds after a desk's check was committed, and once whenever it begins to listen."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what the triggerer makes it of."""
        return f"{__name__}.{type(self).__name__}", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event for what passed, as long as the triggerer lives; the event names the merchants."""
        from psycopg import OperationalError

        from include.airflow_context import warehouse_dsn_in_triggerer

        while True:
            try:
                async for merchants in passed(await warehouse_dsn_in_triggerer()):
                    yield TriggerEvent({"merchants": merchants})
            except OperationalError as error:
                log.warning("the warehouse is not there, %s seconds until the next try: %s", RETRY_SECONDS, error)
                await asyncio.sleep(RETRY_SECONDS)


async def passed(dsn: str, gather_seconds: float = GATHER_SECONDS) -> AsyncIterator[list[str]]:
    """Yield the merchants of which a desk passed something, gathered for ``gather_seconds``; first an empty list: what
    passed before anybody listened is not told again. Raises psycopg.OperationalError where the connection is lost.
    """
    import psycopg

    from include.db.statements import text_of

    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True, application_name="qaitarym qc") as conn:
        await conn.execute(text_of("desk/listen_passed"))
        yield []
        while True:
            merchants = {note.payload async for note in conn.notifies(stop_after=1)}
            merchants |= {note.payload async for note in conn.notifies(timeout=gather_seconds)}
            yield sorted(merchants)
