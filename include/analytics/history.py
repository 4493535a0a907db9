"""The weekly history that signals are read from: order lines by cohort, and which of them came back, why, how late.

The unit is the order line: two pieces of one line come back together, so they are one event.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from include.analytics.delays import Curve, delay_curve

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DIMENSIONS = ("category", "supplier", "batch", "sku", "city", "carrier")
UNKNOWN = "unknown"
LONGEST_DELAY = 9  # weeks from the week of the order to the week of the inspection; later returns are not counted
ENOUGH_DELAYS = 60  # returns that a merchant's own delay curve needs; else that of all merchants is taken
CURVE_WEEKS = 26


@dataclass(frozen=True)
class History:
    """Order lines and returned lines as numbers; a code is a place in ``names``. Ages and delays are whole weeks.

    ``age`` counts from the Monday of the cohort to the Monday after the last full week: 1 is the last full week.
    """

    names: Mapping[str, tuple[str, ...]]
    sold: Mapping[str, Ints]
    sold_age: Ints
    sold_lines: Ints
    back: Mapping[str, Ints]
    back_age: Ints
    back_delay: Ints
    back_lines: Ints

    @classmethod
    def of_rows(cls, sold: Iterable[Mapping[str, Any]], returned: Iterable[Mapping[str, Any]]) -> "History":
        """Return the history of rows with merchant_id, DIMENSIONS, age, lines; returned ones also cause and delay."""
        sold, returned = list(sold), list(returned)
        names, coded = {}, {}
        for name in ("merchant_id", *DIMENSIONS):
            values = [row[name] for row in sold] + [row[name] for row in returned]
            names[name], coded[name] = _coded(values)
        names["cause"], cause = _coded([row["cause"] for row in returned])
        numbers = {
            (name, which): np.array([row[name] for row in rows], dtype=np.int64)
            for which, rows in (("sold", sold), ("back", returned))
            for name in ("age", "lines", "delay")
            if name != "delay" or which == "back"
        }
        return cls(
            names=names,
            sold={name: codes[: len(sold)] for name, codes in coded.items()},
            sold_age=numbers["age", "sold"],
            sold_lines=numbers["lines", "sold"],
            back={name: codes[len(sold) :] for name, codes in coded.items()} | {"cause": cause},
            back_age=numbers["age", "back"],
            back_delay=numbers["delay", "back"],
            back_lines=numbers["lines", "back"],
        )

    @cached_property
    def exposure(self) -> Floats:
        """For each row of sold lines, how many of them could have come back by now."""
        found = np.zeros(len(self.sold_lines))
        for code, curve in enumerate(self.curves()):
            mine = self.sold["merchant_id"] == code
            found[mine] = self.sold_lines[mine] * curve.known(self.sold_age[mine])
        return found

    def curves(self) -> list[Curve]:
        """Return the delay curve of each merchant, in the order of ``names``; a small one has that of all."""
        recent = self.back_age <= CURVE_WEEKS
        whole = self._curve(recent)
        own = [
            self._curve(recent & (self.back["merchant_id"] == code)) for code in range(len(self.names["merchant_id"]))
        ]
        return [curve if curve.events >= ENOUGH_DELAYS else whole for curve in own]

    def _curve(self, rows: npt.NDArray[np.bool_]) -> Curve:
        return delay_curve(self.back_age[rows], self.back_delay[rows], self.back_lines[rows], LONGEST_DELAY)

    def known(self) -> npt.NDArray[np.bool_]:
        """Tell which returned lines count: known by now, and not later than the longest delay."""
        return np.asarray((self.back_delay < self.back_age) & (self.back_delay <= LONGEST_DELAY))


def _coded(values: list[str]) -> tuple[tuple[str, ...], Ints]:
    if not values:
        return (), np.zeros(0, dtype=np.int64)
    names, codes = np.unique(np.array(values, dtype=object).astype(str), return_inverse=True)
    return tuple(names.tolist()), codes.astype(np.int64)


def sums(places: Ints, values: Ints | Floats, size: int) -> Floats:
    """Return the sum of ``values`` of each of ``size`` places."""
    return np.asarray(np.bincount(places, values, size), dtype=np.float64)
