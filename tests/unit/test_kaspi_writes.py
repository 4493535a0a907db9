"""What may be written to an order at Kaspi, and what a read-back proves."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.kaspi_writes import (
    ENDS,
    MAY_BE_ASKED_AGAIN,
    PATIENCE,
    RULES,
    allowed,
    request_of,
    settled,
    shows,
    unsent_end,
)

SENT = dt.datetime(2026, 11, 14, 3, tzinfo=dt.UTC)
STATUSES = (
    "APPROVED_BY_BANK", "ACCEPTED_BY_MERCHANT", "COMPLETED", "CANCELLED", "CANCELLING", "RETURNED",
    "KASPI_DELIVERY_RETURN_REQUESTED", "RETURN_ACCEPTED_BY_MERCHANT", "SOMETHING_NEW", None,
)  # fmt: skip


def test_the_arrival_is_written_as_the_documents_have_it() -> None:
    assert request_of("NzM5", "739463441", "ARRIVED_BACKWARD", None) == {
        "data": {
            "type": "orders",
            "id": "NzM5",
            "attributes": {"code": "739463441", "status": "ARRIVED_BACKWARD"},
        }
    }
    told = request_of("NzM5", "739463441", "CANCELLED", "MERCHANT_OUT_OF_STOCK")
    assert '"cancellationReason": "MERCHANT_OUT_OF_STOCK"' in json.dumps(told)


@pytest.mark.parametrize(
    ("action", "reason"),
    [("ARRIVED_BACKWARD", "MERCHANT_OUT_OF_STOCK"), ("CANCELLED", None), ("CANCELLED", "BUYER_CANCELLATION_HIMSELF")],
)
def test_a_reason_that_is_lacking_or_not_ours_to_give_is_an_error(action: str, reason: str | None) -> None:
    with pytest.raises(ValueError, match=action):
        request_of("NzM5", "739463441", action, reason)


@pytest.mark.parametrize(
    ("action", "status", "end"),
    [
        ("ARRIVED_BACKWARD", "CANCELLING", None),
        ("ARRIVED_BACKWARD", "KASPI_DELIVERY_RETURN_REQUESTED", None),
        ("ARRIVED_BACKWARD", "COMPLETED", "not_possible"),
        ("ARRIVED_BACKWARD", "CANCELLED", "not_possible"),  # whether by our write or another's nobody knows
        ("CANCELLED", "ACCEPTED_BY_MERCHANT", None),
        ("CANCELLED", "CANCELLED", "not_needed"),
        ("CANCELLED", None, "not_possible"),
    ],
)
def test_what_is_not_sent_at_all(action: str, status: str | None, end: str | None) -> None:
    assert unsent_end(action, status) == end


@given(st.sampled_from(sorted(RULES)), st.sampled_from(STATUSES), st.integers(0, 300))
def test_a_write_ends_by_what_the_order_shows_and_never_by_hope(action: str, status: str | None, minutes: int) -> None:
    end = settled(action, status, SENT, SENT + dt.timedelta(minutes=minutes))

    assert end in (None, "done", "not_done")
    assert (end == "done") == shows(action, status)
    if end is None:
        assert dt.timedelta(minutes=minutes) < PATIENCE
    assert not (allowed(action, status) and shows(action, status))
    assert "done" not in MAY_BE_ASKED_AGAIN and MAY_BE_ASKED_AGAIN < ENDS
