"""Whether the books close: what was there, what came, what went, what is there, as known on any day."""

import datetime as dt
from dataclasses import dataclass

from include.clock import ALMATY
from include.db.connection import Connection
from include.db.statements import run


@dataclass(frozen=True, slots=True)
class Line:
    """A state's units on one day: at its begin, entered, left, and at its end."""

    state: str
    opening: int
    entered: int
    left: int
    closing: int

    @property
    def closes(self) -> bool:
        """Tell whether the day's end is what its begin and its events make it."""
        return self.closing == self.opening + self.entered - self.left


def balance(conn: Connection, merchant_id: str, as_of: dt.date, known_on: dt.date) -> list[Line]:
    """Return the lines of the Almaty day ``as_of``, as they were known when the day ``known_on`` ended, by state.

    Raises ValueError for a day that lay ahead then: nobody knows how it will end.
    """
    if as_of > known_on:
        raise ValueError(f"on {known_on} nobody knew how {as_of} would end")
    rows = run(conn, "ledger/balance", merchant_id=merchant_id, as_of=as_of, known_at=end_of(known_on))
    return [Line(row["state"], row["opening"], row["entered"], row["left"], row["closing"]) for row in rows]


def end_of(day: dt.date) -> dt.datetime:
    """Return the last moment of an Almaty day."""
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ALMATY)
    return midnight.astimezone(dt.UTC) - dt.timedelta(microseconds=1)
