"""Steps of the desk that were put aside, judged again as if whoever did them sent them now."""

import datetime as dt
import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from include.db.connection import Connection
from include.db.statements import run
from include.flows.contacts import Sealer
from include.flows.desk_access import DeskError, staff_of
from include.flows.desk_record import MOST_AT_ONCE, record
from include.flows.quarantine import SENT_SOURCES, Kept, Reject, due, put_aside, settle


def desks(conn: Connection) -> list[dict[str, Any]]:
    """Return the desks of which a step is to be judged again: source and warehouse."""
    return run(conn, "desk/due").fetchall()


def judge_again(conn: Connection, source: str, warehouse: str, sealer: Sealer, actor: str, now: dt.datetime) -> int:
    """Record the steps of a desk that are to be judged again, in the caller's transaction; return how many came in.

    By the roles that their people have today. One that was recorded meanwhile is here already, and counts once.
    """
    kept = due(conn, f"{SENT_SOURCES}{source}", sealer, now)
    steps = [(one, json.loads(one.body)) for one in kept]
    refused: list[tuple[Kept, str]] = []
    for user_name, done in groupby(steps, key=lambda step: str(step[1]["actor"])):
        refused += _refused(conn, user_name, list(done), warehouse, now)
    known = run(conn, "raw/wms_event__known", source=source, event_ids=[one.record_key for one, _ in refused])
    here = {row["event_id"] for row in known}  # the ledger refused it, and has put it aside for that
    still = [
        Reject(one.merchant_id, f"{SENT_SOURCES}{source}", one.record_key, reason, one.payload, one.pointer)
        for one, reason in refused
        if one.record_key not in here
    ]
    put_aside(conn, still, now)
    settle(conn, kept, actor, now)
    return len(kept) - len(still)


def _refused(
    conn: Connection, user_name: str, steps: list[tuple[Kept, dict[str, Any]]], warehouse: str, now: dt.datetime
) -> Iterable[tuple[Kept, str]]:
    """Record the steps of one person; yield those that are refused, with the reason."""
    staff = staff_of(conn, user_name)
    for begin in range(0, len(steps), MOST_AT_ONCE):
        part = steps[begin : begin + MOST_AT_ONCE]
        try:
            answers = record(conn, staff, [event for _, event in part], now, warehouse)
        except DeskError as error:
            yield from ((one, str(error)) for one, _ in part)
            continue
        for (one, _), answer in zip(part, answers, strict=True):
            if answer["outcome"] == "rejected":
                yield one, str(answer["reason"])
