"""What a reader of the dashboard has chosen: whose goods, which goods, which weeks. It stands in the address."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from fastapi import Request

from include.clock import ALMATY, almaty_day, week_start
from include.console.site import View

PRESETS = (4, 12, 26, 52)
USUAL = 12
MOST_WEEKS = 156  # a longer period begins later
LONGEST = 100  # letters of a category or a supplier
WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The merchant in ``view``, goods (None: all), and the weeks from ``first`` to ``last``, both Mondays, included.

    ``weeks`` is how many were asked for; None where the reader named the days.
    """

    view: View
    category: str | None
    supplier: str | None
    first: dt.date
    last: dt.date
    weeks: int | None
    now: dt.datetime
    language: str

    @property
    def today(self) -> dt.date:
        """Return the Almaty day of the page."""
        return almaty_day(self.now)

    @property
    def mondays(self) -> list[dt.date]:
        """Return every week of the period."""
        return [self.first + WEEK * number for number in range((self.last - self.first).days // 7 + 1)]

    @property
    def begins(self) -> dt.datetime:
        """Return the first moment of the period."""
        return midnight(self.first)

    @property
    def ends(self) -> dt.datetime:
        """Return the first moment after the period."""
        return midnight(self.last + WEEK)

    @property
    def params(self) -> dict[str, Any]:
        """Return it as the statements take it."""
        return {
            "merchants": self.view.whose, "category": self.category, "supplier": self.supplier, "first": self.first,
            "last": self.last,
        }  # fmt: skip

    @property
    def goods(self) -> dict[str, Any]:
        """Return merchants and goods, for what has no weeks."""
        return {"merchants": self.view.whose, "category": self.category, "supplier": self.supplier}

    @property
    def kept(self) -> dict[str, str | None]:
        """Return what every link keeps, but merchant and language."""
        return _kept(self.category, self.supplier, self.weeks, self.first, self.last)

    def address(self, page: str, **more: object) -> str:
        """Return the address of a page, relative to the console's root, that keeps the choice; ``more`` goes first."""
        asked = {"lang": self.language, "merchant": self.view.merchant_id, **self.kept, **more}
        return f"{page}?{'&'.join(_said(name, str(value)) for name, value in asked.items() if value not in (None, ''))}"

    def to(self, page: str, total: str, **asked: object) -> str:
        """Return the address of a list, at the ``total`` of it that the number is which leads there."""
        return f"{self.address(page, **asked)}#{total}"


@lru_cache(100)
def _kept(
    category: str | None, supplier: str | None, weeks: int | None, first: dt.date, last: dt.date
) -> dict[str, str | None]:
    """Return what every link keeps; a page has hundreds of them."""
    period: dict[str, str | None] = (
        {"weeks": str(weeks) if weeks != USUAL else None}
        if weeks
        else {"from": first.isoformat(), "to": (last + dt.timedelta(days=6)).isoformat()}
    )
    return {"category": category, "supplier": supplier, **period}


@lru_cache(10_000)
def _said(name: str, value: str) -> str:
    """Return a name and its value as an address says them; a page has hundreds of links that say the same."""
    return f"{name}={quote_plus(value)}"


def midnight(day: dt.date) -> dt.datetime:
    """Return the moment at which an Almaty day begins."""
    return dt.datetime.combine(day, dt.time(), ALMATY)


def chosen_of(request: Request, view: View, now: dt.datetime, language: str) -> Chosen:
    """Read the choice from the address; what makes no sense there is as if it were not said."""
    asked = request.query_params
    today = almaty_day(now)
    this_week = week_start(today)
    since, until = day_of(asked.get("from")), day_of(asked.get("to"))
    weeks: int | None = None
    if since or until:
        last = min(week_start(until), this_week) if until else this_week
        first = week_start(since) if since else last - WEEK * (USUAL - 1)
        first = max(min(first, last), last - WEEK * (MOST_WEEKS - 1))
    else:
        weeks = int(asked["weeks"]) if asked.get("weeks") in {str(one) for one in PRESETS} else USUAL
        last, first = this_week, this_week - WEEK * (weeks - 1)
    category, supplier = ((asked.get(name) or "")[:LONGEST] or None for name in ("category", "supplier"))
    return Chosen(view, category, supplier, first, last, weeks, now, language)


def day_of(text: str | None) -> dt.date | None:
    """Return the day that a text names; None for anything else."""
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 2000 < day.year < 3000 else None
