"""Open the warehouse database."""

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.string import BytesBinaryDumper

Connection = psycopg.Connection[DictRow]


# How a batch is planned. It is sorted and joined in memory, which takes more than the four megabytes that PostgreSQL
# allows by itself; and what it needs of the history is looked up by index and not read as a whole: no disk of today
# takes four times as long for the one page as for the next.
PLANNING = {"work_mem": "64MB", "random_page_cost": "1.1"}


def connect(dsn: str, *, application: str = "qaitarym") -> Connection:
    """Connect to ``dsn``; rows come as dicts, times in UTC, nothing is committed by itself.

    A client that vanishes must not keep locks, so the server ends idle transactions after two minutes.
    """
    settings = {
        "timezone": "UTC", "idle_in_transaction_session_timeout": "120000", "lock_timeout": "60000", **PLANNING,
    }  # fmt: skip
    conn = psycopg.connect(
        dsn,
        row_factory=dict_row,
        application_name=application,
        options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
    )
    # the last one registered for bytea is what COPY takes; by itself that is one written in Python
    conn.adapters.register_dumper(bytes, BytesBinaryDumper)
    return conn
