"""Signals: what is planted is found, what is not there is (nearly) never spoken of."""

import random

from include.analytics.signals import Cell, Returned, Sold, cells, signals

CATEGORIES = [f"c{n}" for n in range(8)]
CAUSES = ("defective", "does_not_fit", "changed_mind")


def world(rng: random.Random, *, planted: float | None) -> tuple[list[Sold], list[Returned]]:
    """Eight categories, 30 pieces sold in the recent weeks and 90 before, 2 % back for each cause."""
    sold, returned = [], []
    for category in CATEGORIES:
        for recent, units in ((True, 30), (False, 90)):
            sold.append(Sold(category, f"s-{category}", "b1", recent, units))
            for cause in CAUSES:
                rate = 0.02
                if planted and recent and (category, cause) == ("c0", "defective"):
                    rate = planted
                back = sum(rng.random() < rate for _ in range(units))
                if back:
                    returned.append(Returned(category, f"s-{category}", "b1", recent, cause, back))
    return sold, returned


def test_a_planted_cause_is_found_and_named() -> None:
    found = signals(cells(*world(random.Random(1), planted=0.35)), 0.10)
    assert {(one.cell.dimension, one.cell.key, one.cell.cause, one.direction) for one in found} >= {
        ("category", ("c0",), "defective", "up")
    }
    assert all(one.cell.key in {("c0",), ("s-c0",)} for one in found)


def test_where_nothing_happens_weeks_with_any_signal_are_rarer_than_promised() -> None:
    weeks = [signals(cells(*world(random.Random(seed), planted=None)), 0.10) for seed in range(120)]
    assert sum(bool(found) for found in weeks) <= 0.10 * len(weeks)


def test_fewer_than_three_pieces_are_never_spoken_of() -> None:
    sold = [Sold("c", "s", "b", True, 10), Sold("c", "s", "b", False, 100000)]
    assert signals(cells(sold, [Returned("c", "s", "b", True, "defective", 2)]), 0.10) == []


def test_a_batch_is_compared_with_other_goods_of_its_category() -> None:
    sold = [
        Sold("shoes", "s", "new", True, 20),
        Sold("shoes", "s", "old", True, 100),
        Sold("lamps", "s", "lamp", True, 1000),
    ]
    returned = [
        Returned("shoes", "s", "new", True, "does_not_fit", 4),
        Returned("shoes", "s", "old", True, "does_not_fit", 20),
    ]
    batch = next(cell for cell in cells(sold, returned) if cell.key == ("s", "new"))
    assert (batch.against, batch.returned_before, batch.sold_before) == ("peers", 20, 100)
    assert batch.p_value > 0.9  # all shoes do not fit: that is no news about the batch


def test_benjamini_hochberg_is_that_of_1995() -> None:
    published = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
        0.7590, 1.0,
    ]  # fmt: skip
    tested = [Cell("category", (str(n),), "x", 9, 10, 3, 100, "own", p) for n, p in enumerate(published)]
    assert len(signals(tested, 0.05)) == 4
