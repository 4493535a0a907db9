"""What people do without statistics: half as much again as usual, or three standard deviations. The same cells."""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from include.analytics.history import History, sums
from include.analytics.signals import FEWEST, LEVELS, keys_of, rows_of

RULES = ("1.5 × average", "z > 3")
RECENT, BEFORE = 4, 12


def _alarms(weekly: npt.NDArray[np.float64]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return for each rule which rows alarm; column k holds the returns known k weeks ago (0: last week)."""
    now, average = weekly[:, :RECENT].sum(axis=1), weekly[:, RECENT : RECENT + BEFORE].mean(axis=1) * RECENT
    before = weekly[:, 1 : 1 + BEFORE]
    z = weekly[:, 0] > before.mean(axis=1) + 3 * before.std(axis=1)
    return {RULES[0]: (now >= FEWEST) & (now > 1.5 * average), RULES[1]: (weekly[:, 0] >= FEWEST) & z}


def _weekly(history: History) -> Iterator[npt.NDArray[np.float64]]:
    known = history.known()
    ago = history.back_age - history.back_delay - 1
    kept = np.flatnonzero(known & (ago < RECENT + BEFORE))
    causes = len(history.names["cause"])
    for level in LEVELS:
        _, key, _ = keys_of(history, level)
        rows = kept[key[kept] >= 0]
        cells, place = np.unique(key[rows] * causes + history.back["cause"][rows], return_inverse=True)
        table = np.zeros((len(cells), RECENT + BEFORE))
        np.add.at(table, (place, ago[rows]), history.back_lines[rows])
        yield table


def any_alarm(history: History) -> dict[str, bool]:
    """Tell for each rule whether any cell alarms."""
    found = dict.fromkeys(RULES, False)
    for table in _weekly(history):
        for rule, rows in _alarms(table).items():
            found[rule] |= bool(rows.any())
    return found


def alarm_of(history: History, merchant_id: str, where: Mapping[str, str], cause: str) -> dict[str, bool]:
    """Tell for each rule whether this one cell alarms."""
    _, back = rows_of(history, merchant_id, where, cause)
    ago = history.back_age - history.back_delay - 1
    rows = back & history.known() & (ago < RECENT + BEFORE)
    table = sums(ago[rows], history.back_lines[rows], RECENT + BEFORE)[None, :]
    return {rule: bool(hit[0]) for rule, hit in _alarms(table).items()}
