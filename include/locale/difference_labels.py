"""What is said of expected and received pieces: verdicts, whose a difference is, how it ended, why a step is none."""

from include.locale.labels import DISCREPANCIES


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


VERDICTS = {
    "matched": _("came as expected"),
    "late": _("came, but late"),
    "expected": _("may still come"),
    "overdue": _("expected, overdue"),
    "short": _("part of the return did not come"),
    "lost": _("lost on the way"),
    "missing_from_parcel": _("missing from the parcel"),
    "unexpected": _("goods without a request"),
    "over": _("more than was asked for"),
    "wrong_item": _("another product in the parcel"),
    "no_request": _("came, nobody announced it"),
    "unproven": _("ledger and dock do not agree"),
    "cancelled": _("not sent back after all"),
}
KINDS = {**DISCREPANCIES, **VERDICTS}

OWNERS = {
    "carrier": _("carrier"),
    "warehouse": _("warehouse"),
    "merchant": _("shop"),
    "team": _("data team"),
}

# How a difference ended: by the facts, or as a person says.
ENDS = {
    "came": _("it came"),
    "came_late": _("it came late"),
    "told_late": _("it was here in time, told late"),
    "not_due": _("it may still come"),
    "cancelled": _("not sent back after all"),
    "lost": _("now it is lost"),
    "missing": _("now it is missing from its parcel"),
    "short": _("now it is the rest of a return"),
    "overdue": _("now it is overdue"),
    "adopted": _("its order was found"),
    "announced": _("it was announced later"),
    "asked_for": _("it was asked for after all"),
    "taken_back": _("the receipt was a mistake"),
    "proven": _("ledger and dock agree again"),
    "gone": _("the piece left the house"),
    "found": _("the piece was found"),
    "compensated": _("somebody paid for it"),
    "given_up": _("given up: nobody will pay"),
    "agreed": _("agreed with the shop or the buyer"),
    "mistake": _("a mistake: nothing is missing"),
    "other": _("another reason"),
}

REFUSALS = {
    "no_such": _("There is no such difference."),
    "no_actor": _("Whoever settles a difference has a name."),
    "not_by_hand": _("The facts alone close this difference."),
    "why": _("Say why: the reason is kept with your name."),
    "how": _("Choose how it ended."),
    "not_now": _("That is not possible any more: look at what has happened meanwhile."),
}
