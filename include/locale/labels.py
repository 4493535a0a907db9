"""What the codes of the database are called. A code without a label is shown as it is, never hidden."""

from include.domain import kpi
from include.locale.words import Words


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


CAUSES = {
    "changed_mind": _("changed mind"),
    "does_not_fit": _("does not fit"),
    "not_as_described": _("not as described"),
    "defective": _("defective"),
    "damaged_in_transit": _("damaged in transit"),
    "incomplete": _("incomplete"),
    "wrong_item": _("wrong item"),
    "late_or_undelivered": _("late or undelivered"),
    "fraud_suspected": _("fraud suspected"),
    "unknown": _("not known yet"),
}

KPIS = {
    "return_rate": _("Returned within {days} days"),
    "return_rate_nowcast": _("Returned within {days} days, estimated for weeks too young to know"),
    "return_rate_shrunk": _("Returned within {days} days, small numbers drawn towards their category"),
    "processing_time_p50": _("Dock to decision, half of the units"),
    "processing_time_p90": _("Dock to decision, 9 of 10 units"),
    "time_to_sellable_p50": _("Dock to back on sale, half of the units"),
    "time_to_sellable_p90": _("Dock to back on sale, 9 of 10 units"),
    "relisted_share": _("Put back on sale"),
    "resale_share": _("Sold again within {days} days"),
    "resale_share_value": _("Value won back within {days} days"),
    "reverse_logistics_cost": _("Cost of one return"),
    "reverse_logistics_cost_share": _("Cost of returns against the goods' price"),
    "net_recovery": _("Won back from one returned unit"),
    "reconciled_share": _("Units without open questions"),
    "claims": _("Claims against the carrier found"),
    "claims_sent": _("Claims sent in time"),
    "claims_paid": _("Claims paid"),
    "claims_lost": _("Claims lost to a deadline"),
}

NOTES = {
    kpi.PROCEEDS_ONLY: _("proceeds only, before costs"),
    kpi.COST_UNKNOWN: _("without units of which a cost is not known"),
    kpi.OPEN_LEFT_OUT: _("without units that are still here"),
    kpi.TOO_FEW: _("too few returns to say"),
    kpi.BACKFILLED: _("taken in afterwards"),
}

DISCREPANCIES = {
    "overdue": _("expected, overdue"),
    "overdue_arrival": _("expected, overdue"),
    "lost": _("lost on the way"),
    "missing_from_parcel": _("missing from the parcel"),
    "duplicate_scan": _("scanned twice"),
    "wrong_item": _("another product in the parcel"),
    "unexpected": _("goods without a request"),
    "short": _("part of the return did not come"),
    "over": _("more than was asked for"),
    "no_request": _("came, nobody announced it"),
    "unproven": _("ledger and dock do not agree"),
    "quantity_mismatch": _("another quantity than expected"),
    "stock_divergence": _("stock on Kaspi differs"),
    "restock_refused": _("may not go back on sale"),
    "decision_due": _("decision to the buyer is due"),
    "record_lacks": _("told by the other system only"),
    "other_lacks": _("not told by the other system"),
    "other_finding": _("seen otherwise by the other system"),
    "other_time": _("done at another time by the other system"),
}

CLOCKS = {
    "decision": _("decision on a return that arrived"),
    "claim": _("claim against the carrier"),
}
CLOCK_ACTIONS = {
    "decision": _("Decide in the cabinet: without a decision Kaspi refunds the buyer by itself."),
    "claim": _("Send the packet of the claim from the console."),
}

ACTIONS = {
    "defective": _("Take these goods off sale until they are checked; send the supplier a claim with the photos."),
    "not_as_described": _("Compare the card's text and photos with the goods and correct them."),
    "does_not_fit": _("Add a size table and exact measurements to the card."),
    "damaged_in_transit": _("Strengthen the packaging; file the carrier's claim within 10 days of receipt."),
    "incomplete": _("Check completeness when picking; tell the supplier what is missing."),
    "wrong_item": _("Check labels and shelf places of these goods when picking."),
    "late_or_undelivered": _("Talk to the carrier about delivery times."),
    "fraud_suspected": _("Compare serial numbers and photos at receipt."),
    "changed_mind": _("No fault of the goods was found: watch it for another week."),
}
KEEP_IT_UP = _("Fewer than before: keep what was changed.")

PROOFS = {"observed": _("seen on sale"), "fetched": _("fetched by Kaspi"), "published": _("published")}

