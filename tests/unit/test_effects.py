"""What an action did: found where it did something, "not enough data" where nobody can know."""

import datetime as dt
import random
from typing import Any

import numpy as np
import pytest

from include.analytics import effects
from include.analytics.history import History

MONDAY = dt.date(2026, 11, 16)
START = dt.date(2026, 8, 10)  # 14 weeks before
BEFORE, AFTER = 12, 14


def world(ratio: float, lines: int = 60, seed: int = 1, *, others: bool = True, wave: bool = False) -> History:
    """Two categories, 5 % come back; those of ``a`` ``ratio`` times as often from the start on."""
    rng, sold, returned = random.Random(seed), [], []
    for age in range(1, 27):
        for category in ("a", "b") if others else ("a",):
            row: dict[str, Any] = {
                "merchant_id": "m", "category": category, "supplier": "s", "batch": "x", "sku": category, "city": "c",
                "carrier": "t", "age": age,
            }  # fmt: skip
            sold.append({**row, "lines": lines})
            rate = 0.05 * (ratio if category == "a" and age <= AFTER else 1) * (2 if wave and age <= 10 else 1)
            for _ in range(lines):
                delay = rng.choice((1, 2, 3))
                if rng.random() < rate and delay < age:
                    returned.append({**row, "cause": "defective", "delay": delay, "lines": 1})
    return History.of_rows(sold, returned)


def judged(history: History, **named: Any) -> effects.Effect:
    panel = effects.panel(history, "m", {"category": "a"}, "defective", [], monday=MONDAY, starts_on=START, **named)
    assert panel is not None
    return effects.judge(panel)


def test_an_action_that_halves_returns_helped() -> None:
    effect = judged(world(0.4))
    assert effect.verdict == "helped"
    assert effect.lo is not None and effect.hi is not None and effect.lo < 0.4 < effect.hi < 1


def test_one_that_does_nothing_shows_nothing_and_one_that_harms_is_told() -> None:
    assert judged(world(1.0)).verdict == "no_effect_shown"
    assert judged(world(3.0)).verdict == "made_worse"


def test_what_moves_all_goods_is_not_put_down_to_the_action() -> None:
    assert judged(world(1.0, wave=True, lines=200)).verdict == "no_effect_shown"


def test_too_little_is_called_too_little() -> None:
    effect = judged(world(0.4, lines=4))
    assert (effect.ratio, effect.lo, effect.hi, effect.verdict) == (None, None, None, "not_enough_data")
    assert "returns expected" in effect.because
    young = effects.panel(
        world(1.0), "m", {"category": "a"}, "defective", [], monday=MONDAY, starts_on=MONDAY - dt.timedelta(days=8)
    )
    assert young is not None and effects.judge(young).verdict == "not_enough_data"
    ahead = effects.panel(
        world(1.0), "m", {"category": "a"}, None, [], monday=MONDAY, starts_on=MONDAY + dt.timedelta(days=8)
    )
    assert ahead is not None and effects.judge(ahead).verdict == "not_enough_data"


def test_goods_nobody_sold_have_no_panel() -> None:
    assert effects.panel(world(1.0), "m", {"sku": "z"}, None, [], monday=MONDAY, starts_on=START) is None
    assert effects.panel(world(1.0), "other", {"sku": "a"}, None, [], monday=MONDAY, starts_on=START) is None


def test_without_other_goods_it_is_judged_by_its_own_past() -> None:
    panel = effects.panel(
        world(0.4, others=False, lines=200), "m", {"category": "a"}, "defective", [], monday=MONDAY, starts_on=START
    )
    assert panel is not None and not panel.compared
    assert effects.judge(panel).verdict in ("helped", "no_effect_shown")  # its trend is not told from its step
    shared = effects.panel(
        world(0.4), "m", {"category": "a"}, "defective", [{"category": "b"}], monday=MONDAY, starts_on=START
    )
    assert shared is not None and not shared.compared  # the others are under an action, too


def test_the_week_it_began_in_counts_on_neither_side_and_an_end_ends_it() -> None:
    history = world(1.0)
    midweek = effects.panel(
        history, "m", {"category": "a"}, None, [], monday=MONDAY, starts_on=START + dt.timedelta(days=2)
    )
    assert midweek is not None and (int(midweek.after.sum()), int((~midweek.after).sum())) == (AFTER - 1, BEFORE)
    whole = effects.panel(history, "m", {"category": "a"}, None, [], monday=MONDAY, starts_on=START)
    assert whole is not None and (int(whole.after.sum()), int((~whole.after).sum())) == (AFTER, BEFORE)
    ended = effects.panel(
        history,
        "m",
        {"category": "a"},
        None,
        [],
        monday=MONDAY,
        starts_on=START,
        ended_on=START + dt.timedelta(days=35),
    )
    assert ended is not None and int(ended.after.sum()) == 5
    assert list(np.flatnonzero(ended.after)) == [12, 13, 14, 15, 16]


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_holds_what_was_planted(seed: int) -> None:
    effect = judged(world(0.6, lines=300, seed=seed))
    assert effect.lo is not None and effect.hi is not None and effect.lo < 0.6 < effect.hi
