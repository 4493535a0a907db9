"""Bad manners of the Shop API: which there are, how often, and whose turn it is. No I/O.

A manner is drawn by the seed and the number of the request, never by the wall clock. The gauge does read a
clock: how fast the callers are is a fact of theirs, not of the world.
"""

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from include.sandbox.moments import stream

MANNERS = (
    "too_many",
    "too_many_silent",
    "bad_gateway",
    "empty",
    "html",
    "cut",
    "slow",
    "leak",
    "duplicate",
    "page_count",
)
HANG = "hang"
EVERY = "all"
WISH = "sandbox.wish"
"""Where a request carries its Wish."""
SLOW_SECONDS = 3.0
PAGE_SIZE = "page_size"
FULL_PAGE = 100
HITS_IN_A_ROW = 2
REMEMBERED = 10_000
BUYERS_REMEMBERED = 1_000


class BadManners(ValueError):
    """The rates asked for make no sense."""


@dataclass(frozen=True)
class Settings:
    """The rate of each manner (share of the requests it can apply to). ``hang`` None: when any manner is on.

    ``page_size``: a page of a list holds no more orders than this, however many were asked for.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    slow_seconds: float = SLOW_SECONDS
    hang: bool | None = None
    page_size: int = FULL_PAGE

    def __post_init__(self) -> None:
        """Raise BadManners for an unknown manner, or rates that are no shares."""
        unknown = [name for name in self.rates if name not in MANNERS and name != EVERY]
        if unknown:
            raise BadManners(f"no manner {', '.join(unknown)}; there are {', '.join((*MANNERS, EVERY))}")
        every = {name: self.rates[EVERY] for name in MANNERS if EVERY in self.rates}
        named = {name: rate for name, rate in self.rates.items() if name != EVERY}
        rates = {name: float({**every, **named}.get(name, 0)) for name in MANNERS}
        if not all(rate >= 0 for rate in rates.values()) or not sum(rates.values()) <= 1 + 1e-9:
            raise BadManners("rates are shares from 0 to 1, and all of them together are at most 1")
        if not 1 <= self.page_size <= FULL_PAGE:
            raise BadManners(f"page_size is a whole number from 1 to {FULL_PAGE}")
        object.__setattr__(self, "rates", rates)

    @property
    def hangs(self) -> bool:
        """Whether a caller that does not say who it is gets no answer."""
        return any(self.rates.values()) if self.hang is None else self.hang


def read_rates(text: str) -> dict[str, float]:
    """Read ``NAME=RATE,…`` of the command line. Raises BadManners."""
    rates = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, rate = part.partition("=")
        try:
            rates[name.strip()] = float(rate)
        except ValueError:
            raise BadManners(f"{part!r} is not NAME=RATE") from None
    return rates


def read_settings(text: str) -> Settings:
    """Read ``NAME=RATE,…`` of the command line, ``page_size=N`` among it. Raises BadManners."""
    rates = read_rates(text)
    return Settings(rates, page_size=int(rates.pop(PAGE_SIZE, FULL_PAGE)))


@dataclass(frozen=True)
class Turn:
    """What the next answer is to be spoilt by; ``chance`` decides whatever is left to chance in it."""

    manner: str
    chance: float


@dataclass
class Wish:
    """How the Shop API itself is to spoil a list; it says whether it could."""

    turn: Turn
    granted: bool = False

    def asks(self, manner: str) -> bool:
        """Tell whether this is the manner wished for."""
        return self.turn.manner == manner


class Manners:
    """Draws the manner of each request, and counts what was done."""

    def __init__(self, seed: int, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Forget what was done, and draw from the beginning."""
        self.done: Counter[str] = Counter()
        self.buyers_shown: deque[dict[str, str]] = deque(maxlen=BUYERS_REMEMBERED)
        self._requests = 0
        self._hits: OrderedDict[str, int] = OrderedDict()

    def draw(self, request: str, possible: Collection[str]) -> Turn | None:
        """Return how the answer to ``request`` (caller, path, query) is spoilt, or None.

        The same request is never spoilt three times in a row.
        """
        self._requests += 1
        rng = stream(self._seed, "manners", self._requests)
        drawn, chance = rng.random(), rng.random()
        if self._hits.get(request, 0) >= HITS_IN_A_ROW:
            self.spared(request)
            return None
        for name, rate in self.settings.rates.items():
            if name not in possible:
                continue
            if drawn < rate:
                self._hits[request] = self._hits.pop(request, 0) + 1
                if len(self._hits) > REMEMBERED:
                    self._hits.popitem(last=False)
                return Turn(name, chance)
            drawn -= rate
        self.spared(request)
        return None

    def spared(self, request: str) -> None:
        """Note that ``request`` was answered well."""
        self._hits.pop(request, None)

    def report(self) -> dict[str, Any]:
        """Return the settings in force and how often each manner was shown."""
        return {
            "rates": dict(self.settings.rates),
            "slow_seconds": self.settings.slow_seconds,
            "hang": self.settings.hangs,
            "page_size": self.settings.page_size,
            "done": {name: self.done[name] for name in (*MANNERS, HANG)},
            "buyers_shown": list(self.buyers_shown),
        }


class Gauge:
    """How the Shop API was called: requests, how many at once, and the most within any second, by caller."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Count from now on; a request still running goes on counting as one."""
        self.calls = 0
        self._peak: Counter[str] = Counter()
        self._busiest: Counter[str] = Counter()
        self._recent: dict[str, deque[float]] = {}

    @contextmanager
    def call(self, caller: str) -> Iterator[None]:
        """Count a request of ``caller`` for as long as it runs."""
        now = self._clock()
        recent = self._recent.setdefault(caller, deque())
        recent.append(now)
        while now - recent[0] >= 1:
            recent.popleft()
        self.calls += 1
        self._running[caller] += 1
        self._busiest[caller] = max(self._busiest[caller], len(recent))
        self._peak[caller] = max(self._peak[caller], self._running[caller])
        try:
            yield
        finally:
            self._running[caller] -= 1

    def report(self) -> dict[str, Any]:
        """Return the counts so far."""
        return {
            "calls": self.calls,
            "peak_concurrency": dict(self._peak),
            "max_calls_in_any_second": dict(self._busiest),
        }
