"""Rules of the house that no linter knows."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEDGER = sorted((ROOT / "sql" / "ledger").glob("*.sql"))


@pytest.mark.parametrize("path", LEDGER, ids=lambda path: path.stem)
def test_the_ledger_reads_nothing_of_the_channel(path: Path) -> None:
    """Data go one way: what the channel knows of a unit comes into the ledger as an event."""
    assert not re.search(r"\b(from|join|into|update)\s+channel\.", path.read_text(encoding="utf-8"))


def test_business_facts_never_take_the_databases_clock() -> None:
    """Facts have the run's clock; only what is operational (leases, when a row changed) has the server's."""
    allowed = {"ops"}
    found = [
        f"{path.parent.name}/{path.name}"
        for path in (ROOT / "sql").glob("*/*.sql")
        if path.parent.name not in {*allowed, "migrations"}
        and re.search(r"\b(now\(\)|current_timestamp|clock_timestamp|current_date)", path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_statement_is_formatted() -> None:
    """SQL is in files, values are bound: no f-string with a statement in the pipeline."""
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "include").rglob("*.py")
        if "sandbox" not in path.parts and re.search(r'execute\(\s*f["\']', path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_relation_of_the_data_contract_is_documented() -> None:
    contract = (ROOT / "docs" / "data-contract.md").read_text(encoding="utf-8")
    names = {
        "unit", "balance_daily", "unquantified", "discrepancy", "cohort_weekly", "cause_weekly", "kpi_weekly", "signal",
        "action_effect", "offer_sync", "claim", "dq_result", "quarantine",
    }  # fmt: skip
    assert {name for name in names if f"`{name}`" not in contract and f"mart.{name}" not in contract} == set()


def test_every_link_of_the_docs_leads_somewhere() -> None:
    """Pages and pictures beside each other, and the headings that a link names."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    lost = []
    for page in pages:
        for link in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", page.read_text(encoding="utf-8")):
            path, _, heading = "".join(link).partition("#")
            if path.startswith(("http:", "https:", "mailto:")):
                continue
            target = page.parent / path if path else page
            if not target.exists() or (heading and heading not in _headings(target)):
                lost.append(f"{page.relative_to(ROOT)}: {''.join(link)}")
    assert lost == []


def _headings(page: Path) -> set[str]:
    """What the headings of a page are called in a link."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
