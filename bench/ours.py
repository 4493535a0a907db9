"""One task of our ingest in a process of its own, as Airflow runs it: ``python -m bench.ours fetch|gate|publish …``.

Prints one line of JSON: seconds of the work (and of its imports, beside), what it counted, and the process's peak
memory before the work began and at its end, in MiB. Nothing but what the task needs is imported before that.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

DAG_ID = "kaspi_returns_ingest"


def peak_mib() -> float:
    """Return the most memory this process ever had (VmHWM; ru_maxrss would tell the parent's where it was larger)."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Run one task."""
    bare = peak_mib()
    began = time.perf_counter()
    chosen = _arguments()
    work = {"fetch": _fetch, "gate": _gate, "publish": _publish}[chosen.task]
    ready = work(chosen)  # imports are done, nothing was read yet
    imported, imports = peak_mib(), time.perf_counter() - began
    began, cpu, at = time.perf_counter(), time.process_time(), time.monotonic()
    found = ready()
    report = {
        "task": chosen.task,
        "seconds": time.perf_counter() - began,
        "began": at,
        "ended": time.monotonic(),
        "cpu": time.process_time() - cpu,
        "import_seconds": imports,
        "bare_mib": bare,
        "imported_mib": imported,
        "peak_mib": peak_mib(),
        "found": found,
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.ours", description=__doc__)
    parser.add_argument("task", choices=("fetch", "gate", "publish"))
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--run", default="bench", help="the run's id")
    parser.add_argument("--attempt", type=int, default=1)
    parser.add_argument("--merchant", help="whose orders (fetch)")
    parser.add_argument("--token", help="his token (fetch)")
    parser.add_argument("--url", help="of the Shop API's server (fetch)")
    parser.add_argument("--from", dest="begin", help="begin of the range, ISO 8601")
    parser.add_argument("--to", dest="end", help="end of the range, ISO 8601")
    parser.add_argument("--requests-per-second", type=float, default=5.0)
    return parser.parse_args()


def _run(chosen: argparse.Namespace) -> Any:
    """Open the run, or find what an earlier task of it fixed."""
    import datetime as dt

    from include.clock import SystemClock
    from include.db.connection import connect
    from include.flows.run import open_run

    begin, end = (dt.datetime.fromisoformat(text) if text else None for text in (chosen.begin, chosen.end))
    with connect(chosen.dsn) as conn:
        return open_run(conn, DAG_ID, chosen.run, SystemClock(), range_from=begin, range_to=end)


def _owner(chosen: argparse.Namespace) -> str:
    return f"{DAG_ID}/{chosen.run}/{chosen.task}/{chosen.merchant}#{chosen.attempt}"


def _fetch(chosen: argparse.Namespace) -> Any:
    from cryptography.fernet import Fernet

    from include.clock import SystemClock
    from include.flows.contacts import Sealer
    from include.flows.kaspi_returns_ingest import fetch
    from include.kaspi.shop_api import ShopSettings

    settings = ShopSettings(
        chosen.merchant, chosen.url + "/shop/api/v2", chosen.token, requests_per_second=chosen.requests_per_second
    )
    sealer = Sealer(Fernet.generate_key().decode())
    return lambda: fetch(chosen.dsn, _run(chosen), settings, SystemClock(), _owner(chosen), sealer)


def _gate(chosen: argparse.Namespace) -> Any:
    import great_expectations  # noqa: F401  its import takes seconds, is paid once a process and told beside
    import great_expectations.data_context.types.base  # noqa: F401

    from include.quality.gate import judge
    from include.quality.suites.kaspi_returns_ingest import SUITE

    return lambda: judge(chosen.dsn, _run(chosen), SUITE, chosen.merchant)


def _publish(chosen: argparse.Namespace) -> Any:
    from include.flows.kaspi_returns_ingest import publish

    return lambda: publish(chosen.dsn, _run(chosen), _owner(chosen), chosen.merchant)


if __name__ == "__main__":
    sys.exit(main())
