"""The claim to a supplier as a workbook (XLSX): the claim, its pieces, its photos. No cell of it is a formula."""

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import Any

from include.domain.days import ALMATY
from include.locale.desk_labels import FINDINGS
from include.locale.labels import label
from include.locale.words import Words
from include.reports.supplier_claim import (
    Paper,
    basis,
    captions,
    findings,
    grounds,
    moment_of,
    name_of,
    title,
)
from include.reports.workbook import bytes_of, put

PHOTO_PIXELS = 200  # high
TENGE, MOMENT = "# ##0", "DD.MM.YYYY HH:MM"


def claim_book(paper: Paper, pictures: Mapping[str, bytes], words: Words) -> bytes:
    """Return the claim as a workbook; ``pictures`` are JPEGs by the id of the photo, put in as they are."""
    from openpyxl import Workbook  # type: ignore[import-not-found,import-untyped,unused-ignore]

    book = Workbook()
    _claim(book.active, paper, words)
    _pieces(book.create_sheet(words._("Pieces")), paper, words)
    _photos(book.create_sheet(words._("Photos")), paper, pictures, words)
    return bytes_of(book)


def _claim(sheet: Any, paper: Paper, words: Words) -> None:
    sheet.title = words._("Claim")
    _write(sheet, 1, [title(paper, words)], bold=True)
    lines = [*basis(paper, words), *((words._("Basis"), one) for one in grounds(words))]
    for row, line in enumerate(lines, start=3):
        _write(sheet, row, line)
    _widths(sheet, [38, 90])


def _pieces(sheet: Any, paper: Paper, words: Words) -> None:
    _ = words._
    heading = [
        "№", _("Label"), _("Return order"), _("Order"), _("SKU"), _("Product"), _("Batch"),
        _("Received, Almaty time"), _("Inspected, Almaty time"), _("Finding"), _("What was found"), _("Grade"),
        _("Photos"), _("At cost, tenge"),
    ]  # fmt: skip
    _write(sheet, 1, heading, bold=True)
    for number, unit in enumerate(paper.units, start=1):
        values = [
            number, name_of(unit), unit["return_order_no"], unit["order_code"], unit["sku"], unit["product_name"],
            unit["batch"], *(_wall(unit[name]) for name in ("received_at", "inspected_at")),
            label(words, FINDINGS, unit["finding"]), findings(unit, words), unit["grade"], unit["photos_kept"],
            unit["unit_cost"],
        ]  # fmt: skip
        _write(sheet, number + 1, values)
    total: list[Any] = [None] * len(heading)
    total[1], total[-1] = _("Total"), paper.content["amount"]
    _write(sheet, len(paper.units) + 2, total, bold=True)
    for row in sheet.iter_rows(min_row=2, min_col=len(heading), max_col=len(heading)):
        row[0].number_format = TENGE
    _widths(sheet, [5, 16, 18, 14, 16, 40, 14, 18, 18, 18, 48, 8, 8, 16])
    sheet.freeze_panes = "C2"


def _photos(sheet: Any, paper: Paper, pictures: Mapping[str, bytes], words: Words) -> None:
    from openpyxl.drawing.image import Image  # type: ignore[import-not-found,import-untyped,unused-ignore]

    _ = words._
    _write(sheet, 1, [_("Photo"), "SHA-256", _("Picture")], bold=True)
    for row, (photo, told) in enumerate(captions(paper, words), start=2):
        jpeg = pictures.get(photo["photo_id"])
        gone = None if jpeg is not None else _("The photo is not kept any more.")
        _write(sheet, row, [told, photo["sha256"], gone])
        if jpeg is not None:
            image = Image(io.BytesIO(jpeg))
            image.width, image.height = image.width * PHOTO_PIXELS / image.height, PHOTO_PIXELS
            sheet.add_image(image, f"C{row}")
            sheet.row_dimensions[row].height = PHOTO_PIXELS * 0.75 + 6  # in points
    _widths(sheet, [44, 68, 44])


def _write(sheet: Any, row: int, values: Sequence[Any], *, bold: bool = False) -> None:
    from openpyxl.styles import Alignment, Font  # type: ignore[import-not-found,import-untyped,unused-ignore]

    for column, value in enumerate(values, start=1):
        if value is None:
            continue
        cell = sheet.cell(row, column)
        put(cell, value)
        if isinstance(value, dt.datetime):
            cell.number_format = MOMENT
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        cell.font = Font(bold=bold)


def _wall(text: str | None) -> dt.datetime | None:
    """Return a moment as a clock in Almaty showed it: a workbook knows no zones."""
    return None if text is None else moment_of(text).astimezone(ALMATY).replace(tzinfo=None)


def _widths(sheet: Any, widths: Sequence[int]) -> None:
    for column, width in zip("ABCDEFGHIJKLMN", widths, strict=False):
        sheet.column_dimensions[column].width = width
