"""The life of a unit once more, as it is drawn and as simply as it can be said: what the ledger is compared with.

Nothing here is taken from the code under test but the shape of an event.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from hypothesis import strategies as st

from include.domain.unit_life import Event

NOON = dt.datetime(2026, 11, 2, 7, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
BIRTH = "birth"
COMING = "requested in_transit at_pickup_point"
HERE = (
    "received inspected wrong_item repacked in_repair repaired unrecoverable qc restock_pending on_sale resold "
    "written_off to_supplier disposed returned_to_buyer"
)
IN_HOUSE = (
    "unexpected received inspected wrong_item repacked in_repair repaired unrecoverable qc restock_pending on_sale"
)
ARROWS = {
    "requested": (BIRTH, "requested"),
    "in_transit": ("requested", "in_transit"),
    "at_pickup_point": ("requested in_transit", "at_pickup_point"),
    "received": (f"{BIRTH} {COMING} lost cancelled", "received"),
    "unexpected": (BIRTH, "unexpected"),
    "adopted": ("unexpected wrong_item", "received"),
    "inspected": ("received inspected", "inspected"),
    "wrong_item": ("received inspected", "wrong_item"),
    "repacked": ("inspected", "repacked"),
    "in_repair": ("inspected", "in_repair"),
    "repaired": ("in_repair", "repaired"),
    "unrecoverable": ("inspected in_repair", "unrecoverable"),
    "qc_passed": ("inspected repacked repaired", "qc"),
    "qc_failed": ("inspected repacked repaired", "inspected"),
    "restock_pending": ("qc", "restock_pending"),
    "on_sale": ("restock_pending", "on_sale"),
    "resold": ("on_sale", "resold"),
    "withdrawn": ("restock_pending on_sale", "inspected"),
    "written_off": ("unrecoverable", "written_off"),
    "to_supplier": ("unrecoverable unexpected wrong_item", "to_supplier"),
    "disposed": ("unrecoverable unexpected wrong_item", "disposed"),
    "returned_to_buyer": ("received inspected unexpected wrong_item", "returned_to_buyer"),
    "lost": (COMING, "lost"),
    "cancelled": (COMING, "cancelled"),
    "placed": (HERE, ""),
    "moved": (IN_HOUSE, ""),
}
SOURCES = {type_: sources.split() for type_, (sources, _) in ARROWS.items()}
TARGET = {type_: target for type_, (_, target) in ARROWS.items()}
ENDS = ("resold", "written_off", "to_supplier", "disposed", "returned_to_buyer", "lost", "cancelled")
PEOPLE = ("Aidos", "Bota", "Dana")


def may_come(state: str, wanted: list[str]) -> bool:
    """Whether some way leads from a state to one of the wanted ones."""
    seen, ahead = {state}, [state]
    while ahead:
        here = ahead.pop()
        for type_, target in TARGET.items():
            if target and here in SOURCES[type_] and target not in seen:
                seen.add(target)
                ahead.append(target)
    return bool(seen & set(wanted))


@dataclass
class ModelUnit:
    """One unit: all that is booked, and what of it counts."""

    booked: list[Event] = field(default_factory=list)
    counting: list[Event] = field(default_factory=list)
    waiting: dict[UUID, tuple[Event, dt.datetime]] = field(default_factory=dict)
    refused: set[UUID] = field(default_factory=set)

    @property
    def state(self) -> str:
        moves = [TARGET[event.type] for event in self.counting if TARGET[event.type]]
        return moves[-1] if moves else "cancelled" if self.booked else BIRTH

    @property
    def workers(self) -> set[str]:
        work = ("inspected", "repacked", "in_repair", "repaired")
        return {event.actor for event in self.counting if event.type in work}

    @property
    def scan(self) -> str | None:
        scans = [event.payload["scan_id"] for event in self.counting if event.type in ("received", "unexpected")]
        return scans[-1] if scans else None

    def judge(self, event: Event) -> str:
        """``book``, ``early`` or ``never``."""
        if event.type == "voided":
            return self._judge_correction(event.payload["event_id"])
        if self.state not in SOURCES[event.type]:
            return "early" if may_come(self.state, SOURCES[event.type]) else "never"
        if event.type in ("qc_passed", "qc_failed") and event.actor in self.workers:
            return "never"
        if event.type == "placed" and any(one.payload.get("entry_id") for one in self.counting):
            return "never"
        if event.type == "restock_pending" and event.payload["channel"] != "off_kaspi" and self._used():
            return "never"
        return "book"

    def _judge_correction(self, named: str) -> str:
        if named not in {str(one.event_id) for one in self.booked}:
            return "early"
        if named not in {str(one.event_id) for one in self.counting}:
            return "never"
        if str(self.counting[-1].event_id) != named:
            return "early"
        return "never" if self.counting[-1].type == "requested" else "book"

    def _used(self) -> bool:
        looks = [one.payload["signs_of_use"] for one in self.counting if one.type == "inspected"]
        return looks[-1] or any(one.type == "repaired" for one in self.counting)

    def book(self, event: Event) -> None:
        """Book an event that is legal now; anything else is a mistake of the ledger."""
        assert self.judge(event) == "book", f"{event.type} was booked for a unit that is {self.state}"
        self.booked.append(event)
        if event.type == "voided":
            self.counting.pop()
        else:
            self.counting.append(event)

    def offer(self, events: Iterable[Event], now: dt.datetime) -> None:
        """Take in a portion: what waits first, then each new one, after what waits and happened before it."""
        known = {one.event_id for one in self.booked} | set(self.waiting)
        new = {one.event_id: one for one in events if one.event_id not in known}
        since = {event_id: at for event_id, (_, at) in self.waiting.items()}
        waiting = [event for event, _ in self.waiting.values()]
        self._settle(waiting)
        for one in new.values():
            ahead = [other for other in waiting if other.occurred_at <= one.occurred_at]
            self._settle(ahead)
            waiting = [other for other in waiting if other in ahead or other.occurred_at > one.occurred_at]
            waiting += self._settle([one])
        self.waiting = {one.event_id: (one, since.get(one.event_id, now)) for one in self._settle(waiting)}

    def _settle(self, waiting: list[Event]) -> list[Event]:
        """Take the earliest that does not have to wait, as long as there is one; what waits on is left and returned."""
        waiting.sort(key=lambda one: (one.occurred_at, one.event_id))
        while True:
            ready = next((one for one in waiting if self.judge(one) != "early"), None)
            if ready is None:
                return waiting
            waiting.remove(ready)
            if self.judge(ready) == "book":
                self.book(ready)
            else:
                self.refused.add(ready.event_id)

    def expire(self, now: dt.datetime) -> None:
        """Refuse what has waited for over a day, unless the goods themselves wait to be expected."""
        if self.state != "unexpected":
            late = [one for one, (_, since) in self.waiting.items() if since < now - 24 * HOUR]
            self.refused.update(late)
            for one in late:
                del self.waiting[one]


@dataclass(frozen=True)
class Scripted:
    """A unit's events as they would come from a warehouse without mistakes: each legal after those before it."""

    unit_id: UUID
    merchant_id: str
    events: tuple[Event, ...]


