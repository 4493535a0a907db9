"""The gates of flows over their staged batches, in one process that has Great Expectations loaded:
``python -m bench.gate_task FLOW … --dsn … --dsn … --rounds N``.

Prints one line of JSON: for each flow and warehouse the seconds and the blocks of each round, and what was judged. A
batch that was judged may be judged again. The warehouses take turns.
"""

import argparse
import importlib
import json
import sys
import time
from typing import Any

import psycopg

from bench.increment import BLOCKS

LONGEST_END = 20  # seconds
OTHERS = """
select count(*) filter (where state <> 'idle' or pg_terminate_backend(pid))
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
"""


def main() -> int:
    """Judge each flow's batch of the run ``bench``."""
    parser = argparse.ArgumentParser(prog="python -m bench.gate_task", description=__doc__)
    parser.add_argument("flows", nargs="+")
    parser.add_argument("--dsn", action="append", required=True)
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    report = {flow: _judged(flow, chosen.dsn, chosen.rounds) for flow in chosen.flows}
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


def _judged(flow: str, dsns: list[str], rounds: int) -> list[dict[str, Any]]:
    from include.quality.gate import judge

    suite = importlib.import_module(f"include.quality.suites.{flow}").SUITE
    found: list[dict[str, Any]] = [{"seconds": [], "blocks": [], "found": {}} for _ in dsns]
    runs = [_run_of(dsn, flow) for dsn in dsns]
    for _ in range(rounds):
        for dsn, run, one in zip(dsns, runs, found, strict=True):
            before, began = _blocks(dsn), time.perf_counter()
            one["found"] = judge(dsn, run, suite)
            one["seconds"].append(time.perf_counter() - began)
            one["blocks"].append(_blocks(dsn) - before)
    return found


def _run_of(dsn: str, flow: str) -> Any:
    from include.flows.run import Run

    with psycopg.connect(dsn) as conn:
        row = conn.execute("select now_at from ops.run where dag_id = %s and run_id = 'bench'", (flow,)).fetchone()
    assert row is not None
    return Run(flow, "bench", row[0])


def _blocks(dsn: str) -> int:
    """Return the blocks touched so far, once every server process of the gate has ended: it says so only then.

    The library leaves a connection open, which goes with the task's process; here it is ended.
    """
    until = time.monotonic() + LONGEST_END
    with psycopg.connect(dsn, autocommit=True) as conn:
        while conn.execute(OTHERS.encode()).fetchone() != (0,):
            if time.monotonic() > until:
                raise RuntimeError("a connection of the gate was left open: what it touched is not known")
            time.sleep(0.01)
        found = conn.execute(BLOCKS.encode()).fetchone()
        assert found is not None
        return int(found[0])


if __name__ == "__main__":
    sys.exit(main())
