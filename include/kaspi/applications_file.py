"""A file of applications (заявки) as an operator exports or types it: CSV or XLSX, bytes in, typed rows out.

Nothing of the outside is touched. A row that cannot be used comes back with its line, column and reason and never
stops the others. Columns about people are never read: of them only the header is known here.
"""

import csv
import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from include import spreadsheet
from include.domain.applications import STEPS, TABS, Row, problem
from include.domain.reasons import UNKNOWN, map_reason
from include.domain.returns import application_of
from include.domain.text import storable

ALMATY = ZoneInfo("Asia/Almaty")
MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 200_000
MOST_UNPACKED = 200 * 1024 * 1024
MOST_COLUMNS = 100
HEADER_WITHIN = 10
LONGEST_RECORD = 50  # physical lines of one CSV record; more means a quote that is never closed
LONGEST_LINE = 1 << 17
MOST_PIECES = 10_000
EARLIEST, LATEST = 2010, 2100
MOST_EXACT = 2**53  # a spreadsheet's number beyond this has lost digits

# Our name of a column, and how headers spell it once `_plain` has folded them.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "application_number": ("номерзаявки", "applicationnumber"),
    "order_code": ("номерзаказа", "ordercode"),
    "master_code": ("кодтовара", "mastercode"),
    "sku": ("артикул", "sku"),
    "product_name": ("названиетовара", "productname"),
    "quantity": ("количество", "quantity"),
    "reason_code": ("кодпричины", "reasoncode"),
    "reason_text": ("причина", "reasontext"),
    "created_at": ("датасоздания", "createdat"),
    "tab": ("раздел", "tab"),
    "step": ("шаг", "step"),
    "step_at": ("даташага", "stepat"),
    "return_label": ("трекномер", "returnlabel"),
}
# Columns of a file that `needed_csv` made: where a record stood, and why it could not be split into cells.
CARRIED = ("source_line", "source_problem")
FIELD_OF = {spelling: name for name, spellings in HEADERS.items() for spelling in spellings}
FIELD_OF |= {name.replace("_", ""): name for name in CARRIED}
REQUIRED = ("quantity", "created_at")
NAMING = ("application_number", "return_label")
PEOPLE = (
    "покупател", "получател", "клиент", "телефон", "фио", "фамили", "имя", "почт", "адрес", "иин", "коммент",
    "customer", "buyer", "client", "recipient", "phone", "email", "address", "comment", "firstname", "lastname",
    "nameofbuyer",
)  # fmt: skip
LONGEST = {"product_name": 1024, "reason_text": 500, "return_label": 60, "application_number": 40, "order_code": 30}
FORMULA_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
TAB_OF = {re.sub(r"[\W_]+", "", name.casefold()): code for code, title in TABS.items() for name in (code, title)}
TAB_OF["закрытыезаявки"], TAB_OF["новыезаявки"] = "CLOSED", "NEW"
TIME = re.compile(
    r"(?:(?P<d>\d{1,2})[./](?P<m>\d{1,2})[./](?P<y>\d{4})|(?P<Y>\d{4})-(?P<M>\d{1,2})-(?P<D>\d{1,2}))"
    r"(?:[T ,]\s*(?P<h>\d{1,2}):(?P<i>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)
# A phone, an e-mail: an operator's free text may hold them, and nothing here needs them.
OF_A_PERSON = re.compile(r"\+?\d(?:[\s\-()]*\d){8,}|\S+@\S+")


@dataclass(frozen=True, slots=True)
class BadRow:
    """Why a line of the file cannot be used; ``column`` is our name of it, empty where the whole line is meant."""

    line: int
    column: str
    code: str
    application_number: str | None = None

    @property
    def reason(self) -> str:
        """Return the reason in Russian."""
        return self.text()

    def text(self, language: str = "ru") -> str:
        """Return the reason in words."""
        return problem(self.code, language)


@dataclass(slots=True)
class Reading:
    """What a file says: usable rows by line, bad rows, and what of it was not read.

    ``refused`` is the code of what is wrong with the whole file; then there are no rows. ``unknown`` counts tabs,
    steps and reasons that nobody has met yet; their rows are usable.
    """

    rows: list[tuple[int, Row]] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    refused: str | None = None
    unread_columns: tuple[str, ...] = ()
    personal_columns: tuple[str, ...] = ()
    unknown: Counter[str] = field(default_factory=Counter)

    def put_bad(self, bad: BadRow) -> None:
        """Add a bad row."""
        self.bad.append(bad)


class FileRefused(ValueError):
    """The whole file cannot be used; the message is the code of the reason."""


class _BadCell(ValueError):
    """A cell cannot be used; the message is the code of the reason."""


Cells = Sequence[Any]


@dataclass(slots=True)
class _Table:
    """A file cut into cells: where our columns are, and the records below the header, each with its line.

    A record that cannot be cut is the code of the reason.
    """

    where: dict[str, int]
    width: int
    unread: tuple[str, ...]
    personal: tuple[str, ...]
    records: Iterator[tuple[int, Cells | str]]


def read(body: bytes) -> Reading:
    """Read a file of applications. Raises nothing: a file that cannot be used says so in ``refused``."""
    reading = Reading()
    try:
        table = _table(body)
        reading.unread_columns, reading.personal_columns = table.unread, table.personal
        for number, (line, cells) in enumerate(table.records):
            if number >= MOST_ROWS:
                raise FileRefused("too_many_rows")  # noqa: TRY301
            _take(reading, table, line, cells)
    except FileRefused as refused:
        return Reading(refused=str(refused))
    if not reading.rows and not reading.bad:
        return Reading(refused="no_rows")
    return reading


def needed_csv(body: bytes) -> bytes:
    """Return a file as CSV with the columns that are read and no others; reading it gives the same as the file.

    Raises FileRefused where nothing can be read.
    """
    table = _table(body)
    names = [name for name in (*HEADERS, *CARRIED) if name in table.where or name in CARRIED]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(names)
    for number, (line, cells) in enumerate(table.records):
        if number >= MOST_ROWS:
            raise FileRefused("too_many_rows")
        line, spoilt = _carried(table, line, cells)
        told = {} if spoilt or isinstance(cells, str) else {name: _raw(table, cells, name) for name in table.where}
        told |= {"source_line": line, "source_problem": spoilt}
        writer.writerow([_written(name, told.get(name)) for name in names])
    return out.getvalue().encode("utf-8", "replace")


def _written(name: str, value: Any) -> Any:
    """Return a cell for `needed_csv`: of a text that is too long only so much that it still is too long."""
    if isinstance(value, dt.datetime):
        return value.isoformat(" ")
    if isinstance(value, float) and value.is_integer():
        # a number that lost its digits is written so that it is still seen to have lost them
        return f"{value:e}" if TYPED[name] is _code_number and abs(value) > MOST_EXACT else int(value)
    if isinstance(value, str):
        cut = value[: LONGEST.get(name, 100) + 1]
        return OF_A_PERSON.sub("…", cut) if name == "reason_text" else cut
    return value


# --- the file as a whole


def _table(body: bytes) -> _Table:
    if len(body) > MOST_BYTES:
        raise FileRefused("too_large")
    if not body.strip(b"\xef\xbb\xbf\r\n\t ;,\x00"):
        raise FileRefused("empty")
    if body.startswith(b"PK\x03\x04"):
        return _of_workbook(body)
    if body.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused("old_excel")
    if body.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] == b"<":
        raise FileRefused("a_web_page")
    return _of_text(_decoded(body))


