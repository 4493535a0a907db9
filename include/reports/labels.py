"""What is printed at the desk: the label of a piece (58 × 40 mm, Code 128), the sheet of codes that press buttons."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from include.reports.fonts import BOLD, REGULAR, register

WIDTH, HEIGHT = 58 * mm, 40 * mm
EDGE = 2.5 * mm  # ten narrow bars of white on each side: what a scanner needs
# Whole dots of a printer of 203 dots an inch, the widest that fits: a bar between dots is printed uneven. Still a bar
# of one dot is read worse than an uneven one of nearly two.
DOT = 25.4 / 203 * mm
LEAST = 1.3 * DOT
PRESS = "QT:"


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on a label: ``code`` as bars, the rest for people."""

    code: str
    product: str
    zone: str
    grade: str
    lines: Sequence[str] = ()


def label_pdf(label: Label) -> bytes:
    """Return the label of one piece as a PDF of one page."""
    register()
    out = io.BytesIO()
    page = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
    page.setTitle(label.code)
    _bars(page, label.code, EDGE, HEIGHT - 15.5 * mm, WIDTH - 2 * EDGE, 13 * mm)
    page.setFont(BOLD, 9)
    page.drawCentredString(WIDTH / 2, HEIGHT - 19 * mm, label.code)
    top = HEIGHT - 22.5 * mm
    page.setFont(REGULAR, 7)
    for line in simpleSplit(label.product, REGULAR, 7, WIDTH - 2 * EDGE)[:2]:
        page.drawString(EDGE, top, line)
        top -= 2.9 * mm
    grade_width = 11 * mm if label.grade else 0
    if label.grade:
        page.setFont(BOLD, 26)
        page.drawCentredString(WIDTH - EDGE - grade_width / 2, 2.5 * mm, label.grade)
    room = WIDTH - 2 * EDGE - grade_width
    size = _fitting(label.zone, BOLD, 13, room)
    page.setFont(BOLD, size)
    page.drawString(EDGE, 2.5 * mm, label.zone)
    page.setFont(REGULAR, 6)
    bottom = 2.5 * mm + size + 1
    for line in reversed(label.lines[:3]):
        page.drawString(EDGE, bottom, simpleSplit(line, REGULAR, 6, room)[0])
        bottom += 2.4 * mm
    page.save()
    return out.getvalue()


def sheet_pdf(title: str, hint: str, sections: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> bytes:
    """Return the sheet of codes: ``sections`` of a heading with pairs of a button's code and what it is called."""
    register()
    out = io.BytesIO()
    page = Canvas(out, pagesize=A4, invariant=1)
    page.setTitle(title)
    left, right, columns = 15 * mm, A4[0] - 15 * mm, 2
    step = (right - left) / columns

    def head() -> float:
        page.setFont(BOLD, 15)
        page.drawString(left, A4[1] - 18 * mm, title)
        page.setFont(REGULAR, 9)
        page.drawString(left, A4[1] - 24 * mm, hint)
        return float(A4[1] - 34 * mm)

    top = head()
    for heading, codes in sections:
        if top < 45 * mm:
            page.showPage()
            top = head()
        page.setFont(BOLD, 11)
        page.drawString(left, top, heading)
        for place, (code, said) in enumerate(codes):
            if place % columns == 0:
                top -= 24 * mm if place else 20 * mm
                if top < 15 * mm:
                    page.showPage()
                    top = head() - 20 * mm
            x = left + place % columns * step
            _bars(page, PRESS + code, x, top, step - 8 * mm, 12 * mm)
            page.setFont(REGULAR, _fitting(said, REGULAR, 9, step - 8 * mm))
            page.drawCentredString(x + (step - 8 * mm) / 2, top - 4 * mm, said)
        top -= 12 * mm
    page.save()
    return out.getvalue()


def _bars(page: Canvas, code: str, x: float, y: float, width: float, height: float) -> None:
    """Draw the code in the middle of the given width. Raises ValueError where it does not fit."""
    modules = Code128(code, barWidth=1, quiet=0).width
    widest = width / modules
    if widest < LEAST:
        raise ValueError(f"{code} is too long for a label: {modules} bars")
    whole = int(widest / DOT) * DOT
    bars = Code128(code, barWidth=whole if whole > DOT else widest, barHeight=height, quiet=0)
    bars.drawOn(page, x + (width - bars.width) / 2, y)


def _fitting(text: str, font: str, size: float, room: float) -> float:
    """Return the largest size, ``size`` at most, at which the text fits."""
    width = float(pdfmetrics.stringWidth(text, font, size))
    return size if width <= room else max(5, size * room / width)
