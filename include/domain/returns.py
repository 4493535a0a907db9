"""What an order's status and an application say about goods that come back: whether, of which kind, how far."""

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


# How far a return has come, by what each source says (docs/case-model.md).
STATUS_OF_TAB = {
    "NEW": "applied",
    "ON_DELIVERY": "in_transit",
    "WAITING_DECISION": "waiting_decision",
    "DISPUTE": "dispute",
    "CLOSED": "closed",
}
STATUS_OF_STEP = {
    "MERCHANT_APPROVAL": "applied",
    "BACKWARD_DELIVERY_BY_KASPI": "in_transit",
    "BACKWARD_DELIVERY_BY_KASPI_FINISHED": "waiting_decision",
    "MERCHANT_DECISION": "waiting_decision",
    "WAITING_PAYMENT": "decided",
}
STATUS_OF_SIGNAL = {
    "CANCELLING": "in_transit",
    "KASPI_DELIVERY_RETURN_REQUESTED": "in_transit",
    "RETURN_ACCEPTED_BY_MERCHANT": "waiting_decision",
    "RETURNED": "closed",
}
LOST = "lost"
# A scan at the dock is further than these; a dispute, a decision and an end are further than a scan.
BEFORE_RECEIPT = frozenset({"signalled", "applied", "in_transit", "waiting_decision", LOST})


def case_status(tab: str | None, step: str | None, signal: str | None, *, application: bool, received: bool) -> str:
    """Return the canonical status of a case: the tab says it, else the step, else the order's status.

    Kaspi's word that goods arrived is not ours: only the warehouse's scan (``received``) makes ``received``.
    """
    status = (
        STATUS_OF_TAB.get(tab or "")
        or STATUS_OF_STEP.get(step or "")
        or STATUS_OF_SIGNAL.get(signal or "")
        or ("applied" if application else "signalled")
    )
    return "received" if received and status in BEFORE_RECEIPT else status


def application_of(return_label: str | None) -> tuple[str, str] | None:
    """Split a back-tracking label ``<order>-<n>-R`` into order code and application number."""
    if not return_label or not return_label.endswith("-R"):
        return None
    number = return_label.removesuffix("-R")
    code, dash, n = number.rpartition("-")
    return (code, number) if dash and code and n.isdigit() else None