# Why a number is said otherwise than before: the causes that the database's triggers and the weekly run note.
RESTATED = {
    "time passed": _("time has passed"),
    "late facts": _("facts came late"),
    "order changed": _("an order changed"),
    "more sales seen": _("more sales were seen"),
    "discrepancy opened or settled": _("a difference was opened or settled"),
    "decision made or overdue": _("a decision was made or is overdue"),
    "cost booked": _("a cost was booked"),
    "claim moved on": _("a claim moved on"),
    "offer seen": _("an offer was seen on sale"),
    "moved category or supplier": _("goods moved to another category or supplier"),
    "price of storage changed": _("the price of storage changed"),
    "everything counted anew": _("everything was counted anew"),
}

STATES = {
    "published": _("published"),
    "passed": _("passed"),
    "held": _("held back"),
    "failed": _("failed"),
    "staged": _("waiting for its check"),
    "staging": _("being prepared"),
}

ALERTS = {
    "token_refused": _("Kaspi does not accept the token of {name}: put a new one from the cabinet into its connection"),
    "stale": _("The orders of {name} are not fresh: no complete sweep was published in time"),
    "run_failed": _("A run of {subject} failed"),
    "deadline": _("A run of {subject} is not done in time"),
    "source_unreadable": _("The warehouse source {subject} cannot be read"),
    "applications_unreadable": _(
        "{name}: the files of applications cannot be taken in; see the folder that its connection names"
    ),
    "claim_due": _("{name}: the claim of piece {subject} against the carrier must be sent soon"),
    "claim_lost": _("{name}: the claim of piece {subject} against the carrier was not sent before its deadline"),
    "price_list_held": _("{name}: the price list does not go out as the merchant has it: somebody has to look at it"),
    "price_list_unfetched": _("{name}: Kaspi does not ask for the price list any more"),
    "notices_stuck": _("Messages of {name} are stuck: somebody has to decide about them"),
    "notice_channel": _("Buyers cannot be told: the connection {subject} cannot be used"),
}

QUARANTINE = {
    "open": _("open"),
    "replayed": _("to be judged again"),
    "gone": _("judged again, did not come back"),
    "resolved": _("settled"),
    "dismissed": _("dismissed"),
}

SOURCES = {
    "kaspi/order": _("order from Kaspi, not readable"),
    "kaspi_returns_ingest": _("order or application, stopped by a check"),
    "warehouse_receipts_reconcile": _("warehouse event, stopped by a check"),
    "file/applications": _("line of a file of applications"),
}

# Messages: where they are, why they are not sent, what a person decided.
NOTICES = {
    "queued": _("waits to be sent"),
    "sending": _("being sent"),
    "sent": _("sent"),
    "unknown": _("perhaps sent"),
    "dead": _("not sent"),
    "dismissed": _("not needed"),
}

NOTICE_REASONS = {
    "no_connection": _("the gateway cannot be reached"),
    "answer_lost": _("the gateway's answer was lost"),
    "sender_died": _("the sender was stopped in the middle"),
    "channel_changed": _("it may have been sent over another channel before"),
    "no_address": _("the buyer has no address for this channel"),
    "address_refused": _("the channel does not take the buyer's address"),
    "contact_erased": _("the buyer's contact is erased"),
    "contact_unreadable": _("the buyer's contact cannot be opened: is the key another one?"),
    "too_late": _("it is no news any more"),
    "switched_off": _("the shop has switched notices off"),
    "nothing_received": _("the receipt was taken back"),
    "by_a_person": _("somebody decided so"),
}

SENDING_ACTIONS = {
    "again": _("sent again"),
    "sent": _("declared sent"),
    "dismissed": _("dismissed"),
}

MAILS = {
    "owed": _("what a merchant owes"),
    "alert": _("alert"),
    "kpi_weekly": _("weekly report"),
    "kpi_weekly_again": _("weekly report, sent again"),
    "restock_daily": _("daily comparison of stock"),
}

DRIFTS = {
    "new": _("new field"),
    "missing": _("field is missing"),
    "retyped": _("another type"),
    "unknown": _("unknown value"),
}

SEVERITIES = {"row": _("puts the row aside"), "batch": _("holds the part"), "warning": _("only warns")}

# What a line of a file of applications comes to, what needs a look first.
VERDICTS = {
    "conflict": _("contradicts what is known"),
    "waits": _("waits for its order"),
    "new_case": _("new case"),
    "joins": _("joins an open case"),
    "reason_changed": _("another reason"),
    "new_step": _("next step"),
    "older": _("newer facts are known"),
    "unchanged": _("nothing new"),
}

