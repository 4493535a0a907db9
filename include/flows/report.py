"""The last task of every flow: a run that held something back is a failed run that says what."""

from include.db.connection import connect
from include.db.statements import run as run_statement
from include.flows.run import Run


class HeldBack(RuntimeError):
    """Some merchant's part was not published."""


def raise_if_held(dsn: str, run: Run) -> int:
    """Return how many parts were published; raise naming every part that was not, and why."""
    with connect(dsn) as conn:
        parts = run_statement(conn, "ops/batch__of_run", **run.key).fetchall()
    held = [part for part in parts if part["status"] != "published"]
    if held:
        lines = "; ".join(
            f"{part['merchant_id']} is {part['status']}: {part['detail'] or 'see mart.dq_result'}" for part in held
        )
        raise HeldBack(
            f"{len(held)} of {len(parts)} parts were held back ({lines}). "
            "Readers still see the last good state of these; see docs/runbook.md, 'A part was held back'."
        )
    return len(parts)
