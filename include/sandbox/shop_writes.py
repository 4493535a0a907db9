"""What a merchant may write to an order: the two documented writes that returns need, with Kaspi's refusals.

Which status an order shows afterwards is documented nowhere; the sandbox's answer to that is a guess.
"""

import datetime as dt
from dataclasses import dataclass

from include.sandbox.orders import Order, Step

ARRIVED_BACKWARD = "ARRIVED_BACKWARD"
CANCELLED = "CANCELLED"
ON_THE_WAY_BACK = ("CANCELLING", "KASPI_DELIVERY_RETURN_REQUESTED")
NOT_SENT_YET = ("APPROVED_BY_BANK", "ACCEPTED_BY_MERCHANT")
CANCELLATION_REASONS = ("BUYER_CANCELLATION_BY_MERCHANT", "BUYER_NOT_REACHABLE", "MERCHANT_OUT_OF_STOCK")


class WriteRefused(Exception):
    """Kaspi does not do what was written; the text is the title it answers with."""


@dataclass(frozen=True)
class Written:
    """One accepted write, as the record of a run keeps it."""

    at: dt.datetime
    code: str
    status: str
    reason: str | None = None


def judge(order: Order, write: Written) -> None:
    """Raise WriteRefused for a write that the order's status does not allow."""
    step = order.step_at(write.at)
    if write.status == ARRIVED_BACKWARD:
        allowed = step.status in ON_THE_WAY_BACK
    elif write.status == CANCELLED:
        if write.reason not in CANCELLATION_REASONS:
            raise WriteRefused(f"Unknown value [{write.reason or ''}] of cancellationReason.")
        allowed = step.status in NOT_SENT_YET and not order.handed_over_by(write.at)
    else:
        raise WriteRefused(f"Unknown value [{write.status}] of status.")
    if not allowed:
        raise WriteRefused(f"Order status can not be changed from [{step.status}] to [{write.status}].")


def next_step(order: Order, write: Written) -> Step:
    """Return the step that an accepted write leads to."""
    before = order.step_at(write.at)
    completed = any(step.status == "COMPLETED" and step.at <= write.at for step in order.steps)
    if write.status == ARRIVED_BACKWARD and completed:
        return Step(write.at, "KASPI_DELIVERY", "RETURN_ACCEPTED_BY_MERCHANT")
    return Step(write.at, "ARCHIVE", "CANCELLED", write.reason or before.reason)


def apply(order: Order, write: Written) -> None:
    """Change the order's life from the write on; what was to come of a return decided later still comes."""
    step = next_step(order, write)
    coming = [one for one in order.steps if one.at > write.at and one.status == "RETURNED" and step.state != "ARCHIVE"]
    order.steps = [*(one for one in order.steps if one.at <= write.at), step, *coming]
    if write.status == CANCELLED:
        order.handed_over_at = None
