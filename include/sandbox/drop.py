"""The CSV drop: the second warehouse leaves files of events in a folder."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from include.sandbox.moments import DAY, HOUR
from include.sandbox.span import Span
from include.sandbox.wms_events import Outbox

SCHEMA = Path(__file__).parents[2] / "docs" / "wms-event.schema.json"

AFTERLIFE = 30 * DAY


def columns() -> list[str]:
    """Return the contract's field names in the order the schema lists them."""
    return list(json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"])


def boundaries(span: Span) -> Iterator[dt.datetime]:
    """Yield when files are written: weekly in history, then every four hours by the clock."""
    boundary = span.begin + 7 * DAY
    while boundary < span.start_of_life:
        yield boundary
        boundary += 7 * DAY
    yield span.start_of_life
    boundary = span.start_of_life.replace(hour=span.start_of_life.hour // 4 * 4, minute=0) + 4 * HOUR
    while boundary <= span.end + AFTERLIFE:
        yield boundary
        boundary += 4 * HOUR


def cell(value: Any) -> str:
    """Return a value as the contract writes it in CSV: booleans true/false, lists joined by ``|``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "|".join(map(str, value))
    return str(value)


class DropFolder:
    """Writes each stretch of events to a file of its own, whole or not at all."""

    def __init__(self, folder: Path, outbox: Outbox) -> None:
        self._folder = folder
        self._outbox = outbox
        self._columns = columns()
        self._written_to: dt.datetime | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, at: dt.datetime) -> None:
        """Write what was delivered since the last file; a file that is there already stays as it is."""
        events = self._outbox.between(self._written_to, at)
        self._written_to = at
        target = self._folder / f"events-{at:%Y%m%d-%H%M}.csv"
        if not events or target.exists():
            return
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self._columns)
        for event in events:
            record = event.payload()
            writer.writerow([cell(record.get(name)) for name in self._columns])
        unfinished = target.with_suffix(".csv.part")
        unfinished.write_text(out.getvalue(), encoding="utf-8")
        unfinished.rename(target)
