"""What passed quality control at a desk: the run that books a WMS's checks wakes the restocking for these, too."""

import datetime as dt

from include.db.connection import Connection
from include.db.statements import run

CURSOR = "flow/desk_qc"
# Who recorded beside the last look may have committed a little after it.
OVERLAP = dt.timedelta(minutes=2)


def passed_at_desks(conn: Connection, merchant_id: str, now: dt.datetime) -> int:
    """Return how many checks at desks were passed since the last look, in the caller's transaction; they are seen then.

    One that was recorded within OVERLAP of the last look may count twice: the restocking is woken for nothing then.
    """
    cursors = {row["part"]: row["cursor"] for row in run(conn, "ops/cursor__of", source=CURSOR)}
    seen = dt.datetime.fromisoformat(cursors[merchant_id]) if merchant_id in cursors else None
    since = seen - OVERLAP if seen else dt.datetime.min.replace(tzinfo=dt.UTC)
    row = run(conn, "ledger/unit_event__passed_at_desks", merchant_id=merchant_id, since=since).fetchone()
    assert row is not None
    newest = max(seen, now) if seen else now
    run(conn, "ops/cursor", source=CURSOR, part=merchant_id, cursor=newest.isoformat(), now=newest)
    return int(row["passed"])
