"""Warehouse events as the warehouse writes them: flat, typed, each with its own id."""

import datetime as dt
import heapq
import itertools
from dataclasses import dataclass, field
from typing import Any

from include.sandbox.moments import iso, later, stream

REPEATED = 0.02


@dataclass
class Event:
    """One event. ``recorded_at``: when the warehouse's system had it, which orders the feed."""

    source: str
    type: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    merchant_id: str
    store_id: str
    actor: str
    unit_label: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    event_id: str = ""

    def payload(self) -> dict[str, Any]:
        """Return the event by the published contract; absent facts are left out."""
        record = {
            "event_id": self.event_id,
            "type": self.type,
            "occurred_at": iso(self.occurred_at),
            "merchant_id": self.merchant_id,
            "store_id": self.store_id,
            "actor": self.actor,
            "unit_label": self.unit_label,
            **self.facts,
        }
        if self.type == "received":
            record["scan_id"] = self.event_id
        return {name: value for name, value in record.items() if value is not None}


def number(events: list[Event], sources: tuple[str, ...], series: str = "") -> None:
    """Give each event its id, in the order the warehouse recorded them; a series of its own begins at 1 again."""
    events.sort(key=lambda e: (e.recorded_at, e.source, e.unit_label or "", e.type))
    for source in sources:
        counter = itertools.count(1)
        for event in events:
            if event.source == source:
                event.event_id = f"{source}-{series}{next(counter):06d}"


@dataclass(frozen=True)
class Delivery:
    """An event handed to the feed at a moment; a repeated one is handed over twice."""

    at: dt.datetime
    event: Event


class Outbox:
    """What one source has delivered so far. Positions never change, so a cursor stays good for ever."""

    def __init__(self, source: str, seed: int) -> None:
        self.source = source
        self.delivered: list[Delivery] = []
        self._seed = seed
        self._coming: list[tuple[dt.datetime, int, Event]] = []
        self._order = itertools.count()

    def put(self, event: Event) -> None:
        """Have ``event`` delivered when its time comes; about one in fifty once more, later."""
        self._push(event.recorded_at, event)
        rng = stream(self._seed, "repeat", event.event_id)
        if rng.random() < REPEATED:
            self._push(later(rng, event.recorded_at, 1, 40), event)

    def _push(self, at: dt.datetime, event: Event) -> None:
        heapq.heappush(self._coming, (at, next(self._order), event))

    def pass_to(self, now: dt.datetime) -> None:
        """Deliver everything due by ``now``."""
        while self._coming and self._coming[0][0] <= now:
            at, _, event = heapq.heappop(self._coming)
            self.delivered.append(Delivery(at, event))

    def between(self, after: dt.datetime | None, until: dt.datetime) -> list[Event]:
        """Return what was delivered after ``after`` and up to ``until``."""
        return [d.event for d in self.delivered if (after is None or d.at > after) and d.at <= until]
