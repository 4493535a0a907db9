"""What a status says about goods that come back."""

import pytest

from include.domain.returns import KIND_OF_CANCELLATION, ReturnKind, application_of, return_kind


def kind(status: str, reason: str | None = None, **evidence: object) -> ReturnKind:
    facts = {"completed_seen": False, "application": False, "reading": "both", **evidence}
    return return_kind(status, reason, **facts)  # type: ignore[arg-type]


def test_an_application_or_a_completed_delivery_makes_a_customer_return() -> None:
    assert kind("RETURNED", application=True) is ReturnKind.CUSTOMER_RETURN
    assert kind("RETURNED", completed_seen=True) is ReturnKind.CUSTOMER_RETURN
    assert kind("RETURNED") is ReturnKind.UNKNOWN


def test_the_cancellation_reason_decides_what_was_never_delivered() -> None:
    assert kind("CANCELLED", "TIMEOUT_BUYER_PICKUP") is ReturnKind.REFUSAL
    assert kind("CANCELLED", "TIMEOUT_KASPI_DELIVERY") is ReturnKind.CARRIER_RETURN
    assert kind("CANCELLED", "A_NEW_CODE") is ReturnKind.UNKNOWN
    assert all(kind("CANCELLED", code) is wanted for code, wanted in KIND_OF_CANCELLATION.items())


@pytest.mark.parametrize(
    ("reading", "wanted"), [("undelivered", "refusal"), ("after_sale", "customer_return"), ("both", "unknown")]
)
def test_the_ambiguous_status_is_read_as_the_setting_says(reading: str, wanted: str) -> None:
    assert kind("KASPI_DELIVERY_RETURN_REQUESTED", reading=reading) == wanted


@pytest.mark.parametrize(
    ("label", "wanted"),
    [("700-2-R", ("700", "700-2")), ("700-R", None), ("700-2", None), ("", None), (None, None), ("-1-R", None)],
)
def test_a_return_label_names_order_and_application(label: str | None, wanted: tuple[str, str] | None) -> None:
    assert application_of(label) == wanted