def _plain(header: Any) -> str:
    """Fold a header: no case, no spaces or signs, е for ё."""
    return re.sub(r"[\W_]+", "", str(header or "").casefold().replace("ё", "е"))


def _header(cells: Cells) -> dict[str, int] | None:
    """Return where our columns are, if these cells are the header row."""
    where: dict[str, int] = {}
    for place, cell in enumerate(cells):
        name = FIELD_OF.get(_plain(cell))
        if name and name not in where:
            where[name] = place
    fits = all(name in where for name in REQUIRED) and any(name in where for name in NAMING)
    return where if fits else None


def _headed(records: Iterator[tuple[int, Cells | str]], *, separated: bool) -> _Table | None:
    """Find the header within the first records; a title or empty lines may stand above it.

    Where cells are ``separated`` by a sign, more cells than headers mean that the sign stood inside a text.
    """
    for _, (_line, cells) in zip(range(HEADER_WITHIN), records, strict=False):
        where = None if isinstance(cells, str) else _header(cells)
        if where is None or isinstance(cells, str):
            continue
        others = [str(cell).strip()[:60] for place, cell in enumerate(cells) if cell and place not in where.values()]
        people = tuple(name for name in others if any(part in _plain(name) for part in PEOPLE))
        last = max((place for place, cell in enumerate(cells) if str(cell or "").strip()), default=0)
        width = last + 1 if separated else MOST_COLUMNS
        return _Table(where, width, tuple(name for name in others if name not in people), people, records)
    return None


