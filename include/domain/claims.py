"""Claims against the carrier: whether a damaged or incomplete piece is one, why, how much of it, and until when.

Kaspi's rules as its guide for sellers tells them; how they are read here, and what nobody tried yet, is in
docs/claims.ru.md. Money is whole tenge, days are days of Almaty.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from include.domain.days import almaty_day, begin_of


class Extent(StrEnum):
    """How far the damage goes, in Kaspi's words."""

    PACKAGING = "packaging"
    ONE_SIDE = "one_side"
    ACCESSORY_LOST = "accessory_lost"
    ALL_ROUND = "all_round"
    MAIN_PART_MISSING = "main_part_missing"


# Percent of the price of the piece.
TIERS: Mapping[Extent, int] = {
    Extent.PACKAGING: 10,
    Extent.ONE_SIDE: 30,
    Extent.ACCESSORY_LOST: 30,
    Extent.ALL_ROUND: 100,
    Extent.MAIN_PART_MISSING: 100,
}

# Defects as a checklist codes them, or as people write them (folded: lower case, е for ё).
DEFECT_CODES: Mapping[str, Extent] = {
    **{extent.value: extent for extent in Extent},
    **dict.fromkeys(
        ("packaging_damaged", "packaging_missing", "box_dented", "box_torn", "box_missing"), Extent.PACKAGING
    ),
    **dict.fromkeys(("dent", "chip", "crack", "scratch", "scratches", "screen_damaged"), Extent.ONE_SIDE),
    **dict.fromkeys(("deformed", "crushed", "broken"), Extent.ALL_ROUND),
    **dict.fromkeys(("accessory_missing", "remote_missing", "manual_missing", "part_missing"), Extent.ACCESSORY_LOST),
}
_LACKS = r"(нет|без|утерян\w*|отсутству\w+) "
_BROKEN = r"(поврежд|помят|порван|вскрыт|намок)\w*"
_BOX = r"(упаковк|короб)\w*"
DEFECT_WORDS: tuple[tuple[re.Pattern[str], Extent], ...] = (
    (re.compile(r"всех сторон|всех стен|все стенк|деформ|раздавлен|разбит|вид утер"), Extent.ALL_ROUND),
    (re.compile(_LACKS + r"(основн|главн)"), Extent.MAIN_PART_MISSING),
    (re.compile(_LACKS + r"(аксессуар|пульт|кабел|зарядк|насадк|креплен)"), Extent.ACCESSORY_LOST),
    (re.compile(r"вмятин|царапин|трещин|\bскол"), Extent.ONE_SIDE),
    (re.compile(f"{_BOX} {_BROKEN}|{_BROKEN} {_BOX}"), Extent.PACKAGING),
)
SCUFFED = re.compile(r"потерт")  # a trace of use, too: it counts on a piece that was not used
UNDELIVERED = frozenset({"refusal", "cancel_in_transit", "carrier_return"})


class Code(StrEnum):
    """Why a piece is a claim or is none, what a claim lacks, and what may make the carrier refuse it."""

    # it is one
    DAMAGE_FOUND = "damage_found"
    ACT_HAS_NOTE = "act_has_note"
    DOCK_SAW_DAMAGE = "dock_saw_damage"
    PARTS_LOST = "parts_lost"
    # its clock
    SAME_CITY = "clock_same_city"
    COUNTRY = "clock_country"
    NO_NOTE = "clock_no_note"
    # it is none
    NOT_HERE = "not_here"
    NO_ORDER = "no_order"
    NOT_CARRIED = "not_carried"
    ANOTHER_ARTICLE = "another_article"
    SUSPICIOUS = "fraud_suspected"
    NO_DAMAGE = "no_damage"
    NOT_LOST_IN_TRANSIT = "not_lost_in_transit"
    # it lacks
    INSPECTION = "inspection"
    EXTENT = "extent"
    PHOTO = "photo"
    # doubts
    CITY_UNKNOWN = "city_unknown"
    PRICE_UNKNOWN = "price_unknown"
    BUYER_HAD_IT_DAMAGED = "buyer_had_it_damaged"
    USED = "signs_of_use"


