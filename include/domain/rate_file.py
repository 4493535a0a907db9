"""A price list as people write it: rows of texts to prices, and what is wrong with them, line by line."""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from include.domain.money import ANY, CODES, MATERIAL, PRICED, Per, Rate, Term, changes_the_past, in_force

COLUMNS = ("merchant", "warehouse", "term", "per", "code", "amount", "valid_from", "name_ru", "name_kk", "name_en")
ENDS = "-"  # in the place of an amount: from this day on there is no such price
LARGEST = 100_000_000
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line; ``column`` empty: the line as a whole."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"line {self.line}{f', {self.column}' if self.column else ''}: {self.text}"


class _Wrong(ValueError):
    def __init__(self, column: str, text: str) -> None:
        super().__init__(text)
        self.column = column


def read_rows(rows: Iterable[tuple[int, Mapping[str, Any]]], version: int) -> tuple[list[Rate], list[Problem]]:
    """Return the prices of the rows (each with its line's number) and every problem; no price of a bad line."""
    rates: list[Rate] = []
    problems: list[Problem] = []
    lines: dict[tuple[object, ...], int] = {}
    for line, row in rows:
        try:
            rate = _rate({name: _text(row.get(name)) for name in COLUMNS}, version)
        except _Wrong as wrong:
            problems.append(Problem(line, wrong.column, str(wrong)))
            continue
        before = lines.setdefault(_key(rate), line)
        if before == line:
            rates.append(rate)
        else:
            problems.append(Problem(line, "", f"says again what line {before} says: one price a day"))
    return rates, problems


def check_against(
    rates: Sequence[Rate],
    known: Sequence[Rate],
    places: Collection[tuple[str, str | None]],
    today: dt.date,
) -> list[str]:
    """Return why the list may not be loaded beside what is ``known``; ``places`` are the merchants' warehouses."""
    merchants = {ANY, *(merchant for merchant, _ in places)}
    warehouses = {ANY, *(warehouse for _, warehouse in places if warehouse)}
    term_of: dict[str, str] = {rate.code: rate.term for rate in known if rate.per == Per.PIECE}
    wrong = []
    for rate in rates:
        if rate.merchant_id not in merchants:
            wrong.append(f"{title(rate)}: no merchant {rate.merchant_id} is known")
        if rate.warehouse not in warehouses:
            wrong.append(f"{title(rate)}: no store lies in a warehouse {rate.warehouse}")
        if rate.per == Per.PIECE and term_of.setdefault(rate.code, rate.term) != rate.term:
            wrong.append(f"{title(rate)}: the material is one of {term_of[rate.code]} already")
        if past := changes_the_past(rate, known, today):
            wrong.append(
                f"{title(rate)}: days before {today} have a price already ({_said(past)} since {past.valid_from}, "
                f"version {past.version}) and keep it: give a date from {today} on"
            )
    return wrong


def preview(rates: Iterable[Rate], known: Sequence[Rate]) -> list[str]:
    """Return what each row of the list changes, as a sentence."""
    return [f"{title(rate)}: {_change(rate, known)} from {rate.valid_from}" for rate in rates]


def _change(rate: Rate, known: Sequence[Rate]) -> str:
    place = (rate.merchant_id, rate.warehouse, rate.term, rate.per, rate.code, rate.valid_from)
    if rate.ends:
        own = in_force(
            [one for one in known if (one.merchant_id, one.warehouse) == (rate.merchant_id, rate.warehouse)], *place
        )
        return "no price of its own, so nothing ends" if own is None else f"ends ({_said(own)} until then)"
    before = in_force(known, *place)
    if before is None:
        return f"new, {_said(rate)}"
    if (before.amount, before.permille) == (rate.amount, rate.permille):
        return f"stays {_said(rate)}"
    wider = before.merchant_id != rate.merchant_id or before.warehouse != rate.warehouse
    return f"{_said(before)}{' of everybody' if wider else ''} → {_said(rate)}"


