"""What a page of orders gives: payloads that land in raw, typed rows for staging, records that cannot be used."""

import datetime as dt
import hashlib
import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import psycopg
from msgspec import Raw, Struct

from include.db.connection import Connection
from include.db.copying import copy_rows, instant
from include.db.statements import run as run_statement
from include.db.statements import run_bound, texts
from include.domain.text import storable
from include.flows.contacts import Sealer, keep_contacts
from include.flows.quarantine import Reject, put_aside, refuse
from include.flows.run import Run
from include.kaspi.drift import DriftWatch
from include.kaspi.errors import KaspiBusy, KaspiError, KaspiLate, KaspiRefusedToken
from include.kaspi.payloads import EntryResource, Order, OrderResource, text, whole_tenge
from include.kaspi.privacy import Contact, contact_of, content_hash, in_order, without_person
from include.kaspi.records import legible_id
from include.kaspi.shop_api import ShopApi

log = logging.getLogger(__name__)
SOURCE = "kaspi/order"
UNNAMED = "unnamed "  # so begins the key of an order without a legible id
BLOCK = 10_000  # read numbers taken at a time, the step of the sequence raw.read_number
LOOKED_AT_FIRST = 2_000  # changed orders of a fetch whose fields are all compared with what is known
LOOKED_AT = 5  # of each page of one that has more: a change of Kaspi's is in all of them
BORNE = 3  # so many records in a row without an answer: then it is Kaspi that does not answer, and no record
LARGEST_ORDER = 1 << 20  # bytes; a payload is some two thousand
LARGEST_KEPT = 1 << 16  # bytes of a payload that go into the quarantine with it
ORDER_COLUMNS = (
    "dag_id", "run_id", "merchant_id", "order_id", "code", "state", "status", "total_price",
    "delivery_cost_seller", "payment_mode", "delivery_mode", "created_at", "planned_delivery_at",
    "handed_over_at", "cancellation_reason", "store_id", "city", "carrier", "waybill",
    "returned_to_warehouse", "payload_hash", "window_id", "fetched_at", "read_number",
)  # fmt: skip
LINE_COLUMNS = (
    "dag_id", "run_id", "merchant_id", "order_id", "entry_id", "entry_number", "sku", "product_name",
    "category", "quantity", "unit_type", "base_price", "total_price", "weight_g", "read_number",
)  # fmt: skip
ORDER_INSTANTS = ("created_at", "planned_delivery_at", "handed_over_at")
PAYLOAD_COLUMNS = ("merchant_id", "order_id", "payload", "payload_hash", "first_run", "fetched_at")
# What PostgreSQL refuses of one record is that record's trouble, not its page's.
RECORD_ERRORS = (psycopg.DataError, psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex)

# How a record fails to be JSON of the known shape.
UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)

# How it fails to be an order that can be kept.
WRONG = (msgspec.MsgspecError, KaspiError, RecursionError, AttributeError, KeyError, TypeError, ValueError)

_order = msgspec.json.Decoder(OrderResource)
_entry = msgspec.json.Decoder(EntryResource)
# an escaped NUL, or half of a surrogate pair (a whole pair is two of them, and is looked at again)
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


@dataclass(frozen=True, slots=True)
class Known:
    """The hashes of an order's payload: as it landed in raw, is published, was put aside, was staged by this run.

    A hash is that of the order's own part, followed by that of its lines.
    """

    landed: bytes | None
    published: bytes | None
    refused: bytes | None
    staged: bytes | None

    def has(self, head: bytes) -> bool:
        """Tell whether the order's own part, by its hash, is no news."""
        return any(one is not None and one.startswith(head) for one in (self.published, self.refused, self.staged))


