"""What the page of price lists calls things."""


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


VERSIONS = {
    "published": _("published"),
    "staged": _("waiting for its check"),
    "held": _("held back"),
    "pending": _("waits for a person"),
    "approved": _("approved"),
    "rejected": _("rejected"),
}
CARDS = {
    "pending_card": _("waits for its card"),
    "linked": _("card is linked"),
    "rejected": _("card was rejected"),
}
ABNORMAL = {"mass_removal": _("many offers removed"), "price_jump": _("prices jumped")}
TOLD = {
    "told": _("It is kept; the next run of restock_sync follows it."),
    "known": _("It was so already."),
    "none": _("There is no such resale SKU among yours."),
}
