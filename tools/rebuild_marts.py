"""Refresh the weekly marts, then make them anew from all facts and tell every row that differed.

``python -m tools.rebuild_marts [--clock system]``

The warehouse's address is in QAITARYM_WAREHOUSE_DSN. Both go through the gate like the weekly run; no mail is sent.
Exit code 0 where nothing differed, 1 where something did (it is put right), 2 where the gate holds a part back.
"""

import argparse
import datetime as dt
import os
import sys
import time
from collections.abc import Sequence
from uuid import uuid4

from include.clock import from_setting
from include.db.connection import connect
from include.flows.marts_rebuild import rebuild, refresh
from include.flows.run import open_run

DAG, SHOWN = "return_causes_weekly", 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="tools.rebuild_marts", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--clock", default="system", help="'system' or the address of the installation's clock")
    wanted = parser.parse_args(arguments)
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        sys.exit("set QAITARYM_WAREHOUSE_DSN to the warehouse's connection string")
    name = f"rebuild__{uuid4()}"
    with connect(dsn, application="qaitarym rebuild") as conn:
        first = open_run(conn, DAG, f"{name}/refresh", from_setting(wanted.clock), steady=True)
        second = open_run(conn, DAG, name, _JustAfter(first.now))
    began = time.monotonic()
    refresh(dsn, first, name)
    print(f"refreshed in {time.monotonic() - began:.1f} s", file=sys.stderr)
    began = time.monotonic()
    found, held = rebuild(dsn, second, name)
    print(f"made anew in {time.monotonic() - began:.1f} s", file=sys.stderr)
    for difference in found[:SHOWN]:
        print(difference)
    if len(found) > SHOWN:
        print(f"(only the first {SHOWN} are shown)")
    if held:
        print(f"the gate holds back: {', '.join(held)}; see ops.batch of the run {name}")
        return 2
    print(f"{len(found)} rows differed and are put right" if found else "nothing differed")
    return 1 if found else 0


class _JustAfter:
    """A clock that shows the next moment: what a clock has been told (ops.weekly_known) is not told otherwise."""

    def __init__(self, moment: dt.datetime) -> None:
        self._moment = moment

    def now(self) -> dt.datetime:
        return self._moment + dt.timedelta.resolution


if __name__ == "__main__":
    sys.exit(main())