# --- CSV


def _decoded(body: bytes) -> str:
    """Decode UTF-8 (with or without BOM), UTF-16 with BOM, else cp1251."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", "replace")
    marked = body.startswith(b"\xef\xbb\xbf")
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        lines = body.split(b"\n")
        # Russian headers speak for the whole file, whatever stands below them; else most of the lines do
        spoken = next((line for line in lines[:HEADER_WITHIN] if not line.isascii()), None)
        good = [_is_utf8(line) for line in ([spoken] if spoken else lines) if not line.isascii()]
        return body.decode("utf-8" if marked or sum(good) * 2 > len(good) else "cp1251", "replace")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _of_text(text: str) -> _Table:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for separator in _separators(lines):
        table = _headed(_records(lines, separator), separated=True)
        if table:
            return table
    raise FileRefused("no_header")


def _separators(lines: Sequence[str]) -> list[str]:
    """Return the separators, the likeliest first: by how often they stand in the first lines."""
    head = "".join(line[:10_000] for line in lines[:HEADER_WITHIN])
    return sorted((";", ",", "\t"), key=lambda one: -head.count(one))


def _records(lines: Sequence[str], separator: str) -> Iterator[tuple[int, Cells | str]]:
    """Cut a CSV into records. A quote that is never closed spoils its own line and not the ones that follow."""
    at, width = 0, None
    while at < len(lines):
        cells, taken = _record(lines, at, separator, width)
        if isinstance(cells, str) or any(cell.strip() for cell in cells):
            yield at + 1, cells
            if width is None and not isinstance(cells, str) and _header(cells):
                width = len(cells)
        at += taken


def _record(lines: Sequence[str], at: int, separator: str, width: int | None) -> tuple[Cells | str, int]:
    """Return the cells of the record at ``at``, or the code of why there are none, and how many lines it took.

    A record of several lines must have a cell for each header: else its quote was a stray one.
    """
    line = lines[at]
    if '"' not in line:
        return ("too_long", 1) if len(line) > LONGEST_LINE else (line.split(separator), 1)
    try:
        cells = next(csv.reader([line + "\n"], delimiter=separator))
        if not _unclosed(line, separator):
            return cells, 1
        reader = csv.reader([one + "\n" for one in lines[at : at + LONGEST_RECORD]], delimiter=separator)
        cells = next(reader)
    except csv.Error as error:
        return ("too_long" if "larger" in str(error) else "broken_quotes"), 1
    return (cells, reader.line_num) if len(cells) == width else ("broken_quotes", 1)


def _unclosed(line: str, separator: str) -> bool:
    """Tell whether a quote of the line is still open at its end."""
    try:
        next(csv.reader([line + "\n"], delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


# --- XLSX


def _of_workbook(body: bytes) -> _Table:
    try:
        for rows in spreadsheet.sheets(body, most_unpacked=MOST_UNPACKED, most_columns=MOST_COLUMNS):
            table = _headed(_sheet_rows(rows), separated=False)
            if table:
                return table
    except spreadsheet.BadWorkbook as bad:
        raise FileRefused(bad.code) from bad
    raise FileRefused("no_header")


def _sheet_rows(rows: Iterator[tuple[int, spreadsheet.Cells]]) -> Iterator[tuple[int, Cells | str]]:
    """Yield the rows; they are read when the file is known to be one, so its faults come then, too."""
    try:
        yield from rows
    except spreadsheet.BadWorkbook as bad:
        raise FileRefused(bad.code) from bad


# --- one record


def _carried(table: _Table, line: int, cells: Cells | str) -> tuple[int, str | None]:
    """Return a record's line in the operator's file, and why it could not be cut into cells."""
    if isinstance(cells, str):
        return line, cells
    told = str(_raw(table, cells, "source_line") or "")
    spoilt = str(_raw(table, cells, "source_problem") or "")
    if not spoilt and any(str(cell or "").strip() for cell in cells[table.width :]):
        spoilt = "too_many_cells"
    return int(told) if told.isascii() and told.isdigit() and len(told) < 9 else line, spoilt or None


def _raw(table: _Table, cells: Cells, name: str) -> Any:
    place = table.where.get(name)
    return cells[place] if place is not None and place < len(cells) else None


def _take(reading: Reading, table: _Table, line: int, cells: Cells | str) -> None:
    """Type a record; what is wrong with it is told column by column."""
    line, spoilt = _carried(table, line, cells)
    if spoilt or isinstance(cells, str):
        reading.put_bad(BadRow(line, "", spoilt if spoilt in SPOILT else "broken_quotes"))
        return
    values: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for name in HEADERS:
        try:
            values[name] = TYPED[name](name, _raw(table, cells, name))
        except _BadCell as bad:
            wrong.append((name, str(bad)))
    bad_columns = {name for name, _ in wrong}
    wrong += [pair for pair in _named(values) if pair[0] not in bad_columns]
    wrong += [(name, "missing") for name in REQUIRED if values.get(name) is None and name not in bad_columns]
    if wrong:
        number = values.get("application_number")
        for name, code in wrong:
            reading.put_bad(BadRow(line, name, code, number))
        return
    row = Row(**values)
    reading.rows.append((line, row))
    reading.unknown.update(_unknown(row))


SPOILT = frozenset({"too_long", "broken_quotes", "too_many_cells"})


def _unknown(row: Row) -> Iterable[str]:
    """Name what nobody has met yet. Codes are Kaspi's; a reason's free text is not repeated."""
    if row.tab and row.tab not in TABS:
        yield f"tab {row.tab}"
    if row.step and row.step not in STEPS:
        yield f"step {row.step}"
    if row.reason_code and map_reason(row.reason_code) == UNKNOWN:
        yield f"reason_code {row.reason_code}"
    elif not row.reason_code and row.reason_text and map_reason(row.reason_text) == UNKNOWN:
        yield "reason_text"


def _named(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Settle which application of which order a row is about: number, order and label must agree."""
    number, order, label = (values.get(name) for name in ("application_number", "order_code", "return_label"))
    by_label = application_of(label)
    if number is None and by_label:
        number = values["application_number"] = by_label[1]
    if number is None:
        return [("application_number", "missing")]
    by_number = application_of(f"{number}-R")
    if by_number and by_number[0].isdigit():
        if order and order != by_number[0]:
            return [("order_code", "another_order")]
        order = values["order_code"] = by_number[0]
    if number == order or (order is None and number.isdigit()):
        return [("application_number", "not_an_application")]
    if order is None:
        return [("order_code", "missing")]
    if by_label and by_label[1] != number:
        return [("return_label", "another_application")]
    return []


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    if not text:
        return None
    if len(text) > LONGEST.get(name, 100):
        raise _BadCell("too_long")
    if text in FORMULA_ERRORS:
        raise _BadCell("formula_error")
    if text.isprintable() and "\ufffd" not in text:  # which most are, and then nothing in it is unstorable
        return text
    if "\ufffd" in text or not storable(text):
        raise _BadCell("not_text")
    return " ".join(text.split())