COLUMNS = {
    "application_number": _("Application number"),
    "order_code": _("Order number"),
    "master_code": _("Product code"),
    "sku": _("SKU"),
    "product_name": _("Product name"),
    "quantity": _("Quantity"),
    "reason_code": _("Reason code"),
    "reason_text": _("Reason"),
    "created_at": _("Created on"),
    "tab": _("Section"),
    "step": _("Step"),
    "step_at": _("Step date"),
    "return_label": _("Tracking number"),
}


def label(words: Words, table: dict[str, str], code: str) -> str:
    """Return the label of a code in the language; an unknown code reads as it is."""
    return words._(table[code]) if code in table else code.replace("_", " ")


def notice_reason(words: Words, reason: str) -> str:
    """Return why a message was not sent. What a gateway answered is a number in the code."""
    kind, _sep, number = reason.rpartition("_")
    if kind == "http":
        return words._("the gateway answered {number}", number=number)
    if kind.startswith("smtp_"):
        return words._("the mail server answered {number}", number=number)
    return label(words, NOTICE_REASONS, reason)


def kpi_name(words: Words, name: str, horizon_days: int | None) -> str:
    """Return what a KPI is called."""
    if name not in KPIS:
        return name.replace("_", " ")
    return words._(KPIS[name], days=horizon_days) if horizon_days else words._(KPIS[name])


def kpi_value(words: Words, name: str, value: float | None, n: int) -> str:
    """Return a KPI's value as people read it; a duration nobody reached says so."""
    definition = kpi.BY_NAME.get(name)
    if value is None:
        return words._("not reached") if n and definition and definition.unit == "hours" else "—"
    if definition is None:
        return words.number(value)
    return {"share": words.percent, "hours": words.hours, "tenge": words.money}[definition.unit](value)


def action(words: Words, cause: str, direction: str) -> str:
    """Return what to do about a signal."""
    if direction == "down":
        return words._(KEEP_IT_UP)
    return label(words, ACTIONS, cause)


def cell_name(
    words: Words, category: str | None, supplier: str | None, batch: str | None, sku: str | None = None,
    city: str | None = None, carrier: str | None = None,
) -> str:  # fmt: skip
    """Return what a signal is about: goods, and the place where it names one."""
    parts = [words._("Category {category}", category=category)] if category else []
    if batch:
        parts.append(words._("Batch {batch} of {supplier}", batch=batch, supplier=supplier))
    elif supplier:
        parts.append(words._("Supplier {supplier}", supplier=supplier))
    if sku:
        parts.append(words._("SKU {sku}", sku=sku))
    place = [words._("city {city}", city=city)] if city else []
    if carrier:
        place.append(words._("carrier {carrier}", carrier=carrier))
    return ", ".join([*(parts or [words._("All goods")]), *place])


def signal_caveat(words: Words, shape: str, attributed: bool) -> str:
    """Return what must be said of a signal beside its numbers; empty for a plain one."""
    said = [words._("It grew week by week.")] if shape == "creeping" else []
    if not attributed:
        said.append(words._("Which goods or which place it comes from, the numbers cannot tell."))
    return " ".join(said)


def restated_words(words: Words, because: str | None) -> str:
    """Return that a KPI's number is said otherwise than before, and why; nothing where it is not."""
    if not because:
        return ""
    causes = because.partition(": ")[0].split(", ")
    return f"{words._('restated')}: {', '.join(label(words, RESTATED, cause) for cause in causes)}"


def note_words(words: Words, note: str | None) -> list[str]:
    """Return the readers' words for a KPI's note: what it lacks, and on which proof it stands."""
    if note in NOTES:
        return [words._(NOTES[note])]
    found = []
    for part in (note or "").split("; "):
        if part in NOTES:
            found.append(words._(NOTES[part]))
        for proof in part.split(", "):
            name, _sep, count = proof.partition(" ")
            if name in PROOFS and count.isdigit():
                found.append(f"{words._(PROOFS[name])}: {count}")
    return found


def alert_words(words: Words, kind: str, alert_key: str, name: str, message: str) -> str:
    """Return an alert as a sentence; one of a kind that has none reads as it was written."""
    if kind not in ALERTS:
        return message
    subject = alert_key.split("/")[1] if "/" in alert_key else alert_key
    return words._(ALERTS[kind], name=name, subject=subject)
