"""The look of what is printed for others: styles, a table of facts, numbered pages."""

from collections.abc import Sequence
from html import escape
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table, TableStyle

from include.locale.words import Words
from include.reports.fonts import BOLD, REGULAR

MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN - 12  # the frame pads six points on each side
INK, QUIET, LINE, SHADE = colors.HexColor("#1b1f24"), colors.HexColor("#5b6570"), colors.HexColor("#c9d0d6"), "#f3f5f7"
TEXT = ParagraphStyle("text", fontName=REGULAR, fontSize=10, leading=14, textColor=INK)
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=8, leading=11, textColor=QUIET)
HEAD = ParagraphStyle("head", parent=TEXT, fontName=BOLD, fontSize=17, leading=21, spaceAfter=2 * mm)
PART = ParagraphStyle(
    "part", parent=TEXT, fontName=BOLD, fontSize=11.5, leading=15, spaceBefore=5 * mm, spaceAfter=1.5 * mm
)


def facts(rows: Sequence[tuple[str, str]]) -> Table:
    """Return a table of names, plain, and values, in the mark-up of paragraphs."""
    cells = [[Paragraph(escape(name), SMALL), Paragraph(value, TEXT)] for name, value in rows]
    table = Table(cells, colWidths=[52 * mm, WIDTH - 52 * mm])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("BACKGROUND", (0, 0), (0, -1), SHADE),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def numbered(words: Words, told: str) -> type[Canvas]:
    """Return a canvas that writes under each page what is ``told`` and which one of how many it is."""

    class Numbered(Canvas):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 (the canvas's name)
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                self.setFont(REGULAR, 8)
                self.setFillColor(QUIET)
                self.drawString(MARGIN, 11 * mm, told)
                place = words._("page {number} of {count}", number=number, count=len(self._pages))
                self.drawRightString(A4[0] - MARGIN, 11 * mm, place)
                super().showPage()
            super().save()

    return Numbered