def _free_text(name: str, value: Any) -> str | None:
    text = _text(name, value)
    return OF_A_PERSON.sub("…", text) if text else None


def _code_number(name: str, value: Any) -> str | None:
    """Read the number of an order or an application, which spreadsheets like to take for an amount."""
    if isinstance(value, bool | dt.date | dt.time):
        raise _BadCell("lost_digits")
    if isinstance(value, float) and (not value.is_integer() or abs(value) > MOST_EXACT):
        raise _BadCell("lost_digits")
    text = _text(name, value)
    if text is None:
        return None
    text = re.sub(r"(?<=\d)[.,]0+$", "", text)
    if re.fullmatch(r"[-+]?\d+[.,]?\d*[eEеЕ][-+]?\d+", text):
        raise _BadCell("lost_digits")
    if name == "order_code" and not (text.isascii() and text.isdigit()):
        raise _BadCell("not_an_order")
    if name == "application_number" and not re.fullmatch(r"[\w./-]+", text):
        raise _BadCell("not_an_application")
    return text


def _quantity(name: str, value: Any) -> int | None:
    if isinstance(value, bool | dt.date | dt.time):
        raise _BadCell("not_a_number")
    text = _text(name, value)
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,12})(?:[.,]0+)?", text, re.ASCII)
    if not match or int(match[1]) < 1:
        raise _BadCell("not_a_number")
    if int(match[1]) > MOST_PIECES:
        raise _BadCell("too_big")
    return int(match[1])


