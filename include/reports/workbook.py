"""Workbooks (XLSX) that we send: no cell of them is a formula, and the same tables give the same bytes."""

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from include.locale.words import Words

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # what a ZIP archive calls no time
SHARE, MONEY, COUNT = "0.0%", '#,##0" ₸"', "#,##0.0"
WIDEST = 60


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with how it is shown: ``SHARE``, ``MONEY``, ``COUNT``; None is an empty cell."""

    value: float | None
    look: str = "General"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: what the sheet is called, its heading, its rows of texts, amounts, days and None."""

    name: str
    heading: Sequence[str]
    rows: Sequence[Sequence[Any]]


def workbook(sheets: Sequence[Sheet], title: str, words: Words) -> bytes:
    """Return the sheets as XLSX."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator, book.properties.language = title, "Qaitarym", words.language
    for sheet in sheets:
        page = book.create_sheet(sheet.name[:31])
        for line, row in enumerate([sheet.heading, *sheet.rows], start=1):
            for column, value in enumerate(row, start=1):
                put(page.cell(line, column), value)
        for cell in page[1]:
            cell.font = Font(bold=True)
        page.freeze_panes = "A2"
        for column, cells in enumerate(page.columns, start=1):
            longest = max((len(str(cell.value)) for cell in cells if cell.value is not None), default=0)
            page.column_dimensions[get_column_letter(column)].width = min(max(longest + 2, 9), WIDEST)
    return bytes_of(book)


def put(cell: Any, value: Any) -> None:
    """Put a value into a cell. A text stays a text whatever it begins with, also when somebody edits the cell."""
    if isinstance(value, Amount):
        cell.value, cell.number_format = value.value, value.look
    elif isinstance(value, str):
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
        cell.data_type, cell.quotePrefix = "s", True
    else:
        cell.value = value


def bytes_of(book: Any) -> bytes:
    """Return the XLSX of an openpyxl workbook, without the moment in which it happens to be written."""
    saved, out = io.BytesIO(), io.BytesIO()
    book.save(saved)
    with zipfile.ZipFile(saved) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as kept:
        for part in made.infolist():
            content = made.read(part)
            if part.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(part.filename, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            kept.writestr(entry, content)
    return out.getvalue()
