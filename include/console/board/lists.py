"""What the lists behind the numbers have in common: what is asked for, page after page, and what they come to.

A number leads to ``page?what is asked for#total``: the total of that name on the page is the number.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from include.console.board.chosen import Chosen
from include.console.board.figures import Unit
from include.db.connection import Connection
from include.locale.words import Words

SHOWN = 50
LONGEST = 200  # letters of what is asked for
ONLY = ("yes", "no")  # of a list with marks: those that are marked, or the others
FIRST = UUID(int=0)
EVER = dt.datetime(1, 1, 2, tzinfo=dt.UTC)  # before all: where a list begins that has no span
Asked = Mapping[str, str]
After = tuple[dt.datetime, Any]  # the place of the row that was shown last: its moment and its key
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Total:
    """What a list comes to in one way; ``code`` is its name in an address, ``link`` where that part of it is listed."""

    code: str
    name: str
    unit: Unit
    value: Any
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of lists: of units, of order lines, of cases. ``page`` names its address, its file and its template.

    ``asked_of`` raises a 404 for what no number leads to. ``read`` returns the next rows behind a place, each with
    ``at`` and ``key``, and the sums of the whole list where the statement that reads it says them; ``totals`` makes of
    these, or of the kept sums, what the list comes to. ``key`` reads a row's key from an address, or raises ValueError.
    """

    page: str
    asked_of: Callable[[Asked], dict[str, str]]
    read: Callable[[Connection, Chosen, Asked, After | None, int], tuple[Rows, dict[str, Any]]]
    totals: Callable[[Connection, Chosen, Asked, dict[str, Any], Words], list[Total]]
    title: Callable[[Asked, Chosen, Words], str]
    told: Callable[[Asked, dict[str, Any], Words], dict[str, Any]]
    heading: Callable[[Words], list[str]]
    lines: Callable[[Rows, Words], Iterator[list[Any]]]
    key: Callable[[str], Any] = UUID

    def after_of(self, text: str | None) -> After | None:
        """Return the place behind which a page begins; None: at the beginning."""
        moment, _sep, key = (text or "").partition("_")
        try:
            at = dt.datetime.fromisoformat(moment)
            return (at, self.key(key)) if at.tzinfo else None
        except ValueError:
            return None


def behind(after: After | None, begins: dt.datetime, first: Any = FIRST) -> dict[str, Any]:
    """Return behind which place a list goes on: the index is entered there, so it is never before the span begins.

    ``first`` is the key before all others.
    """
    at, key = max(after or (begins, first), (begins, first))
    return {"after": at, "after_key": key}


def place_of(row: Mapping[str, Any]) -> str:
    """Return the place of a row in its list, for the address of the next page."""
    return f"{row['at'].isoformat()}_{row['key']}"


def texts_of(query: Asked, names: tuple[str, ...]) -> dict[str, str]:
    """Return those of ``names`` that are asked for, no longer than anything is called."""
    return {name: query[name][:LONGEST] for name in names if query.get(name)}


def codes_of(query: Asked, codes: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return those of ``codes`` that are asked for with a code that there is."""
    return {name: query[name] for name, known in codes.items() if query.get(name) in known}


def parts(found: list[dict[str, Any]]) -> tuple[Rows, dict[str, Any]]:
    """Part what a statement says that reads a list with its sums: the rows, and the sums that stand in each."""
    return [row for row in found if row["key"] is not None], found[0]
