"""Decide the past again: tenge a unit by the plain rule and by money, for each merchant. Writes nothing.

``python -m tools.route_replay [--merchant M] [--as-of 2026-11-16T08:00+05:00]``

Nothing later than --as-of is looked at; without it, the clock of the newest run counts. The warehouse's address is in
QAITARYM_WAREHOUSE_DSN. Exit code 1 where no merchant has enough history.
"""

import argparse
import datetime as dt
import os
import sys
from collections.abc import Sequence

from include.db.connection import Connection, connect
from include.db.statements import run as run_statement
from include.flows.route_replay import ASSUMPTIONS, Replay, replay

PLAIN = "intact to the main offer, repacked 7.5 % off"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="tools.route_replay", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--merchant", action="append", help="only this one; may be given again")
    parser.add_argument("--as-of", type=dt.datetime.fromisoformat, help="nothing later is looked at")
    wanted = parser.parse_args(arguments)
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        sys.exit("set QAITARYM_WAREHOUSE_DSN to the warehouse's connection string")
    if wanted.as_of is not None and wanted.as_of.tzinfo is None:
        sys.exit("--as-of needs an offset, as in 2026-11-16T08:00+05:00")
    with connect(dsn, application="qaitarym route replay") as conn:
        conn.read_only = True
        as_of = wanted.as_of or _newest(conn)
        names = [row["merchant_id"] for row in run_statement(conn, "report/merchants")]
        found = [replay(conn, name, as_of) for name in names if not wanted.merchant or name in wanted.merchant]
    told = [one for one in found if one is not None]
    if not told:
        print("no merchant has enough history to compare")
        return 1
    print(f"A comparison over the history up to {as_of.isoformat(timespec='minutes')}, no promise. Tenge a unit.")
    print(f"The plain rule: {PLAIN}.\n")
    print(f"{'merchant':<16}{'units':>7}{'plain':>9}{'money':>9}{'gain, 80 %':>18}{'differ':>8}")
    for one in told:
        print(_line(one))
    print("\nThe model against what happened (units older than the horizon, on the route they took):")
    for one in told:
        print(
            f"{one.merchant_id:<16}{one.checked:>7} units: sold {one.expected_sold:.0%} expected, {one.sold:.0%} in "
            f"fact; left {one.expected_net} expected, {one.net} in fact"
        )
    print("\nWhat this takes for granted:")
    for assumption in ASSUMPTIONS:
        print(f"- {assumption}")
    return 0


def _line(one: Replay) -> str:
    moves = ", ".join(f"{before} to {after} {count}" for (before, after), count in sorted(one.moves.items()))
    gain = f"{one.gain_low:+} … {one.gain_high:+}"
    return f"{one.merchant_id:<16}{one.units:>7}{one.plain:>9}{one.money:>9}{gain:>18}{one.differ:>8}  {moves}".rstrip()


def _newest(conn: Connection) -> dt.datetime:
    row = run_statement(conn, "ops/run__newest").fetchone()
    if row is None or row["now_at"] is None:
        sys.exit("nothing ever ran on this warehouse: give --as-of")
    moment: dt.datetime = row["now_at"]
    return moment


if __name__ == "__main__":
    sys.exit(main())
