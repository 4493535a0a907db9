"""What is said on the dashboard of actions and their effects."""


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


ACTION_KINDS = {
    "description": _("description changed"),
    "packaging_standard": _("packaging standard changed"),
    "supplier_instruction": _("supplier instructed"),
}

ACTION_VERDICTS = {
    "helped": _("helped"),
    "made_worse": _("made it worse"),
    "no_effect_shown": _("no effect shown"),
    "not_enough_data": _("not enough data yet"),
}

# As include/analytics/effects.py says it.
NO_EFFECT_BECAUSE = {
    "the merchant has sold nothing of it yet": _("nothing of it was sold yet"),
    "no week with returns on both sides": _("there is no week with returns before and after"),
    "too few weeks or returns on one side": _("too few weeks or returns before or after"),
    "one side shows no returns": _("nothing came back before, or after"),
}
