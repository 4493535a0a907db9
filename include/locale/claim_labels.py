"""What is said of a claim against the carrier: its states, why it is one or none, what it lacks, what is in doubt."""


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


STATUSES = {
    "draft": _("draft"),
    "ready": _("ready to send"),
    "sent": _("sent"),
    "accepted": _("accepted"),
    "rejected": _("rejected"),
    "paid": _("paid"),
    "expired": _("deadline missed"),
    "withdrawn": _("no longer a claim"),
}

WHY = {
    "damage_found": _("The inspection found damage done on the way."),
    "act_has_note": _("The return act notes damage of the packaging."),
    "dock_saw_damage": _("The dock found the parcel damaged; the return act does not note it."),
    "parts_lost": _("Parts are missing that were lost on the way."),
    "clock_same_city": _("From the same city: 10 calendar days, the day of receipt included."),
    "clock_country": _("From another city: 45 calendar days, the day of receipt included."),
    "clock_no_note": _("The return act notes no damage: 24 hours from receipt."),
    "not_here": _("The piece has not been received."),
    "no_order": _("Nobody knows which order the piece is from."),
    "not_carried": _("Kaspi did not carry this order."),
    "another_article": _("It is not the product that was sold."),
    "fraud_suspected": _("Fraud is suspected: the carrier is not at fault."),
    "no_damage": _("Neither the act nor the inspection names damage done on the way."),
    "not_lost_in_transit": _("Something is missing, but nothing shows that it was lost on the way."),
}

MISSING = {
    "inspection": _("Inspect the piece: what is damaged?"),
    "extent": _("Say how far the damage goes: packaging, one side, all sides."),
    "photo": _("Take photos of the damage."),
}

NOTES = {
    "city_unknown": _("Nobody noted whether it came from the same city: the shorter deadline counts."),
    "price_unknown": _("The price of the piece is not known, so no amount is named."),
    "buyer_had_it_damaged": _(
        "The buyer says that it came damaged: Kaspi may count the days from his receipt, so send it at once."
    ),
    "signs_of_use": _("The piece has signs of use: Kaspi may refuse the claim."),
}

LOST = {
    "lost_to_deadline": _("it was not sent in time"),
    "found_too_late": _("the damage was found after the deadline"),
    "known_too_late": _("we heard of the receipt after the deadline"),
}

TIERS = {
    10: _("10 %: the packaging only"),
    30: _("30 %: one side, or a lost accessory"),
    100: _("100 %: all sides, or a main part missing"),
}

KINDS = {
    "customer_return": _("returned by the buyer"),
    "refusal": _("refused by the buyer"),
    "cancel_in_transit": _("cancelled on the way"),
    "carrier_return": _("brought back by the carrier"),
    "unknown": _("not known"),
}

STEPS = {
    "sent": _("It was sent to Kaspi"),
    "accepted": _("Kaspi has accepted it"),
    "rejected": _("Kaspi has rejected it"),
    "paid": _("Kaspi has paid"),
}

REFUSALS = {
    "no_such_claim": _("There is no such claim."),
    "not_now": _("The claim is in another state by now: look again."),
    "why": _("A step back is explained: say what was wrong."),
    "when": _("The day and time must lie between the receipt and now."),
    "too_late": _("The deadline is over. If it was sent in time, say when."),
    "how_much": _("Say how many tenge, as a whole number."),
    "not_allowed": _("Only a supervisor of this merchant may do that."),
}