@dataclass(frozen=True, slots=True)
class Windows:
    """How long a claim may be made. Days are calendar days and count the day of receipt as the first."""

    days_same_city: int = 10
    days_country: int = 45
    hours_without_note: int = 24


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a received piece; None is not known.

    ``act_note`` is what the return act says of damage, ``dock_note`` what the dock saw of the parcel itself.
    """

    received_at: dt.datetime | None
    has_order: bool
    carried: bool | None
    act_note: str | None
    same_city: bool | None
    finding: str | None = None
    packaging_intact: bool | None = None
    defects: tuple[str, ...] = ()
    damage_extent: str | None = None
    signs_of_use: bool | None = None
    photos: int = 0
    price: int | None = None
    return_kind: str = "unknown"
    stated_reason: str = "unknown"
    dock_note: str | None = None
    lost_accessory: bool = False
    main_part_missing: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """``tier`` is percent of the price, ``amount`` tenge, ``due_at`` the first instant that is too late.

    ``why`` says why it is a claim, or why not; ``missing`` what it lacks to be sent; ``notes`` what speaks against it.
    """

    eligible: bool
    why: tuple[Code, ...]
    tier: int | None = None
    amount: int | None = None
    due_at: dt.datetime | None = None
    missing: tuple[Code, ...] = ()
    notes: tuple[Code, ...] = ()


def judge(facts: Facts, windows: Windows) -> Verdict:
    """Decide from the facts alone: the same facts give the same verdict at any time."""
    if refusal := _refusal(facts):
        return Verdict(False, (refusal,))
    assert facts.received_at is not None
    extent = extent_of(facts)
    tier = None if extent is None else TIERS[extent]
    due_at, clock = deadline(facts.received_at, facts.act_note, facts.same_city, windows)
    return Verdict(
        True,
        (*_grounds(facts), clock),
        tier,
        None if tier is None or facts.price is None else facts.price * tier // 100,
        due_at,
        tuple(_missing(facts, extent)),
        tuple(_doubts(facts)),
    )


def _refusal(facts: Facts) -> Code | None:
    """Return why the piece is no claim, if so."""
    if facts.received_at is None:
        return Code.NOT_HERE
    if not facts.has_order:
        return Code.NO_ORDER
    if facts.carried is False:
        return Code.NOT_CARRIED
    if facts.finding == "wrong_item":
        return Code.ANOTHER_ARTICLE
    if facts.finding == "fraud_suspected":
        return Code.SUSPICIOUS
    damaged = facts.finding == "damaged_in_transit" or noted(facts.act_note) or _seen_at_the_dock(facts)
    if damaged or _opened_on_the_way(facts):
        return None
    return Code.NOT_LOST_IN_TRANSIT if facts.finding == "incomplete" else Code.NO_DAMAGE


def noted(act_note: str | None) -> bool:
    """Tell whether the return act carries a note of damage."""
    return bool(act_note and act_note.strip())


def _seen_at_the_dock(facts: Facts) -> bool:
    """Tell whether the dock found the parcel damaged, and no inspection has said since that its packaging is intact."""
    return noted(facts.dock_note) and facts.packaging_intact is not True


def _opened_on_the_way(facts: Facts) -> bool:
    """A parcel that no buyer had is incomplete and was open: somebody on the way took it."""
    return facts.finding == "incomplete" and facts.return_kind in UNDELIVERED and facts.packaging_intact is False


def _grounds(facts: Facts) -> list[Code]:
    grounds = []
    if facts.finding == "damaged_in_transit":
        grounds.append(Code.DAMAGE_FOUND)
    if facts.finding == "incomplete":
        grounds.append(Code.PARTS_LOST)
    if noted(facts.act_note):
        grounds.append(Code.ACT_HAS_NOTE)
    elif _seen_at_the_dock(facts):
        grounds.append(Code.DOCK_SAW_DAMAGE)
    return grounds


def extent_of(facts: Facts) -> Extent | None:
    """Return the worst extent that the inspection names; of an intact article in a damaged box the box; else None.

    How far the damage goes is what the inspector says of it, else what the defects tell; lost parts count beside it.
    """
    if facts.damage_extent is not None and facts.damage_extent in DEFECT_CODES:
        named = {DEFECT_CODES[facts.damage_extent]}
    else:
        named = set(_named(facts.defects, used=facts.signs_of_use is not False))
    if facts.lost_accessory:
        named.add(Extent.ACCESSORY_LOST)
    if facts.main_part_missing:
        named.add(Extent.MAIN_PART_MISSING)
    if named:
        return max(named, key=lambda extent: (TIERS[extent], extent))
    if facts.finding is not None and (facts.packaging_intact is False or noted(facts.act_note)):
        return Extent.PACKAGING
    return None


def _named(defects: Iterable[str], *, used: bool) -> Iterable[Extent]:
    for defect in defects:
        word = " ".join(defect.casefold().replace("ё", "е").split())
        if word in DEFECT_CODES:
            yield DEFECT_CODES[word]
            continue
        yield from (extent for pattern, extent in DEFECT_WORDS if pattern.search(word))
        if not used and SCUFFED.search(word):
            yield Extent.ONE_SIDE


def deadline(
    received_at: dt.datetime, act_note: str | None, same_city: bool | None, windows: Windows
) -> tuple[dt.datetime, Code]:
    """Return the first instant at which a claim is too late, and whose clock that is.

    Where nobody knows whether it came from the same city the shorter clock counts: too early costs nothing.
    """
    if not noted(act_note):
        return received_at + dt.timedelta(hours=windows.hours_without_note), Code.NO_NOTE
    days, clock = (
        (windows.days_country, Code.COUNTRY) if same_city is False else (windows.days_same_city, Code.SAME_CITY)
    )
    return begin_of(almaty_day(received_at) + dt.timedelta(days=days)), clock


def _missing(facts: Facts, extent: Extent | None) -> Iterable[Code]:
    if facts.finding is None:
        yield Code.INSPECTION
    elif extent is None:
        yield Code.EXTENT
    if facts.photos == 0:
        yield Code.PHOTO


def _doubts(facts: Facts) -> Iterable[Code]:
    if facts.same_city is None and noted(facts.act_note):
        yield Code.CITY_UNKNOWN
    if facts.price is None:
        yield Code.PRICE_UNKNOWN
    # then Kaspi may count from the day on which the buyer received it
    if facts.return_kind == "customer_return" and facts.stated_reason == "damaged_in_transit":
        yield Code.BUYER_HAD_IT_DAMAGED
    if facts.signs_of_use:
        yield Code.USED


# --- the states of a claim

OPEN = frozenset({"draft", "ready"})
# What a person may say, and from which state. A claim that expired here may have been sent in time.
STEPS: Mapping[str, frozenset[str]] = {
    "sent": frozenset({"ready", "expired"}),
    "accepted": frozenset({"sent"}),
    "rejected": frozenset({"sent"}),
    "paid": frozenset({"accepted"}),
}
# Said by mistake: back to the state before.
BACK: Mapping[str, str] = {"sent": "ready", "accepted": "sent", "rejected": "sent", "paid": "accepted"}
LOST_TO_DEADLINE, FOUND_TOO_LATE, KNOWN_TOO_LATE = "lost_to_deadline", "found_too_late", "known_too_late"


def status_by_facts(
    status: str | None, due_before: dt.datetime | None, verdict: Verdict, now: dt.datetime
) -> str | None:
    """Return the status the facts ask for; None: there is no claim.

    What was sent is not changed by facts, and what has expired stays so unless they move its deadline (``due_before``).
    """
    if status is not None and status not in OPEN | {"expired", "withdrawn"}:
        return status
    if not verdict.eligible or verdict.due_at is None:
        return None if status is None else "withdrawn"
    if now >= verdict.due_at or (status == "expired" and verdict.due_at == due_before):
        return "expired"
    return "draft" if verdict.missing else "ready"


def lost_because(due_at: dt.datetime, known_at: dt.datetime, found_at: dt.datetime | None, *, has_note: bool) -> str:
    """Return why a claim was not made in time.

    ``known_at`` is when the receipt came to our knowledge, ``found_at`` when the finding did: without a note on the
    act nothing is known of damage before. What was over when we first heard of it, nobody here could have sent.
    """
    if due_at <= known_at:
        return KNOWN_TOO_LATE
    if not has_note and found_at is not None and due_at <= found_at:
        return FOUND_TOO_LATE
    return LOST_TO_DEADLINE
