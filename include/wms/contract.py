"""The one contract of warehouse events: the JSON Schema published in docs/, whatever way they come."""

import datetime as dt
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from include.domain.text import storable

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "docs" / "wms-event.schema.json"
OLDEST = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
FREE_TEXT = frozenset({"note", "packaging_note", "act_note"})
BOOLEANS = {"true": True, "false": False}


class Unreadable(ValueError):
    """An event that is no JSON that can be read; ``head`` has its ``event_id`` and ``merchant_id`` where legible."""

    def __init__(self, head: dict[str, str]) -> None:
        super().__init__("event: is no JSON that can be read")
        self.head = head


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return Draft202012Validator(schema, format_checker=FormatChecker())


@cache
def field_types() -> dict[str, str]:
    """Return the JSON type of each field of the contract, for sources that only know text."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    types: dict[str, str] = {}
    for name, rule in schema["properties"].items():
        kind = rule.get("type", "string")
        types[name] = next(one for one in kind if one != "null") if isinstance(kind, list) else kind
    return types


def event_types() -> set[str]:
    """Return the types of event that the contract knows."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return set(schema["properties"]["type"]["enum"])


def _told(error: ValidationError) -> str:
    """Return the place and the rule, or the name of what is missing; not the value, which may be anything."""
    place = ".".join(map(str, error.absolute_path)) or "event"
    return f"{place}: {error.message if error.validator == 'required' else f'{error.validator} fails'}"


def problems(event: Any) -> str | None:
    """Return what is wrong with an event, or None where it keeps the contract."""
    errors = sorted(_validator().iter_errors(event), key=lambda error: list(error.absolute_path))
    if errors:
        return "; ".join(map(_told, errors[:5]))
    try:
        moment = dt.datetime.fromisoformat(event["occurred_at"])
    except ValueError:
        return "occurred_at: is no time"
    if moment.tzinfo is None:
        return "occurred_at: has no time zone"
    if moment < OLDEST:
        return f"occurred_at: before {OLDEST:%Y}, the source's clock is wrong"
    if not storable(event):
        return "event: holds characters that cannot be stored"
    return None


def without_strangers(event: Any) -> dict[str, Any]:
    """Return what may be kept of an event that breaks the contract: its own fields, without free text.

    A field that the contract does not know may hold anybody's name; only that it was there is kept.
    """
    if not isinstance(event, dict):
        return {"event": f"a {type(event).__name__}, no object"}
    kept = {name: event[name] for name in field_types() if name in event and name not in FREE_TEXT}
    strangers = sorted(name for name in event if name not in field_types() and storable(name))
    clean = {name: value for name, value in kept.items() if storable(value)}
    return {**clean, "unknown_fields": strangers} if strangers else clean


def from_text(row: dict[str, str | None]) -> dict[str, Any]:
    """Type a row of a CSV drop: an empty cell is an absent field, lists are joined by ``|``.

    A cell that cannot be typed stays text, so that the schema names it.
    """
    types = field_types()
    return {
        name: _typed(types.get(name, "string"), value.strip())
        for name, value in row.items()
        if name and value is not None and value.strip() != ""
    }


def _typed(kind: str, value: str) -> Any:
    if kind == "boolean":
        return BOOLEANS.get(value.lower(), value)
    if kind == "array":
        return value.split("|")
    if kind in ("integer", "number"):
        try:
            return int(value) if kind == "integer" else float(value)
        except ValueError:
            return value
    return value
