"""Book the portions of a folder into a ledger, one transaction each: ``python -m bench.append --dsn … --folder …``.

Prints one line of JSON: the seconds of booking and committing (not those of reading the files), the process's own CPU
seconds of them, what was booked, and its peak memory before the work began and at its end, in MiB.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from bench.ours import peak_mib


def main() -> int:
    """Book them all."""
    bare = peak_mib()
    parser = argparse.ArgumentParser(prog="python -m bench.append", description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    chosen = parser.parse_args()
    from bench.unit_events import events_of
    from include.db.connection import connect
    from include.flows import ledger

    seconds = cpu = 0.0
    found: Counter[str] = Counter()
    with connect(chosen.dsn) as conn:
        for path in sorted(chosen.folder.glob("*.json")):
            events = events_of(path.read_bytes())
            now = max(event.occurred_at for event in events)
            began, used = time.perf_counter(), time.process_time()
            with conn.transaction():
                outcome = ledger.append(conn, events, now)
            seconds += time.perf_counter() - began
            cpu += time.process_time() - used
            found["told"] += len(events)
            for name in ("accepted", "repeated", "waiting", "rejected"):
                found[name] += len(getattr(outcome, name))
    report = {"seconds": seconds, "cpu": cpu, "found": found, "bare_mib": bare, "peak_mib": peak_mib()}
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
