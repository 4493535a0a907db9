"""What the page proposes without a connection is what the rule proposes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.console.desk_setup import WEIGHTS, proposals, weight
from include.domain.proposal import Answers, Defect, propose
from include.locale.desk_labels import FINDINGS

DEFECTS = st.builds(
    Defect,
    st.sampled_from(["packaging", "accessory", "cosmetic", "functional", "hygiene"]),
    repairable=st.booleans(),
    main_part=st.booleans(),
)
TABLE = proposals()
ORDER = list(WEIGHTS)


@given(st.tuples(*[st.booleans()] * 4), st.sampled_from(sorted(FINDINGS)), st.lists(DEFECTS, max_size=6))
def test_the_gravest_defect_decides_as_the_rule_does(
    answers: tuple[bool, bool, bool, bool], finding: str, defects: list[Defect]
) -> None:
    gravest = max((ORDER.index(weight(one)) for one in defects), default=0)
    found = TABLE[finding]["".join("01"[yes] for yes in answers)][gravest]
    expected = propose(Answers(*answers, finding, defects))
    assert found == [expected.grade, expected.route, expected.zone]


@pytest.mark.parametrize("name", [name for name in WEIGHTS if name != "none"])
def test_what_stands_for_a_weight_weighs_it(name: str) -> None:
    assert [weight(one) for one in WEIGHTS[name]] == [name]