def event(unit_id: UUID, merchant_id: str, type_: str, n: int, actor: str, **payload: object) -> Event:
    """The ``n``-th thing said of a unit; the same arguments make the same event."""
    facts: dict[str, object] = {
        "requested": {
            "case_id": str(uuid5(unit_id, "case")), "order_id": "o", "entry_id": str(unit_id), "piece": 1, "sku": "S",
        },
        "received": {"source": "w1", "scan_id": f"{unit_id}/{n}"},
        "unexpected": {"source": "w1", "scan_id": f"{unit_id}/{n}"},
        "inspected": {"grade": "A", "finding": "no_fault", "signs_of_use": n % 3 == 0},
        "restock_pending": {"channel": "off_kaspi", "offer_sku": "S"},
        "on_sale": {"proof": "fetched"},
        "resold": {"attribution": "scan"},
        "placed": {"entry_id": str(unit_id), "piece": 1, "sku": "S"},
        "moved": {"zone": f"z{n}"},
    }.get(type_, {})  # fmt: skip
    return Event(
        uuid5(unit_id, f"{type_}/{n}/{actor}/{sorted(payload.items())}"), unit_id, merchant_id, type_, NOON + n * HOUR,
        actor, "test", {**facts, **payload},
    )  # fmt: skip


@st.composite
def lives(draw: st.DrawFn, unit_id: UUID, merchant_id: str, most: int = 9) -> Scripted:
    """A random way through the life of a unit, every step of it legal."""
    unit, script = ModelUnit(), []
    for n in range(draw(st.integers(1, most))):
        legal = [
            one
            for type_ in ARROWS
            for one in [event(unit_id, merchant_id, type_, n, PEOPLE[n % 3])]
            if unit.judge(one) == "book"
        ]
        if not legal:
            break
        step = draw(st.sampled_from(legal))
        unit.book(step)
        script.append(step)
    return Scripted(unit_id, merchant_id, tuple(script))
