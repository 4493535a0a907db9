"""docs/data-contract.md names every relation and column of the contract, and none that is not there."""

import re
from pathlib import Path

from include.db.connection import Connection

PAGE = (Path(__file__).parents[2] / "docs" / "data-contract.md").read_text(encoding="utf-8")
COLUMNS = """
select
    table_name,
    column_name
from information_schema.columns
where table_schema = 'mart' and table_name !~ '^(stage|batch)_'
"""


def test_every_relation_and_column_is_described(warehouse: Connection) -> None:
    words = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`([^`]+)`", PAGE))))
    found = warehouse.execute(COLUMNS).fetchall()
    assert len(found) > 100
    missing = {
        f"{row['table_name']}.{row['column_name']}"
        for row in found
        if row["table_name"] not in words or row["column_name"] not in words
    }
    assert missing == set()


def test_no_relation_is_described_that_is_not_there(warehouse: Connection) -> None:
    table = PAGE.split("| Relation |")[1].split("\n\n")[0]
    described = {name for line in table.splitlines()[2:] for name in re.findall(r"`([a-z_]+)`", line.split("|")[1])}
    assert described == {row["table_name"] for row in warehouse.execute(COLUMNS).fetchall()}
