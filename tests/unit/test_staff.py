"""What a role allows."""

from hypothesis import given
from hypothesis import strategies as st

from include.domain.staff import NEEDED, ROLES, Staff
from include.wms.contract import event_types

roles = st.sampled_from(ROLES)


@given(st.dictionaries(st.sampled_from(["a", "b", "*"]), roles), roles, st.sampled_from(["a", "b", "c"]))
def test_a_role_allows_what_the_lower_ones_do_and_only_for_its_merchant(
    held: dict[str, str], role: str, merchant_id: str
) -> None:
    staff = Staff("x", held)  # type: ignore[arg-type]
    of_merchant = [ROLES.index(one) for key in (merchant_id, "*") if (one := held.get(key))]  # type: ignore[call-overload]
    assert staff.may(role, merchant_id) == any(level >= ROLES.index(role) for level in of_merchant)  # type: ignore[arg-type,call-overload]


def test_nobody_without_a_role_may_anything() -> None:
    assert not any(Staff("x").may(role, "a") for role in ROLES)
    assert Staff("x").merchants(["a"]) == []


def test_every_event_of_the_contract_needs_a_role() -> None:
    """An event without one would be open to whoever may look."""
    assert event_types() == set(NEEDED)
    assert all(ROLES.index(role) >= ROLES.index("operator") for role in NEEDED.values())
