"""The promises of the statistics on 200 worlds, by the very functions of the weekly flow; and the judge itself."""

import os
from typing import Any

import numpy as np
import pytest

from include.analytics.signals import find
from include.sandbox.frames import CAUSES, DIMENSIONS, WEEKS, Shift, frame, lines_of, plant, together
from include.sandbox.returns import CUSTOMER_RETURN
from tools.scorecard import chunks, page
from tools.scorecard.coverage import Tally
from tools.scorecard.laws import cause_chances, confirmed
from tools.scorecard.worlds import Weekly

pytestmark = pytest.mark.timeout(3600)  # about three minutes of one core
WORLDS = int(os.environ.get("QAITARYM_SCORECARD_WORLDS", "200"))


@pytest.fixture(scope="module")
def counted() -> list[dict[str, Any]]:
    return [chunks.counts(first, rises=first == 0) for first in range(0, WORLDS, chunks.CHUNK)]


def test_every_promise_holds(counted: list[dict[str, Any]]) -> None:
    text, broken = page.written(counted, WORLDS)
    assert broken == [], text


def test_the_naive_rules_cry_wolf_in_nearly_every_world(counted: list[dict[str, Any]]) -> None:
    """The comparison is of use: the same worlds, the same cells."""
    worlds = [row for chunk in counted for row in chunk["still"]]
    assert sum(row["1.5 × average"] for row in worlds) > 0.9 * len(worlds)


def test_rises_by_three_are_found_where_there_is_something_to_see(counted: list[dict[str, Any]]) -> None:
    rows = [row for chunk in counted for row in chunk["power_large"]]
    big = [row for row in rows if row["factor"] == 3 and row["shape"] == "at once" and row["usual"] >= 10]
    assert len(big) >= 2
    assert sum(row["found"] is not None for row in big) >= 0.5 * len(big)


def test_a_judge_that_sees_too_many_signals_says_so() -> None:
    row = {"signals": 1, "tested": 10, "1.5 × average": True, "z > 3": True}
    loud = [{"still": [row] * 200, "busy": [row] * 20, "coverage": [], "power": [], "power_large": []}]
    _, broken = page.written(loud, 200)
    assert len(broken) == 2
    assert page.lower_bound(20, 200) < 0.10 < page.lower_bound(40, 200)
    tally = Tally()
    truth, value = np.zeros(6000), np.full(6000, 1.0)
    tally.add(truth, value, np.where(np.arange(6000) < 500, 0.5, -1.0), value + 1)
    wrong = [{"still": [], "busy": [], "coverage": [{"a method": tally.numbers()}], "power": [], "power_large": []}]
    wrong[0]["still"] = wrong[0]["busy"] = [{**row, "signals": 0}]
    assert "a method: 91.7% of 6,000" in page.written(wrong, 200)[1][0]


def test_a_frame_is_the_sandbox_without_what_is_planted_in_it() -> None:
    world, again = frame(3, 0), frame(3, 0)
    assert all((world.codes[name] == again.codes[name]).all() for name in DIMENSIONS)
    assert (world.inspected == again.inspected).all()
    delivered = np.isfinite(world.delivered)
    assert world.returned[delivered].mean() == pytest.approx(CUSTOMER_RETURN, rel=0.3)
    assert not world.returned[~delivered].any()
    back = world.returned
    assert (world.requested[back] > world.delivered[back]).all() and (
        world.received[back] > world.requested[back]
    ).all()
    # the last full week, and the one that is not over yet
    assert (world.ordered.min() // 7, world.ordered.max() // 7) == (0, WEEKS + 1)
    with pytest.raises(ValueError, match="one catalogue"):
        together([world, frame(1, 1)])


def test_the_laws_are_those_by_which_the_worlds_are_made() -> None:
    world = together([frame(seed, 0) for seed in range(20)])
    decided = Weekly.of(world).cause
    for code, merchant in enumerate(world.names["merchant"]):
        back = world.returned & (world.codes["merchant"] == code) & np.isfinite(world.inspected)
        for cause, chance in cause_chances(merchant).items():
            true = world.cause[back] == CAUSES.index(cause)
            assert true.mean() == pytest.approx(chance, abs=0.03)
        for word, chance in confirmed(merchant).items():
            said = back & (world.stated == CAUSES.index(word))
            error = (0.25 / said.sum()) ** 0.5
            assert (decided[said] == CAUSES.index(word)).mean() == pytest.approx(chance, abs=3 * error)


def test_a_planted_shift_makes_the_cause_that_much_more_frequent() -> None:
    world = together([frame(seed, 0) for seed in range(4)])
    merchant = world.names["merchant"][0]
    mine = lines_of(world, {"merchant": merchant}) & (world.ordered >= 70)
    cause = CAUSES.index("changed_mind")

    def often(shown: Any) -> int:
        return int((shown.returned & (shown.cause == cause) & mine).sum())

    usual = often(world)
    for factor in (0.5, 2.0, 3.0):
        shifted = plant(world, Shift({"merchant": merchant}, "changed_mind", factor, 70.0), 1)
        assert often(shifted) == pytest.approx(factor * usual, rel=0.25)
        early = world.ordered < 70
        assert (shifted.returned_pieces[early] == world.returned_pieces[early]).all()
    creeping = plant(world, Shift({"merchant": merchant}, "changed_mind", 3.0, 70.0, 119.0), 1)
    assert usual < often(creeping) < 3 * usual


def test_a_week_is_judged_by_what_was_known_then() -> None:
    weekly = Weekly.of(frame(5, 0))
    history = weekly.history(20)
    assert history.sold_age.min() >= 1
    assert (history.back_delay < history.back_age).all()
    later = weekly.history(24)
    assert len(later.back_age) > len(history.back_age)
    assert find(history, 0.10).tested > 0
