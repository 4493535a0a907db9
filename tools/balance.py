"""Print a merchant's balance of units for any day, as it was known on any day.

``python -m tools.balance --merchant M [--as-of 2026-11-14] [--known-on 2026-11-20] [--clock system]``

Without days the balance is today's. The warehouse's address is in QAITARYM_WAREHOUSE_DSN. Exit code 1 where a line does
not close: closing is not opening + entered - left.
"""

import argparse
import datetime as dt
import os
import sys
from collections.abc import Sequence

from include.clock import almaty_day, from_setting
from include.db.connection import connect
from include.flows.balance import Line, balance


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="tools.balance", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--merchant", required=True)
    parser.add_argument("--as-of", type=dt.date.fromisoformat, help="the day; known-on by default")
    parser.add_argument(
        "--known-on", type=dt.date.fromisoformat, help="as known at the end of this day; today by default"
    )
    parser.add_argument("--clock", default="system", help="'system' or the address of the installation's clock")
    wanted = parser.parse_args(arguments)
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        sys.exit("set QAITARYM_WAREHOUSE_DSN to the warehouse's connection string")
    known_on = wanted.known_on or almaty_day(from_setting(wanted.clock).now())
    as_of = wanted.as_of or known_on
    with connect(dsn, application="qaitarym balance") as conn:
        try:
            lines = balance(conn, wanted.merchant, as_of, known_on)
        except ValueError as error:
            sys.exit(str(error))
    print(f"{wanted.merchant}, {as_of}, as known on {known_on}")
    print(f"{'state':<18}{'opening':>10}{'entered':>10}{'left':>10}{'closing':>10}")
    for line in lines:
        print(_text(line))
    wrong = [line.state for line in lines if not line.closes]
    print(f"does not close: {', '.join(wrong)}" if wrong else "closes" if lines else "no units were known")
    return 1 if wrong else 0


def _text(line: Line) -> str:
    mark = "" if line.closes else "  <- does not close"
    return f"{line.state:<18}{line.opening:>10}{line.entered:>10}{line.left:>10}{line.closing:>10}{mark}"


if __name__ == "__main__":
    sys.exit(main())
