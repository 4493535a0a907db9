"""Tables as files that a spreadsheet opens."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse

from include.locale.words import Words

MARK = b"\xef\xbb\xbf"
PORTION = 2_000  # rows of a file that are read at once
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def sheet(name: str, heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Return the table as a CSV file ``name``: no cell of it is a formula."""
    return Response(
        sheet_bytes(heading, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def sheet_stream(name: str, heading: Sequence[str], portions: Iterable[Iterable[Sequence[Any]]]) -> StreamingResponse:
    """Return a table that may be long as a CSV file ``name``, sent portion by portion."""
    return StreamingResponse(
        _stream(heading, portions),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def portions(
    read: Callable[[Any, int], list[dict[str, Any]]], place: Callable[[dict[str, Any]], Any]
) -> Iterator[list[dict[str, Any]]]:
    """Yield all rows, portion by portion: ``read`` returns those behind a ``place`` (None: the first), at most so many.

    Between two portions no connection is held.
    """
    after = None
    while rows := read(after, PORTION):
        yield rows
        after = place(rows[-1])


def cut(rows: Sequence[Mapping[str, Any]], words: Words) -> list[list[str]]:
    """Return the line that ends a table of which not all ``rows`` are here, by their ``listed``; none where all are."""
    listed = rows[0]["listed"] if rows else 0
    if listed <= len(rows):
        return []
    said = words._(
        "{shown} of {listed} rows are here: narrow what you ask for",
        shown=words.number(len(rows)), listed=words.number(listed),
    )  # fmt: skip
    return [[said]]


def _stream(heading: Sequence[str], portions: Iterable[Iterable[Sequence[Any]]]) -> Iterator[bytes]:
    yield MARK + _lines([heading])
    for portion in portions:
        yield _lines(portion)


def sheet_bytes(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return the table in UTF-8 with a mark, parted by semicolons: what a Russian spreadsheet expects."""
    return MARK + _lines([heading, *rows])


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([_inert(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in row])
    return out.getvalue().encode()


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
