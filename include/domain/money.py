"""What the way of a returned unit costs: the terms, which event books which, and how much by the price list.

Money is whole tenge, days are days of Almaty. A cost that cannot be known yet is a row without an amount: unknown is
never nought.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any

from include.domain.days import almaty_day

ANY = "*"  # a merchant or a warehouse of the price list: all of them


class Term(StrEnum):
    """The terms of the reverse cost, in the order of ``mart.unit``."""

    FORWARD_DELIVERY = "forward_delivery"
    COLLECTION = "collection"
    RECEIVING = "receiving"
    INSPECTION = "inspection"
    REPAIR = "repair"
    PARTS = "parts"
    PACKAGING = "packaging"
    STORAGE = "storage"
    CHANNEL_FEE = "channel_fee"
    WRITE_OFF = "write_off"


class Per(StrEnum):
    """What a price is for: once, a minute of work, a day in the warehouse, a piece of a material, a share of a sale."""

    EVENT = "event"
    MINUTE = "minute"
    DAY = "day"
    PIECE = "piece"
    SHARE = "share"


# What each term can be priced by. The forward delivery is the order's own and stands in no price list.
PRICED: Mapping[Term, frozenset[Per]] = {
    Term.COLLECTION: frozenset({Per.EVENT}),
    Term.RECEIVING: frozenset({Per.EVENT, Per.MINUTE}),
    Term.INSPECTION: frozenset({Per.EVENT, Per.MINUTE}),
    Term.REPAIR: frozenset({Per.EVENT, Per.MINUTE}),
    Term.PARTS: frozenset({Per.PIECE}),
    Term.PACKAGING: frozenset({Per.EVENT, Per.MINUTE, Per.PIECE}),
    Term.STORAGE: frozenset({Per.DAY}),
    Term.CHANNEL_FEE: frozenset({Per.SHARE}),
    Term.WRITE_OFF: frozenset({Per.EVENT}),
}
# Codes that narrow a price: which check, which channel. Materials have codes of their own.
CODES: Mapping[tuple[Term, Per], frozenset[str]] = {
    (Term.INSPECTION, Per.EVENT): frozenset({"qc"}),
    (Term.INSPECTION, Per.MINUTE): frozenset({"qc"}),
    (Term.CHANNEL_FEE, Per.SHARE): frozenset({"main", "resale", "off_kaspi"}),
}
MATERIAL = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")

# The events that must cost something. A price list that says nothing of the term leaves the cost unknown.
STEPS: Mapping[str, tuple[Term, ...]] = {
    "received": (Term.COLLECTION, Term.RECEIVING),
    "unexpected": (Term.COLLECTION, Term.RECEIVING),
    "inspected": (Term.INSPECTION,),
    "qc_passed": (Term.INSPECTION,),
    "qc_failed": (Term.INSPECTION,),
    "repacked": (Term.PACKAGING,),
    "repaired": (Term.REPAIR,),
    "resold": (Term.CHANNEL_FEE,),
    "written_off": (Term.WRITE_OFF,),
    "disposed": (Term.WRITE_OFF,),
    "lost": (Term.WRITE_OFF,),
}
# Work that led to nothing is told by these, where it is told: minutes and materials, nothing by itself.
WORKED = frozenset({"in_repair", "unrecoverable"})
USES_MATERIALS: Mapping[str, Term] = {
    "repacked": Term.PACKAGING,
    "repaired": Term.PARTS,
    **dict.fromkeys(WORKED, Term.PARTS),
}
CHECKS = frozenset({"qc_passed", "qc_failed"})

# Codes of what was booked.
WHOLE = ""  # the whole term of the event, where nothing finer can be said
GOODS, GOODS_FOUND = "goods", "goods_found"

# Why an amount is unknown.
NO_PRICE = "no_price"
NO_MINUTES = "no_minutes"
UNKNOWN_MATERIAL = "unknown_material"
NO_SALE_PRICE = "no_sale_price"
NO_GOODS_COST = "no_goods_cost"


@dataclass(frozen=True, slots=True)
class Rate:
    """A row of the price list. ``amount`` is whole tenge, ``permille`` a share of the sale; neither: the price ends."""

    version: int
    merchant_id: str
    warehouse: str
    term: str
    per: str
    code: str
    valid_from: dt.date
    amount: int | None = None
    permille: int | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def ends(self) -> bool:
        """Tell whether the row says that from its day on there is no price any more."""
        return self.amount is None and self.permille is None


@dataclass(frozen=True, slots=True)
class Step:
    """An event as far as it costs, with what is known of its unit. ``sale_price`` and ``goods_cost`` are tenge."""

    event_id: Any
    type: str
    state_from: str | None
    occurred_at: dt.datetime
    payload: Mapping[str, Any]
    merchant_id: str
    warehouse: str | None
    channel: str | None = None
    sale_price: int | None = None
    goods_cost: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """One cost of one event; (event, ``term``, ``code``) is its key. ``amount`` None: unknown, ``why`` says why."""

    term: str
    code: str
    amount: int | None
    version: int | None = None
    minutes: int | None = None
    why: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Material:
    """A material of an order to repair or repack: what it is called and what one piece costs in tenge."""

    code: str
    term: str
    amount: int
    version: int
    names: Mapping[str, str]


# --- the price list


def in_force(
    rates: Iterable[Rate], merchant_id: str, warehouse: str | None, term: str, per: str, code: str, day: dt.date
) -> Rate | None:
    """Return the row that prices ``code`` on ``day``, or None.

    Of each scope the newest row counts (by its day, then by its version); a merchant's own price goes before a
    warehouse's, both before one of them, one of them before everybody's.
    """
    newest: dict[tuple[str, str], Rate] = {}
    for rate in rates:
        if (rate.term, rate.per, rate.code) != (term, per, code) or rate.valid_from > day:
            continue
        if rate.merchant_id not in (ANY, merchant_id) or rate.warehouse not in (ANY, warehouse):
            continue
        scope = (rate.merchant_id, rate.warehouse)
        known = newest.get(scope)
        if known is None or (known.valid_from, known.version) < (rate.valid_from, rate.version):
            newest[scope] = rate
    open_ones = [rate for rate in newest.values() if not rate.ends]
    return max(open_ones, key=lambda rate: (rate.merchant_id != ANY, rate.warehouse != ANY), default=None)


def materials(rates: Sequence[Rate], merchant_id: str, warehouse: str | None, day: dt.date) -> list[Material]:
    """Return the materials that have a price on ``day``, by code."""
    found = []
    for term, code in sorted({(rate.term, rate.code) for rate in rates if rate.per == Per.PIECE}):
        rate = in_force(rates, merchant_id, warehouse, term, Per.PIECE, code, day)
        if rate is not None:
            found.append(Material(code, term, rate.amount or 0, rate.version, rate.names))
    return sorted(found, key=lambda one: one.code)


def changes_the_past(new: Rate, known: Iterable[Rate], today: dt.date) -> Rate | None:
    """Return the price that ``new`` would change for days before ``today``, or None.

    What was booked at a price stays booked at it, and storage is counted from the list itself: a day that had a
    price keeps it. A day that had none may get one.
    """
    if new.valid_from >= today:
        return None
    return next(
        (
            rate
            for rate in known
            if (rate.term, rate.per, rate.code) == (new.term, new.per, new.code)
            and rate.valid_from < today
            and _meet(rate.merchant_id, new.merchant_id)
            and _meet(rate.warehouse, new.warehouse)
        ),
        None,
    )


def _meet(one: str, other: str) -> bool:
    return one == other or ANY in (one, other)


# --- what an event costs


def costs(step: Step, rates: Sequence[Rate]) -> list[Cost]:
    """Return the costs of an event by the price list of its day, unknown ones included; none for an event without."""
    found: list[Cost] = []
    for term in STEPS.get(step.type, ()):
        if term is Term.CHANNEL_FEE:
            found.append(_fee(step, rates))
        elif term is Term.WRITE_OFF:
            found += _write_off(step, rates)
        else:
            found += _work(step, rates, term, must=True)
    if step.type in WORKED and _minutes(step) is not None:
        found += _work(step, rates, Term.REPAIR, must=False)
    if step.type in USES_MATERIALS:
        found += _materials(step, rates, USES_MATERIALS[step.type])
    if step.state_from == "lost" and step.type == "received":
        found.append(_found_again(step))
    return found


def _rate(step: Step, rates: Sequence[Rate], term: str, per: str, *codes: str) -> Rate | None:
    """Return the price of the first of ``codes`` that has one."""
    day = almaty_day(step.occurred_at)
    for code in codes:
        rate = in_force(rates, step.merchant_id, step.warehouse, term, per, code, day)
        if rate is not None:
            return rate
    return None


def _work(step: Step, rates: Sequence[Rate], term: Term, *, must: bool) -> list[Cost]:
    """Price the work: once, by the minute, or both, as the list has it."""
    codes = ("qc", "") if step.type in CHECKS else ("",)
    once = _rate(step, rates, term, Per.EVENT, *codes) if must else None
    by_minute = _rate(step, rates, term, Per.MINUTE, *codes)
    minutes = _minutes(step)
    found = []
    if once is not None:
        found.append(Cost(term, Per.EVENT, once.amount, once.version))
    if by_minute is not None:
        if minutes is None:
            found.append(Cost(term, Per.MINUTE, None, by_minute.version, why=NO_MINUTES))
        else:
            assert by_minute.amount is not None
            found.append(Cost(term, Per.MINUTE, by_minute.amount * minutes, by_minute.version, minutes))
    return found or [Cost(term, WHOLE, None, minutes=minutes, why=NO_PRICE)]


def _minutes(step: Step) -> int | None:
    minutes = step.payload.get("minutes")
    return minutes if isinstance(minutes, int) and minutes >= 0 else None


def _fee(step: Step, rates: Sequence[Rate]) -> Cost:
    """The channel's share of what the unit was sold for, rounded up to a whole tenge."""
    rate = _rate(step, rates, Term.CHANNEL_FEE, Per.SHARE, step.channel or "", "")
    if rate is None or rate.permille is None:
        return Cost(Term.CHANNEL_FEE, WHOLE, None, why=NO_PRICE)
    if step.sale_price is None:
        return Cost(Term.CHANNEL_FEE, WHOLE, None, rate.version, why=NO_SALE_PRICE)
    detail = {"price": step.sale_price, "permille": rate.permille}
    return Cost(Term.CHANNEL_FEE, Per.SHARE, share(step.sale_price, rate.permille), rate.version, detail=detail)


