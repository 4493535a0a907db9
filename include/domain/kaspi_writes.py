"""What may be written to an order at Kaspi, and what a read-back says of a write. Only documented operations."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Action = Literal["ARRIVED_BACKWARD", "CANCELLED"]
Outcome = Literal["accepted", "refused", "not_sent", "unknown"]
"""Of one call: Kaspi did it, Kaspi will not do it, it never reached Kaspi, or nobody knows."""

# How long Kaspi may take to show what it did, before an order that looks as before counts as not written to.
PATIENCE = dt.timedelta(hours=1)
# The end of a write; before them it is still open.
ENDS = frozenset({"dry_run", "not_needed", "not_possible", "refused", "not_sent", "done", "not_done"})
# After these the same may be asked for again; after ``done`` and ``not_needed`` there is nothing left to ask for.
MAY_BE_ASKED_AGAIN = frozenset({"dry_run", "not_possible", "refused", "not_sent", "not_done"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One write: from which status, which status a read-back shows (None: not documented), which reasons it takes."""

    before: frozenset[str]
    after: frozenset[str] | None
    reasons: frozenset[str] = frozenset()


RULES: Mapping[str, Rule] = {
    # «Возвращенный товар прибыл на склад». What the order shows afterwards stands in no document.
    "ARRIVED_BACKWARD": Rule(frozenset({"CANCELLING", "KASPI_DELIVERY_RETURN_REQUESTED"}), None),
    "CANCELLED": Rule(
        frozenset({"APPROVED_BY_BANK", "ACCEPTED_BY_MERCHANT"}),
        frozenset({"CANCELLED", "CANCELLING"}),
        frozenset({"BUYER_CANCELLATION_BY_MERCHANT", "BUYER_NOT_REACHABLE", "MERCHANT_OUT_OF_STOCK"}),
    ),
}


def allowed(action: str, status: str | None) -> bool:
    """Tell whether the write may be sent to an order that shows ``status``; None is an order Kaspi does not know."""
    return status in RULES[action].before


def shows(action: str, status: str | None) -> bool:
    """Tell whether an order that shows ``status`` looks as if the write had been done, by whomever."""
    after = RULES[action].after
    if status is None:
        return False
    return status in after if after is not None else status not in RULES[action].before


def unsent_end(action: str, status: str | None) -> str | None:
    """Return how a write ends that is not to be sent at all, by what the order shows before; None: it may be sent."""
    if allowed(action, status):
        return None
    return "not_needed" if shows(action, status) and RULES[action].after is not None else "not_possible"


def settled(action: str, status: str | None, sent_at: dt.datetime, now: dt.datetime) -> str | None:
    """Return how a write that was sent ends by what the order shows ``now``; None: nobody can say yet.

    Never a reason to send it again by itself: a person may ask anew once it is ``not_done``.
    """
    if shows(action, status):
        return "done"
    return "not_done" if now - sent_at >= PATIENCE else None


def request_of(order_id: str, code: str, action: str, cancellation_reason: str | None) -> dict[str, object]:
    """Return the body that is sent. It names the order and nobody.

    Raises ValueError for a reason that the operation does not take, or one that it lacks.
    """
    reasons = RULES[action].reasons
    if (cancellation_reason in reasons) != bool(reasons) or (cancellation_reason and not reasons):
        raise ValueError(f"{action} takes one of {', '.join(sorted(reasons)) or 'no reasons'}: {cancellation_reason!r}")
    attributes = {"code": code, "status": action}
    if cancellation_reason:
        attributes["cancellationReason"] = cancellation_reason
    return {"data": {"type": "orders", "id": order_id, "attributes": attributes}}
