"""Open the warehouse database."""

import psycopg
from psycopg.rows import DictRow, dict_row

Connection = psycopg.Connection[DictRow]


def connect(dsn: str, *, application: str = "qaitarym") -> Connection:
    """Connect to ``dsn``; rows come as dicts, times in UTC, nothing is committed by itself.

    A client that vanishes must not keep locks, so the server ends idle transactions after two minutes. A batch is
    sorted and joined in memory, which takes more than the four megabytes that PostgreSQL allows by itself.
    """
    return psycopg.connect(
        dsn,
        row_factory=dict_row,
        application_name=application,
        options="-c timezone=UTC -c idle_in_transaction_session_timeout=120000 -c lock_timeout=60000 -c work_mem=64MB",
    )
