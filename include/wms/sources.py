"""Where warehouse events come from. Each source yields portions; a portion moves its cursor when it is stored."""

import csv
import hashlib
import io
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import requests

from include.wms.contract import from_text

log = logging.getLogger(__name__)
LIMIT = 500
TIMEOUT = (10, 30)


FEED = ""  # a feed has one part


@dataclass(frozen=True, slots=True)
class Portion:
    """Some events in the order of the source; ``part`` stands at ``cursor`` once they are stored."""

    events: list[Any]
    cursor: str
    part: str = FEED


class Source(Protocol):
    """Anything that can say what happened in a warehouse and was not read yet."""

    def portions(self, read: Mapping[str, str]) -> Iterator[Portion]:
        """Yield what came after ``read``, the cursor of each part that was read before."""
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
                page = answer.json()
                following = str(page["next_cursor"])
                more = bool(page["has_more"])
                if more and following == cursor:
                    raise ValueError(f"{self.url} says there is more but does not move on from {cursor}")
                cursor = following
                if page["events"]:
                    yield Portion(page["events"], cursor)


@dataclass(frozen=True, slots=True)
class FileDrop:
    """A folder of CSV files. Each is read once it bears its final name, and again when its content changed."""

    folder: Path

    def portions(self, read: Mapping[str, str]) -> Iterator[Portion]:
        """Yield one portion a file, in the order of their names, whenever they came."""
        if not self.folder.is_dir():
            raise FileNotFoundError(f"the drop folder {self.folder} does not exist: see the source's connection")
        for path in sorted(self.folder.glob("*.csv")):
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()
            if read.get(path.name) != digest:
                yield Portion(read_csv(body, path.name), digest, path.name)


def read_csv(body: bytes, name: str) -> list[Any]:
    """Read a drop file: UTF-8 with or without a BOM, comma or semicolon."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("cp1251")
        log.warning("%s is not UTF-8; read as cp1251", name)
    header = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if header.count(";") > header.count(",") else ",")
    return [from_text(row) for row in reader]


def source_of(kind: str, url: str, token: str | None, extra: dict[str, Any]) -> Source:
    """Make the source that a row of ``core.warehouse_source`` and its connection describe."""
    if kind == "http_feed":
        return HttpFeed(url, token or "")
    if kind == "file_drop":
        return FileDrop(Path(str(extra["path"])))
    raise ValueError(f"unknown kind of warehouse source {kind!r}: {json.dumps(['http_feed', 'file_drop'])}")
