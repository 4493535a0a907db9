"""Which expectation a scan at the dock meets. Pure: facts in, a decision out; never a guess."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from include.domain.returns import application_of


@dataclass(frozen=True, slots=True)
class Scan:
    """What the dock's scanner read of one piece. Everything but the scan's own id may be missing."""

    source: str
    scan_id: str
    unit_label: str | None = None
    return_label: str | None = None
    waybill: str | None = None
    order_code: str | None = None
    ean: str | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order that a scan could mean, with how many of its pieces are units already."""

    order_id: str
    entry_id: str
    sku: str
    sold: int
    born: int


@dataclass(frozen=True, slots=True)
class Expected:
    """A unit that is expected and not yet received; a lost or cancelled one (not ``open``) may still come."""

    unit_id: UUID
    order_id: str
    entry_id: str
    sku: str
    open: bool = True


@dataclass(slots=True)
class Book:
    """What is open for one merchant. Matching takes from it, so that one expectation is met once."""

    order_of_code: Mapping[str, str]
    orders_of_waybill: Mapping[str, list[str]]
    lines: dict[str, list[Line]]
    expected: list[Expected]  # open ones first, then oldest first
    sku_of_ean: Mapping[str, list[str]]
    known_labels: set[tuple[str, str]] = field(default_factory=set)
    offers_of_sku: Mapping[str, list[str]] = field(default_factory=dict)  # a resale offer holds the same goods


@dataclass(frozen=True, slots=True)
class Match:
    """The decision: ``meets`` an expected unit, ``born`` on an order's line, ``unexpected``, or a ``duplicate``."""

    kind: str
    unit_id: UUID | None = None
    order_id: str | None = None
    entry_id: str | None = None
    piece: int | None = None
    sku: str | None = None
    application: str | None = None


def match(scan: Scan, book: Book) -> Match:
    """Match by unit label → return label → waybill → order code with SKU or EAN → EAN alone if one is open."""
    if scan.unit_label and (scan.source, scan.unit_label) in book.known_labels:
        return Match("duplicate")
    if scan.unit_label:
        book.known_labels.add((scan.source, scan.unit_label))
    application = application_of(scan.return_label)
    skus = _skus(scan, book)
    for orders, by_label in _orders(scan, book, application):
        found = _meet(orders, skus, book, by_label) or _bear(orders, skus, book, by_label)
        if found:
            number = (
                application[1] if application and book.order_of_code.get(application[0]) == found.order_id else None
            )
            return Match(found.kind, found.unit_id, found.order_id, found.entry_id, found.piece, found.sku, number)
    if skus and not _named_an_order(scan, book, application):
        open_ones = [one for one in book.expected if one.sku in skus and one.open]
        if len(open_ones) == 1:
            return _take(open_ones[0], book)
    goods = scan.sku or (skus[0] if len(skus) == 1 else None)
    return Match("unexpected", sku=goods)


def _named_an_order(scan: Scan, book: Book, application: tuple[str, str] | None) -> bool:
    """Tell whether the scan names an order we know: then its EAN alone must not lead to another one."""
    codes = [application[0] if application else None, scan.order_code]
    return any(code in book.order_of_code for code in codes if code) or scan.waybill in book.orders_of_waybill


def _orders(scan: Scan, book: Book, application: tuple[str, str] | None) -> Iterable[tuple[list[str], bool]]:
    """Yield the orders the scan can mean, the surest evidence first; True where the label names this very piece."""
    if application and application[0] in book.order_of_code:
        yield [book.order_of_code[application[0]]], True
    if scan.waybill and scan.waybill in book.orders_of_waybill:
        yield book.orders_of_waybill[scan.waybill], False
    if scan.order_code and scan.order_code in book.order_of_code:
        yield [book.order_of_code[scan.order_code]], False


def _skus(scan: Scan, book: Book) -> list[str]:
    goods = [scan.sku] if scan.sku else list(book.sku_of_ean.get(scan.ean or "", ()))
    return [*goods, *(offer for sku in goods for offer in book.offers_of_sku.get(sku, ()))]


def _meet(orders: list[str], skus: list[str], book: Book, by_label: bool) -> Match | None:
    """Meet an expected unit of these orders: of the scanned product, or whatever the label was printed for."""
    here = [one for one in book.expected if one.order_id in orders]
    fitting = [one for one in here if not skus or one.sku in skus]
    if fitting:
        return _take(fitting[0], book)
    if by_label and here:
        return _take(here[0], book)
    return None


def _take(one: Expected, book: Book) -> Match:
    book.expected.remove(one)
    return Match("meets", one.unit_id, one.order_id, one.entry_id, None, one.sku)


def _bear(orders: list[str], skus: list[str], book: Book, by_label: bool) -> Match | None:
    """Give birth on a line that still has pieces that are no units; more than was sold never comes back."""
    for order_id in orders:
        lines = book.lines.get(order_id, [])
        fitting = [line for line in lines if line.sku in skus] if skus else lines if len(lines) == 1 else []
        if not fitting and by_label:
            fitting = lines
        for line in fitting:
            if line.born < line.sold:
                lines[lines.index(line)] = Line(line.order_id, line.entry_id, line.sku, line.sold, line.born + 1)
                return Match("born", None, order_id, line.entry_id, line.born + 1, line.sku)
    return None
