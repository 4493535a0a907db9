"""The stretch of time the world covers."""

import datetime as dt
from dataclasses import dataclass

from include.sandbox.moments import ALMATY, DAY, HOUR

WEEKS_OF_HISTORY = 26
LIVED = dt.timedelta(hours=48)
DEFAULT_DATE = dt.date(2026, 11, 16)
DEFAULT_SEED = 20261116
# The previous system listed what had passed QC by then; what passed later is for the pipeline to list.
LISTING_CUTOFF = 19 * HOUR
SIGNAL_WEEKS = 6


@dataclass(frozen=True)
class Span:
    """History, then the lived hours. ``end`` is 08:05 in Almaty on the world's date."""

    end: dt.datetime

    @classmethod
    def until(cls, day: dt.date) -> "Span":
        """Return the span that ends on ``day``."""
        return cls(dt.datetime(day.year, day.month, day.day, 8, 5, tzinfo=ALMATY))

    @property
    def start_of_life(self) -> dt.datetime:
        """Where history ends and the lived hours begin."""
        return self.end - LIVED

    @property
    def begin(self) -> dt.datetime:
        """Midnight of the first day of history."""
        first = self.start_of_life - dt.timedelta(weeks=WEEKS_OF_HISTORY)
        return first.replace(hour=0, minute=0)

    @property
    def listed_until(self) -> dt.datetime:
        """The last QC the previous system took into its listing."""
        return self.start_of_life - LISTING_CUTOFF

    @property
    def signals_from(self) -> dt.datetime:
        """Since when the planted batch is defective and the planted category misleads."""
        return self.end - dt.timedelta(weeks=SIGNAL_WEEKS)

    @property
    def dry_from(self) -> dt.datetime:
        """When the SKUs planted as sold out ran out."""
        return (self.end - 13 * DAY).replace(hour=7, minute=0)

    def ticks(self) -> list[dt.datetime]:
        """Return five moments to live the last hours by, each just past an hour; the last is ``end``."""
        start = self.start_of_life
        return [
            start + 8 * HOUR,
            start + 23 * HOUR,
            start + 32 * HOUR,
            start + 47 * HOUR,
            self.end,
        ]
