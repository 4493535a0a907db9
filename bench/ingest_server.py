"""A Shop API for the ingest benchmarks: pages cut out of two mapped files, so that it is never what is measured.

``write`` lays a data set down once; ``python -m bench.ingest_server --folder F`` serves it and prints its address as
one line of JSON. It knows the listing with its windows, folders and pages, one order by id or code, its lines, and
counts what it was asked at ``/counters`` (``/counters/reset`` begins anew).
"""

import argparse
import asyncio
import csv
import json
import math
import mmap
import signal
import sys
import time
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bench.orders import FIRST_CODE, BenchOrder, DataSet, unpadded
from runtime.ports import LOOPBACK

PREFIX = "/shop/api/v2"
PAGE_SIZE_AT_MOST = 100
WINDOW_AT_MOST = 14 * 86_400_000
CREATED = "filter[orders][creationDate]"
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}
ORDER_FACTS = ("order_id", "code", "status", "total_price", "created_ms")
LINE_FACTS = ("entry_id", "sku", "quantity", "base_price")


def write(data_set: DataSet, folder: Path) -> None:
    """Write what the server maps, and beside it what every loader must end with (orders.csv, lines.csv)."""
    folder.mkdir(parents=True, exist_ok=True)
    states: dict[str, array[int]] = {}
    created, order_ends, line_ends = array("q"), array("q"), array("q")
    with (
        (folder / "orders.bin").open("wb") as orders,
        (folder / "lines.bin").open("wb") as lines,
        (folder / "orders.csv").open("w", newline="", encoding="utf-8") as order_facts,
        (folder / "lines.csv").open("w", newline="", encoding="utf-8") as line_facts,
    ):
        wanted_orders, wanted_lines = csv.writer(order_facts), csv.writer(line_facts)
        for place, (order, order_json, lines_json) in enumerate(data_set.orders()):
            orders.write(order_json + b",")
            lines.write(lines_json + b",")
            order_ends.append(orders.tell())
            line_ends.append(lines.tell())
            created.append(order.created_ms)
            states.setdefault(order.state, array("q")).append(place)
            wanted_orders.writerow((order.order_id, order.code, order.status, order.total_price, order.created_ms))
            wanted_lines.writerows((one.entry_id, one.sku, one.quantity, one.base_price) for one in order.lines)
    for name, values in (("created", created), ("order_ends", order_ends), ("line_ends", line_ends), *states.items()):
        (folder / f"{name}.array").write_bytes(values.tobytes())
    about = {**asdict(data_set), "states": sorted(states)}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


