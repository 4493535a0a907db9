"""Routes: which are legal, which is chosen, and that no wish and no price gets used goods onto Kaspi."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.policy import Condition, may_be_kaspi_offer, place
from include.domain.routes import (
    ROUTES,
    Choice,
    Estimate,
    Parts,
    Terms,
    choose,
    may_rule,
    plain_route,
    refusals,
    ruled,
)
from tests.unit.test_policy import INTACT, conditions

KASPI = ("main", "resale")


@pytest.mark.parametrize(
    ("change", "legal"),
    [
        ({}, {"main", "resale", "off_kaspi"}),
        ({"grade": "B"}, {"resale", "off_kaspi"}),
        ({"route": "off_kaspi"}, {"off_kaspi"}),
        ({"signs_of_use": True}, {"off_kaspi"}),
        ({"repaired": True}, {"off_kaspi"}),
        ({"finding": "wrong_item"}, set()),
        ({"route": "write_off"}, set()),
        ({"state": "on_sale"}, set()),
        ({"state": "inspected"}, {"main", "resale", "off_kaspi", "supplier", "write_off"}),
        ({"state": "inspected", "finding": "defective"}, {"off_kaspi", "repair", "supplier", "write_off"}),
        ({"state": "repaired", "repaired": True}, {"off_kaspi"}),
    ],
)
def test_which_routes_are_legal(change: dict[str, object], legal: set[str]) -> None:
    found = refusals(replace(INTACT, **change))
    assert set(found) == set(ROUTES)
    assert {route for route, refusal in found.items() if refusal is None} == legal


@given(conditions, st.sampled_from(ROUTES))
def test_no_route_and_no_ruling_leads_used_or_repaired_goods_to_kaspi(condition: Condition, wish: str) -> None:
    found = refusals(condition)
    if condition.signs_of_use is not False or condition.repaired:
        assert found["main"] and found["resale"]
        assert may_rule("main", found) and may_rule("resale", found)
    verdict = place(ruled(replace(condition, state="qc"), wish))
    if verdict.channel in KASPI:
        assert may_be_kaspi_offer(replace(condition, state="qc"))


@given(conditions)
def test_what_is_legal_is_what_the_gate_lets_through(condition: Condition) -> None:
    for route in KASPI:
        if refusals(condition)[route] is None:
            assert place(ruled(replace(condition, state="qc"), route)).channel == route


def test_a_person_may_overrule_the_inspector_and_nobody_else() -> None:
    found = refusals(replace(INTACT, route="off_kaspi"))
    assert found["main"] == "inspector" and may_rule("main", found) is None
    assert may_rule("resale", refusals(replace(INTACT, signs_of_use=True))) == "kaspi_forbids"
    assert may_rule("main", refusals(replace(INTACT, grade="B"))) == "not_as_new"
    assert may_rule("nonsense", found) == "not_sellable"
    assert may_rule("main", [Estimate("main", refusal="nothing_left")]) == "nothing_left"


@pytest.mark.parametrize(
    ("change", "plain"),
    [
        ({}, "main"),
        ({"repacked": True}, "resale"),
        ({"signs_of_use": True}, "off_kaspi"),
        ({"route": "write_off"}, "write_off"),
        ({"state": "resold"}, None),
    ],
)
def test_the_plain_rule(change: dict[str, object], plain: str | None) -> None:
    assert plain_route(replace(INTACT, **change)) == plain


def worth(route: str, net: int, beats: float | None = None) -> Estimate:
    return Estimate(route, parts=Parts(proceeds=net), beats_plain=beats)


@pytest.mark.parametrize(
    ("estimates", "plain", "choice"),
    [
        ([worth("main", 900), worth("resale", 800)], "main", Choice("main", "main", "best")),
        ([worth("main", 900), worth("resale", 950, 0.9)], "main", Choice("resale", "main", "best")),
        ([worth("main", 900), worth("resale", 950, 0.7)], "main", Choice("main", "main", "not_sure")),
        ([worth("resale", 950)], "resale", Choice("resale", "resale", "only_one")),
        (
            [Estimate("main", refusal="nothing_left"), worth("off_kaspi", 5)],
            "main",
            Choice("off_kaspi", "main", "best"),
        ),
        ([Estimate("main"), Estimate("supplier")], "main", Choice("main", "main", "plain")),
        ([Estimate("main", refusal="kaspi_forbids")], None, Choice(None, None, "plain")),
        ([worth("main", 900), worth("resale", 900, 0.99)], "main", Choice("main", "main", "best")),
    ],
)
def test_what_is_proposed(estimates: list[Estimate], plain: str | None, choice: Choice) -> None:
    assert choose(estimates, plain, 0.8) == choice


estimate = st.builds(
    lambda route, net, refusal, beats: replace(worth(route, net, beats), refusal=refusal),
    st.sampled_from(ROUTES),
    st.integers(-5_000, 5_000),
    st.sampled_from([None, None, "kaspi_forbids", "nothing_left"]),
    st.floats(0, 1),
)


@given(st.lists(estimate, unique_by=lambda one: one.route), st.sampled_from([None, *ROUTES]))
def test_what_is_proposed_is_always_legal_and_never_surely_worse(found: list[Estimate], plain: str | None) -> None:
    choice = choose(found, plain, 0.8)
    legal = {one.route: one for one in found if one.legal}
    assert choice.route is None or choice.route in legal
    if choice.route and plain in legal and choice.route != plain:
        assert legal[choice.route].net >= legal[plain].net
        assert legal[choice.route].beats_plain >= 0.8


def test_a_route_that_leaves_nothing_is_illegal() -> None:
    terms = Terms(price=1_000, fee=120, day=10, disposal=0, repair=100, handling=500)
    assert terms.if_sold(10) == 1_000 - 120 - 100 - 500 - 100
    assert terms.worth(10) and not terms.worth(28)
    assert not Terms(price=600, fee=0, day=None, disposal=None, handling=600).worth(0)
    assert Terms(price=600, fee=None, day=None, disposal=None, handling=None).if_sold(99) == 600, "unknown is left out"
