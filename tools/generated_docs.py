"""Write the pages of docs/ that are made from the code: the list of DAGs and the life of a unit.

``python -m tools.generated_docs`` writes them; a test fails where they differ from what the code says.
"""

import ast
import sys
from pathlib import Path

from include.domain.unit_life import ENDS, LIFE, PAYLOAD, STATES, STAYS

ROOT = Path(__file__).resolve().parents[1]
NOTE = "<!-- made by `make docs`; change the code, not this page -->"


def dags_page() -> str:
    """Return docs/dags.md: each DAG file's own page, in the order of the way of the data."""
    order = (
        "kaspi_returns_ingest",
        "warehouse_receipts_reconcile",
        "restock_sync",
        "restock_reconcile_daily",
        "return_causes_weekly",
        "housekeeping",
    )
    parts = [f"# The DAGs\n\n{NOTE}\n"]
    for dag_id in order:
        tree = ast.parse((ROOT / "dags" / f"{dag_id}.py").read_text(encoding="utf-8"))
        page = (ast.get_docstring(tree) or "").strip()
        title, _, text = page.removeprefix("### ").partition("\n")
        parts.append(f"## `{dag_id}`\n\n**{title}**\n\nSchedule: `{_schedule(tree)}`\n{text}\n")
    return "\n".join(parts)


def _schedule(tree: ast.Module) -> str:
    """Return the text of the DAG's schedule as its file has it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "schedule":
            return ast.unparse(node.value)
    return "none"


def unit_life_page() -> str:
    """Return docs/unit-life.md: the law of a unit's life as a table."""
    rows = [
        f"| `{rule.type}` | {', '.join(f'`{source}`' if source else '*birth*' for source in rule.sources)} "
        f"| {f'`{rule.target}`' if rule.target != STAYS else '*as it is*'} "
        f"| {', '.join(f'`{name}`' for name in rule.required) or '–'} "
        f"| {', '.join(f'`{name}`' for name in PAYLOAD.get(rule.type, ()) if name not in rule.required) or '–'} |"
        for rule in LIFE
    ]
    return "\n".join(
        [
            "# The life of a unit",
            "",
            NOTE,
            "",
            "An event is legal only from the states named here. One that comes before its predecessor waits in the",
            "inbox; one that can never become legal goes to the quarantine with the reason. QC is by another person",
            "than whoever inspected, repacked or repaired the unit, and used or repaired goods can only be restocked",
            "off Kaspi.",
            "",
            "| event | from | to | needs | may set |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "| `voided` | any | where the unit was before the event it names | `event_id` | – |",
            "",
            "`voided` takes back the unit's last event that counts; mistakes further back go in reverse order. The",
            "birth of an expected unit is cancelled instead; a unit that a mistaken scan made is `cancelled` by it, as",
            "if it never was. A unit lies in no `zone` once it has left the house.",
            "",
            f"States: {', '.join(f'`{state}`' for state in STATES)}. "
            f"A unit's life ends in {', '.join(f'`{state}`' for state in sorted(ENDS))}; "
            "a lost or cancelled one may still come.",
            "",
        ]
    )


PAGES = {"docs/dags.md": dags_page, "docs/unit-life.md": unit_life_page}


def main() -> int:
    """Write the pages; return 0."""
    for name, make in PAGES.items():
        (ROOT / name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
