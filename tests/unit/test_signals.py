"""Signals: what is planted is found and named, what is not there is (nearly) never spoken of."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.analytics.attribution import explain
from include.analytics.delays import delay_curve
from include.analytics.history import History
from include.analytics.signals import discovered, find

CAUSES = ("defective", "does_not_fit", "changed_mind")
WEEKS = 26


def rows(
    rng: random.Random, shifted: Any = lambda *_: 1.0, lines: int = 30
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Eight categories of three SKUs; each line comes back for each cause with 2 %, one to four weeks later."""
    sold, returned = [], []
    for age in range(1, WEEKS + 1):
        for number in range(24):
            for city in ("Almaty", "Astana"):
                line = {
                    "merchant_id": "alpha", "category": f"c{number // 3}", "supplier": f"s{number % 5}",
                    "batch": "unknown", "sku": f"k{number:02d}", "city": city, "carrier": "one", "age": age,
                }  # fmt: skip
                sold.append({**line, "lines": lines // 10})
                for cause in CAUSES:
                    back = sum(rng.random() < 0.02 * shifted(line, cause, age) for _ in range(lines // 10))
                    for _ in range(back):
                        delay = rng.choice((1, 1, 2, 3, 4))
                        if delay < age:
                            returned.append({**line, "cause": cause, "delay": delay, "lines": 1})
    return sold, returned


def history(*args: Any, **named: Any) -> History:
    return History.of_rows(*rows(*args, **named))


def test_a_jump_of_a_category_is_found_and_named() -> None:
    def shifted(line: dict[str, Any], cause: str, age: int) -> float:
        return 5.0 if (line["category"], cause) == ("c3", "defective") and age <= 8 else 1.0

    world = history(random.Random(1), shifted, lines=80)
    told = explain(world, find(world, 0.10).signals)
    first = [one for one in told if one.role == "explains"]
    assert [(dict(one.signal.cell.where), one.signal.cell.cause) for one in first] == [
        ({"category": "c3"}, "defective")
    ]
    assert first[0].attributed and first[0].shape == "at_once" and 5 <= first[0].since_weeks <= 11
    # what says the same is not left out: it is told who explains it
    assert all(dict(one.by or ()) == {"category": "c3"} for one in told if one.role == "explained")


def test_a_slow_rise_is_called_so() -> None:
    def shifted(line: dict[str, Any], cause: str, age: int) -> float:
        return 1 + max(0, 12 - age) if (line["category"], cause) == ("c3", "defective") else 1.0

    world = history(random.Random(2), shifted)
    told = [one for one in explain(world, find(world, 0.10).signals) if one.role == "explains"]
    assert [dict(one.signal.cell.where) for one in told] == [{"category": "c3"}]
    assert told[0].shape == "creeping"


def test_where_everything_rises_nothing_in_particular_is_blamed() -> None:
    world = history(random.Random(3), lambda _, cause, age: 3.0 if age <= 8 and cause == "defective" else 1.0)
    told = [one for one in explain(world, find(world, 0.10).signals) if one.role == "explains"]
    assert [(one.signal.cell.where, one.attributed) for one in told] == [((), False)]


def test_two_cells_that_are_nearly_the_same_lines_cannot_be_told_apart() -> None:
    """All of a category goes to one city but for a few lines, and hardly anything else goes there."""
    sold, returned = rows(random.Random(4))
    for row in [*sold, *returned]:
        row["city"] = "Oskemen" if row["category"] == "c3" else "Almaty"
    for row in sold:  # a few lines the other way round
        if row["sku"] == "k09" and row["age"] % 6 == 0:
            row["city"] = "Almaty"
        if row["sku"] == "k01" and row["age"] % 6 == 0:
            row["city"] = "Oskemen"
    shared = [row for row in sold if row["category"] == "c3" and row["city"] == "Oskemen" and 3 <= row["age"] <= 8]
    returned += [
        {**row, "cause": "defective", "delay": 1, "lines": 1} for row in shared for _ in range(2)
    ]  # fmt: skip
    world = History.of_rows(sold, returned)
    told = [one for one in explain(world, find(world, 0.10).signals) if one.role == "explains"]
    assert len(told) == 1
    cells = {one[0][0] for one in (told[0].signal.cell.where, *told[0].alternatives)}
    assert not told[0].attributed or told[0].signal.cell.where[:2] == (("category", "c3"), ("city", "Oskemen"))
    assert cells & {"category", "city"}


def test_two_rises_of_one_cause_that_share_no_line_are_two_stories() -> None:
    """One jumped of late; the other was bad some weeks ago and is not any more. Neither explains the other."""

    def shifted(line: dict[str, Any], cause: str, age: int) -> float:
        if cause != "defective":
            return 1.0
        if line["category"] == "c3" and age <= 4:
            return 8.0
        return 6.0 if line["category"] == "c6" and 9 <= age <= 12 else 1.0

    world = history(random.Random(11), shifted, lines=80)
    told = explain(world, find(world, 0.10).signals)
    first = {dict(one.signal.cell.where).get("category") for one in told if one.role == "explains"}
    assert {"c3", "c6"} <= first
    for one in told:
        if one.role == "explained":
            mine, by = dict(one.signal.cell.where), dict(one.by or ())
            assert all(mine.get(name, value) == value for name, value in by.items()), "they share no line"


def test_other_names_of_the_very_same_lines_are_told() -> None:
    """One supplier makes all of a category and nothing else, and one carrier alone takes it to one city."""

    def shifted(line: dict[str, Any], cause: str, age: int) -> float:
        return 5.0 if (line["category"], cause) == ("c3", "defective") and age <= 8 else 1.0

    sold, returned = rows(random.Random(12), shifted, lines=80)
    for row in [*sold, *returned]:
        only = row["category"] == "c3"
        row["supplier"] = "only" if only else row["supplier"]
        row["city"], row["carrier"] = ("Oskemen", "two") if only else (row["city"], row["carrier"])
    world = History.of_rows(sold, returned)
    told = [one for one in explain(world, find(world, 0.10).signals) if one.role == "explains"]
    assert len(told) == 1 and not told[0].attributed
    names = {tuple(sorted(dict(where).items())) for where in (told[0].signal.cell.where, *told[0].alternatives)}
    assert names == {(("category", "c3"),), (("supplier", "only"),), (("city", "Oskemen"),), (("carrier", "two"),)}


def test_where_nothing_happens_weeks_with_any_signal_are_rarer_than_promised() -> None:
    worlds = [find(history(random.Random(seed)), 0.10) for seed in range(40)]
    assert sum(bool(found.signals) for found in worlds) <= 4
    assert all(found.tested > 50 for found in worlds)


def test_a_short_week_of_returns_still_to_come_is_no_fall_and_no_rise() -> None:
    """The newest cohorts show a third of their returns; a comparison of raw counts would call that a fall."""
    found = find(history(random.Random(5)), 0.10)
    assert found.signals == []


def test_a_new_batch_is_compared_with_the_other_goods_of_its_category() -> None:
    sold, returned = rows(random.Random(6))
    new = {**sold[0], "category": "c1", "supplier": "s1", "batch": "b9", "sku": "k99"}
    sold += [{**new, "age": age, "lines": 10} for age in range(1, 7)]
    returned += [{**new, "age": 5, "cause": "defective", "delay": delay, "lines": 4} for delay in (1, 2)]
    world = History.of_rows(sold, returned)
    told = [one for one in explain(world, find(world, 0.10).signals) if one.role == "explains"]
    names = {name for one in told for name, _ in one.signal.cell.where}
    assert len(told) == 1 and names & {"batch", "sku"}
    # all of its category does not fit: that is no news about the new batch
    everywhere = [
        {**row, "cause": "does_not_fit", "delay": 1, "lines": 1}
        for row in sold if row["category"] == "c1" and row["age"] > 1 for _ in range(2)
    ]  # fmt: skip
    world = History.of_rows(sold, rows(random.Random(6))[1] + everywhere)
    assert not [one for one in find(world, 0.10).signals if ("batch", "b9") in one.cell.where]


def test_nobody_speaks_about_two_pieces_or_about_what_is_not_known() -> None:
    sold, returned = rows(random.Random(7))
    unknown = [{**row, "category": "unknown", "supplier": "unknown", "cause": "unknown"} for row in returned]
    assert all(one.cell.returned >= 3 for one in find(History.of_rows(sold, returned), 0.9).signals)
    cells = find(History.of_rows(sold, returned + unknown * 3), 0.10).signals
    assert not [one for one in cells if one.cell.cause == "unknown" or "unknown" in dict(one.cell.where).values()]


def test_without_data_there_is_no_signal() -> None:
    assert find(History.of_rows([], []), 0.10).signals == []
    sold, _ = rows(random.Random(8))
    assert find(History.of_rows(sold, []), 0.10).signals == []


def test_benjamini_hochberg_is_that_of_1995() -> None:
    published = np.array([
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
        0.7590, 1.0,
    ])  # fmt: skip
    rose, q_values = discovered(published, np.ones(15), 0.05)
    assert rose.sum() == 4 and (published <= 0.05 / 15).sum() == 3
    assert rose.tolist() == (q_values <= 0.05).tolist()
    assert (discovered(published, np.full(15, 7.0), 0.05)[1] == q_values).all()


def test_weights_move_the_promise_between_cells_and_do_not_stretch_it() -> None:
    """Of tests in which nothing happens as many families have a discovery as promised, whoever weighs more."""
    dice, weight = np.random.default_rng(5), np.where(np.arange(200) % 10 == 0, 4.0, 0.25)
    families = [discovered(dice.random(200), weight, 0.10)[0] for _ in range(1000)]
    assert sum(rose.any() for rose in families) <= 125  # 0.10 and two and a half standard errors
    likely = np.full(200, 0.5)
    likely[[0, 1]] = 0.0006
    assert np.flatnonzero(discovered(likely, weight, 0.10)[0]).tolist() == [0]


@given(st.lists(st.integers(0, 50), min_size=6, max_size=6))
def test_a_delay_curve_rises_to_one(counts: list[int]) -> None:
    """Whatever comes in, and however young the cohorts are."""
    cells = [(age, delay, counts[delay]) for age in range(1, 9) for delay in range(6) if delay < age]
    age, delay, count = (np.array(one, dtype=np.int64) for one in zip(*cells, strict=True))
    curve = delay_curve(age, delay, count, 5)
    assert curve.share[-1] == 1.0
    assert (np.diff(curve.share) >= -1e-12).all() and (curve.share >= 0).all()
    total = sum(counts)
    if total:
        assert curve.share == pytest.approx(np.cumsum(counts) / total)
