"""The peer: dlt loads the same orders from the same server, in an environment of its own (bench/requirements.lock).

Tuned as dlt's performance guide says: files of csv that the database takes by COPY, larger buffers, two workers to
normalize, orjson, one kept-alive session, and a generator instead of the paging helper (fewer layers). It reads the
range once, in windows that do not overlap and with no loop over folders, which ours may not do.
"""

import argparse
import datetime as dt
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

WINDOW = dt.timedelta(days=13)
PAGE_SIZE = 100
TUNING = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "100000",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "50000",  # several files, so that both workers have something to normalize
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "4",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
}
if __name__ == "__main__":  # the normalizing workers are forked from here and read them too
    os.environ.update({**TUNING, **{name: value for name, value in os.environ.items() if name in TUNING}})


def pages(url: str, begin: dt.datetime, end: dt.datetime) -> Iterator[Any]:
    """Yield the orders and lines of every page, each with the table it belongs to."""
    import dlt
    import orjson
    import requests

    session = requests.Session()
    session.headers.update({"X-Auth-Token": "bench-token", "Accept": "application/vnd.api+json"})
    left = int(begin.timestamp() * 1000)
    last = int(end.timestamp() * 1000)
    while left <= last:
        right = min(left + int(WINDOW.total_seconds() * 1000) - 1, last)
        number, count = 0, 1
        while number < count:
            answer = session.get(
                f"{url}/shop/api/v2/orders",
                params={
                    "page[number]": str(number),
                    "page[size]": str(PAGE_SIZE),
                    "filter[orders][creationDate][$ge]": str(left),
                    "filter[orders][creationDate][$le]": str(right),
                    "include[orders]": "entries",
                },
                timeout=60,
            )
            answer.raise_for_status()
            document = orjson.loads(answer.content)
            count = document["meta"]["pageCount"]
            yield dlt.mark.with_table_name(document["data"], "orders")
            yield dlt.mark.with_table_name(document["included"], "entries")
            number += 1
        left = right + 1


def main() -> int:
    """Run the pipeline once; print its report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--from", dest="begin", required=True)
    parser.add_argument("--to", dest="end", required=True)
    parser.add_argument("--disposition", choices=("replace", "merge"), required=True)
    parser.add_argument("--nesting", type=int, default=0, help="how deep lists become child tables")
    chosen = parser.parse_args()
    import dlt

    @dlt.source(max_table_nesting=chosen.nesting)
    def shop() -> Any:
        orders = dlt.resource(
            pages(chosen.url, dt.datetime.fromisoformat(chosen.begin), dt.datetime.fromisoformat(chosen.end)),
            name="orders",
            write_disposition=chosen.disposition,
            primary_key="id",
        )
        # lines come with the orders' pages: the second table takes the same hints
        orders.apply_hints(
            table_name="entries", write_disposition=chosen.disposition, primary_key="id", create_table_variant=True
        )
        return orders

    with tempfile.TemporaryDirectory(prefix="qaitarym-dlt-") as folder:
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=folder, destination=dlt.destinations.postgres(chosen.dsn), dataset_name="dlt_orders"
        )
        began = time.perf_counter()
        pipeline.run(shop(), loader_file_format="csv")
        seconds = time.perf_counter() - began
        steps = {
            step.step: (step.finished_at - step.started_at).total_seconds()
            for step in pipeline.last_trace.steps
            if step.finished_at
        }
    report = {
        "seconds": seconds,
        "steps": steps,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "worker_peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "version": dlt.__version__,
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
