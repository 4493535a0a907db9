"""What an installation set: rows of ops.setting."""

from typing import Any

from include.db.connection import Connection
from include.db.statements import run


def setting(conn: Connection, name: str) -> Any:
    """Return the value of a setting. Raises KeyError for one that no migration made."""
    row = run(conn, "ops/setting", name=name).fetchone()
    if row is None:
        raise KeyError(f"ops.setting has no row {name}: run the migrations")
    return row["value"]
