"""Count the sums of the dashboard anew from all units, merchant by merchant.

``python -m tools.rebuild_dashboard [MERCHANT …]``

The warehouse's address is in QAITARYM_WAREHOUSE_DSN, the business clock in QAITARYM_CLOCK. Pages show the
old sums until a merchant's new ones are there.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence

from include.clock import from_setting
from include.db.connection import connect
from include.db.statements import run
from include.flows.dashboard import rebuild


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="tools.rebuild_dashboard", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("merchants", nargs="*", help="all active ones where none is named")
    wanted = parser.parse_args(arguments).merchants
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        sys.exit("set QAITARYM_WAREHOUSE_DSN to the warehouse's connection string")
    with connect(dsn) as conn:
        known = [row["merchant_id"] for row in run(conn, "core/merchant__active")]
    if strangers := sorted(set(wanted) - set(known)):
        sys.exit(f"no active merchant is called {', '.join(strangers)}; there are {', '.join(known)}")
    clock = from_setting(os.environ.get("QAITARYM_CLOCK"))
    for merchant_id in wanted or known:
        began = time.monotonic()
        units = rebuild(dsn, clock.now(), "tools.rebuild_dashboard", merchant_id)
        print(f"{merchant_id}\t{units} units counted in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
