"""What the desk knows before anybody touches a unit: whose word counts, what a code is, what a person may do next."""

import hashlib
import re
from collections.abc import Mapping

from include.domain.unit_life import RULES

# Whose record an event is: a warehouse names one system for each of the five.
KIND_OF: Mapping[str, str] = {
    "received": "receipt",
    "missing_from_parcel": "receipt",
    "inspected": "inspection",
    "moved": "inspection",
    "repacked": "repair",
    "in_repair": "repair",
    "repaired": "repair",
    "unrecoverable": "repair",
    "written_off": "repair",
    "to_supplier": "repair",
    "disposed": "repair",
    "returned_to_buyer": "repair",
    "qc": "qc",
    "listed": "pick",
    "picked": "pick",
    "sold_off_kaspi": "pick",
}

# The steps of a unit at the desk, each one event of the contract, in the order in which they are offered.
STEPS = (
    "received", "inspected", "repacked", "in_repair", "repaired", "qc", "moved", "unrecoverable", "written_off",
    "to_supplier", "disposed", "returned_to_buyer",
)  # fmt: skip
LEDGER_STEPS: Mapping[str, tuple[str, ...]] = {"qc": ("qc_passed", "qc_failed")}
# What the route asks for first of an inspected unit.
FIRST_OF_ROUTE: Mapping[str, str] = {
    "main": "qc",
    "off_kaspi": "qc",
    "resale": "repacked",
    "repair": "in_repair",
    "supplier": "unrecoverable",
    "write_off": "unrecoverable",
}

# Letters that nobody takes for another one, in a scanner's alphabet.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LETTERS = 13  # 65 bits: two of ten million units share a code about once in a million warehouses

# A scanner types its code as if on a Latin keyboard; a machine set to another layout reads other letters.
_RUSSIAN = dict(zip("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`", strict=True))
_KAZAKH = dict(zip("әіңғүұқөһ", "234589" + "0-=", strict=True))
_KAZAKH_MARKS = {'"': "1", ",": "6", ".": "7"}


def record_of(type_: str, system_of_record: Mapping[str, str]) -> str | None:
    """Return which system is believed in events of a type, ``desk`` or ``wms``; None where none is booked."""
    kind = KIND_OF.get(type_)
    return system_of_record.get(kind, "wms") if kind else None


def label_of(event_id: str) -> str:
    """Return the label of a unit that the desk receives with this event: the same event, the same label."""
    return f"Q{_code('label', event_id)}"


def return_order_of(event_id: str) -> str:
    """Return the number of the return order that the desk opens with this event."""
    return f"RO-{_code('label', event_id)}"


def _code(kind: str, event_id: str) -> str:
    digest = hashlib.sha256(f"{kind}\x1f{event_id}".encode()).digest()
    number = int.from_bytes(digest[:9], "big")
    letters = []
    for _ in range(_CODE_LETTERS):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "".join(letters)


def readings(text: str) -> list[str]:
    """Return what a scanned or typed code can be, the likeliest first: as it is, in capitals, by a Latin keyboard."""
    code = re.sub(r"\s+", "", text)
    return list(dict.fromkeys(one for one in (code, code.upper(), _on_latin_keys(code).upper()) if one))


def _on_latin_keys(code: str) -> str:
    keys = _RUSSIAN | _KAZAKH
    lower = code.lower()
    if any(letter in _KAZAKH for letter in lower):
        keys |= _KAZAKH_MARKS
    return "".join(keys.get(letter, letter) for letter in lower)


def legal_steps(state: str | None) -> list[str]:
    """Return the steps that the law of a unit's life allows in ``state``."""
    return [
        step
        for step in STEPS
        if any(state in RULES[type_].sources for type_ in LEDGER_STEPS.get(step, (step,)) if type_ in RULES)
    ]


def in_order_of_route(steps: list[str], route: str | None) -> list[str]:
    """Return the steps with the one first that the route asks for."""
    first = FIRST_OF_ROUTE.get(route or "")
    return sorted(steps, key=lambda step: step != first)
