"""The policy gate: no used or repaired goods on Kaspi, whatever anybody proposes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.policy import Condition, may_be_kaspi_offer, place

INTACT = Condition(state="qc", grade="A", route="main", finding="no_fault", signs_of_use=False, packaging_intact=True)


@pytest.mark.parametrize(
    ("change", "channel"),
    [
        ({}, "main"),
        ({"repacked": True}, "resale"),
        ({"packaging_intact": False}, "resale"),
        ({"grade": "B"}, "resale"),
        ({"route": "resale"}, "resale"),
        ({"route": "off_kaspi"}, "off_kaspi"),
        ({"grade": "C"}, "off_kaspi"),
        ({"signs_of_use": True}, "off_kaspi"),
        ({"repaired": True, "route": "repair", "grade": "C", "finding": "defective"}, "off_kaspi"),
        ({"repaired": True}, "off_kaspi"),
        ({"finding": "defective"}, "off_kaspi"),
        ({"finding": "wrong_item"}, None),
        ({"route": "write_off"}, None),
        ({"route": "supplier"}, None),
        ({"state": "unrecoverable"}, None),
        ({"state": "inspected"}, None),
        ({"signs_of_use": None}, None),
        ({"grade": None}, None),
    ],
)
def test_where_a_unit_may_be_sold(change: dict[str, object], channel: str | None) -> None:
    verdict = place(replace(INTACT, **change))

    assert verdict.channel == channel
    assert verdict.reason


conditions = st.builds(
    Condition,
    state=st.sampled_from(["received", "inspected", "qc", "unrecoverable", "wrong_item", "on_sale"]),
    grade=st.sampled_from(["A", "B", "C", "D", None]),
    route=st.sampled_from(["main", "resale", "repair", "off_kaspi", "supplier", "write_off", "nonsense", None]),
    finding=st.sampled_from(["no_fault", "defective", "wrong_item", "does_not_fit", None]),
    signs_of_use=st.sampled_from([True, False, None]),
    repaired=st.booleans(),
    repacked=st.booleans(),
    packaging_intact=st.sampled_from([True, False, None]),
)


@given(conditions)
def test_nobody_gets_used_or_repaired_goods_onto_kaspi(condition: Condition) -> None:
    verdict = place(condition)

    if verdict.channel in ("main", "resale"):
        assert condition.state == "qc"
        assert condition.signs_of_use is False
        assert not condition.repaired
        assert condition.finding != "wrong_item"
        assert may_be_kaspi_offer(condition)
    if verdict.channel == "main":
        assert not condition.repacked
        assert condition.packaging_intact is not False


@given(conditions)
def test_only_what_passed_qc_is_sold_at_all(condition: Condition) -> None:
    if condition.state != "qc":
        assert place(condition).channel is None
