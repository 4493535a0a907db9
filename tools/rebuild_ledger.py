"""Make the projection of the ledger anew from its events, or only tell what differs.

``python -m tools.rebuild_ledger [--dry-run] [--portion N]``

The warehouse's address is in QAITARYM_WAREHOUSE_DSN. Others go on working meanwhile. Exit code 0 where every row is
what its events say (one that was put right is), 1 where one differs and was left as it is.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence

from include.db.connection import connect
from include.flows.ledger_rebuild import PORTION, Portion, rebuild

SHOWN = 100  # differences
SECONDS_APART = 2.0


class Progress:
    """Prints the first differences, and now and then how far it has come."""

    def __init__(self) -> None:
        self.left = 0
        self.last: Portion | None = None
        self._shown = 0
        self._printed = time.monotonic()

    def __call__(self, portion: Portion) -> None:
        """Take in what one portion came to."""
        self.last = portion
        self.left += sum(1 for one in portion.differences if one.stays)
        for difference in portion.differences[: SHOWN - self._shown]:
            print(difference)
        if self._shown < SHOWN <= self._shown + len(portion.differences):
            print(f"(only the first {SHOWN} differences are shown)")
        self._shown = min(SHOWN, self._shown + len(portion.differences))
        if time.monotonic() - self._printed >= SECONDS_APART:
            self._printed = time.monotonic()
            print(f"{portion.units} of {portion.of} units", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="tools.rebuild_ledger", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--dry-run", action="store_true", help="only tell what differs")
    parser.add_argument("--portion", type=int, default=PORTION, help="units a transaction")
    wanted = parser.parse_args(arguments)
    if wanted.portion < 1:
        parser.error("a portion has at least one unit")
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        sys.exit("set QAITARYM_WAREHOUSE_DSN to the warehouse's connection string")
    progress = Progress()
    with connect(dsn, application="qaitarym rebuild") as conn:
        differing = rebuild(conn, dry=wanted.dry_run, portion=wanted.portion, tell=progress)
    units = progress.last.units if progress.last else 0
    left = differing if wanted.dry_run else progress.left
    print(f"{units} units, {differing} differed, {differing - left} put right")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
