"""Bars by day, drawn by the server: no script, and every bar stands in a table as well."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from include.locale.words import Words

WIDTH, HEIGHT, LEFT, FOOT = 720, 150, 44, 20
MOST_LABELS = 6


def chart(
    code: str,
    name: str,
    points: Sequence[tuple[dt.date, float | None]],
    write: Callable[[float], str],
    words: Words,
    *,
    whole: bool = False,
) -> dict[str, Any]:
    """Return the chart of a figure: bars, lines and labels in the units of its SVG. ``whole``: 1 is the top.

    A day without a value has no bar, which is not the same as a bar of nothing.
    """
    known = [float(value) for _, value in points if value is not None]
    top = 1.0 if whole else max(known, default=0) or 1.0
    room, wide = HEIGHT - FOOT - 10, (WIDTH - LEFT - 4) / max(len(points), 1)
    every = max(1, -(-len(points) // MOST_LABELS))
    bars = [
        {
            "x": round(LEFT + number * wide + wide * 0.12, 1),
            "y": round(10 + room * (1 - float(value) / top), 1),
            "width": round(wide * 0.76, 1),
            "height": round(max(room * float(value) / top, 0), 1),
            "title": f"{words.day(day)}: {write(float(value))}",
        }
        for number, (day, value) in enumerate(points)
        if value
    ]
    return {
        "code": code,
        "name": name,
        "empty": not any(known),
        "bars": bars,
        "lines": [{"y": round(10 + room * (1 - part), 1), "text": write(top * part)} for part in (0, 0.5, 1)],
        "labels": [
            {"x": round(LEFT + (number + 0.5) * wide, 1), "text": words.day(day)}
            for number, (day, _) in enumerate(points)
            if number % every == every // 2
        ],
        "rows": [(day, None if value is None else write(float(value))) for day, value in points if value is not None],
    }
