"""The packet of a claim: the claim, the return act and the photos as one PDF, ready to send.

Made from plain data alone: the same data give the same bytes. No buyer is named in it.
"""

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from reportlab.lib.pagesizes import A4
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

from include.locale import claim_labels
from include.locale.labels import CAUSES, label
from include.locale.words import Words
from include.reports import fonts
from include.reports.paper import HEAD, INK, MARGIN, PART, SMALL, TEXT, WIDTH, facts, numbered

PHOTO_HEIGHT = 105 * mm


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of the piece as it is kept: a JPEG, when and at which work place it was taken, its SHA-256."""

    jpeg: bytes
    taken_at: dt.datetime
    actor: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Packet:
    """Everything a packet says. Money is whole tenge; texts of people are as they wrote them."""

    claim_id: str
    merchant: str
    as_of: dt.datetime
    due_at: dt.datetime
    tier: int | None
    amount: int | None
    price: int | None
    why: Sequence[str]
    notes: Sequence[str]
    order_code: str | None
    waybill: str | None
    return_label: str | None
    carrier: str | None
    city: str | None
    same_city: bool | None
    return_kind: str
    sku: str | None
    product: str | None
    unit_label: str | None
    return_order_no: str | None
    received_at: dt.datetime
    received_by: str | None
    act_note: str | None
    dock_note: str | None
    inspected_at: dt.datetime | None
    inspected_by: str | None
    finding: str | None
    grade: str | None
    packaging_intact: bool | None
    complete: bool | None
    documents: bool | None
    signs_of_use: bool | None
    defects: Sequence[str]
    photos: Sequence[Photo]


def packet_pdf(packet: Packet, words: Words) -> bytes:
    """Return the packet as a PDF: the claim, the act, two photos a page."""
    fonts.register()
    out = io.BytesIO()
    title = words._("Claim for damage in transit {number}", number=packet.claim_id[:8])
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=20 * mm,
        title=title, author=packet.merchant, subject=packet.claim_id, creator="Qaitarym", lang=words.language,
        invariant=1,
    )  # fmt: skip
    story = [*_claim(packet, words, title), PageBreak(), *_act(packet, words), *_photos(packet, words)]
    document.build(story, canvasmaker=numbered(words, _foot(packet, words)))
    return out.getvalue()


def _claim(packet: Packet, words: Words, title: str) -> list[Flowable]:
    _ = words._
    amount = words.money(packet.amount) if packet.amount is not None else _("not named: the price is not known")
    tier = _(claim_labels.TIERS[packet.tier]) if packet.tier in claim_labels.TIERS else _("not known")
    return [
        Paragraph(escape(title), HEAD),
        Paragraph(escape(_("To: Kaspi Delivery. From: {merchant}", merchant=packet.merchant)), TEXT),
        Spacer(0, 4 * mm),
        facts(
            [
                (_("Claimed"), f"<b>{escape(amount)}</b>"),
                (_("Degree of damage"), escape(tier)),
                (_("Price of the piece in its order"), _money(words, packet.price)),
                (_("To be sent before"), f"<b>{escape(_until(words, packet.due_at))}</b>"),
            ],
        ),
        Paragraph(escape(_("What it is about")), PART),
        facts(_goods(packet, words)),
        Paragraph(escape(_("Grounds")), PART),
        *_points(_(claim_labels.WHY[code]) for code in packet.why if code in claim_labels.WHY),
        Paragraph(escape(_("Enclosed")), PART),
        *_points(
            [
                _("Return act, one page."),
                words.n_("{count} photo of the damage.", "{count} photos of the damage.", len(packet.photos)),
            ]
        ),
    ]


def _goods(packet: Packet, words: Words) -> list[tuple[str, str]]:
    _ = words._
    from_where = {True: _("the same city"), False: _("another city"), None: _("not noted")}[packet.same_city]
    return [
        (_("Order"), _text(packet.order_code)),
        (_("Waybill"), _text(packet.waybill)),
        (_("Return label"), _text(packet.return_label)),
        (_("Carrier"), _text(packet.carrier)),
        (_("City of the order"), f"{_text(packet.city)} ({escape(from_where)})"),
        (_("How it came back"), escape(label(words, claim_labels.KINDS, packet.return_kind))),
        (_("Product"), _text(packet.product)),
        (_("SKU"), _text(packet.sku)),
        (_("Received"), escape(_moment(words, packet.received_at))),
    ]


def _act(packet: Packet, words: Words) -> list[Flowable]:
    """The return act: what was received and in which condition, as the warehouse wrote it down."""
    _ = words._
    note = packet.act_note.strip() if packet.act_note and packet.act_note.strip() else ""
    seen = packet.inspected_at is not None
    rows = [
        (_("Return order"), _text(packet.return_order_no)),
        (_("Label of the piece"), _text(packet.unit_label)),
        *_goods(packet, words),
        (_("Work place that received it"), _text(packet.received_by)),
        (_("Note of damage at receipt"), f"<b>{escape(note)}</b>" if note else escape(_("none"))),
        *([(_("Seen by the warehouse at receipt"), escape(packet.dock_note))] if packet.dock_note and not note else []),
    ]
    found = [
        (_("Inspected"), escape(_moment(words, packet.inspected_at)) if packet.inspected_at else escape(_("not yet"))),
        (_("Work place that inspected it"), _text(packet.inspected_by)),
        (_("Packaging intact"), _yes(words, packet.packaging_intact)),
        (_("Complete"), _yes(words, packet.complete)),
        (_("Documents"), _yes(words, packet.documents)),
        (_("Signs of use"), _yes(words, packet.signs_of_use)),
        (_("Defects"), escape("; ".join(packet.defects)) or "—"),
        (_("Finding"), escape(label(words, CAUSES, packet.finding or "unknown"))),
        (_("Grade"), _text(packet.grade)),
    ]
    return [
        Paragraph(escape(_("Return act")), HEAD),
        facts(rows),
        Paragraph(escape(_("Inspection")), PART),
        facts(found if seen else found[:1]),
        Spacer(0, 8 * mm),
        _signatures(words),
    ]


def _photos(packet: Packet, words: Words) -> list[Flowable]:
    if not packet.photos:
        return []
    shown: list[Flowable] = [PageBreak(), Paragraph(escape(words._("Photos")), HEAD)]
    for number, photo in enumerate(packet.photos, start=1):
        caption = words._(
            "Photo {number} of {count}: {moment}, {place}",
            number=number, count=len(packet.photos), moment=_moment(words, photo.taken_at), place=photo.actor,
        )  # fmt: skip
        shown.append(
            KeepTogether(
                [
                    _fitted(photo.jpeg),
                    Paragraph(escape(caption), TEXT),
                    Paragraph(f"SHA-256 {photo.sha256}", SMALL),
                    Spacer(0, 5 * mm),
                ]
            )
        )
    return shown


def _fitted(jpeg: bytes) -> Image:
    """Return the photo as large as two of them fit on a page."""
    width, height = ImageReader(io.BytesIO(jpeg)).getSize()
    scale = min(WIDTH / width, (PHOTO_HEIGHT - 8 * mm) / height)
    return Image(io.BytesIO(jpeg), width * scale, height * scale, hAlign="LEFT")


def _foot(packet: Packet, words: Words) -> str:
    return words._("Claim {number} · made {moment}", number=packet.claim_id, moment=_moment(words, packet.as_of))


def _signatures(words: Words) -> Table:
    _ = words._
    cells = [
        [Paragraph(escape(name), SMALL) for name in (_("Handed over by (carrier)"), _("Received by (warehouse)"))],
        [Paragraph(escape(_("name, signature, date")), SMALL)] * 2,
    ]
    table = Table(cells, colWidths=[WIDTH / 2] * 2, rowHeights=[16 * mm, 6 * mm])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, 0), "TOP"),
                ("LINEBELOW", (0, 0), (0, 0), 0.6, INK),
                ("LINEBELOW", (1, 0), (1, 0), 0.6, INK),
            ]
        )
    )
    return table


def _points(sentences: Any) -> list[Flowable]:
    return [Paragraph(f"•&nbsp; {escape(sentence)}", TEXT) for sentence in sentences]


def _text(value: str | None) -> str:
    return escape(value) if value else "—"


def _money(words: Words, tenge: int | None) -> str:
    return "—" if tenge is None else escape(words.money(tenge))


def _yes(words: Words, value: bool | None) -> str:
    return escape({True: words._("yes"), False: words._("no"), None: words._("not noted")}[value])


def _moment(words: Words, moment: dt.datetime) -> str:
    return words._("{moment}, Almaty time", moment=words.full_moment(moment))


def _until(words: Words, moment: dt.datetime) -> str:
    return words._("{moment}, Almaty time", moment=words.until(moment, year=True))
