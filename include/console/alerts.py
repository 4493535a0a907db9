"""The active alerts, as sentences."""

from typing import Any

from include.console.site import View
from include.db.connection import Connection
from include.db.statements import run
from include.locale.labels import alert_words
from include.locale.words import Words


def alerts_of(conn: Connection, view: View, words: Words, shown: int) -> list[dict[str, Any]]:
    """Return the active alerts as sentences, the newest first."""
    return [
        {
            **row,
            "sentence": alert_words(words, row["kind"], row["alert_key"], row["name"], row["message"]),
        }
        for row in run(conn, "console/alerts", merchant_id=view.merchant_id, house=view.house, shown=shown)
    ]
