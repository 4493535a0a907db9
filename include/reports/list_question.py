"""What a person reads before he lets an abnormal price list out, in Markdown."""

import datetime as dt
import re
from typing import Any

from include.locale.words import Words


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


REASONS = {
    "mass_removal": _("it loses {removed} of the merchant's {before} offers"),
    "price_jump": _("prices of {jumped} offers jumped"),
}
KINDS = {
    "removed": _("Removed"),
    "added": _("New"),
    "price_jumped": _("Price jumped"),
    "price_changed": _("Price changed"),
    "raised": _("Quantity raised"),
    "lowered": _("Quantity lowered"),
}
EXAMPLES = 10


def subject(words: Words, merchant: str, version: int) -> str:
    """Return the headline."""
    return words._("Price list of {merchant}: version {version} looks wrong", merchant=merchant, version=version)


def body(
    words: Words, abnormal: list[str], diff: dict[str, Any], composed_at: dt.datetime, hours: float,
    approve: str, reject: str,
) -> str:  # fmt: skip
    """Return why the version waits, how it differs from the last good one, and what each answer does."""
    counts = diff["counts"]
    facts = {
        "removed": words.number(diff["own_removed"]),
        "before": words.number(diff["own_before"]),
        "jumped": words.number(counts.get("price_jumped", 0)),
    }
    lines = [f"- {words._(REASONS[reason], **_named(REASONS[reason], facts))}" for reason in abnormal]
    lines += ["", words._("Composed {moment}, compared with version {version}.",
                          moment=words.moment(composed_at), version=diff["against"]), ""]  # fmt: skip
    columns = (words._("Change"), words._("Offers"), words._("For instance"))
    lines += [f"| {' | '.join(columns)} |", "| --- | ---: | --- |"]
    lines += [
        f"| {words._(name)} | {words.number(counts[kind])} | {_in_a_cell(words, kind, diff)} |"
        for kind, name in KINDS.items()
        if counts.get(kind)
    ]
    lines += [
        "",
        words._("{answer}: this list goes out, composed anew with what is sold meanwhile.", answer=f"**{approve}**"),
        "",
        words._(
            "{answer}, or no answer within {hours}: the last good list goes on, only lowered by what is sold.",
            answer=f"**{reject}**",
            hours=words.hours(hours),
        ),
    ]
    return "\n".join(lines)


def _named(text: str, facts: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in facts.items() if f"{{{name}}}" in text}


def examples(words: Words, kind: str, shown: list[dict[str, Any]]) -> list[str]:
    """Return the first changes of a kind as people read them; the SKU stands first."""
    return [f"{one['offer_sku']}{_change(words, kind, one)}" for one in shown[:EXAMPLES]]


def _in_a_cell(words: Words, kind: str, diff: dict[str, Any]) -> str:
    shown = diff["examples"].get(kind, [])
    return ", ".join(f"`{_harmless(one['offer_sku'])}`{_change(words, kind, one)}" for one in shown[:EXAMPLES])


def _change(words: Words, kind: str, one: dict[str, Any]) -> str:
    if kind in ("price_jumped", "price_changed"):
        values = [words.money(value) if value is not None else "–" for value in one["price"]]
    elif kind in ("raised", "lowered"):
        values = [words.number(value) if value is not None else "–" for value in one["quantity"]]
    else:
        return ""
    return f" {' → '.join(values)}"


def _harmless(sku: str) -> str:
    """Keep a merchant's SKU from ending its cell or its code span."""
    return re.sub(r"[`|\s]+", " ", sku)[:60]
