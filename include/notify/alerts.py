"""Troubles that last: raised once while they last, ended when they are over, raised anew when they come back."""

import datetime as dt

from include.db.connection import Connection
from include.db.statements import run

TOKEN_REFUSED = "token_refused"  # noqa: S105 (the name of a trouble)
APPLICATIONS_UNREADABLE = "applications_unreadable"
ALL = "*"  # the merchant of a trouble that is nobody's in particular


def token_key(merchant_id: str) -> str:
    """Return the key of the alert that Kaspi does not accept a merchant's token."""
    return f"{TOKEN_REFUSED}/{merchant_id}"


def raise_alert(conn: Connection, key: str, merchant_id: str, kind: str, message: str, now: dt.datetime) -> bool:
    """Say that a trouble is there; return True where it was not known to be there before.

    ``key`` is ``<kind>/<of what>``. ``message`` is for the person who looks: no personal data, no secrets.
    """
    row = run(
        conn, "ops/alert", alert_key=key, merchant_id=merchant_id, kind=kind, message=message[:2000], raised_at=now
    ).fetchone()
    return row is not None


def clear_alert(conn: Connection, key: str, now: dt.datetime) -> bool:
    """Say that a trouble is over; return True where it was there until now."""
    return clear_alerts(conn, [key], now) > 0


def clear_alerts(conn: Connection, keys: list[str], now: dt.datetime) -> int:
    """Say that troubles are over; return how many were there until now."""
    return run(conn, "ops/alert__clear", alert_keys=keys, now=now).rowcount
