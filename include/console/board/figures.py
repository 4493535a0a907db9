"""A figure: a table of numbers that each lead to their units, the drawing of it, and the same as a file.

Numbers are said once, as a table; the drawing and the CSV file are made of it.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from include.locale.words import Words

Unit = Literal["count", "money", "share", "hours", "day", "text"]
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 200, 44, 10, 170
DAYS_FROM = 48  # hours: from here on a duration is read in days
NAMED = 13  # labels of weeks that fit beside each other


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers. ``code`` names its colour where it is drawn (``drawn``), and its column in the file."""

    code: str
    name: str
    unit: Unit = "count"
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A number, None where there is none, and where its units are listed."""

    value: Any
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; ``tick`` is its short name below a drawing, ``key`` its name in the file."""

    name: str
    cells: dict[str, Cell]
    tick: str = ""
    key: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """What is shown: ``head`` names the rows. Drawn as ``columns`` (beside or ``stacked``), as ``bars``, or not."""

    code: str
    title: str
    head: str
    columns: list[Column]
    rows: list[Row]
    drawing: Literal["columns", "stacked", "bars", ""] = ""
    note: str = ""
    unit: Unit = "count"
    totals: dict[str, Cell] = field(default_factory=dict)
    empty: str = ""

    @property
    def drawn(self) -> list[Column]:
        """Return the columns that are drawn."""
        return [column for column in self.columns if column.drawn]

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to draw."""
        return not any(row.cells[column.code].value for row in self.rows for column in self.drawn or self.columns)


def shown(words: Words, unit: Unit, value: Any) -> str:
    """Return a number as people read it; a dash where there is none."""
    if value is None:
        return "—"
    if unit == "text":
        return str(value)
    if unit == "day":
        return words.moment(value) if isinstance(value, dt.datetime) else words.day(value)
    writers = {"count": words.number, "money": words.money, "share": words.percent, "hours": words.hours}
    return writers[unit](value)


def share(part: float, whole: float) -> float | None:
    """Return a share, None of nothing."""
    return part / whole if whole else None


def lines(figure: Figure) -> list[list[Any]]:
    """Return the rows of the CSV file, money and counts as whole numbers, shares and hours as numbers."""
    return [
        [row.key or row.name, *(_plain(row.cells[column.code].value) for column in figure.columns)]
        for row in figure.rows
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return value.isoformat() if isinstance(value, dt.date) else value


def heading(figure: Figure) -> list[str]:
    """Return the heading of the CSV file."""
    return [figure.head, *(column.name for column in figure.columns)]


def drawing(figure: Figure, words: Words) -> dict[str, Any]:
    """Return the rectangles, lines and texts of a figure's drawing, as the template puts them down."""
    return _bars(figure, words) if figure.drawing == "bars" else _columns(figure, words)


def _columns(figure: Figure, words: Words) -> dict[str, Any]:
    stacked = figure.drawing == "stacked"
    drawn = figure.drawn
    values = [[row.cells[column.code].value or 0 for column in drawn] for row in figure.rows]
    heights = [sum(max(value, 0) for value in row) if stacked else max(row, default=0) for row in values]
    step, count = scale(max(heights, default=0), figure.unit)
    top = step * count
    slot = (WIDTH - LEFT - 4) / max(len(figure.rows), 1)
    bars = []
    for place, (row, numbers) in enumerate(zip(figure.rows, values, strict=True)):
        below = 0.0
        for index, (column, value) in enumerate(zip(drawn, numbers, strict=True)):
            height = (BOTTOM - TOP) * max(value, 0) / top
            width = (slot * 0.78) / (1 if stacked else len(drawn))
            left = LEFT + place * slot + slot * 0.11 + (0 if stacked else index * width)
            if height:
                bars.append(
                    {
                        "x": round(left, 1),
                        "y": round(BOTTOM - below - height, 1),
                        "width": round(max(width - 0.8, 0.8), 1),
                        "height": round(height, 1),
                        "code": column.code,
                        "title": f"{row.name}: {column.name} {shown(words, column.unit, value)}",
                    }
                )
            if stacked:
                below += height
    return {"bars": bars, "labels": _labels(figure.rows, slot), "lines": _lines(figure, step, count, words)}


def _labels(rows: Sequence[Row], slot: float) -> list[dict[str, Any]]:
    step = -(-len(rows) // NAMED)
    return [
        {"x": round(LEFT + (place + 0.5) * slot, 1), "text": row.tick, "second": (place // step) % 2 == 1}
        for place, row in enumerate(rows)
        if (len(rows) - 1 - place) % step == 0
    ]


def _lines(figure: Figure, step: float, count: int, words: Words) -> list[dict[str, Any]]:
    return [
        {
            "y": round(BOTTOM - (BOTTOM - TOP) * number / count, 1),
            "text": _short(words, figure.unit, step * number),
        }
        for number in range(count + 1)
    ]


def _short(words: Words, unit: Unit, value: float) -> str:
    """Return a number for a scale: thousands and millions are shortened."""
    if unit == "share":
        return words.percent(value)
    if unit == "hours":
        return words.hours(value)
    for limit, text in ((1_000_000, words._("{count} m")), (1_000, words._("{count} k"))):
        if value >= limit:
            return text.format(count=words.number(value / limit))
    return words.number(value)


def scale(most: float, unit: Unit) -> tuple[float, int]:
    """Return the distance between the lines of a scale and how many there are: at most five, at round numbers."""
    if most <= 0:
        return 1, 1
    if unit == "hours" and most > DAYS_FROM:
        step, count = scale(most / 24, "count")
        return 24 * step, count
    power = 10.0 ** math.floor(math.log10(most / 5))
    step = next(factor * power for factor in (1, 2, 5, 10) if most <= 5 * factor * power)
    if unit in ("count", "money"):
        step = max(step, 1.0)
    return step, math.ceil(round(most / step, 9))


def _bars(figure: Figure, words: Words) -> dict[str, Any]:
    """Return a line of segments a row, each in percent of the longest line."""
    drawn = figure.drawn
    longest = max((sum(row.cells[one.code].value or 0 for one in drawn) for row in figure.rows), default=0) or 1
    rows = []
    for row in figure.rows:
        left, parts = 0.0, []
        for column in drawn:
            cell = row.cells[column.code]
            width = 100 * max(cell.value or 0, 0) / longest
            if width:
                parts.append(
                    {
                        "x": round(left, 2),
                        "width": round(width, 2),
                        "code": column.code,
                        "title": f"{row.name}: {column.name} {shown(words, column.unit, cell.value)}",
                    }
                )
            left += width
        whole = sum(row.cells[one.code].value or 0 for one in drawn)
        rows.append({"name": row.name, "parts": parts, "whole": shown(words, figure.unit, whole), "link": row.link})
    return {"rows": rows}
