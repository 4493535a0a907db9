"""Orders that came without a legible id: look for it again by today's rules, and ask Kaspi by it for what they are."""

import datetime as dt

from include.db.connection import Connection
from include.db.statements import run
from include.flows.contacts import Sealer
from include.flows.harvest import SOURCE, named
from include.flows.quarantine import Reject, due, put_aside


def waits(conn: Connection, merchant_id: str) -> bool:
    """Tell whether any of the merchant's is to be judged again."""
    return run(conn, "ops/quarantine__due", source=SOURCE, merchant_id=merchant_id).fetchone() is not None


def name_again(conn: Connection, merchant_id: str, sealer: Sealer, actor: str, now: dt.datetime) -> None:
    """Give those that are to be judged again their ids, and have them asked for by them, in the caller's transaction.

    What they held when they came may be old by now: it serves for the id and is not published. One whose id is still
    not legible is put aside again.
    """
    kept = due(conn, SOURCE, sealer, now, merchant_id)
    seen = [(one, *named(one.body)) for one in kept]
    put_aside(
        conn,
        [
            Reject(merchant_id, SOURCE, one.record_key, wrong, one.payload, one.pointer)
            for one, order_id, wrong in seen
            if order_id is None
        ],
        now,
    )
    found = [(one.id, order_id) for one, order_id, _ in seen if order_id is not None]
    if found:
        ids, order_ids = zip(*found, strict=True)
        run(conn, "ops/quarantine__named", ids=list(ids), order_ids=list(order_ids), actor=actor, now=now)
