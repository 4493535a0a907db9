"""One look of the receipts' reconciliation in a process of its own: ``python -m bench.look --dsn … --now …``.

Prints one line of JSON: the seconds of the look and its commit, the process's own CPU seconds of them, how many
differences are open then, and its peak memory before the work began and at its end, in MiB.
"""

import argparse
import datetime as dt
import json
import sys
import time

from bench.ours import peak_mib


def main() -> int:
    """Look once, as the flow does."""
    bare = peak_mib()
    parser = argparse.ArgumentParser(prog="python -m bench.look", description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--merchant", required=True)
    parser.add_argument("--now", required=True, type=dt.datetime.fromisoformat)
    chosen = parser.parse_args()
    from include.db.connection import connect
    from include.flows import discrepancies
    from include.flows.run import Run

    run = Run(discrepancies.FLOW, "bench", chosen.now)
    with connect(chosen.dsn) as conn:
        began, used = time.perf_counter(), time.process_time()
        with conn.transaction():
            found = discrepancies.refresh(conn, run, chosen.merchant)
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
    report = {"seconds": seconds, "cpu": cpu, "found": found, "bare_mib": bare, "peak_mib": peak_mib()}
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
