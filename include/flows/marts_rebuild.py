"""The weekly marts made anew from all facts: what the refresh of what changed must have come to, told row by row."""

from dataclasses import dataclass
from typing import Any

from include.clock import almaty_day
from include.db.connection import connect
from include.db.statements import run as run_statement
from include.domain import kpi
from include.flows import batch
from include.flows import return_causes_weekly as weekly
from include.flows.run import Run
from include.flows.weekly_marts import WHOLE
from include.quality.gate import judge
from include.quality.suites.return_causes_weekly import SUITE

SHOWN = 1_000  # differences of a part


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that the refresh left otherwise than everything counted anew: ``what`` says which side has it."""

    part: str
    table: str
    what: str
    row: dict[str, Any]

    def __str__(self) -> str:
        """Return the difference on one line."""
        told = " ".join(f"{name}={value}" for name, value in self.row.items() if value is not None)
        return f"{self.part}: a row of {self.table} {self.what}: {told}"


def rebuild(dsn: str, run: Run, owner: str) -> tuple[list[Difference], list[str]]:
    """Count everything anew and publish it; return what differed from the refreshed marts, and the parts held back.

    Refresh first (a run of its own, a moment before): what happened since the last run is no difference.
    """
    weekly.stage(dsn, run, owner, whole=True)
    found = differences(dsn, run)
    judge(dsn, run, SUITE)
    weekly.publish(dsn, run, owner)
    with connect(dsn) as conn:
        return found, batch.with_status(conn, run, "held", "failed")


def refresh(dsn: str, run: Run, owner: str) -> None:
    """Count what changed, as the weekly run does, without its mail."""
    weekly.stage(dsn, run, owner)
    judge(dsn, run, SUITE)
    weekly.publish(dsn, run, owner)


def differences(dsn: str, run: Run) -> list[Difference]:
    """Return the rows that the run staged otherwise than they are published. It has staged everything."""
    today = almaty_day(run.now)
    longest = max(kpi.BY_NAME["return_rate"].horizons)
    with connect(dsn) as conn:
        return [
            Difference(part, row["name"], row["what"], row["line"])
            for part in sorted(batch.with_status(conn, run, "staged"), key=WHOLE.__eq__)  # the house last: it follows
            for row in run_statement(
                conn, "mart/staged_differences", **run.key, part=part, known_on=today, shown=SHOWN,
                weeks_from=kpi.weeks_written(today)[0], rates_from=kpi.oldest_rate(longest, today), longest=longest,
            )
        ]  # fmt: skip
