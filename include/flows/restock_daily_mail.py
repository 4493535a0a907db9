"""The last step of the daily comparison: a mail to the data team when something is off, and silence when not."""

import logging

from include.db import lease
from include.db.connection import Connection, connect
from include.db.statements import run as run_statement
from include.flows import batch
from include.flows.run import Run
from include.flows.weekly_mail import MailNotDelivered
from include.notify.alerts import ALL
from include.notify.outbox import MailServer, queue, send_queued
from include.notify.stock_mail import KIND, Compared, Difference, compose

log = logging.getLogger(__name__)


def tell_team(dsn: str, run: Run, server: MailServer | None, owner: str) -> dict[str, int]:
    """Write the mail about what this run found, once a day and finding, and send what is queued; return counts.

    What a later run has compared anew is not told any more. Nothing is written without a mail server (``None``), or
    where ``ops.setting.team_email`` names nobody: the console shows it all the same. Raises
    :class:`MailNotDelivered` when a mail stays unsent.
    """
    if server is None:
        log.warning("there is no connection smtp_reports: differences are shown on the console only")
        return {"written": 0}
    with connect(dsn) as conn, lease.hold(conn, f"outbox:{KIND}", owner) as held:
        with held.transaction():
            written = _write(conn, run, server.sender)
        counts = send_queued(held, KIND, server, run.now)
    log.info("daily stock mail: %s written, %s", written, counts)
    stuck = {status: counts[status] for status in ("queued", "dead", "unknown") if counts[status]}
    if stuck:
        raise MailNotDelivered(
            f"{stuck} of the mails about stock; ops.outbox.last_error says why. Queued ones go out when this task is "
            "cleared; an unknown one may have arrived: look it up by its Message-ID before setting it to queued."
        )
    return {"written": written, **counts}


def found(conn: Connection, run: Run) -> Compared:
    """Return what the run found: the differences of the merchants it compared, and whom it could not compare."""
    names = {row["merchant_id"]: row["name"] for row in run_statement(conn, "report/merchants")}
    rows = run_statement(
        conn, "report/offer_differences", merchants=batch.with_status(conn, run, "published"), now=run.now
    ).fetchall()
    failed = batch.with_status(conn, run, "staging", "staged", "passed", "held", "failed")
    return Compared([Difference(**row) for row in rows], [names.get(one, one) for one in sorted(failed)], run.now)


def _write(conn: Connection, run: Run, sender: str) -> int:
    team = {row["name"]: row["value"] for row in run_statement(conn, "report/team").fetchall() if row["value"]}
    compared = found(conn, run)
    if compared.agrees:
        return 0
    if "team_email" not in team:
        log.warning("ops.setting names no team_email: differences are shown on the console only")
        return 0
    message = compose(compared, sender, str(team["team_email"]), str(team.get("team_locale", "ru")))
    return int(queue(conn, compared.key, ALL, KIND, message, run.now))
