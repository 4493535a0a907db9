"""Whether the data are fresh: looked at by every flow, so that one which does not run is noticed by the others."""

import datetime as dt
import logging

from include.db.connection import connect
from include.db.statements import run

log = logging.getLogger(__name__)


def check_freshness(dsn: str, now: dt.datetime) -> list[str]:
    """Raise ``stale/<merchant>`` for every active merchant whose orders are not fresh, end it where they are again.

    Fresh: the last complete, published sweep of the present began at most ``ops.setting.freshness_minutes`` before
    ``now``; a merchant that was never swept is stale. ``now`` is the present by the business clock, not a backfill's.
    Alerts of failed and late runs end here too, once a later run of their DAG has published all of its parts.
    Returns the stale merchants, those known before included.
    """
    with connect(dsn, application="qaitarym freshness") as conn:
        stale = [row["merchant_id"] for row in run(conn, "ops/alert__freshness", now=now).fetchall()]
        run(conn, "ops/alert__over", now=now)
    if stale:
        log.error("the orders of %s are not fresh; docs/runbook.md, section 'Stale data', says what to do", stale)
    return stale
