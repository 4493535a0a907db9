"""The shares of a supplier's months as a drawing 720 wide and 200 high."""

from dataclasses import dataclass
from typing import Any

from include.flows.suppliers import Part, month_days
from include.locale.words import Words

TOP, BOTTOM, LEFT, RIGHT = 12.0, 170.0, 58.0, 716.0
SCALES = (0.02, 0.04, 0.1, 0.2, 0.4, 1.0)


@dataclass(frozen=True, slots=True)
class Mark:
    """A month: its share, the interval as a bar, the agreed rate as a stroke; None where there is none."""

    x: float
    value: float
    low: float
    height: float
    agreed: float | None
    label: str
    title: str


def trend(months: list[Part], words: Words) -> dict[str, Any]:
    """Return the marks of the months and the lines of the scale."""
    told = [(part, part.rate) for part in months]
    most = max([rate.hi for _part, rate in told if rate.hi is not None], default=SCALES[0])
    top = next(scale for scale in SCALES if scale >= most)
    slot = (RIGHT - LEFT) / max(len(told), 1)

    def place(share: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * share / top, 1)

    marks = []
    for number, (part, rate) in enumerate(told):
        if rate.value is None or rate.lo is None or rate.hi is None:
            continue
        agreed = None if rate.agreed is None or rate.agreed > top else place(rate.agreed)
        month = words.month(month_days(part.key)[0])
        title = f"{month}: {words.percent(rate.value)} ({words.interval(rate.lo, rate.hi)})"
        marks.append(
            Mark(
                round(LEFT + (number + 0.5) * slot, 1), place(rate.value), place(rate.hi),
                round(place(rate.lo) - place(rate.hi), 1), agreed, month, title,
            )
        )  # fmt: skip
    lines = [{"y": place(top * step / 4), "text": words.percent(top * step / 4)} for step in range(5)]
    return {"marks": marks, "lines": lines, "half": round(min(slot / 2, 60) - 6, 1)}
