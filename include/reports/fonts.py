"""The font of what is printed: Roboto (Apache License 2.0), which has Russian and Kazakh letters and the tenge sign."""

from functools import cache

from font_roboto import font_files
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "Roboto", "Roboto-Bold"


@cache
def register() -> None:
    """Make the fonts known; they are embedded in what is printed."""
    pdfmetrics.registerFont(TTFont(REGULAR, font_files["Roboto"]))
    pdfmetrics.registerFont(TTFont(BOLD, font_files["RobotoBold"]))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
