"""Planted rises: how many are found, how soon, by which cell, and how many of the signals beside them are false."""

from typing import Any

import numpy as np

from include.analytics import signals
from include.analytics.attribution import explain
from include.analytics.history import History
from include.sandbox.frames import Frame, Shift, lines_of, plant
from tools.scorecard import naive
from tools.scorecard.worlds import Weekly

FACTORS = (1.5, 2.0, 3.0)
SHAPES = {"at once": 0.0, "creeping": 56.0}
KINDS = (("category",), ("supplier",), ("sku",), ("city",), ("carrier",), ("category", "city"))
PLANTED_CAUSES = ("changed_mind", "not_as_described", "defective", "damaged_in_transit")
LOOKS = (3, 6, 9, 12)  # weeks after the first shifted cohort at which one looks
SAME = 0.5  # a signal has found a shift if half of their lines are common
NAMED = 0.8  # and named it if nearly all are


def trials(world: Frame, seed: int, fdr: float) -> list[dict[str, Any]]:
    """Plant one shift in each shop, for each factor and shape; return what was found of each."""
    return [
        one
        for factor in FACTORS
        for shape, creeps in SHAPES.items()
        for one in _trial(world, np.random.default_rng([seed, int(factor * 10), int(creeps)]), factor, shape, fdr)
    ]


def _trial(world: Frame, dice: np.random.Generator, factor: float, shape: str, fdr: float) -> list[dict[str, Any]]:
    start = int(dice.integers(14, 16))
    shifts, shifted = [], world
    for shop in world.names["merchant"]:
        where = _cell(world, dice, shop)
        shifts.append(Shift(where, str(dice.choice(PLANTED_CAUSES)), factor, 7.0 * start, SHAPES[shape]))
        shifted = plant(shifted, shifts[-1], int(dice.integers(2**31)))
    weekly = Weekly.of(shifted)
    rows = [
        {"factor": factor, "shape": shape, "kind": " × ".join(name for name in shift.where if name != "merchant"),
         "usual": 0.0, "found": None, "named": None, **dict.fromkeys(naive.RULES)}
        for shift in shifts
    ]  # fmt: skip
    false = said = 0
    for weeks in LOOKS:
        history = weekly.history(start + weeks)
        found = signals.find(history, fdr)
        told = explain(history, found.signals)
        for shift, row in zip(shifts, rows, strict=True):
            _look(history, shift, row, told, weeks)
        said = len(told)
        false = sum(not any(_touches(history, shift, one.signal.cell) for shift in shifts) for one in told)
    for row in rows:
        row["signals"], row["false"] = said / len(rows), false / len(rows)
        row["fdp"] = false / max(said, 1)
    return rows


def _cell(world: Frame, dice: np.random.Generator, shop: str) -> dict[str, str]:
    """Draw a cell of the shop from a line that was sold, so that bigger ones come oftener."""
    kind = KINDS[int(dice.integers(len(KINDS)))]
    mine = np.flatnonzero(lines_of(world, {"merchant": shop}))
    while True:
        line = int(dice.choice(mine))
        where = {name: world.names[name][world.codes[name][line]] for name in kind}
        if "unknown" not in where.values():
            return {"merchant": shop, **where}


def _look(history: History, shift: Shift, row: dict[str, Any], told: list[Any], weeks: int) -> None:
    merchant, where = shift.where["merchant"], {k: v for k, v in shift.where.items() if k != "merchant"}
    if weeks == LOOKS[0]:
        _, back = signals.rows_of(history, merchant, where, shift.cause)
        old = back & history.known() & (history.back_age > weeks) & (history.back_age <= weeks + 12)
        row["usual"] = float(history.back_lines[old].sum()) / 3
    for rule, alarm in naive.alarm_of(history, merchant, where, shift.cause).items():
        row[rule] = weeks if alarm and row[rule] is None else row[rule]
    mine, _ = signals.rows_of(history, merchant, where, shift.cause)
    for one in told:
        cell = one.signal.cell
        if cell.merchant_id != merchant or cell.cause != shift.cause:
            continue
        its, _ = signals.rows_of(history, merchant, dict(cell.where), cell.cause)
        common = (mine & its).sum() / (mine | its).sum()
        if common >= SAME and row["found"] is None:
            row["found"] = weeks
        if common >= NAMED and one.role == "explains" and row["named"] is None:
            row["named"] = weeks


def _touches(history: History, shift: Shift, cell: signals.Cell) -> bool:
    """Tell whether some line of the cell was shifted: then it did rise."""
    if cell.merchant_id != shift.where["merchant"] or cell.cause != shift.cause:
        return False
    where = {k: v for k, v in shift.where.items() if k != "merchant"}
    mine, _ = signals.rows_of(history, cell.merchant_id, where, cell.cause)
    its, _ = signals.rows_of(history, cell.merchant_id, dict(cell.where), cell.cause)
    return bool((mine & its).any())
