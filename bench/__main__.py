"""``make bench`` runs all, ``make bench ONLY=name SIZE=smoke|full`` one. Exit code 1 where a check does not hold."""

import argparse
import sys
from collections.abc import Callable

from bench import (
    chain,
    dashboard,
    desk,
    feed,
    gates,
    imports,
    increment,
    ingest,
    ingest_latency,
    ledger,
    reconcile,
    rerun,
    weekly,
)
from bench.quiet import must_be_quiet
from bench.result import Result, Size

BENCHMARKS: dict[str, Callable[[Size], Result]] = {
    "imports": imports.run,
    "chain": chain.run,
    "ingest": ingest.run,
    "ingest_latency": ingest_latency.run,
    "rerun": rerun.run,
    "increment": increment.run,
    "ledger": ledger.run,
    "desk": desk.run,
    "dashboard": dashboard.run,
    "reconcile": reconcile.run,
    "feed": feed.run,
    "weekly": weekly.run,
    "gates": gates.run,
}
# A bound of theirs is of wall time.
TIMED = (
    "ingest", "ingest_latency", "increment", "ledger", "desk", "dashboard", "reconcile", "feed", "weekly", "gates",
)  # fmt: skip


def main() -> int:
    """Run what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHMARKS))
    parser.add_argument("--size", choices=("smoke", "full"), default="full")
    chosen = parser.parse_args()
    names = [chosen.only] if chosen.only else list(BENCHMARKS)
    failed = [name for name in names if not _holds(name, chosen.size)]
    if failed:
        sys.stderr.write(f"checks do not hold in: {', '.join(failed)}\n")
    return 1 if failed else 0


def _holds(name: str, size: Size) -> bool:
    if size == "full" and name in TIMED and not must_be_quiet(name):
        return False
    return BENCHMARKS[name](size).report()


if __name__ == "__main__":
    sys.exit(main())