class Refused(Exception):
    """A request that the real shop would refuse: the status and the title of its error."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status = status


@dataclass(slots=True)
class Counters:
    """What the server was asked, and how many questions at once."""

    requests: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    at_once: int = 0
    most_at_once: int = 0
    most_in_a_second: int = 0
    recent: deque[float] = field(default_factory=deque)

    def came(self, kind: str) -> None:
        """Count a question that is to be answered."""
        now = time.monotonic()
        self.requests += 1
        self.by_kind[kind] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.recent.append(now)
        while self.recent[0] <= now - 1:
            self.recent.popleft()
        self.most_in_a_second = max(self.most_in_a_second, len(self.recent))

    def reset(self) -> None:
        """Begin anew; what is under way stays under way."""
        self.requests = self.most_in_a_second = 0
        self.most_at_once = self.at_once
        self.by_kind.clear()
        self.recent.clear()

    def document(self) -> dict[str, Any]:
        """Return the counters as JSON."""
        return {
            "requests": self.requests,
            "by_kind": dict(self.by_kind),
            "most_at_once": self.most_at_once,
            "most_in_a_second": self.most_in_a_second,
        }


class Shelf:
    """A data set on disk, mapped."""

    def __init__(self, folder: Path) -> None:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        self.places: dict[str, Sequence[int]] = {
            state: _array(folder, state) for state in about.pop("states")
        }  # which orders lie in a folder, oldest first
        self.data_set = DataSet(**about)
        self.created = _array(folder, "created")
        self._order_ends, self._line_ends = _array(folder, "order_ends"), _array(folder, "line_ends")
        self._orders, self._lines = _mapped(folder / "orders.bin"), _mapped(folder / "lines.bin")

    def listed(self, params: dict[str, str], token: str = "") -> bytes:
        """Return a page of the orders of a window: of one folder, or of all where none is named.

        A token ``share-K-of-N`` is that of a shop with the K-th part of the orders, from 0; any other has all.
        """
        size, number = _whole(params, "page[size]"), _whole(params, "page[number]")
        begin, end = _whole(params, f"{CREATED}[$ge]"), _whole(params, f"{CREATED}[$le]")
        if end - begin > WINDOW_AT_MOST:
            raise Refused(
                400,
                "Exceeded the maximum difference for the filter[orders][creationDate] (in days). "
                f"Actual [{(end - begin) // 86_400_000}], max [14].",
            )
        if not 0 < size <= PAGE_SIZE_AT_MOST:
            raise Refused(400, f"page[size] must be between 1 and {PAGE_SIZE_AT_MOST}")
        state = params.get("filter[orders][state]")
        places = range(len(self.created)) if state is None else self.places.get(state, ())
        low = bisect_left(places, begin, key=self.created.__getitem__)
        high = bisect_right(places, end, key=self.created.__getitem__)
        first, beyond = _share(token, len(self.created))
        low, high = max(low, bisect_left(places, first)), min(high, bisect_left(places, beyond))
        high = max(low, high)
        chosen = places[low + number * size : min(high, low + (number + 1) * size)]
        return self._page(chosen, high - low, size, with_lines="entries" in params.get("include[orders]", ""))

    def _page(self, places: Sequence[int], total: int, size: int, *, with_lines: bool) -> bytes:
        meta = b'],"meta":{"pageCount":%d,"totalCount":%d}}' % (math.ceil(total / size), total)
        orders = self._cut(self._orders, self._order_ends, places)
        lines = self._cut(self._lines, self._line_ends, places) if with_lines else ()
        return b"".join((b'{"data":[', *orders, b'],"included":[', *lines, meta))

    def _cut(self, data: memoryview, ends: Sequence[int], places: Sequence[int]) -> list[memoryview | bytes]:
        """Return the pieces of ``data`` at ``places``, neighbours as one piece, joined by commas."""
        if not places:
            return []
        runs: list[tuple[int, int]] = []
        if places[-1] - places[0] == len(places) - 1:
            runs.append((places[0], places[-1]))
        else:
            runs.extend((place, place) for place in places)
        pieces: list[memoryview | bytes] = []
        for first, last in runs:
            pieces += [data[ends[first - 1] if first else 0 : ends[last] - 1], b","]
        return pieces[:-1]

    def by_code(self, code: str) -> bytes:
        """Return the listing of at most one order."""
        found = self._place(lambda order: order.code == code, code)
        return self._page([] if found is None else [found], int(found is not None), 1, with_lines=False)

    def by_id(self, order_id: str, *, lines: bool) -> bytes:
        """Return one order, or its lines."""
        code = _decoded(order_id)
        found = self._place(lambda order: order.order_id == order_id, code)
        if found is None:
            raise Refused(404, f"Order with id {order_id} is not found.")
        if lines:
            return b"".join((b'{"data":[', *self._cut(self._lines, self._line_ends, [found]), b'],"included":[]}'))
        return b"".join((b'{"data":', *self._cut(self._orders, self._order_ends, [found]), b',"included":[]}'))

    def _place(self, is_meant: Any, code: str) -> int | None:
        index = int(code) - FIRST_CODE if code.isdigit() else -1
        if not self.data_set.first <= index < self.data_set.beyond:
            return None
        order: BenchOrder = self.data_set.order(index)
        return index - self.data_set.first if is_meant(order) else None


def _share(token: str, count: int) -> tuple[int, int]:
    """Return the places of the orders that the shop with this token has."""
    match token.split("-"):
        case ["share", number, "of", shops]:
            return count * int(number) // int(shops), count * (int(number) + 1) // int(shops)
    return 0, count


def _decoded(order_id: str) -> str:
    """Return the code an id was made of, or nothing."""
    import base64
    import binascii

    try:
        code = base64.b64decode(order_id + "=" * (-len(order_id) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return code if unpadded(code) == order_id else ""


def _whole(params: dict[str, str], name: str) -> int:
    try:
        return int(params[name])
    except (KeyError, ValueError):
        what = "pagination value [number]" if name.startswith("page") else name.replace("filter", "filter ", 1)
        raise Refused(400, f"Required {what} is empty.") from None


def _array(folder: Path, name: str) -> "array[int]":
    values = array("q")
    values.frombytes((folder / f"{name}.array").read_bytes())
    return values


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


class Connection(asyncio.Protocol):
    """One kept-alive connection; one question at a time, as every client here asks."""

    def __init__(self, shelf: Shelf, counters: Counters, latency: float) -> None:
        self.shelf, self.counters, self.latency = shelf, counters, latency
        self.received = bytearray()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answer every question that is complete."""
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.received[:end]).decode("latin-1")
            del self.received[: end + 4]
            self._answer(head)

    def _answer(self, head: str) -> None:
        request, _, headers = head.partition("\r\n")
        target = urlsplit(request.split(" ")[1])
        if target.path.startswith("/counters"):
            if target.path.endswith("/reset"):
                self.counters.reset()
            self._send(200, json.dumps(self.counters.document()).encode())
            return
        kind, status, body = "refused", 200, b""
        try:
            token = _token(headers)
            kind, body = self._found(target.path.removeprefix(PREFIX), dict(parse_qsl(target.query)), token)
        except Refused as error:
            status, body = error.status, json.dumps({"errors": [{"title": str(error)}]}).encode()
        self.counters.came(kind)
        if self.latency:
            asyncio.get_running_loop().call_later(self.latency, self._finish, status, body)
        else:
            self._finish(status, body)

    def _found(self, path: str, params: dict[str, str], token: str) -> tuple[str, bytes]:
        if path == "/orders":
            if code := params.get("filter[orders][code]"):
                return "by_code", self.shelf.by_code(code)
            kind = "count" if params.get("page[size]") == "1" else "list"
            return kind, self.shelf.listed(params, token)
        match path.split("/"):
            case ["", "orders", order_id]:
                return "by_id", self.shelf.by_id(order_id, lines=False)
            case ["", "orders", order_id, "entries"]:
                return "entries", self.shelf.by_id(order_id, lines=True)
        raise Refused(404, "Not found")

    def _finish(self, status: int, body: bytes) -> None:
        self.counters.at_once -= 1
        if not self.transport.is_closing():
            self._send(status, body)

    def _send(self, status: int, body: bytes) -> None:
        head = (
            f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/vnd.api+json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n"
        )
        self.transport.write(head.encode())
        self.transport.write(body)


def _token(headers: str) -> str:
    for line in headers.split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "x-auth-token":
            return value
    raise Refused(401, "no token")


async def serve(folder: Path, latency_ms: float) -> None:
    """Serve until SIGTERM or SIGINT."""
    shelf, counters = Shelf(folder), Counters()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    server = await loop.create_server(lambda: Connection(shelf, counters, latency_ms / 1000), LOOPBACK, 0, backlog=128)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"http://{LOOPBACK}:{port}"}) + "\n")
    sys.stdout.flush()
    await ended.wait()
    server.close()


def main() -> None:
    """Serve a folder that ``write`` made."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest_server", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--latency-ms", type=float, default=0.0, help="before each answer, for all of them at once")
    chosen = parser.parse_args()
    asyncio.run(serve(chosen.folder, chosen.latency_ms))


if __name__ == "__main__":
    main()
