"""How the daily comparison of stock is said: its causes, in the order of their harm, and what is done about each."""

from include.locale.labels import label
from include.locale.words import Words


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


# Cause: what it is called, what to do.
CAUSES: dict[str, tuple[str, str]] = {
    "published_more": (
        _("We publish more than there is"),
        _("Run restock_sync now: buyers may order what nobody has."),
    ),
    "buyers_see_more": (
        _("Buyers see more than we publish"),
        _("Look at the cabinet: somebody changed the stock there, or Kaspi still has an older list."),
    ),
    "warehouse_has_fewer": (
        _("The warehouse counts fewer returned units than we have on sale"),
        _("Have the shelf counted again, then correct the units at the desk: each missing one may be sold."),
    ),
    "no_list": (
        _("No price list is published"),
        _("Look at the last run of restock_sync: it names what holds the list back."),
    ),
    "not_fetched": (
        _("Kaspi has not taken the newest list"),
        _("Look at «Automatic upload» in the cabinet: is the address still there, does it show an error?"),
    ),
    "published_fewer": (
        _("We publish less than there is"),
        _("The next run of restock_sync puts it right; where it stays, its log says why."),
    ),
    "buyers_see_fewer": (
        _("Buyers see less than we publish"),
        _("Look at the offer in the cabinet: is its card hidden, was the list refused, did somebody change the stock?"),
    ),
    "waiting": (
        _("Returned units wait and are not on sale"),
        _("The reason stands beside each: a resale card to link, an offer that is switched off or has no count."),
    ),
    "price": (
        _("Buyers see another price than we publish"),
        _("Look at the offer in the cabinet: a price typed there goes before the list until the next one is taken."),
    ),
    "warehouse_has_more": (
        _("The warehouse counts more returned units than the ledger has"),
        _("Look for pieces that were sold or cancelled and still lie there, or were put on the wrong shelf."),
    ),
}

UNITS = {
    "restock_pending": _("decided, not on sale yet"),
    "on_sale": _("on sale"),
    "resold": _("sold again"),
}

# Why a unit is not in the list, as it is written into ``channel.addition``.
WAITING = {
    "no price is known for it": _("no price is known"),
    "the main offer has no stockCount": _("the main offer has no count"),
    "the merchant has switched the main offer off": _("the merchant has switched the main offer off"),
    "the main offer is not sold from this store": _("the main offer is not sold from this store"),
    "the main offer is not in the base list": _("the main offer is not in the merchant's own list"),
    "the main SKU stands in the base list more than once": _("the main SKU is in the merchant's own list twice"),
    "the merchant's own list already has the resale SKU": _("the merchant's own list already has the resale SKU"),
    "the main offer's price leaves no whole tenge 5 to 10 % below it": _("no price 5 to 10 % below the main one"),
    "the resale SKU is pending_card: it needs a card on Kaspi": _("the resale card is not linked yet"),
    "the resale SKU is rejected: it needs a card on Kaspi": _("Kaspi has refused the resale card"),
    "the resale SKU is missing: it needs a card on Kaspi": _("there is no resale card yet"),
}


def cause_name(words: Words, cause: str) -> str:
    """Return what a cause is called."""
    return words._(CAUSES[cause][0]) if cause in CAUSES else cause


def advice(words: Words, cause: str) -> str:
    """Return what to do about a cause."""
    return words._(CAUSES[cause][1]) if cause in CAUSES else ""


def reasons(words: Words, detail: str | None) -> str:
    """Return the reasons for which units wait; one that is not known here is shown as it was written."""
    return ", ".join(label(words, WAITING, reason) for reason in (detail or "").split(" · ") if reason)


def told(words: Words, cause: str, expected: int | None, found: int | None, detail: str | None) -> str:
    """Return what was expected and what was found, in a few words."""
    if cause == "waiting":
        return reasons(words, detail)
    if cause == "no_list":
        return ""
    if cause == "not_fetched":
        taken = words._("Kaspi has version {version}", version=found) if found else words._("Kaspi has none of ours")
        return words._("version {version} is published", version=expected) + ", " + taken
    say = words.money if cause == "price" else words.number
    return words._(
        "{expected} expected, {found} found",
        expected="—" if expected is None else say(expected),
        found="—" if found is None else say(found),
    )
