"""10,000 orders from a shop that takes its time, under the rate that Kaspi is asked with: how near to the limit."""

from bench import ingest_server, loaders, warehouse
from bench.orders import DataSet
from bench.processes import counters, server
from bench.result import Result, Size

ORDERS: dict[Size, int] = {"smoke": 1_000, "full": 10_000}
LATENCIES_MS = (50, 200)
REPETITIONS: dict[Size, int] = {"smoke": 1, "full": 3}
PER_SECOND = 5.0
AT_ONCE = 4
PAGE_SIZE = 100


def run(size: Size) -> Result:
    """Fetch one merchant's orders at each latency; compare with the calls that are needed at the allowed rate."""
    result, count = Result("ingest_latency", size), ORDERS[size]
    data_set = DataSet(count)
    with warehouse.running() as database:
        folder = database.folder / "data"
        ingest_server.write(data_set, folder)
        for latency in LATENCIES_MS:
            with server("bench.ingest_server", "--folder", str(folder), "--latency-ms", str(latency)) as about:
                seconds, calls = [], []
                for _ in range(REPETITIONS[size]):
                    counters(about["url"], reset=True)
                    with database.database("latency") as dsn:
                        fetched = loaders.all_shops(
                            "fetch", dsn, about["url"], data_set.span(), "bench", shops=1, rate=PER_SECOND
                        )
                    found = counters(about["url"])
                    seconds.append(fetched.seconds)
                    calls.append(float(found["requests"]))
                    most = found["most_in_a_second"]
                    result.check(f"{latency} ms: most calls in a second", float(most), f"<= {PER_SECOND:.0f}",
                                 holds=most <= PER_SECOND, of_time=True)  # fmt: skip
                    at_once = found["most_at_once"]
                    result.check(f"{latency} ms: most calls at once", float(at_once), f"<= {AT_ONCE}",
                                 holds=at_once <= AT_ONCE)  # fmt: skip
            spent = result.measure(f"{latency} ms: fetch", seconds, "s")
            asked = result.measure(f"{latency} ms: calls", calls, "calls")
            result.measure(f"{latency} ms: calls an order", [asked / count], "calls")
            # every full page and the last one of each folder that has any, one call for each empty folder
            needed = _needed(data_set)
            theory = needed / PER_SECOND
            result.measure(f"{latency} ms: theory, {needed} calls", [theory], "s")
            result.check(f"{latency} ms: fetch ÷ theory", spent / theory, "<= 1.25 (aim 1.05)",
                         holds=spent <= 1.25 * theory, of_time=True)  # fmt: skip
    return result


def _needed(data_set: DataSet) -> int:
    """Return the pages of the six folders, an empty one being a page too; the range is one window."""
    states: dict[str, int] = {}
    for index in range(data_set.first, data_set.beyond):
        state = data_set.order(index).state
        states[state] = states.get(state, 0) + 1
    return sum(-(-found // PAGE_SIZE) for found in states.values()) + 6 - len(states)
