"""The claim to a supplier as a PDF: what is claimed and why, the pieces with their findings, the photos.

Made from the claim's content and its pictures alone: the same give the same bytes. No buyer is named in it.
"""

import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import (
    Flowable,
    Image,
    KeepTogether,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from include.locale import supplier_labels
from include.locale.desk_labels import FINDINGS
from include.locale.labels import label
from include.locale.words import Words
from include.reports import fonts
from include.reports.paper import HEAD, LINE, MARGIN, PART, SHADE, SMALL, TEXT, WIDTH, facts, numbered

CELL = ParagraphStyle("cell", parent=TEXT, fontSize=8.5, leading=11)
MONEY = ParagraphStyle("money", parent=CELL, alignment=TA_RIGHT)
PHOTO_HEIGHT = 62 * mm


@dataclass(frozen=True, slots=True)
class Paper:
    """A claim as both files tell it: its content, its digest, and who made it when; a draft was made by nobody."""

    content: Mapping[str, Any]
    digest: str
    number: str | None = None
    actor: str | None = None
    made_at: dt.datetime | None = None

    @property
    def units(self) -> list[dict[str, Any]]:
        """Return its pieces."""
        found: list[dict[str, Any]] = self.content["units"]
        return found


def title(paper: Paper, words: Words) -> str:
    """Return the headline: a draft says that it is one."""
    if paper.number is None:
        return words._("Draft of a claim to a supplier")
    return words._("Claim to a supplier {number}", number=paper.number[:8])


def basis(paper: Paper, words: Words) -> list[tuple[str, str]]:
    """Return what is claimed and on what it stands, as names and plain values."""
    _, told = words._, paper.content
    counted = told["basis"]
    agreed = _("not known") if counted["agreed"] is None else words.percent(counted["agreed"])
    without = sum(unit["unit_cost"] is None for unit in paper.units)
    lines = [
        (_("Supplier"), told["supplier"]),
        (_("Merchant"), told["merchant"]),
        (_("Claimed, at cost"), words.money(told["amount"])),
        (_("Pieces"), words.number(len(paper.units))),
        *([(_("Pieces whose cost is not known"), words.number(without))] if without else []),
        (_("Inspected from, to"), f"{_day(words, told['first_day'])} – {_day(words, told['last_day'])}"),
        *((_(name), told[key]) for key, name in CHOSEN.items() if told[key]),
        (_("Agreed defect rate"), agreed),
        (_("Defects among inspected returns"), _share(counted["returns"], words)),
        (_("Defects found among pieces sold"), _share(counted["sold"], words)),
        (_("Against the agreed rate"), label(words, supplier_labels.SAID, counted["verdict"])),
    ]
    if paper.made_at is not None:
        lines.append((_("Made"), f"{words.full_moment(paper.made_at)}, {paper.actor}"))
    return [*lines, (_("SHA-256 of the content"), paper.digest)]


def _mark(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


_ = _mark
CHOSEN = {"category": _("Category"), "sku": _("SKU"), "batch": _("Batch"), "finding": _("Finding")}


def grounds(words: Words) -> list[str]:
    """Return how the claim was counted, in sentences."""
    return [
        words._("Every piece was sent back, received and inspected by the warehouse; its finding is the inspector's."),
        words._(
            "A defect of the supplier's is a piece that does not work, or that lacks a part in an unopened packaging "
            "without signs of use. Damage on the way and mistakes of picking are not counted."
        ),
        words._(
            "Returns are no sample of what was delivered: their share is above the true one, the share of what was "
            "found among the pieces sold, in weeks at least 30 days old, is at most it. Intervals are 95 %, exact."
        ),
    ]


def findings(unit: Mapping[str, Any], words: Words) -> str:
    """Return what was found at a piece: the finding, why it is the supplier's, the defects, what a second one saw."""
    told = [label(words, supplier_labels.FAULTS, unit["fault"])]
    told += [one[words.language] for one in unit["defects"]]
    if unit["signs_of_use"]:
        told.append(words._("signs of use"))
    if unit["second_finding"] not in (None, unit["finding"]):
        told.append(
            words._("a second inspector saw: {finding}", finding=label(words, FINDINGS, unit["second_finding"]))
        )
    return "; ".join(dict.fromkeys(told))  # an inspector may name signs of use among the defects, too


def name_of(unit: Mapping[str, Any]) -> str:
    """Return how a piece is called: by its label, else its return order, else its own id."""
    return str(unit["unit_label"] or unit["return_order_no"] or unit["unit_id"])


def moment_of(text: str) -> dt.datetime:
    """Return a moment of the content."""
    return dt.datetime.fromisoformat(text)


def claim_pdf(paper: Paper, pictures: Mapping[str, bytes], words: Words) -> bytes:
    """Return the claim as a PDF; ``pictures`` are JPEGs by the id of the photo."""
    fonts.register()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=20 * mm,
        title=title(paper, words), author=paper.content["merchant"], subject=paper.digest, creator="Qaitarym",
        lang=words.language, invariant=1,
    )  # fmt: skip
    story = [*_first(paper, words), *_pieces(paper, words), *_photos(paper, pictures, words)]
    document.build(story, canvasmaker=numbered(words, f"{title(paper, words)} · SHA-256 {paper.digest[:16]}…"))
    return out.getvalue()


def _first(paper: Paper, words: Words) -> list[Flowable]:
    _ = words._
    return [
        Paragraph(escape(title(paper, words)), HEAD),
        facts([(name, escape(value)) for name, value in basis(paper, words)]),
        Paragraph(escape(_("Basis")), PART),
        *(Paragraph(f"•&nbsp; {escape(one)}", TEXT) for one in grounds(words)),
    ]


def _pieces(paper: Paper, words: Words) -> list[Flowable]:
    _ = words._
    heading = ("№", _("Label"), _("Product"), _("Inspected"), _("Finding"), _("At cost"))
    rows = [[Paragraph(escape(text), SMALL) for text in heading]]
    for number, unit in enumerate(paper.units, start=1):
        goods = [unit["product_name"] or "—", unit["sku"] or "—"]
        if unit["batch"] != "unknown":
            goods.append(_("batch {batch}", batch=unit["batch"]))
        photos = words.n_("{count} photo", "{count} photos", unit["photos_kept"])
        rows.append(
            [
                Paragraph(str(number), CELL),
                _cell([name_of(unit), *([_("order {code}", code=unit["order_code"])] if unit["order_code"] else [])]),
                _cell(goods),
                _cell([words.full_moment(moment_of(unit["inspected_at"]))]),
                _cell([findings(unit, words), photos]),
                Paragraph("—" if unit["unit_cost"] is None else escape(words.money(unit["unit_cost"])), MONEY),
            ]
        )
    total = Paragraph(f"<b>{escape(words.money(paper.content['amount']))}</b>", MONEY)
    rows.append(["", Paragraph(f"<b>{escape(_('Total'))}</b>", CELL), "", "", "", total])
    widths = [8 * mm, 29 * mm, 44 * mm, 27 * mm, WIDTH - 132 * mm, 24 * mm]
    table = Table(rows, colWidths=widths, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
                ("BACKGROUND", (0, 0), (-1, 0), SHADE),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return [Paragraph(escape(_("Pieces")), PART), table]


def _cell(lines: Sequence[str]) -> Paragraph:
    return Paragraph("<br/>".join(escape(line) for line in lines), CELL)


def _photos(paper: Paper, pictures: Mapping[str, bytes], words: Words) -> list[Flowable]:
    """Show two photos a row, under each of which piece it is, when it was taken, and its SHA-256."""
    shown = [
        [_fitted(pictures[photo["photo_id"]]), Paragraph(escape(told), CELL), Paragraph(photo["sha256"], SMALL)]
        if photo["photo_id"] in pictures
        else [Paragraph(escape(told), CELL), Paragraph(escape(words._("The photo is not kept any more.")), SMALL)]
        for photo, told in captions(paper, words)
    ]
    if not shown:
        return [Spacer(0, 6 * mm), Paragraph(escape(words._("There is no photo of these pieces.")), TEXT)]
    pairs = [shown[place : place + 2] for place in range(0, len(shown), 2)]
    return [
        PageBreak(),
        Paragraph(escape(words._("Photos")), HEAD),
        *(KeepTogether([Table([pair], colWidths=[WIDTH / 2] * len(pair), hAlign="LEFT")]) for pair in pairs),
    ]


def captions(paper: Paper, words: Words) -> Iterable[tuple[dict[str, Any], str]]:
    """Yield the photos of the pieces in their order, each with what it shows."""
    for number, unit in enumerate(paper.units, start=1):
        for photo in unit["photos"]:
            told = f"№ {number} · {name_of(unit)} · {words.full_moment(moment_of(photo['taken_at']))}"
            yield photo, told


def _fitted(jpeg: bytes) -> Image:
    width, height = ImageReader(io.BytesIO(jpeg)).getSize()
    scale = min((WIDTH / 2 - 6 * mm) / width, PHOTO_HEIGHT / height)
    return Image(io.BytesIO(jpeg), width * scale, height * scale, hAlign="LEFT")


def _share(counted: Mapping[str, Any], words: Words) -> str:
    if not counted["counted"]:
        return words._("none counted")
    return words._(
        "{found} of {counted}: {rate} ({interval})",
        found=words.number(counted["found"]), counted=words.number(counted["counted"]),
        rate=words.percent(counted["found"] / counted["counted"]),
        interval=words.interval(counted["lo"], counted["hi"]),
    )  # fmt: skip


def _day(words: Words, text: str) -> str:
    day = dt.date.fromisoformat(text)
    return f"{words.day(day)} {day.year}"
