"""Workbooks (XLSX) of people we do not know: read cell by cell, and refused before they unpack to more than meant."""

import importlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

MOST_UNPACKED = 200 * 1024 * 1024
MOST_PARTS = 2_000
MOST_COLUMNS = 100
MOST_ROWS = 1_048_576  # what Excel itself can have; a file that says more is a trap
DECLARATIONS = tuple(
    sign.encode(code) for sign in ("<!DOCTYPE", "<!ENTITY") for code in ("utf-8", "utf-16-le", "utf-16-be")
)
Cells = tuple[Any, ...]


class BadWorkbook(ValueError):
    """The workbook is not read. ``code`` is swollen, too_many_rows or unreadable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def sheets(
    body: bytes, *, most_unpacked: int = MOST_UNPACKED, most_columns: int = MOST_COLUMNS
) -> Iterator[Iterator[tuple[int, Cells]]]:
    """Yield the sheets of a workbook, each as its rows that say anything: the number of the row and its cells.

    Raises :class:`BadWorkbook`, also while the rows are read.
    """
    _refuse_traps(body, most_unpacked)
    openpyxl = importlib.import_module("openpyxl")
    try:
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
        found = list(book.worksheets)
    except Exception as error:  # a damaged workbook fails in any of a dozen ways
        raise BadWorkbook("unreadable") from error
    for sheet in found:
        yield _rows(sheet, most_columns)


def _refuse_traps(body: bytes, most_unpacked: int) -> None:
    """Refuse a workbook that unpacks to too much, or whose XML declares anything of its own."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            for part in _within_bounds(packed.infolist(), most_unpacked):
                with packed.open(part) as stream:
                    _refuse_declarations(stream)
    except BadWorkbook:
        raise
    except Exception as error:
        raise BadWorkbook("unreadable") from error


def _within_bounds(parts: list[zipfile.ZipInfo], most_unpacked: int) -> list[zipfile.ZipInfo]:
    """Return the parts; zipfile never unpacks more of one than it says here."""
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > most_unpacked:
        raise BadWorkbook("swollen")
    return parts


def _refuse_declarations(stream: Any) -> None:
    """Entities are how a small XML becomes a large one; no spreadsheet needs a declaration."""
    tail = b""
    while chunk := stream.read(1 << 20):
        window = tail + chunk
        if any(sign in window for sign in DECLARATIONS):
            raise BadWorkbook("swollen")
        tail = window[-24:]


def _rows(sheet: Any, most_columns: int) -> Iterator[tuple[int, Cells]]:
    try:
        sheet.reset_dimensions()  # what a sheet says of its own size may be untrue
        for line, cells in enumerate(sheet.iter_rows(max_col=most_columns, values_only=True), start=1):
            if line > MOST_ROWS:
                raise BadWorkbook("too_many_rows")  # noqa: TRY301
            if any(cell is not None and str(cell).strip() for cell in cells):
                yield line, cells
    except BadWorkbook:
        raise
    except Exception as error:
        raise BadWorkbook("unreadable") from error
