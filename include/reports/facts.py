"""What a weekly report is written from: counted, checked, without personal data."""

import datetime as dt
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

# What is not a number of the mail: whom it speaks to, and which parts a run held back.
OF_THE_READER = ("name", "language", "recipient", "held", "preview")


@dataclass(frozen=True, slots=True)
class KpiPoint:
    """A KPI of one week."""

    week_start: dt.date
    value: float | None
    lo: float | None
    hi: float | None
    n: int


@dataclass(frozen=True, slots=True)
class KpiLine:
    """A KPI of its newest week, of the week before that, and of the weeks up to it."""

    kpi: str
    horizon_days: int | None
    version: int
    week_start: dt.date
    value: float | None
    lo: float | None
    hi: float | None
    n: int
    note: str | None
    previous: float | None
    previous_n: int
    previous_lo: float | None = None
    previous_hi: float | None = None
    restated: bool = False
    trend: list[KpiPoint] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Flow:
    """Units that reached each step for the first time in a week; ``proceeds``: tenge of those sold again."""

    requested: int = 0
    received: int = 0
    inspected: int = 0
    repaired: int = 0
    qc_passed: int = 0
    on_sale: int = 0
    resold: int = 0
    ended_otherwise: int = 0
    proceeds: int = 0


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Units inspected in the week by cause, and in the average of the four weeks before."""

    cause: str
    units: int
    usual: float


@dataclass(frozen=True, slots=True)
class SignalLine:
    """A cell that comes back more than before; ``sold`` are the order lines that could have come back by now."""

    merchant_id: str
    merchant_name: str
    category: str | None
    supplier: str | None
    batch: str | None
    reason: str
    rate: float
    baseline: float
    q_value: float
    direction: Literal["up", "down"]
    returned: int
    sold: int
    sku: str | None = None
    city: str | None = None
    carrier: str | None = None
    shape: str = "at_once"
    attributed: bool = True
    piece_price: int | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Open discrepancies of one kind."""

    kind: str
    count: int
    money: int
    next_due: dt.datetime | None
    overdue: int


@dataclass(frozen=True, slots=True)
class Clock:
    """Decisions or claims whose time runs out on one Almaty day; ``money`` is what the claims are about."""

    kind: Literal["decision", "claim"]
    day: dt.date
    count: int
    money: int
    first_due: dt.datetime


@dataclass(frozen=True, slots=True)
class Point:
    """A week of the chart."""

    week_start: dt.date
    received: int
    on_sale: int
    resold: int


@dataclass(frozen=True, slots=True)
class WeeklyFacts:
    """Everything the mail of one reader says. ``merchant_id`` None is the whole house.

    ``now`` is what it knows up to. ``preview``: it is what the mail would be, and is not sent.
    """

    merchant_id: str | None
    name: str
    language: str
    recipient: str
    week_start: dt.date
    now: dt.datetime
    flow: Flow
    flow_before: Flow
    kpis: list[KpiLine] = field(default_factory=list)
    causes: list[CauseLine] = field(default_factory=list)
    signals: list[SignalLine] = field(default_factory=list)
    open_items: list[Open] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    unquantified_cases: int = 0
    unquantified_lo: int = 0
    unquantified_hi: int = 0
    series: list[Point] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    preview: bool = False

    @property
    def key(self) -> str:
        """Return the reader's part of the message key."""
        return self.merchant_id or "all"

    @property
    def numbers(self) -> dict[str, Any]:
        """Return every number of the mail as JSON has it. Two mails with equal ones say the same."""
        told = {name: value for name, value in asdict(self).items() if name not in OF_THE_READER}
        for signal in told["signals"]:
            del signal["merchant_name"]
        kept: dict[str, Any] = json.loads(json.dumps(told, default=_as_text))
        return kept


def _as_text(value: dt.date) -> str:
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC)
    return value.isoformat()
