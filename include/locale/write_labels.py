"""How writes to orders at Kaspi are said: what may be written, where a write stands, why it is not done."""


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


ACTIONS = {
    "ARRIVED_BACKWARD": _("the returned goods have arrived (ARRIVED_BACKWARD)"),
    "CANCELLED": _("cancel the order (CANCELLED)"),
}

STATES = {
    "asked": _("asked for, not confirmed"),
    "looked": _("read back: nothing new"),
    "sending": _("being sent"),
    "accepted": _("Kaspi took it, the order does not show it yet"),
    "unknown": _("the answer was lost: it is read back"),
    "dry_run": _("dry run: nothing was sent"),
    "not_needed": _("not needed: the order shows it already"),
    "not_possible": _("not sent: the order's state does not allow it, or it was switched off"),
    "refused": _("Kaspi refused it"),
    "not_sent": _("it was not sent"),
    "done": _("done: the order shows it"),
    "not_done": _("not done: the order does not show it"),
}

REFUSALS = {
    "unknown_action": _("There is no such write."),
    "no_reason": _("Say why: it is kept with the write."),
    "unknown_order": _("There is no order of this number at this merchant."),
    "nothing_arrived": _("No piece of this order was received: scan it first."),
    "wrong_reason": _("A cancellation needs one of Kaspi's reasons, an arrival none."),
    "still_open": _("The same was asked for before and is not over yet."),
    "is_done": _("It was done before."),
    "not_confirmed": _("The number was another one: nothing was done."),
    "changed_meanwhile": _("Somebody else went on with it meanwhile: look again."),
    "not_read": _("Kaspi did not answer when the order was read: nothing was sent. Try again later."),
}
