"""One language's words and ways to write numbers."""

import datetime as dt
import gettext
import io
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from include.clock import ALMATY

LANGUAGES = ("ru", "kk", "en")
DEFAULT = "ru"
FOLDER = Path(__file__).resolve().parent
NO_BREAK = "\u00a0"
REMEMBERED = 20_000  # numbers in their written form: a page has hundreds, and most of them again


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the translations of a language, compiled from its .po file; English is the source itself."""
    if language == "en":
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with (FOLDER / language / "LC_MESSAGES" / "qaitarym.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@lru_cache(REMEMBERED)
def _decimal(value: float, pattern: str | None, language: str) -> str:
    return str(format_decimal(value, format=pattern, locale=language))


@lru_cache(REMEMBERED)
def _percent(share: float, pattern: str, language: str) -> str:
    return str(format_percent(share, format=pattern, locale=language))


@lru_cache(REMEMBERED)
def _date(day: dt.date, pattern: str, language: str) -> str:
    return str(format_date(day, pattern, locale=language))


@dataclass(frozen=True, slots=True)
class Words:
    """A language: texts by ``_`` and ``n_``, and numbers, money, durations and days as its readers write them."""

    language: str

    def _(self, text: str, **values: object) -> str:
        """Return the text in this language with ``{names}`` filled in."""
        found = catalogue(self.language).gettext(text)
        return found.format(**values) if values else found

    def n_(self, one: str, many: str, count: int, **values: object) -> str:
        """Return the form of the text for ``count`` things, ``{count}`` written in this language."""
        found = catalogue(self.language).ngettext(one, many, count)
        return found.format(count=self.number(count), **values)

    def number(self, value: float) -> str:
        """Return a number: at most one digit behind the point."""
        return _decimal(value, "#,##0.#", self.language)

    def percent(self, share: float) -> str:
        """Return a share of 1 in percent: one digit below ten percent, none above."""
        return _percent(share, "#,##0.#%" if abs(share) < 0.0995 else "#,##0%", self.language)

    def interval(self, lo: float, hi: float) -> str:
        """Return an interval of shares, not broken between its ends."""
        return f"{self.percent(lo)}{NO_BREAK}–{NO_BREAK}{self.percent(hi)}"

    def money(self, tenge: float) -> str:
        """Return whole tenge."""
        return f"{_decimal(round(tenge), None, self.language)}{NO_BREAK}₸"

    def hours(self, hours: float) -> str:
        """Return a duration: hours up to two days, then days."""
        if hours < 48:
            return self._("{count} h", count=self.number(round(hours))).replace(" ", NO_BREAK)
        return self._("{count} d", count=self.number(round(hours / 24, 1))).replace(" ", NO_BREAK)

    def day(self, day: dt.date) -> str:
        """Return a day and month."""
        return _date(day, "d MMMM", self.language)

    def week(self, monday: dt.date) -> str:
        """Return a week as its first and last day."""
        sunday = monday + dt.timedelta(days=6)
        first = _date(monday, "d" if monday.month == sunday.month else "d MMMM", self.language)
        return f"{first}–{_date(sunday, 'd MMMM', self.language)}"

    def month(self, day: dt.date) -> str:
        """Return a day's month and year."""
        return str(format_date(day, "LLL y", locale=self.language))

    def moment(self, moment: dt.datetime) -> str:
        """Return an Almaty day and time."""
        return str(format_datetime(moment.astimezone(ALMATY), "d MMM, HH:mm", locale=self.language))

    def until(self, moment: dt.datetime, *, year: bool = False) -> str:
        """Return the end of a time: midnight belongs to the day before, as 24:00."""
        local = moment.astimezone(ALMATY)
        at_midnight = (local.hour, local.minute) == (0, 0)
        pattern = ("d MMMM y" if year else "d MMM") + (", '24:00'" if at_midnight else ", HH:mm")
        return str(format_datetime(local - dt.timedelta(days=at_midnight), pattern, locale=self.language))

    def full_moment(self, moment: dt.datetime) -> str:
        """Return an Almaty day with its year, and the time: for papers."""
        return str(format_datetime(moment.astimezone(ALMATY), "d MMMM y, HH:mm", locale=self.language))


def words(language: str | None) -> Words:
    """Return the words of a language; of Russian where it is not one of ours."""
    return Words(language if language in LANGUAGES else DEFAULT)
