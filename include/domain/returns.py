"""What an order's status says about goods that come back: whether, and of which kind."""

from enum import StrEnum

# Statuses in which goods are, or were, on their way back.
RETURN_STATUSES = frozenset({"KASPI_DELIVERY_RETURN_REQUESTED", "RETURN_ACCEPTED_BY_MERCHANT", "RETURNED"})
CANCEL_STATUSES = frozenset({"CANCELLING", "CANCELLED"})
KNOWN_STATUSES = (
    RETURN_STATUSES | CANCEL_STATUSES | {"APPROVED_BY_BANK", "ACCEPTED_BY_MERCHANT", "COMPLETED", "ARRIVED", "ASSEMBLE"}
)


class ReturnKind(StrEnum):
    """The five kinds, never mixed into one rate; they add up to all that comes back."""

    CUSTOMER_RETURN = "customer_return"
    REFUSAL = "refusal"
    CANCEL_IN_TRANSIT = "cancel_in_transit"
    CARRIER_RETURN = "carrier_return"
    UNKNOWN = "unknown"


# `cancellationReason` of the Shop API, for orders that had been handed over.
KIND_OF_CANCELLATION = {
    "BUYER_CANCELLATION_HIMSELF": ReturnKind.CANCEL_IN_TRANSIT,
    "BUYER_CANCELLATION_BY_CSC": ReturnKind.CANCEL_IN_TRANSIT,
    "BUYER_CANCELLATION_BY_MERCHANT": ReturnKind.CANCEL_IN_TRANSIT,
    "RFO_REJECTED": ReturnKind.CANCEL_IN_TRANSIT,
    "BUYER_CANCELLATION_BY_COURIER": ReturnKind.REFUSAL,
    "BUYER_NOT_REACHABLE": ReturnKind.REFUSAL,
    "TIMEOUT_BUYER_PICKUP": ReturnKind.REFUSAL,
    "TIMEOUT_BUYER_SIGNATURE": ReturnKind.REFUSAL,
    "TIMEOUT_KASPI_DELIVERY": ReturnKind.CARRIER_RETURN,
    "TECHNICAL_PROBLEM_CANCELLATION": ReturnKind.CARRIER_RETURN,
}


def return_kind(
    status: str,
    cancellation_reason: str | None,
    *,
    completed_seen: bool,
    application: bool,
    reading: str = "both",
) -> ReturnKind:
    """Return the kind that the evidence allows; where it allows none, ``unknown``.

    ``reading`` is how the ambiguous KASPI_DELIVERY_RETURN_REQUESTED is read: undelivered, after_sale or both.
    """
    if application or completed_seen:
        return ReturnKind.CUSTOMER_RETURN
    if cancellation_reason:
        return KIND_OF_CANCELLATION.get(cancellation_reason, ReturnKind.UNKNOWN)
    if status == "RETURN_ACCEPTED_BY_MERCHANT":
        return ReturnKind.CUSTOMER_RETURN
    if status == "KASPI_DELIVERY_RETURN_REQUESTED":
        return {"undelivered": ReturnKind.REFUSAL, "after_sale": ReturnKind.CUSTOMER_RETURN}.get(
            reading, ReturnKind.UNKNOWN
        )
    return ReturnKind.UNKNOWN


def application_of(return_label: str | None) -> tuple[str, str] | None:
    """Split a back-tracking label ``<order>-<n>-R`` into order code and application number."""
    if not return_label or not return_label.endswith("-R"):
        return None
    number = return_label.removesuffix("-R")
    code, dash, n = number.rpartition("-")
    return (code, number) if dash and code and n.isdigit() else None
