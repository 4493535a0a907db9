"""Which expectation a scan at the dock meets. Pure: facts in, a decision out; never a guess."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from include.domain.returns import application_of

ANY = "*"  # no order, SKU or application is called so


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
    """A unit that is expected and not yet received; a lost or cancelled one (not ``open``) may still come.

    ``application`` is the one that asks for it; None where none does.
    """

    unit_id: UUID
    order_id: str
    entry_id: str
    sku: str
    open: bool = True
    application: str | None = None


@dataclass(slots=True)
class Book:
    """What is open for one merchant. Matching takes from it, so that one expectation is met once.

    What a scan can mean is looked up, never searched for: a scan costs the same in a large batch as in a small one.
    """

    order_of_code: Mapping[str, str]
    orders_of_waybill: Mapping[str, list[str]]
    lines: Mapping[str, list[Line]]
    expected: list[Expected]  # open ones first, then oldest first
    sku_of_ean: Mapping[str, list[str]]
    known_labels: set[tuple[str, str]] = field(default_factory=set)
    offers_of_sku: Mapping[str, list[str]] = field(default_factory=dict)  # a resale offer holds the same goods
    line_of_application: Mapping[str, str] = field(default_factory=dict)
    unplaced: dict[str, int] = field(default_factory=dict)  # pieces of an order that are here, their line not known
    _places: dict[tuple[str, str | None, str | None], deque[int]] = field(init=False)
    _open: dict[str, deque[int]] = field(init=False)
    _taken: set[int] = field(default_factory=set, init=False)
    _orders: dict[str, "_Order"] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """File what is expected under all that a scan can ask by: order, goods, application (ANY: whatever)."""
        self._places, self._open = defaultdict(deque), defaultdict(deque)
        for place, one in enumerate(self.expected):
            for goods in (one.sku, ANY):
                for application in (one.application, ANY):
                    self._places[one.order_id, goods, application].append(place)
            if one.open:
                self._open[one.sku].append(place)

    def first(self, orders: list[str], goods: Iterable[str], application: str | None) -> int | None:
        """Return the place of the first piece that is still expected in these orders; None where there is none."""
        found = (
            self._first_left(self._places.get((order_id, one, application))) for order_id in orders for one in goods
        )
        return min((place for place in found if place is not None), default=None)

    def only_open(self, goods: Iterable[str]) -> int | None:
        """Return the place of the only open piece of these goods; None where there are none or several."""
        found = []
        for one in set(goods):
            left = self._open.get(one)
            if self._first_left(left) is None or left is None:
                continue
            found.append(left[0])
            # whatever is taken behind the first is skipped once and for all
            while len(left) > 1 and left[1] in self._taken:
                del left[1]
            if len(left) > 1 or len(found) > 1:
                return None
        return found[0] if found else None

    def take(self, place: int) -> Expected:
        """Take a piece out: nobody else meets it."""
        self._taken.add(place)
        return self.expected[place]

    def order(self, order_id: str) -> "_Order":
        """Return the lines of an order, and how many of its pieces are born."""
        if order_id not in self._orders:
            self._orders[order_id] = _Order(list(self.lines.get(order_id, ())))
        return self._orders[order_id]

    def _first_left(self, places: deque[int] | None) -> int | None:
        while places and places[0] in self._taken:
            places.popleft()
        return places[0] if places else None


class _Order:
    """The lines of an order by what names one; what is used up is passed over once."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.sold = sum(line.sold for line in lines)
        self.born = sum(min(line.born, line.sold) for line in lines)
        self.of_entry = {line.entry_id: n for n, line in enumerate(lines)}
        self.of_goods: dict[str, deque[int]] = defaultdict(deque)
        for n, line in enumerate(lines):
            self.of_goods[line.sku].append(n)
        self.known = frozenset(self.of_goods)

    def holds(self, goods: Iterable[str]) -> bool:
        """Tell whether a line is of these goods."""
        return not self.known.isdisjoint(goods)

    def free_of(self, goods: Iterable[str], own: str | None) -> Line | None:
        """Return a line of these goods with a piece that is no unit: ``own`` before the others, then the first."""
        chosen = set(goods)
        if own in self.of_entry:
            line = self.lines[self.of_entry[own]]
            if line.sku in chosen and line.born < line.sold:
                return line
        found = []
        for one in chosen & self.known:
            places = self.of_goods[one]
            while places and self.lines[places[0]].born >= self.lines[places[0]].sold:
                places.popleft()
            if places:
                found.append(places[0])
        return self.lines[min(found)] if found else None

    def bear(self, entry_id: str) -> int:
        """Take the next free number of a line's pieces."""
        n = self.of_entry[entry_id]
        line = self.lines[n]
        self.born += line.born < line.sold
        self.lines[n] = replace(line, born=line.born + 1)
        return line.born + 1


@dataclass(frozen=True, slots=True)
class Match:
    """The decision: ``meets`` an expected unit, ``born`` in an order, ``unexpected``, or a ``duplicate``.

    A piece is born without a line (``entry_id``) where its label says the order, and nothing says which line.
    """

    kind: str
    unit_id: UUID | None = None
    order_id: str | None = None
    entry_id: str | None = None
    piece: int | None = None
    sku: str | None = None
    application: str | None = None


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
        place = book.only_open(skus)
        if place is not None:
            return _take(place, book)
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
    who = (number, None) if number else (ANY,)  # its own application's first, then those that nobody asks for
    goods: list[list[str]] = [skus]
    if by_label or (not skus and _only_line(orders, book)):
        goods.append([ANY])
    for one in goods:
        for application in who:
            place = book.first(orders, one, application)
            if place is not None:
                return _take(place, book)
    return None


def _only_line(orders: list[str], book: Book) -> bool:
    return sum(len(book.order(order_id).lines) for order_id in orders) == 1


def _take(place: int, book: Book) -> Match:
    one = book.take(place)
    return Match("meets", one.unit_id, one.order_id, one.entry_id, None, one.sku)


def _bear(orders: list[str], skus: list[str], book: Book, number: str | None) -> Match | None:
    """Give birth on a line that still has pieces that are no units; more than was sold never comes back.

    The line is that of the product, else of the label's application ``number``, else the only one; a label is enough
    to belong to the order without any.
    """
    for order_id in orders:
        order = book.order(order_id)
        if order.born + book.unplaced.get(order_id, 0) >= order.sold:
            continue
        own = book.line_of_application.get(number or "")
        line = _line(order, skus, number, own, only=_only_line(orders, book))
        if line is not None:
            return Match("born", None, order_id, line.entry_id, order.bear(line.entry_id), line.sku)
        if number and not order.holds(skus):
            book.unplaced[order_id] = book.unplaced.get(order_id, 0) + 1
            return Match("born", None, order_id)
    return None


def _line(order: _Order, skus: list[str], number: str | None, own: str | None, *, only: bool) -> Line | None:
    if order.holds(skus):
        return order.free_of(skus, own)
    if number and own in order.of_entry:
        line = order.lines[order.of_entry[own]]
    elif only and order.lines and (number or not skus):
        line = order.lines[0]
    else:
        return None
    return line if line.born < line.sold else None


def next_piece(book: Book, order_id: str, entry_id: str) -> int:
    """Take the next free number of a line's pieces."""
    return book.order(order_id).bear(entry_id)