def share(price: int, permille: int) -> int:
    """Return ``permille`` thousandths of ``price`` in whole tenge, rounded up as the marketplace does."""
    return -(-price * permille // 1000)


def _write_off(step: Step, rates: Sequence[Rate]) -> list[Cost]:
    """What the goods had cost is lost; to dispose of them costs, too."""
    if step.goods_cost is None:
        found = [Cost(Term.WRITE_OFF, GOODS, None, why=NO_GOODS_COST)]
    else:
        found = [Cost(Term.WRITE_OFF, GOODS, step.goods_cost)]
    if step.type == "disposed":
        removal = _rate(step, rates, Term.WRITE_OFF, Per.EVENT, "")
        if removal is None:
            found.append(Cost(Term.WRITE_OFF, Per.EVENT, None, why=NO_PRICE))
        else:
            found.append(Cost(Term.WRITE_OFF, Per.EVENT, removal.amount, removal.version))
    return found


def _found_again(step: Step) -> Cost:
    """A unit that was given up for lost came after all: what was written off is there again."""
    if step.goods_cost is None:
        return Cost(Term.WRITE_OFF, GOODS_FOUND, None, why=NO_GOODS_COST)
    return Cost(Term.WRITE_OFF, GOODS_FOUND, -step.goods_cost)


def _materials(step: Step, rates: Sequence[Rate], term: Term) -> list[Cost]:
    known = materials(rates, step.merchant_id, step.warehouse, almaty_day(step.occurred_at))
    by_word = {_fold(word): one for one in known for word in (one.code, *one.names.values())}
    found: dict[str, Cost] = {}
    for word, pieces in used(step.payload.get("materials_used") or step.payload.get("materials")).items():
        one = by_word.get(_fold(word))
        if one is None:
            found[word] = Cost(term, f"{Per.PIECE}:{word}", None, why=UNKNOWN_MATERIAL, detail={"pieces": pieces})
            continue
        before = found.get(one.code)
        pieces += before.detail["pieces"] if before else 0
        detail = {"pieces": pieces, "price": one.amount}
        found[one.code] = Cost(one.term, f"{Per.PIECE}:{one.code}", one.amount * pieces, one.version, detail=detail)
    return list(found.values())


_COUNTED = re.compile(
    r"^(?P<word>.*?)\s*(?:[x×х*]\s*|:\s*)(?P<pieces>\d{1,4})(?:\s*(?:шт|дана|pcs)\.?)?$", re.IGNORECASE
)


def used(told: Any) -> dict[str, int]:
    """Return pieces by material, as an event tells them.

    A text lists codes or names (``box, film × 2``); a list holds such texts, or objects with ``code`` and
    ``quantity``. The words are as they were written, folded by nobody.
    """
    found: dict[str, int] = {}
    for one in re.split(r"[,;|\n]", told) if isinstance(told, str) else told or ():
        if isinstance(one, Mapping):
            word, pieces = str(one.get("code") or ""), one.get("quantity", 1)
        else:
            counted = _COUNTED.match(str(one).strip())
            word, pieces = (counted["word"], int(counted["pieces"])) if counted else (str(one), 1)
        word = " ".join(word.split())[:100]
        if word and isinstance(pieces, int) and pieces > 0:
            found[word] = found.get(word, 0) + pieces
    return found


def _fold(word: str) -> str:
    return " ".join(word.casefold().replace("ё", "е").split())


# --- what is counted and never booked


def share_of_parcel(total: int | None, pieces: int | None, place: int | None) -> int | None:
    """Return a piece's part of what its order's delivery cost, in whole tenge.

    The parts of all pieces add up to the total: the first ones bear what cannot be divided. ``place`` counts from 0;
    a piece nobody placed bears the smaller part.
    """
    if total is None or not pieces:
        return None
    least, over = divmod(total, pieces)
    return least + (place is not None and place < over)


def storage(came: dt.date | None, left: dt.date, tariff: Sequence[tuple[dt.date, int | None]]) -> int | None:
    """Return what lying in the warehouse costs: each day at whose end the unit is still there, at that day's price.

    ``left`` is the day it left, or the day as of which is asked. ``tariff`` has a price from each day on, None for
    none. None where a day has no price; a unit that did not come costs nothing.
    """
    if came is None or left <= came:
        return 0
    prices = sorted(tariff, key=lambda one: one[0])
    if not prices or prices[0][0] > came:
        return None
    total = 0
    for (begins, price), (ends, _) in pairwise([*prices, (dt.date.max, None)]):
        days = (min(left, ends) - max(came, begins)).days
        if days > 0:
            if price is None:
                return None
            total += days * price
    return total


def tariff(rates: Sequence[Rate], merchant_id: str, warehouse: str | None) -> list[tuple[dt.date, int | None]]:
    """Return the price of a day's storage from each day on which it changes."""
    days = sorted({rate.valid_from for rate in rates if rate.term == Term.STORAGE})
    found = []
    for day in days:
        rate = in_force(rates, merchant_id, warehouse, Term.STORAGE, Per.DAY, "", day)
        found.append((day, None if rate is None else rate.amount))
    return found


# --- what it comes to


def net_recovery(proceeds: int, terms: Mapping[str, int | None]) -> int | None:
    """Return resale proceeds − fees − repair − packaging − handling − holding; None where one of them is unknown.

    Repair is work and parts, handling is receiving and inspection, holding is storage.
    """
    taken = [
        terms[term]
        for term in (
            Term.CHANNEL_FEE, Term.REPAIR, Term.PARTS, Term.PACKAGING, Term.RECEIVING, Term.INSPECTION, Term.STORAGE,
        )
    ]  # fmt: skip
    known = [amount for amount in taken if amount is not None]
    return proceeds - sum(known) if len(known) == len(taken) else None


@dataclass(frozen=True, slots=True)
class Recovery:
    """What repair is judged by, in whole tenge: another step is worth it while it costs less than ``at_stake``.

    ``at_stake`` is what the unit can still bring (``price`` less the channel's ``fee`` and a day's ``holding`` for each
    day it usually waits for a buyer); None where that is not known. ``spent`` is gone either way and decides nothing.
    """

    price: int | None
    discount_permille: int
    fee: int | None
    holding: int | None
    spent: int
    at_stake: int | None


def recovery(
    original_price: int | None,
    channel: str,
    discount: Decimal,
    fee_permille: int | None,
    day_price: int | None,
    days: int,
    spent: int,
) -> Recovery:
    """Return what a unit can still recover in ``channel``; ``discount`` is percent off, for all but the main offer."""
    off = 0 if channel == "main" else int(discount * 10)
    if original_price is None:
        return Recovery(None, off, None, None, spent, None)
    price = original_price * (1000 - off) // 1000
    fee = None if fee_permille is None else share(price, fee_permille)
    holding = None if day_price is None else day_price * days
    known = None if fee is None or holding is None else max(0, price - fee - holding)
    return Recovery(price, off, fee, holding, spent, known)


def worth_another_step(step_costs: int, left: Recovery) -> bool | None:
    """Tell whether a further step that costs ``step_costs`` tenge recovers more than it costs; None: not known."""
    return None if left.at_stake is None else step_costs < left.at_stake
