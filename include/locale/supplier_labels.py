"""What is said of suppliers: what the counts say of the agreed rate, which pieces are shown, why a claim is refused."""


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


VERDICTS = {
    "above": _("above, surely"),
    "perhaps": _("above, perhaps by chance"),
    "within": _("within the agreed"),
    "too_few": _("too few to say"),
    "no_agreement": _("no agreement known"),
}

# The same in a sentence, for the page and the claim.
SAID = {
    "above": _("More is defective than agreed: even the lower end of what was found among those sold is above."),
    "perhaps": _("More was found than agreed, but so few pieces may show that by chance."),
    "within": _("What was found stays within the agreed rate."),
    "too_few": _("Not more was found than agreed, but the pieces are too few to say that it is kept."),
    "no_agreement": _("The catalogue names no agreed defect rate for these goods: nothing is compared."),
}

FAULTS = {
    "defective": _("does not work"),
    "incomplete": _("incomplete in an unopened packaging"),
}

SHOWS = {
    "all": _("All inspected"),
    "faults": _("Supplier's defects"),
    "open": _("Not claimed yet"),
    "claimed": _("In a claim"),
    "found": _("Found among those sold"),
}

PARTS = {
    "sku": _("By product"),
    "finding": _("By finding"),
    "batch": _("By batch"),
    "month": _("By month of inspection"),
}

PART_NAMES = {"sku": _("Product"), "finding": _("Finding"), "batch": _("Batch"), "month": _("Month")}

REFUSALS = {
    "nothing": _(
        "There is nothing to claim: among these pieces is no defect of the supplier's that is in no claim yet."
    ),
    "too_many": _("These are more pieces than a claim file takes: choose fewer days or one product."),
    "changed": _("Something has changed since the claim was shown: look again, then claim."),
    "no_reason": _("Say why it is withdrawn."),
}
