"""Where warehouse events come from. Each source yields portions; a portion moves its cursor when it is stored."""

import csv
import datetime as dt
import hashlib
import io
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
import requests

from include import spreadsheet
from include.json_pieces import NoDocument, elements, members
from include.wms.contract import Unreadable, field_types, from_text

log = logging.getLogger(__name__)
LIMIT = 500
TIMEOUT = (10, 30)
MOST_BYTES = 20 * 1024 * 1024


FEED = ""  # a feed has one part


@dataclass(frozen=True, slots=True)
class Portion:
    """Some events, as they came, in the order of the source; ``part`` stands at ``cursor`` once they are stored."""

    bodies: list[bytes]
    cursor: str
    part: str = FEED


class Source(Protocol):
    """Anything that can say what happened in a warehouse and was not read yet."""

    def portions(self, read: Mapping[str, str]) -> Iterator[Portion]:
        """Yield what came after ``read``, the cursor of each part that was read before."""
        ...

    def event(self, body: bytes) -> Any:
        """Read an event as this source sends it. Raises Unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class HttpFeed:
    """A cursor-paged JSON feed, at least once: ``GET /events?cursor=…&limit=…``."""

    url: str
    token: str = field(repr=False)

    def portions(self, read: Mapping[str, str]) -> Iterator[Portion]:
        """Yield pages until the feed has no more."""
        cursor = read.get(FEED)
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {self.token}"
            more = True
            while more:
                params: dict[str, str | int] = {"limit": LIMIT}
                if cursor:
                    params["cursor"] = cursor
                answer = session.get(f"{self.url}/events", params=params, timeout=TIMEOUT)
                if answer.status_code in (401, 403):
                    raise PermissionError(
                        f"{self.url} answered {answer.status_code}: put a valid token into the source's connection"
                    )
                answer.raise_for_status()
                page = _page(answer.content)
                following = str(page.next_cursor)
                more = page.has_more
                if more and following == cursor:
                    raise ValueError(f"{self.url} says there is more but does not move on from {cursor}")
                cursor = following
                if page.events:
                    yield Portion(list(map(bytes, page.events)), cursor)

    def event(self, body: bytes) -> Any:
        """Read an event of a page."""
        try:
            return msgspec.json.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise Unreadable(_legible(body)) from None


class _Page(msgspec.Struct):
    next_cursor: str | int
    has_more: bool
    events: list[msgspec.Raw]


def _page(body: bytes) -> _Page:
    """Return a page, its events uncut. One that the reader stumbles over is cut by its brackets."""
    try:
        return msgspec.json.decode(body, type=_Page)
    except (msgspec.MsgspecError, RecursionError):
        parts = dict(members(body))
        following, more = (msgspec.json.decode(parts[name]) for name in (b'"next_cursor"', b'"has_more"'))
        return _Page(following, bool(more), elements(parts[b'"events"']))


def _legible(body: bytes) -> dict[str, str]:
    head = {}
    try:
        for name, value in members(body):
            if name in (b'"event_id"', b'"merchant_id"'):
                head[name.decode().strip('"')] = msgspec.json.decode(value, type=str)
    except (NoDocument, msgspec.MsgspecError, UnicodeDecodeError):
        pass  # so much of it is legible
    return head


@dataclass(frozen=True, slots=True)
class FileDrop:
    """A folder of CSV and XLSX files. Each is read once it bears its final name, and again when its content changed."""

    folder: Path

    def portions(self, read: Mapping[str, str]) -> Iterator[Portion]:
        """Yield one portion a file, in the order of their names, whenever they came.

        A file that cannot be read does not keep the others; ValueError names it when they are all yielded.
        """
        if not self.folder.is_dir():
            raise FileNotFoundError(f"the drop folder {self.folder} does not exist: see the source's connection")
        broken: list[str] = []
        for path in sorted(path for path in self.folder.iterdir() if path.suffix.lower() in READERS):
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()
            if read.get(path.name) == digest:
                continue
            try:
                rows = READERS[path.suffix.lower()](body, path.name)
            except ValueError as error:
                broken.append(f"{path.name}: {error}")
                continue
            yield Portion([json.dumps(row).encode() for row in rows], digest, path.name)
        if broken:
            raise ValueError(f"files that cannot be read: {'; '.join(broken)}. Put a good file in their place")

    def event(self, body: bytes) -> Any:
        """Type a row's cells."""
        return from_text(json.loads(body))


Cells = dict[str, str | None]


def read_csv(body: bytes, name: str) -> list[Cells]:
    """Read the rows of a drop file by the names in its header: UTF-8 with or without a BOM, comma or semicolon."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1251")
        log.warning("%s is not UTF-8; read as cp1251", name)
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if header.count(";") > header.count(",") else ",")
    try:
        return [_cells(row.items()) for row in reader]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error


def read_xlsx(body: bytes, _: str) -> list[Cells]:
    """Read a dropped workbook: the first sheet with the contract's ``event_id`` in its header, cells as in a CSV.

    Excel's own dates have no offset from UTC, which the contract asks for: such a column has to be text.
    """
    if len(body) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES >> 20} MiB")
    try:
        for rows in spreadsheet.sheets(body, most_columns=len(field_types()) + 20):
            header = [str(cell or "").strip() for cell in next(rows, (0, ()))[1]]
            if "event_id" in header:
                return [_cells(zip(header, map(_text_of, cells), strict=False)) for _, cells in rows]
    except spreadsheet.BadWorkbook as bad:
        raise ValueError(f"the workbook is {bad.code.replace('_', ' ')}") from bad
    raise ValueError("no sheet has a column event_id")


def _cells(row: Iterable[tuple[str | None, Any]]) -> Cells:
    return {name: cell for name, cell in row if name}  # what stands beyond the header has no name


def _text_of(cell: Any) -> str | None:
    """Return a cell as a CSV would have it: a number without a needless fraction, true or false."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, dt.datetime) else str(cell)


READERS: Mapping[str, Callable[[bytes, str], list[Cells]]] = {".csv": read_csv, ".xlsx": read_xlsx}


def source_of(kind: str, url: str, token: str | None, extra: dict[str, Any]) -> Source:
    """Make the source that a row of ``core.warehouse_source`` and its connection describe."""
    if kind == "http_feed":
        return HttpFeed(url, token or "")
    if kind == "file_drop":
        return FileDrop(Path(str(extra["path"])))
    raise ValueError(f"unknown kind of warehouse source {kind!r}: {json.dumps(['http_feed', 'file_drop'])}")