NEVER_SEEN = Known(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Read:
    """One page as it was read: its window and time, and the span, in epoch milliseconds, its orders should lie in."""

    window_id: int
    read_number: int
    fetched_at: dt.datetime
    created_from: int
    created_to: int


class _Record(Struct, gc=False):
    """An order while it is read, as far as it could be."""

    order_id: str
    raw: Raw
    typed: OrderResource | None
    clean: bytes = b""
    digest: bytes | None = None


class _Line(Struct, gc=False):
    """A line of an order, as far as it could be read."""

    entry_id: str
    raw: Raw
    typed: EntryResource | None


@dataclass(slots=True)
class Harvest:
    """The rows of some orders, ready to be stored in one transaction."""

    orders: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    new_payloads: list[tuple[Any, ...]] = field(default_factory=list)
    changed_payloads: list[tuple[Any, ...]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    refused: list[tuple[str, bytes]] = field(default_factory=list)
    contacts: list[tuple[str, Contact]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def single(self, order_id: str) -> "Harvest":
        """Return the part of one order."""
        place = ORDER_COLUMNS.index("order_id")
        return Harvest(
            [row for row in self.orders if row[place] == order_id],
            [row for row in self.lines if row[place] == order_id],
            [row for row in self.new_payloads if row[1] == order_id],
            [row for row in self.changed_payloads if row[1] == order_id],
            contacts=[one for one in self.contacts if one[0] == order_id],
        )

    def drop(self, order_id: str) -> None:
        """Leave an order out; that it was seen stays."""
        place = ORDER_COLUMNS.index("order_id")
        self.orders = [row for row in self.orders if row[place] != order_id]
        self.lines = [row for row in self.lines if row[place] != order_id]
        self.new_payloads = [row for row in self.new_payloads if row[1] != order_id]
        self.changed_payloads = [row for row in self.changed_payloads if row[1] != order_id]
        self.contacts = [one for one in self.contacts if one[0] != order_id]


@dataclass(slots=True)
class Harvester:
    """Reads the orders of one merchant in one run and stores what changed since it was last published."""

    conn: Connection
    run: Run
    shop: ShopApi
    sealer: Sealer | None
    notices: bool
    drift: DriftWatch = field(default_factory=DriftWatch)
    next_number: int = 0
    unanswered: int = 0  # records in a row that Kaspi did not answer about
    part: tuple[str, str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.part = (self.run.dag_id, self.run.run_id, self.merchant_id)
        # What is known is looked up by key, and planned here, once: that a table is small now is no reason to read it.
        self.conn.execute("set plan_cache_mode = force_generic_plan")
        self.conn.execute("set enable_seqscan = off")
        self.known([])
        self.conn.execute("reset enable_seqscan")

    @property
    def merchant_id(self) -> str:
        return self.shop.settings.merchant_id

    def known(self, order_ids: list[str]) -> dict[str, Known]:
        """Return what is known of these orders already."""
        rows = run_bound(
            self.conn,
            "raw/order_payload__known",
            **self.run.key,
            merchant_id=self.merchant_id,
            order_ids=texts(order_ids),
        ).fetchall()
        return {row.pop("order_id"): Known(**row) for row in rows}

    def next_read(self) -> int:
        """Return the number of the page that is read now; the numbers of a try rise."""
        if self.next_number % BLOCK == 0:
            with self.conn.transaction():
                row = run_statement(self.conn, "raw/read_number").fetchone()
            assert row is not None
            self.next_number = int(row["read_number"])
        number, self.next_number = self.next_number, self.next_number + 1
        return number

    def harvest(self, orders: Iterable[Raw], included: Iterable[Raw], read: Read) -> Harvest:
        """Type the orders that changed since they were last published; one bad order is one reject.

        An order that a page holds twice is taken as it stands last.
        """
        records = {record.order_id: record for record in map(_record, orders)}
        lines = {line.entry_id: line for line in map(_line, included)}
        known, harvest = self.known(list(records)), Harvest()
        for record in records.values():
            self._take(harvest, record, lines, known.get(record.order_id, NEVER_SEEN), read)
        self._name_goods(harvest, read)
        return harvest

    def bears(self, error: KaspiBusy) -> None:
        """Bear that Kaspi does not answer about one record; where it answers about none, raise ``error``.

        A record that it never answers about must not keep the merchant's others waiting. It is not held to be known,
        so the next sweep asks again.
        """
        self.unanswered += 1
        if self.unanswered >= BORNE or isinstance(error, KaspiLate):
            raise error
        log.warning("%s", error)

    def _take(self, harvest: Harvest, record: _Record, included: Mapping[str, _Line], known: Known, read: Read) -> None:
        """Add an order to the harvest: typed where it changed, as a reject where it cannot be read."""
        try:
            changed = self._type(harvest, record, included, known, read)
        except KaspiRefusedToken:
            raise
        except KaspiBusy as error:
            self.bears(error)
            record.digest = None  # not refused: it is asked for again
            self._refuse(harvest, record, _short(error), read)
            changed = False
        except WRONG as error:
            if record.typed is None and record.clean:  # what is wrong with it may be that its shape is another one
                self.drift.order_of(record.clean, record.order_id)
            self._refuse(harvest, record, _short(error), read)
            changed = False
        # pages can hold orders of outside the span: good to have, but they do not count for it;
        # one whose time cannot be read is there all the same
        if record.typed is None or read.created_from <= record.typed.attributes.creationDate <= read.created_to:
            harvest.seen.append(record.order_id)
        if changed and self.sealer and self.notices and (contact := contact_of(record.raw)):
            harvest.contacts.append((record.order_id, contact))

    def _type(self, harvest: Harvest, record: _Record, included: Mapping[str, _Line], known: Known, read: Read) -> bool:
        """Type an order and its lines; tell whether it changed. Raises what is wrong with it."""
        order = record.typed
        if order is None:
            return _fail(record, known)
        record.clean = without_person(record.raw)
        head = content_hash(record.clean)
        lines = _lines_of(order, included)
        if lines is None:
            if known.has(head):
                return False  # its lines are a call of their own, and no order changes its lines alone
            if not order.tells_of_lines:
                self.drift.tells_of_no_lines(record.order_id)
            lines = list(map(_line, self.shop.entries(record.order_id)))
            self.unanswered = 0
        lines_json = b",".join([in_order(line.raw) for line in lines])
        digest = record.digest = head + content_hash(lines_json)
        if digest in (known.published, known.refused, known.staged):
            return False
        payload = b'{"entries":[' + lines_json + b'],"order":' + record.clean + b"}"
        if self.drift.orders < LOOKED_AT_FIRST or len(harvest.orders) < LOOKED_AT:
            self.drift.payload(payload, record.order_id)
        _must_be_storable(payload)
        row = self._order_row(record.order_id, order.attributes, digest, read)
        # two lines of one id in a payload are one
        line_rows = {line.entry_id: self._line_row(record.order_id, line, read) for line in lines}
        if not line_rows:
            raise ValueError("the order has no lines")
        harvest.orders.append(row)
        harvest.lines.extend(line_rows.values())
        if digest != known.landed:
            landing = harvest.new_payloads if known.landed is None else harvest.changed_payloads
            landing.append((self.merchant_id, record.order_id, payload, digest, self.run.run_id, read.fetched_at))
        return True

    def _order_row(self, order_id: str, order: Order, digest: bytes, read: Read) -> tuple[Any, ...]:
        delivery = order.delivery
        return (
            *self.part, order_id, str(order.code), order.state, order.status,
            whole_tenge(order.totalPrice, "totalPrice"),
            whole_tenge(order.deliveryCostForSeller, "deliveryCostForSeller"),
            order.paymentMode, order.deliveryMode, instant(order.creationDate),
            instant(order.plannedDeliveryDate), instant(delivery.courierTransmissionDate),
            order.cancellationReason, order.store_id, order.city, delivery.carrier,
            text(delivery.waybillNumber), delivery.returnedToWarehouse,
            digest, read.window_id, read.fetched_at, read.read_number,
        )  # fmt: skip

    def _line_row(self, order_id: str, line: _Line, read: Read) -> tuple[Any, ...]:
        entry = (line.typed or _entry.decode(line.raw)).attributes  # it raises again what was wrong
        return (
            *self.part, order_id, line.entry_id, entry.entryNumber,
            text(entry.offer.code) if entry.offer else None, entry.offer.name if entry.offer else None,
            entry.category.title if entry.category else None, entry.quantity, entry.unitType,
            whole_tenge(entry.basePrice, "basePrice"), whole_tenge(entry.totalPrice, "totalPrice"),
            int(entry.weight) if entry.weight is not None else None, read.read_number,
        )  # fmt: skip

    def _name_goods(self, harvest: Harvest, read: Read) -> None:
        """Give the SKU to lines that came without an offer: what we know already, else Kaspi's product directory.

        An order whose goods it does not name in time is put aside, and asked for again by the next sweep.
        """
        order, entry, sku = (LINE_COLUMNS.index(name) for name in ("order_id", "entry_id", "sku"))
        unnamed = [n for n, row in enumerate(harvest.lines) if row[sku] is None]
        if not unnamed:
            return
        orders = sorted({harvest.lines[n][order] for n in unnamed})
        with self.conn.transaction():
            rows = run_statement(
                self.conn, "core/order_line__skus", merchant_id=self.merchant_id, order_ids=orders
            ).fetchall()
        skus = {row["entry_id"]: row["sku"] for row in rows}
        nameless: dict[str, str] = {}
        for n in unnamed:
            row = harvest.lines[n]
            if row[order] in nameless:
                continue  # one order is one record, however many lines it has
            try:
                found = skus.get(row[entry]) or self.shop.merchant_sku(row[entry])
            except KaspiBusy as error:
                self.bears(error)
                nameless[row[order]] = _short(error)
                continue
            self.unanswered = 0
            harvest.lines[n] = (*row[:sku], found, *row[sku + 1 :])
        for order_id, reason in nameless.items():
            harvest.drop(order_id)
            self._refuse(harvest, _Record(order_id, Raw(), None), reason, read)

    def _refuse(self, harvest: Harvest, record: _Record, reason: str, read: Read) -> None:
        kept, pointer = _kept(record.clean), f"window {read.window_id}"
        body = bytes(record.raw) if record.order_id.startswith(UNNAMED) else None  # any other is asked for again
        harvest.rejects.append(Reject(self.merchant_id, SOURCE, record.order_id, reason, kept, pointer, body))
        if record.digest:
            harvest.refused.append((record.order_id, record.digest))

    def store(self, harvest: Harvest) -> None:
        """Write a harvest inside the caller's transaction. Raises one of RECORD_ERRORS; see :meth:`store_singly`."""
        self._copy(harvest)
        put_aside(self.conn, harvest.rejects, self.run.now, self.sealer)
        refuse(self.conn, self.merchant_id, harvest.refused, self.run.now)

    def store_singly(self, harvest: Harvest, read: Read) -> None:
        """Write a harvest that PostgreSQL refuses, order by order; the one it cannot keep is put aside."""
        for row in harvest.orders:
            order_id, digest = row[ORDER_COLUMNS.index("order_id")], row[ORDER_COLUMNS.index("payload_hash")]
            try:
                with self.conn.transaction():
                    self._copy(harvest.single(order_id))
            except RECORD_ERRORS as error:
                reason = f"PostgreSQL cannot keep it: {error.diag.message_primary or error}"
                self._refuse(harvest, _Record(order_id, Raw(), None, digest=digest), reason, read)
        put_aside(self.conn, harvest.rejects, self.run.now, self.sealer)
        refuse(self.conn, self.merchant_id, harvest.refused, self.run.now)

    def _copy(self, harvest: Harvest) -> None:
        if harvest.new_payloads:
            copy_rows(self.conn, "raw.order_payload", PAYLOAD_COLUMNS, harvest.new_payloads, ready=("payload",))
        if harvest.changed_payloads:
            run_statement(self.conn, "raw/stage_payload")
            copy_rows(self.conn, "stage_payload", PAYLOAD_COLUMNS, harvest.changed_payloads, ready=("payload",))
            run_statement(self.conn, "raw/order_payload")
        if harvest.orders:
            copy_rows(self.conn, "raw.stage_order", ORDER_COLUMNS, harvest.orders, instants=ORDER_INSTANTS)
            copy_rows(self.conn, "raw.stage_order_line", LINE_COLUMNS, harvest.lines)
        if self.sealer and harvest.contacts:
            keep_contacts(self.conn, self.merchant_id, harvest.contacts, self.sealer, self.run.now)


def _record(raw: Raw) -> _Record:
    try:
        typed = _order.decode(raw)
    except UNREADABLE:
        return _Record(id_of(raw), raw, None)
    order_id = str(typed.id)
    return _Record(order_id, raw, typed) if "\x00" not in order_id else _Record(id_of(raw), raw, None)


def named(body: bytes) -> tuple[str | None, str]:
    """Look again for the id of an order that came without a legible one: the id, or None and why not."""
    record = _record(Raw(body))
    if not record.order_id.startswith(UNNAMED):
        return record.order_id, ""
    try:
        _fail(record, NEVER_SEEN)
    except WRONG as error:
        return None, _short(error)
    raise AssertionError("an order that was never seen does not fail as it did before")


def _line(raw: Raw) -> _Line:
    try:
        typed = _entry.decode(raw)
    except UNREADABLE:
        return _Line(id_of(raw), raw, None)
    return _Line(str(typed.id), raw, typed)


def id_of(raw: Raw) -> str:
    """Return the id of a resource, or a name made of its content where none is legible."""
    return legible_id(raw) or f"{UNNAMED}{hashlib.blake2b(raw, digest_size=8).hexdigest()}"


def _fail(record: _Record, known: Known) -> bool:
    """Raise what makes an order unreadable; return False where it was put aside as it is already."""
    record.digest = content_hash(record.raw)
    if record.digest == known.refused:
        return False
    if len(memoryview(record.raw)) > LARGEST_ORDER:
        raise ValueError(f"the payload is over {LARGEST_ORDER >> 20} MiB")
    record.clean = without_person(record.raw)
    _order.decode(record.raw)
    raise ValueError("the order's id cannot be stored")


def _lines_of(order: OrderResource, included: Mapping[str, _Line]) -> list[_Line] | None:
    """Return the order's lines where the page has all that it names; None where it names none or lacks one."""
    lines = [included.get(one) for one in order.entry_ids]
    return lines if lines and None not in lines else None  # type: ignore[return-value]


def _must_be_storable(payload: bytes) -> None:
    """Raise ValueError for what is too large, or what PostgreSQL cannot keep: NUL, half a surrogate pair, no UTF-8."""
    if len(payload) > LARGEST_ORDER:
        raise ValueError(f"the payload is over {LARGEST_ORDER >> 20} MiB")
    payload.decode("utf-8")
    # most have no backslash at all, and one byte is found sooner than two
    if b"\\" in payload and _SUSPECT.search(payload) and not storable(json.loads(payload)):
        raise ValueError("the payload holds characters that cannot be stored")


def _kept(clean: bytes) -> Any:
    """Return the payload to keep with a reject: without its person, of a sane size, storable."""
    if not clean or len(clean) > LARGEST_KEPT:
        return None
    try:
        payload = {"order": json.loads(clean)}
        return payload if storable(payload) else None
    except (ValueError, RecursionError):
        return None


def _short(error: Exception) -> str:
    """Return what is wrong with a record, without its values (they may be personal)."""
    if isinstance(error, msgspec.ValidationError | KaspiError):
        return str(error)[:500]
    if isinstance(error, UnicodeDecodeError):
        return "the payload is no UTF-8"
    if isinstance(error, msgspec.MsgspecError):
        return f"the record is no JSON that can be read: {error}"[:500]
    return f"{type(error).__name__}: {error}"[:500]
