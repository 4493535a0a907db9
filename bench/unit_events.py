"""What a warehouse tells of thousands of units: their lives in the order of the facts, some told twice, some early.

A pure function of the number of events, so every run books the same ones.
"""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from bench.orders import MERCHANTS
from include.domain.identity import event_id, requested_unit_id, stable_id
from include.domain.unit_life import BORN, RULES, Event

BEGIN = dt.datetime(2026, 8, 1, 4, tzinfo=dt.UTC)
SPAN = dt.timedelta(days=60)
PORTION = 5_000  # events of one transaction
SHARE_REPEATED = SHARE_EARLY = 0.05
# How units live, how many of a hundred do, and the hours until each step.
LIVES: tuple[tuple[int, tuple[tuple[str, float, float], ...]], ...] = (
    (
        70,
        (
            ("requested", 0, 0), ("received", 48, 120), ("inspected", 1, 20), ("qc_passed", 1, 8),
            ("restock_pending", 0.1, 1), ("on_sale", 0.5, 3), ("resold", 12, 240),
        ),
    ),
    (
        15,
        (
            ("requested", 0, 0), ("received", 48, 120), ("inspected", 1, 20), ("repacked", 1, 12),
            ("qc_passed", 1, 8), ("restock_pending", 0.1, 1), ("on_sale", 0.5, 3),
        ),
    ),
    (10, (("requested", 0, 0), ("received", 48, 120), ("inspected", 1, 20), ("unrecoverable", 1, 4),
          ("written_off", 24, 72))),
    (5, (("requested", 0, 0), ("in_transit", 12, 48), ("cancelled", 24, 72))),
)  # fmt: skip


def portions(count: int) -> Iterator[bytes]:
    """Yield ``count`` deliveries, PORTION at a time, as JSON that :func:`events_of` reads."""
    told = _deliveries(count)
    for first in range(0, count, PORTION):
        yield orjson.dumps([_row(one) for one in told[first : first + PORTION]])


def events_of(portion: bytes) -> list[Event]:
    """Return the events of a portion."""
    return [
        Event(
            UUID(row["event_id"]), UUID(row["unit_id"]), row["merchant_id"], row["type"],
            dt.datetime.fromisoformat(row["occurred_at"]), row["actor"], row["source"], row["payload"],
        )
        for row in orjson.loads(portion)
    ]  # fmt: skip


def distinct(count: int) -> int:
    """Return how many different events ``count`` deliveries hold."""
    return count - int(count * SHARE_REPEATED)


def _row(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__slots__}


def _deliveries(count: int) -> list[Event]:
    """Return the events as they are told.

    An early one is not legal without its predecessor and comes a portion before it, so that it waits in the inbox; half
    of the repetitions come in the same portion, half in a later one.
    """
    dice = random.Random(count)  # noqa: S311  the same for everybody
    facts = sorted(_facts(dice, distinct(count)), key=lambda event: (event.occurred_at, event.event_id))
    place = {event.event_id: float(n) for n, event in enumerate(facts)}
    lives: dict[UUID, list[Event]] = defaultdict(list)
    for event in facts:
        lives[event.unit_id].append(event)
    ahead = [
        (event, place[before.event_id] - PORTION)
        for life in lives.values()
        for earlier, before, event in zip([None, *life], life, life[1:], strict=False)
        if (RULES[earlier.type].target if earlier else BORN) not in RULES[event.type].sources
    ]
    chosen = [(event, to) for event, to in ahead if to >= 0] or ahead
    for event, to in dice.sample(chosen, min(len(chosen), int(count * SHARE_EARLY))):
        place[event.event_id] = to - 0.5
    told = [(place[event.event_id], event) for event in facts]
    for n, event in enumerate(dice.sample(facts, count - len(facts))):
        told.append((place[event.event_id] + (dice.randint(1, 50) if n % 2 else PORTION + dice.random()), event))
    return [event for _, event in sorted(told, key=lambda it: (it[0], it[1].event_id))]


def _facts(dice: random.Random, count: int) -> Iterator[Event]:
    """Yield ``count`` events of as many units as it takes; the last one's life is cut off."""
    left, number = count, 0
    units = max(1, count // 6)
    while left > 0:
        life = dice.choices([life for _, life in LIVES], [weight for weight, _ in LIVES])[0]
        moment = BEGIN + SPAN * ((number % units) / units)
        for type_, least, most in life[:left]:
            moment += dt.timedelta(hours=dice.uniform(least, most))
            yield _event(number, type_, moment)
        left -= len(life)
        number += 1


def _event(number: int, type_: str, moment: dt.datetime) -> Event:
    merchant_id, entry_id = MERCHANTS[number % len(MERCHANTS)], f"entry-{number:07d}"
    unit_id = requested_unit_id(merchant_id, entry_id, 1)
    at_home = type_ in ("requested", "in_transit", "cancelled")
    return Event(
        event_id("bench", number, type_), unit_id, merchant_id, type_, moment,
        "kaspi" if at_home else f"w1-{type_}-{number % 7}", "kaspi/shop_api" if at_home else "wms/w1",
        _payload(number, type_, merchant_id, entry_id),
    )  # fmt: skip


def _payload(number: int, type_: str, merchant_id: str, entry_id: str) -> dict[str, Any]:
    order_id, sku = f"order-{number:07d}", f"SKU{number % 5_000:06d}"
    payloads: dict[str, dict[str, Any]] = {
        "requested": {
            "case_id": str(stable_id("case", merchant_id, order_id, 1)), "order_id": order_id, "entry_id": entry_id,
            "piece": 1, "sku": sku, "store_id": "PP1", "previous_unit_id": None,
        },
        "received": {
            "source": "w1", "scan_id": f"w1-{number:07d}", "unit_label": f"W1-{number:07d}",
            "return_order_no": f"RO-W1-{number:07d}", "stated_reason": "changed_mind",
            "stated_reason_raw": "UNSUITABLE", "store_id": "PP1", "zone": "dock", "sku": sku,
        },
        "inspected": {
            "packaging_intact": number % 5 > 0, "complete": True, "documents": True, "signs_of_use": False,
            "defects": [], "grade": "A", "finding": "no_fault", "route": "main", "zone": "resellable",
            "cause": "changed_mind", "cause_confidence": 0.8,
        },
        "repacked": {"minutes": 6, "materials": "film, label"},
        "unrecoverable": {"note": "the glass is broken"},
        "qc_passed": {"passed": True, "checked_by": f"w1-qc_passed-{number % 7}"},
        "restock_pending": {"channel": "main", "offer_sku": sku, "resale_price": 9_990, "reason": "intact and new"},
        "on_sale": {"proof": "fetched"},
        "resold": {"attribution": "fifo", "sold_order_id": f"order-{number + 9_000_000}", "resale_price": 9_990},
    }  # fmt: skip
    return payloads.get(type_, {})
