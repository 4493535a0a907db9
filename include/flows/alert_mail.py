"""Tell the team about new alerts by mail: each activation once."""

import datetime as dt
import logging

from include.db import lease
from include.db.connection import Connection, connect
from include.db.statements import run as run_statement
from include.notify.alert_mail import Alert, compose, message_key
from include.notify.alerts import ALL
from include.notify.outbox import MailServer, queue, send_queued

log = logging.getLogger(__name__)
KIND = "alert"
PATIENCE_SECONDS = 5.0  # another task is telling just now: it tells all


def tell(dsn: str, server: MailServer, owner: str, now: dt.datetime) -> dict[str, int]:
    """Write one mail about all alerts that are active and not told yet, then send what is queued; return counts.

    Nothing is written where ``ops.setting.team_email`` names nobody. A mail that could not be sent stays queued.
    """
    try:
        with connect(dsn) as conn, lease.hold(conn, f"outbox:{KIND}", owner, wait_seconds=PATIENCE_SECONDS) as held:
            with held.transaction():
                written = _write(conn, server.sender, now)
            counts = send_queued(held, KIND, server, now)
    except lease.LeaseBusy:
        return {"written": 0}
    log.info("alerts told: %s, %s", written, counts)
    return {"written": written, **counts}


def _write(conn: Connection, sender: str, now: dt.datetime) -> int:
    """Write the mail down and mark its alerts as told in one transaction; return how many alerts it tells."""
    team = {row["name"]: row["value"] for row in run_statement(conn, "report/team").fetchall() if row["value"]}
    if "team_email" not in team:
        return 0
    alerts = [
        Alert(**{name: row[name] for name in Alert.__annotations__})
        for row in run_statement(conn, "ops/alert__untold").fetchall()
    ]
    if not alerts:
        return 0
    language = str(team.get("team_locale", "ru"))
    message = compose(alerts, sender, str(team["team_email"]), language, now)
    queue(conn, message_key(alerts), ALL, KIND, message, now)
    run_statement(conn, "ops/alert__told", alert_keys=[alert.alert_key for alert in alerts], now=now)
    return len(alerts)
