"""How a scan is matched, read plainly: every expectation is looked at for every scan. The measure for the fast one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from include.domain.matching import Expected, Line, Match, Scan
from include.domain.returns import application_of


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
    line_of_application: Mapping[str, str] = field(default_factory=dict)
    unplaced: dict[str, int] = field(default_factory=dict)  # pieces of an order that are here, their line not known


def match(scan: Scan, book: Book) -> Match:
    """Match by unit label → return label → waybill → order code with SKU or EAN → EAN alone if one is open.

    A return label never takes a piece that another application asks for.
    """
    if scan.unit_label and (scan.source, scan.unit_label) in book.known_labels:
        return Match("duplicate")
    if scan.unit_label:
        book.known_labels.add((scan.source, scan.unit_label))
    code, number = application_of(scan.return_label) or (None, None)
    skus = _skus(scan, book)
    for orders, by_label in _orders(scan, book, code):
        found = _meet(orders, skus, book, number, by_label) or _bear(orders, skus, book, number if by_label else None)
        if found:
            own = number if code and book.order_of_code.get(code) == found.order_id else None
            return replace(found, application=own)
    if not (code or scan.order_code or scan.waybill):  # who names an order means no other one, here yet or not
        open_ones = [one for one in book.expected if one.sku in skus and one.open]
        if len(open_ones) == 1:
            return _take(open_ones[0], book)
    goods = scan.sku or (skus[0] if len(skus) == 1 else None)
    return Match("unexpected", sku=goods)


def _orders(scan: Scan, book: Book, code: str | None) -> Iterable[tuple[list[str], bool]]:
    """Yield the orders the scan can mean, the surest evidence first; True where the label names this very piece."""
    if code and code in book.order_of_code:
        yield [book.order_of_code[code]], True
    if scan.waybill and scan.waybill in book.orders_of_waybill:
        yield book.orders_of_waybill[scan.waybill], False
    if scan.order_code and scan.order_code in book.order_of_code:
        yield [book.order_of_code[scan.order_code]], False


def _skus(scan: Scan, book: Book) -> list[str]:
    goods = [scan.sku] if scan.sku else list(book.sku_of_ean.get(scan.ean or "", ()))
    return [*goods, *(offer for sku in goods for offer in book.offers_of_sku.get(sku, ()))]


def _meet(orders: list[str], skus: list[str], book: Book, number: str | None, by_label: bool) -> Match | None:
    """Meet an expected unit of these orders: of the scanned product, or whatever the label was printed for.

    Without a label or a product only a single line can be meant.
    """
    here = [one for one in book.expected if one.order_id in orders]
    if number:  # its own application's first, then those that nobody asks for
        here = [one for who in (number, None) for one in here if one.application == who]
    fitting = [one for one in here if one.sku in skus]
    if by_label or (not skus and _only_line(orders, book)):
        fitting += here
    return _take(fitting[0], book) if fitting else None


def _only_line(orders: list[str], book: Book) -> bool:
    return sum(len(book.lines.get(order_id, ())) for order_id in orders) == 1


def _take(one: Expected, book: Book) -> Match:
    book.expected.remove(one)
    return Match("meets", one.unit_id, one.order_id, one.entry_id, None, one.sku)


def _bear(orders: list[str], skus: list[str], book: Book, number: str | None) -> Match | None:
    """Give birth on a line that still has pieces that are no units; more than was sold never comes back.

    The line is that of the product, else of the label's application ``number``, else the only one; a label is enough
    to belong to the order without any.
    """
    for order_id in orders:
        lines = book.lines.get(order_id, [])
        born = sum(min(line.born, line.sold) for line in lines) + book.unplaced.get(order_id, 0)
        if born >= sum(line.sold for line in lines):
            continue
        own = book.line_of_application.get(number or "")
        of_product = [line for line in lines if line.sku in skus]
        of_label = [line for line in lines if line.entry_id == own] if number else []
        fitting = of_product or of_label or (lines if _only_line(orders, book) and (number or not skus) else [])
        for line in sorted(fitting, key=lambda line: line.entry_id != own):
            if line.born < line.sold:
                return Match("born", None, order_id, line.entry_id, next_piece(book, order_id, line.entry_id), line.sku)
        if number and not of_product:
            book.unplaced[order_id] = book.unplaced.get(order_id, 0) + 1
            return Match("born", None, order_id)
    return None


def next_piece(book: Book, order_id: str, entry_id: str) -> int:
    """Take the next free number of a line's pieces."""
    lines = book.lines[order_id]
    place = next(n for n, line in enumerate(lines) if line.entry_id == entry_id)
    lines[place] = replace(lines[place], born=lines[place].born + 1)
    return lines[place].born
