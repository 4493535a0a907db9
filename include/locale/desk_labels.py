"""What the codes of the desk are called: states, steps, zones, routes, reasons for a refusal."""

from collections.abc import Mapping
from typing import Any

from include.locale import claim_labels
from include.locale.labels import CAUSES
from include.locale.words import Words


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is used."""
    return text


STATES = {
    "requested": _("expected"),
    "in_transit": _("on its way"),
    "at_pickup_point": _("at the pickup point"),
    "received": _("taken in, not inspected"),
    "unexpected": _("unexpected, not cleared up"),
    "inspected": _("inspected"),
    "wrong_item": _("not the product that was sold"),
    "repacked": _("repacked, to be checked"),
    "in_repair": _("in repair"),
    "repaired": _("repaired, to be checked"),
    "unrecoverable": _("cannot be recovered"),
    "qc": _("checked, for the stock"),
    "restock_pending": _("going on sale"),
    "on_sale": _("on sale"),
    "resold": _("sold again"),
    "written_off": _("written off"),
    "to_supplier": _("returned to the supplier"),
    "disposed": _("disposed of"),
    "returned_to_buyer": _("returned to the buyer"),
    "lost": _("lost"),
    "cancelled": _("cancelled"),
}

# Steps as a button says them.
STEPS = {
    "received": _("Take in"),
    "inspected": _("Inspect"),
    "second_look": _("Second look"),
    "repacked": _("Repack"),
    "in_repair": _("Start a repair"),
    "repaired": _("Finish the repair"),
    "unrecoverable": _("Cannot be recovered"),
    "qc": _("Quality control"),
    "moved": _("Move to a zone"),
    "written_off": _("Write off"),
    "to_supplier": _("Give to the supplier"),
    "disposed": _("Dispose of"),
    "returned_to_buyer": _("Return to the buyer"),
    "voided": _("Take back the last step"),
}

# The same steps as things that happened.
DONE = {
    "requested": _("return requested"),
    "in_transit": _("on its way"),
    "at_pickup_point": _("at the pickup point"),
    "received": _("taken in"),
    "unexpected": _("taken in as unexpected"),
    "adopted": _("found to belong to an order"),
    "placed": _("line of the order found"),
    "inspected": _("inspected"),
    "second_look": _("looked at again"),
    "wrong_item": _("not the product that was sold"),
    "repacked": _("repacked"),
    "in_repair": _("repair begun"),
    "repaired": _("repaired"),
    "unrecoverable": _("given up"),
    "qc": _("quality control"),
    "qc_passed": _("quality control passed"),
    "qc_failed": _("quality control not passed"),
    "moved": _("moved"),
    "restock_pending": _("going on sale"),
    "on_sale": _("on sale"),
    "resold": _("sold again"),
    "withdrawn": _("taken off sale"),
    "written_off": _("written off"),
    "to_supplier": _("returned to the supplier"),
    "disposed": _("disposed of"),
    "returned_to_buyer": _("returned to the buyer"),
    "missing_from_parcel": _("not in the parcel"),
    "voided": _("taken back"),
    "lost": _("lost"),
    "cancelled": _("cancelled"),
}

QUESTIONS = {
    "unrecoverable": _("Give this piece up? It goes to the zone of what cannot be recovered."),
    "written_off": _("Write this piece off? It leaves the books."),
    "to_supplier": _("Was this piece given to the supplier?"),
    "disposed": _("Was this piece disposed of?"),
    "returned_to_buyer": _("Was this piece returned to the buyer?"),
    "voided": _("Take back the last step of this piece?"),
}

ZONES = {
    "dock": _("Dock"),
    "quarantine": _("Quarantine"),
    "resellable": _("For sale"),
    "repair": _("Repair"),
    "unrecoverable": _("Write-off"),
    "active_stock": _("Active stock"),
}

ROUTES = {
    "main": _("main offer"),
    "resale": _("resale"),
    "repair": _("repair"),
    "off_kaspi": _("outside Kaspi"),
    "supplier": _("supplier"),
    "write_off": _("write-off"),
}

REASONS = {**CAUSES, "no_fault": _("no fault found")}
FINDINGS = {
    code: REASONS[code]
    for code in (
        "no_fault", "defective", "damaged_in_transit", "incomplete", "wrong_item", "not_as_described", "does_not_fit",
        "fraud_suspected",
    )
}  # fmt: skip

QUEUES = {
    "inspect": _("Inspect"),
    "repack": _("Repack"),
    "repair": _("Repair"),
    "qc": _("Check"),
    "stock": _("Hand to stock"),
    "clear": _("Clear up"),
}

OUTCOMES = {
    "booked": _("written down"),
    "repeated": _("written down"),
    "waiting": _("waits for the step before it"),
    "compared": _("compared with the warehouse's own system"),
    "finding": _("noted"),
    "duplicate_scan": _("was taken in before"),
    "rejected": _("refused"),
    "refused": _("refused"),
}

REFUSALS = {
    "no_role": _("You have no role at the desk yet. Ask a supervisor to give you one."),
    "role": _("Your role does not allow it."),
    "same_person": _("Another person checks it: you inspected or repaired this piece."),
    "state": _("A piece in this state does not have this step."),
    "not_allowed": _("Your role does not allow it, or the goods are another merchant's."),
    "unknown_unit": _("No piece bears this label here: say whose goods it is."),
    "not_here": _("The goods of this store do not lie in this warehouse."),
    "contract": _("The entry is not complete. Enter the step again."),
    "from_the_future": _("The device's clock is ahead. Set it and enter the step again."),
    "policy": _("Goods with signs of use may not become a Kaspi offer: choose another route."),
    "not_blind": _("You see what the first inspector found: an inspector takes the second look."),
    "unknown_zone": _("This warehouse has no such zone. Reload the page and choose another one."),
    "too_late_to_void": _("It is too late to take it back, or another person entered it: ask a supervisor."),
    "refused_before": _("It was refused when it first came. Look at the piece again and enter the step anew."),
    "unknown_role": _("There is no such role."),
    "unknown_merchant": _("There is no such shop."),
    "no_name": _("Write the login as it is in Airflow."),
    "no_picture": _("The file is no picture."),
    "too_many": _("The piece has as many photos as are kept."),
    "illegal": _("Meanwhile something else happened to the piece: look at it again."),
    "another_person": _("Another person is logged in by now: it waits for the one who entered it."),
    "another_site": _("The request came from another site and was refused."),
    "broken_message": _("The message could not be read. Reload the page."),
    "too_large": _("The file is too large."),
    "not_found": _("There is no such piece, or it is another merchant's."),
    "no_answer": _("The server said nothing about it. Try again."),
}

ROLES = {
    "viewer": _("looks"),
    "operator": _("takes in and moves"),
    "inspector": _("inspects and checks"),
    "supervisor": _("supervises"),
}

TERMS = {
    "original_price": _("Paid by the buyer"),
    "resale_price": _("Price on sale"),
    "cost_forward_delivery": _("Delivery that was in vain"),
    "cost_collection": _("Collection"),
    "cost_receiving": _("Taking in"),
    "cost_inspection": _("Inspection"),
    "cost_repair": _("Repair"),
    "cost_parts": _("Parts"),
    "cost_packaging": _("Packaging"),
    "cost_storage": _("Storage"),
    "cost_channel_fee": _("Fee of the channel"),
    "cost_write_off": _("Written off"),
    "reverse_cost": _("Cost of the return"),
    "compensation": _("Compensation"),
    "net_recovery": _("Won back"),
}


def desk_labels(words: Words) -> dict[str, dict[str, str]]:
    """Return the labels of the desk in a language, by kind and code."""
    tables: dict[str, Mapping[Any, str]] = {
        "states": STATES, "steps": STEPS, "done": DONE, "questions": QUESTIONS, "zones": ZONES, "routes": ROUTES,
        "reasons": REASONS, "findings": FINDINGS, "queues": QUEUES, "outcomes": OUTCOMES, "refusals": REFUSALS,
        "roles": ROLES, "terms": TERMS, "claims": claim_labels.STATUSES, "tiers": claim_labels.TIERS,
    }  # fmt: skip
    return {kind: {str(code): words._(text) for code, text in table.items()} for kind, table in tables.items()}
