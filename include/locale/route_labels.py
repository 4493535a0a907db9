"""What is said of a returned unit's routes: why one is not legal, why one is proposed, what its money is made of."""


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


REFUSALS = {
    "kaspi_forbids": _("Kaspi forbids it: signs of use, a repair or a defect"),
    "not_as_new": _("its packaging is not intact: not on the main offer"),
    "inspector": _("the inspector chose a lesser route"),
    "nothing_left": _("a sale would leave nothing"),
    "no_price": _("the price is not known"),
    "not_broken": _("there is nothing to repair"),
    "after_inspection": _("only right after an inspection"),
    "not_sellable": _("it may not be sold by us"),
    "no_reason": _("A ruling needs its reason."),
    "over": _("The way of this piece is over: there is nothing to decide."),
}

WHY = {
    "best": _("leaves the most"),
    "not_sure": _("another route may leave more, but that is not sure enough"),
    "only_one": _("no other route is legal"),
    "plain": _("the money cannot be compared: the plain rule"),
}

PARTS = {
    "proceeds": _("proceeds"),
    "fee": _("channel fee"),
    "repair": _("repair"),
    "packaging": _("packaging"),
    "handling": _("receiving and inspection"),
    "holding": _("storage"),
    "write_off": _("disposal if nobody buys"),
}

LISTS = {
    "differ": _("Money says otherwise"),
    "open": _("To be decided"),
    "ruled": _("Decided by a person"),
    "all": _("All"),
}
