"""What is printed at the desk, put together from what is known: a piece's label, the sheet of codes."""

from typing import Any

from include.locale.desk_labels import ROUTES, STEPS, ZONES
from include.locale.labels import label
from include.locale.words import Words
from include.reports.labels import Label

GRADES = ("A", "B", "C", "D")
Section = tuple[str, list[tuple[str, str]]]


def label_of(unit: dict[str, Any], words: Words) -> Label:
    """Return the label of a piece that is here; nothing on it names a buyer."""
    numbers = [text for text in (unit.get("return_order_no"), unit.get("sku")) if text]
    came = [words.moment(unit["received_at"])] if unit.get("received_at") else []
    return Label(
        unit["unit_label"],
        unit.get("product_name") or unit.get("sku") or words._("Unknown goods"),
        label(words, ZONES, unit["zone"]) if unit.get("zone") else "",
        unit.get("grade") or "",
        [" · ".join(numbers), *came],
    )


def command_sections(words: Words) -> list[Section]:
    """Return the codes that press the desk's buttons, in the order of the work."""
    yes, no = words._("Yes"), words._("No")
    questions = {
        "packaging_intact": words._("Is the packaging intact?"),
        "complete": words._("Is everything there?"),
        "documents": words._("Are the documents there?"),
        "signs_of_use": words._("Are there signs of use?"),
    }
    steps = ("inspected", "repacked", "in_repair", "repaired", "qc", "unrecoverable")
    return [
        (words._("Everywhere"), [("ok", words._("The large button")), ("label", words._("Print the label"))]),
        (words._("Step"), [(step, label(words, STEPS, step)) for step in steps]),
        *(
            (text, [(f"{name}=true", f"{text} {yes}"), (f"{name}=false", f"{text} {no}")])
            for name, text in questions.items()
        ),
        (words._("Grade"), [(f"grade={grade}", grade) for grade in GRADES]),
        (words._("Route"), [(f"route={route}", label(words, ROUTES, route)) for route in ROUTES]),
    ]