def _moment(name: str, value: Any) -> dt.datetime | None:
    """Read a time; one without a zone is Almaty's, and of an hour that came twice it is the first."""
    if isinstance(value, dt.datetime):
        return _sane(value)
    if isinstance(value, dt.date):
        return _sane(dt.datetime.combine(value, dt.time()))  # noqa: DTZ001 (the zone is given below)
    if isinstance(value, bool | int | float | dt.time):
        raise _BadCell("not_a_time")
    text = _text(name, value)
    if text is None:
        return None
    match = TIME.fullmatch(text)
    if not match:
        raise _BadCell("not_a_time")
    part = {key: int(found) for key, found in match.groupdict().items() if found and key != "zone"}
    year, month, day = (part.get(low, part.get(high, 0)) for low, high in (("y", "Y"), ("m", "M"), ("d", "D")))
    try:
        moment = dt.datetime(year, month, day, part.get("h", 0), part.get("i", 0), part.get("s", 0))  # noqa: DTZ001
    except ValueError as error:
        raise _BadCell("not_a_time") from error
    return _sane(moment, match["zone"])


def _sane(moment: dt.datetime, zone: str | None = None) -> dt.datetime:
    if not EARLIEST <= moment.year < LATEST:
        raise _BadCell("impossible_time")
    if zone:
        offset = dt.datetime.strptime(zone, "%z").tzinfo
        return moment.replace(tzinfo=offset).astimezone(dt.UTC)
    return moment.replace(tzinfo=moment.tzinfo or ALMATY).astimezone(dt.UTC)


def _tab(name: str, value: Any) -> str | None:
    text = _text(name, value)
    return TAB_OF.get(_plain(text), text) if text else None


def _step(name: str, value: Any) -> str | None:
    text = _text(name, value)
    return text.upper() if text and text.upper() in STEPS else text


def _label(name: str, value: Any) -> str | None:
    text = _text(name, value)
    if text and not re.fullmatch(r"[\w./-]+", text):
        raise _BadCell("another_application")
    return text


TYPED = {
    "application_number": _code_number,
    "order_code": _code_number,
    "master_code": _text,
    "sku": _text,
    "product_name": _text,
    "quantity": _quantity,
    "reason_code": _text,
    "reason_text": _free_text,
    "created_at": _moment,
    "tab": _tab,
    "step": _step,
    "step_at": _moment,
    "return_label": _label,
}
