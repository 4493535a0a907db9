"""Applications (заявки): what the rows of a file come to, and which case and line each of them is about.

Pure: rows and facts in, decisions out. docs/case-model.md says the rules in words.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from uuid import UUID

from include.domain.reasons import UNKNOWN, map_reason
from include.domain.returns import LOST

TABS: Mapping[str, str] = {
    "NEW": "Новые",
    "ON_DELIVERY": "На доставке",
    "WAITING_DECISION": "Ожидают решения",
    "DISPUTE": "Споры",
    "CLOSED": "Закрытые",
}
IN_TRANSIT_STEP = "BACKWARD_DELIVERY_BY_KASPI"
ARRIVED_STEP = "BACKWARD_DELIVERY_BY_KASPI_FINISHED"
STEPS = ("MERCHANT_APPROVAL", IN_TRANSIT_STEP, ARRIVED_STEP, "MERCHANT_DECISION", "WAITING_PAYMENT")
TAB_RANK = {name: rank for rank, name in enumerate(TABS, start=1)}
STEP_RANK = {name: rank for rank, name in enumerate(STEPS, start=1)}
# Clocks of two machines, and the hour that Almaty had twice, are no contradiction.
AHEAD = dt.timedelta(minutes=15)
TWICE = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One usable row of a file. Times are aware; a tab, step or reason that nobody knows is kept as it is written."""

    application_number: str
    order_code: str
    quantity: int
    created_at: dt.datetime
    master_code: str | None = None
    sku: str | None = None
    product_name: str | None = None
    reason_code: str | None = None
    reason_text: str | None = None
    tab: str | None = None
    step: str | None = None
    step_at: dt.datetime | None = None
    return_label: str | None = None

    @property
    def latest(self) -> dt.datetime:
        """Return the latest moment the row speaks of."""
        return max(self.created_at, self.step_at or self.created_at)

    def content_hash(self) -> bytes:
        """Return 16 bytes that are equal for equal content."""
        values = (getattr(self, name) for name in FACTS)
        told = (one.astimezone(dt.UTC).isoformat() if isinstance(one, dt.datetime) else one for one in values)
        return hashlib.blake2b(repr(tuple(told)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


FACTS: tuple[str, ...] = tuple(item.name for item in fields(Row))


@dataclass(frozen=True, slots=True)
class Told:
    """A row, how new the newest file that holds it is, when that file was taken in, and the hash of its content."""

    row: Row
    named_at: dt.datetime
    confirmed_at: dt.datetime
    row_hash: bytes

    def freshness(self) -> tuple[object, ...]:
        """Return what orders rows by how new they are: never by the order in which they came here."""
        row = self.row
        return (
            row.step_at or row.created_at,
            self.named_at,
            TAB_RANK.get(row.tab or "", 0),
            STEP_RANK.get(row.step or "", 0),
            self.confirmed_at,
            self.row_hash,
        )

    def word(self) -> tuple[object, ...]:
        """Return the same for what no step changes (reason, quantity, goods): the newest file says it."""
        return (self.named_at, *self.freshness())


@dataclass(frozen=True, slots=True)
class Application:
    """What all rows of one application come to."""

    application_number: str
    order_code: str
    quantity: int
    created_at: dt.datetime
    master_code: str | None
    sku: str | None
    product_name: str | None
    reason_code: str | None
    reason_text: str | None
    tab: str | None
    step: str | None
    step_at: dt.datetime | None
    return_label: str | None
    in_transit_at: dt.datetime | None
    arrived_at: dt.datetime | None

    @property
    def stated_reason(self) -> str:
        """Return the mapped reason: of the code, else of the text beside it."""
        by_code = map_reason(self.reason_code)
        return by_code if by_code != UNKNOWN else map_reason(self.reason_text)

    @property
    def stated_reason_raw(self) -> str | None:
        """Return what was stated, as it was written."""
        return self.reason_code or self.reason_text


def merge(told: Iterable[Told]) -> Application:
    """Return the application that rows of one number describe; the order they are given in does not matter."""
    rows = sorted(told, key=Told.word)
    words = [one.row for one in rows]
    stages = [one.row for one in sorted(rows, key=Told.freshness)]
    newest = words[-1]

    def last(name: str, among: Sequence[Row]) -> str | None:
        return next((value for row in reversed(among) if (value := getattr(row, name)) is not None), None)

    reasoned = next((row for row in reversed(words) if row.reason_code or row.reason_text), newest)
    staged = stages[-1]
    return Application(
        newest.application_number,
        newest.order_code,
        newest.quantity,
        newest.created_at,
        last("master_code", words),
        last("sku", words),
        last("product_name", words),
        reasoned.reason_code,
        reasoned.reason_text,
        last("tab", stages),
        last("step", stages),
        staged.step_at or max((row.step_at for row in stages if row.step_at), default=None),
        last("return_label", words),
        _first(stages, IN_TRANSIT_STEP),
        _first(stages, ARRIVED_STEP),
    )


def _first(rows: Iterable[Row], step: str) -> dt.datetime | None:
    return min((row.step_at for row in rows if row.step == step and row.step_at), default=None)


def contradictions(told: Iterable[Told]) -> dict[str, list[str]]:
    """Return what one application cannot have two of (order, goods, quantity, creation), with what rows say of it."""
    said: dict[str, set[str]] = defaultdict(set)
    for one in told:
        for name in ("order_code", "quantity", "created_at", "master_code", "sku"):
            value = getattr(one.row, name)
            if value is not None:
                said[name].add(value.isoformat() if isinstance(value, dt.datetime) else str(value))
    return {name: sorted(values) for name, values in said.items() if len(values) > 1}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order: ``masters`` are Kaspi's codes of its product as far as known, ``live`` its units by now."""

    entry_id: str
    sku: str | None
    sold: int
    masters: frozenset[str] = frozenset()
    live: int = 0


@dataclass(slots=True)
class Case:
    """A case of the order as it stands. ``units`` counts its pieces by line; the rest are columns of the case."""

    case_id: UUID
    episode: int
    application_number: str | None = None
    entry_id: str | None = None
    quantity: int | None = None
    status: str = "signalled"
    closed_at: dt.datetime | None = None
    units: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an application belongs: ``known`` to a case already, it ``joins`` one, or it ``opens`` ``episode``."""

    application: Application
    how: str
    case: Case | None
    episode: int
    entry_id: str | None
    quantity: int | None
    units: int

    @property
    def too_many(self) -> bool:
        """Tell whether it asks for more pieces than its line sold."""
        return self.units < self.application.quantity


def place(applications: Iterable[Application], lines: Sequence[Line], cases: Iterable[Case]) -> list[Placed]:
    """Give each application of one order its line and its case.

    One that has a case keeps it. The others, oldest first, join a case of the order that no application has yet: the
    one that holds pieces of their line, else the oldest; where there is none left they open an episode of their own.
    """
    cases = sorted(cases, key=lambda case: case.episode)
    of_number = {case.application_number: case for case in cases if case.application_number}
    todo = sorted(applications, key=lambda one: (one.created_at, one.application_number))
    line_of = _lines_of(todo, lines, of_number)
    free = [case for case in cases if not case.application_number and case.status != "cancelled"]
    joined: dict[str, Case] = {}
    left = [one for one in todo if one.application_number not in of_number]
    for by_goods in (True, False):
        for one in left:
            line = line_of[one.application_number]
            fitting = (
                case
                for case in free
                if _same_return(case, one, line) and (not by_goods or (line and case.units.get(line.entry_id)))
            )
            case = next(fitting, None) if one.application_number not in joined else None
            if case:
                joined[one.application_number] = case
                free.remove(case)
    episode = max((case.episode for case in cases), default=0)
    placed = []
    for one in todo:
        known = of_number.get(one.application_number)
        case = known or joined.get(one.application_number)
        episode += case is None
        how = "known" if known else "joins" if case else "opens"
        placed.append(_placed(one, how, case, case.episode if case else episode, line_of[one.application_number]))
    return placed


def _placed(one: Application, how: str, case: Case | None, episode: int, line: Line | None) -> Placed:
    if line is None:
        return Placed(one, how, case, episode, None, None, one.quantity)
    pieces = min(one.quantity, line.sold)
    return Placed(one, how, case, episode, line.entry_id, pieces, pieces)


def _same_return(case: Case, one: Application, line: Line | None) -> bool:
    """Tell whether the case can be the application's return: it was not over before the application was made.

    One of which nothing came may be it whenever it was given up. Where every piece of the line has come back by then,
    the application can only be about one of those.
    """
    if case.closed_at is None or case.status == LOST or case.closed_at >= one.created_at:
        return True
    return line is not None and line.live >= line.sold


def _lines_of(
    applications: Sequence[Application], lines: Sequence[Line], of_number: Mapping[str, Case]
) -> dict[str, Line | None]:
    """Find the line of each application; of equal lines the first one that still has pieces nobody applied for."""
    by_id = {line.entry_id: line for line in lines}
    claimed: dict[str, int] = defaultdict(int)
    found: dict[str, Line | None] = {}
    for number, case in of_number.items():
        if case.entry_id in by_id:
            found[number] = by_id[case.entry_id]
            claimed[case.entry_id] += case.quantity or 0
    for one in applications:
        if one.application_number in found:
            continue
        fitting = candidates(one, lines)
        line = next((line for line in fitting if claimed[line.entry_id] + one.quantity <= line.sold), None)
        line = line or (fitting[0] if fitting else None)
        found[one.application_number] = line
        if line:
            claimed[line.entry_id] += one.quantity
    return found


def candidates(one: Application, lines: Sequence[Line]) -> list[Line]:
    """Return the lines that the application can be about: by SKU, else by master code, else the only one."""
    by_sku = [line for line in lines if one.sku and line.sku == one.sku]
    by_master = [line for line in lines if one.master_code and one.master_code in line.masters]
    return by_sku or by_master or (list(lines) if len(lines) == 1 else [])


# What an operator reads about a file, a row or a cell: Russian, English.
PROBLEMS: Mapping[str, tuple[str, str]] = {
    "too_large": ("файл больше 20 МБ: выгрузите меньший период", "the file is over 20 MB: export a shorter period"),
    "empty": ("файл пуст", "the file is empty"),
    "old_excel": (
        "это старый формат Excel или файл с паролем: сохраните его как .xlsx или CSV",
        "an old Excel format or a file with a password: save it as .xlsx or CSV",
    ),
    "a_web_page": ("это веб-страница, а не таблица: выгрузите файл заново", "a web page, not a table: export it again"),
    "unreadable": ("файл повреждён и не читается", "the file is damaged and cannot be read"),
    "swollen": (
        "внутри файла слишком много данных или запрещённые вставки",
        "the file holds too much data inside, or declarations that are not allowed",
    ),
    "too_many_rows": ("строк больше 200 000: выгрузите меньший период", "over 200,000 rows: export a shorter period"),
    "no_header": (
        "не найдена строка заголовков с колонками «Номер заявки», «Количество», «Дата создания»",
        "no header row with the columns application_number, quantity, created_at was found",
    ),
    "no_rows": ("под заголовками нет ни одной строки", "there is no row under the headers"),
    "broken_quotes": ("кавычки не закрыты, строку нельзя разобрать", "a quote is never closed: the row cannot be read"),
    "too_many_cells": (
        "ячеек больше, чем колонок: лишний разделитель внутри текста",
        "more cells than columns: a separator inside a text",
    ),
    "too_long": ("слишком длинное значение", "the value is too long"),
    "not_text": ("недопустимые символы: файл испорчен или в другой кодировке", "characters that cannot be kept"),
    "formula_error": ("в ячейке ошибка формулы", "the cell holds a formula's error"),
    "missing": ("значение не указано", "the value is missing"),
    "not_a_number": ("это не целое число больше нуля", "no whole number above zero"),
    "too_big": ("слишком большое количество", "the quantity is too large"),
    "lost_digits": (
        "Excel исказил номер (например, 1,23E+11): задайте колонке текстовый формат",
        "Excel spoilt the number (like 1.23E+11): make the column text",
    ),
    "not_an_order": ("номер заказа состоит только из цифр", "an order number has digits only"),
    "not_an_application": (
        "номер заявки выглядит как «номер заказа-номер», например 123456789-1",
        "an application number looks like <order>-<n>, for example 123456789-1",
    ),
    "another_order": ("номер заявки не от этого заказа", "the application number belongs to another order"),
    "another_application": ("трек-номер не от этой заявки", "the return label belongs to another application"),
    "not_a_time": ("дата не читается, нужна вида 31.12.2026 14:30", "no date that can be read, like 31.12.2026 14:30"),
    "impossible_time": ("такого года у заявки быть не может", "no application can be of that year"),
    "in_the_future": ("дата в будущем", "the date is in the future"),
    "before_creation": ("шаг раньше создания заявки", "the step is before the application was made"),
}


def problem(code: str, language: str = "ru") -> str:
    """Return a problem in words; Kazakh readers get the Russian ones."""
    russian, english = PROBLEMS[code]
    return english if language == "en" else russian


def untimely(row: Row, now: dt.datetime) -> tuple[str, str] | None:
    """Return the column and the code of what is wrong with a row's times, if anything."""
    for column in ("created_at", "step_at"):
        moment = getattr(row, column)
        if moment is not None and moment > now + AHEAD:
            return column, "in_the_future"
    if row.step_at is not None and row.step_at < row.created_at - TWICE:
        return "step_at", "before_creation"
    return None
