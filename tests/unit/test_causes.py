"""Reasons and causes: the buyer's word, the inspector's eyes, the decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.causes import decide_cause
from include.domain.reasons import OWNERS, map_reason


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("SIZE_MISMATCH", "does_not_fit"),
        ("wrong", "not_as_described"),
        ("Не подошёл размер", "does_not_fit"),
        ("  Не работает, или работает плохо! ", "defective"),
        ("НЕ КАК НА ФОТО ИЛИ В ОПИСАНИИ", "not_as_described"),
        ("incomplete", "incomplete"),
        ("BATTERY_SWOLLEN", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_raw_reason_is_mapped_or_unknown(raw: str | None, reason: str) -> None:
    assert map_reason(raw) == reason


@pytest.mark.parametrize(
    ("stated", "finding", "cause"),
    [
        ("changed_mind", "defective", "defective"),  # the inspector holds the piece
        ("defective", "no_fault", "changed_mind"),  # a visible fault that is not there
        ("does_not_fit", "no_fault", "does_not_fit"),  # nobody sees a size on the piece
        ("defective", None, "defective"),
        ("unknown", "no_fault", "unknown"),
        ("changed_mind", "wrong_item", "wrong_item"),
        ("defective", "a finding of another warehouse", "defective"),
    ],
)
def test_the_inspector_outranks_the_buyer_in_what_can_be_seen(stated: str, finding: str | None, cause: str) -> None:
    assert decide_cause(stated, finding)[0] == cause


@given(st.sampled_from([*OWNERS, "x"]), st.sampled_from([*OWNERS, "no_fault", "x", None]))
def test_every_decision_is_one_of_ours_and_agreement_is_the_surest(stated: str, finding: str | None) -> None:
    cause, confidence = decide_cause(stated, finding)
    assert cause in OWNERS
    assert 0 <= confidence <= 0.95
    assert (confidence == 0) == (cause == "unknown")
    if finding != stated:
        assert confidence < 0.95