def title(rate: Rate) -> str:
    """Return what a price is for, short."""
    scope = "" if (rate.merchant_id, rate.warehouse) == (ANY, ANY) else f"{rate.merchant_id}@{rate.warehouse} "
    return f"{scope}{rate.term} per {rate.per}{f' {rate.code}' if rate.code else ''}"


def _said(rate: Rate) -> str:
    return f"{rate.permille} ‰" if rate.permille is not None else f"{rate.amount} tenge"


def _key(rate: Rate) -> tuple[object, ...]:
    return rate.merchant_id, rate.warehouse, rate.term, rate.per, rate.code, rate.valid_from


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())


def _rate(row: Mapping[str, str], version: int) -> Rate:
    term, per = _one_of(Term, "term", row["term"]), _one_of(Per, "per", row["per"])
    if per not in PRICED.get(term, ()):
        can_be = ", ".join(sorted(PRICED.get(term, ()))) or "nothing: it is the order's own"
        raise _Wrong("per", f"{term} is priced per {can_be}, not per {per}")
    code = _code(term, per, row["code"])
    amount, permille = _amount(per, row["amount"])
    return Rate(
        version,
        row["merchant"] or ANY,
        row["warehouse"] or ANY,
        term.value,
        per.value,
        code,
        _day(row["valid_from"]),
        amount,
        permille,
        _names(per, row),
    )


def _one_of(kind: Any, column: str, text: str) -> Any:
    try:
        return kind(text.lower())
    except ValueError:
        raise _Wrong(column, f"{text!r} is none of {', '.join(kind)}") from None


def _code(term: Term, per: Per, text: str) -> str:
    if per is Per.PIECE:
        if not MATERIAL.fullmatch(text):
            raise _Wrong("code", f"{text!r} is no code of a material: a-z, 0-9 and _, at most 40")
        return text
    allowed = CODES.get((term, per), frozenset())
    if text and text not in allowed:
        can_be = f"empty or {', '.join(sorted(allowed))}" if allowed else "empty"
        raise _Wrong("code", f"of {term} per {per} it is {can_be}, not {text!r}")
    return text


def _amount(per: Per, text: str) -> tuple[int | None, int | None]:
    """Return (tenge, per mille); of a share the second, of all others the first, of an end none."""
    if text == ENDS:
        return None, None
    if per is Per.SHARE:
        return None, _permille(text)
    digits = text.replace(" ", "").replace("\u00a0", "")
    if not re.fullmatch(r"\d{1,9}", digits):
        raise _Wrong("amount", f"{text!r} is no whole number of tenge ({ENDS} ends a price)")
    if int(digits) > LARGEST:
        raise _Wrong("amount", f"{text} tenge is more than {LARGEST}: a typing error?")
    return int(digits), None


def _permille(text: str) -> int:
    """Return thousandths of ``12%``, ``12.5%``, ``120‰`` or ``120``."""
    percent = text.endswith("%")
    try:
        number = Decimal(text.rstrip("%‰ ").replace(",", ".")) * (10 if percent else 1)
    except InvalidOperation:
        raise _Wrong("amount", f"{text!r} is no share: 12% or 120‰ ({ENDS} ends a price)") from None
    if number != number.to_integral_value() or not 0 <= number <= 1000:
        raise _Wrong("amount", f"{text} is no whole number of thousandths between 0 and 1000")
    return int(number)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise _Wrong("valid_from", f"{text!r} is no day like 2026-11-01") from None


def _names(per: Per, row: Mapping[str, str]) -> dict[str, str]:
    names = {language: row[f"name_{language}"] for language in ("ru", "kk", "en")}
    if per is not Per.PIECE:
        if any(names.values()):
            raise _Wrong("name_ru", "only a material has names")
        return {}
    for language, name in names.items():
        if not name or len(name) > LONGEST_NAME:
            raise _Wrong(f"name_{language}", f"a material has a name in each language, at most {LONGEST_NAME} letters")
    return names
