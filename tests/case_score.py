"""How well the case model reads the sandbox's world, under each reading of the ambiguous status.

``python -m tests.case_score`` prints the table that docs/case-model.md shows (it starts a PostgreSQL of its own through
pytest: the same figures come out of ``pytest -s tests/db/test_case_score.py``).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import requests

from include.db.connection import connect
from include.flows.applications import take_in
from tests.flow_driver import World

READINGS = ("undelivered", "after_sale", "both")
CASES = """
select
    return_case.merchant_id, placed.code, return_kind, return_case.quantity, units_lo, units_hi, application_number,
    stated_reason
from core.return_case
inner join core.customer_order as placed using (merchant_id, order_id)
where return_case.status <> 'cancelled'
"""
UNITS = """
select unit.merchant_id, unit.unit_label, unit.state, placed.code, unit.case_id, return_case.return_kind
from ledger.unit
left join core.customer_order as placed using (merchant_id, order_id)
left join core.return_case using (case_id)
where unit.unit_label is not null
"""


@dataclass
class Score:
    """What came out of one world and one set of sources."""

    world: str
    setting: str
    sources: str
    orders: int = 0
    found: int = 0
    doubled: int = 0
    invented: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    unquantified: int = 0
    outside: list[tuple[str, int, int, int]] = field(default_factory=list)
    received: int = 0
    matched: int = 0
    mismatched: list[str] = field(default_factory=list)
    strangers: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def row(self) -> str:
        """Return the score as a row of the table."""
        kinds = "/".join(str(self.kinds[name]) for name in ("right", "unknown", "wrong"))
        return (
            f"| {self.world} | {self.setting} | {self.sources} | {self.orders} | {self.found} | "
            f"{self.doubled + self.invented} | {kinds} | {self.unquantified} | {len(self.outside)} | "
            f"{self.matched} of {self.received} | {len(self.mismatched)} |"
        )


HEAD = (
    "| the world's reading | our setting | sources | orders with returns | with a case | doubled or invented | "
    "kind right/unknown/wrong | unquantified | bounds missed | received units matched | matched wrong |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def take_applications_in(world: World) -> None:
    """Take in every merchant's file of applications, and let the next ingest run publish them."""
    for merchant in world.about["merchants"]:
        body = requests.get(f"{world.url}/files/{merchant['id']}/applications.csv", timeout=60).content
        take_in(world.dsn, merchant["id"], "applications.csv", body, "score", world.clock)
    world.ingest()


def use_reading(world: World, reading: str) -> None:
    """Set how the ambiguous status is read from now on."""
    with connect(world.dsn) as conn:
        conn.execute(
            "update ops.setting set value = to_jsonb(%s::text) where name = 'return_requested_reading'", (reading,)
        )


def score(world: World, setting: str, sources: str) -> Score:
    """Compare cases and units with the truth of the world."""
    truth = world.truth()["world"]
    told = Score(world.about["reading"], setting, sources)
    true_kind: dict[tuple[str, str], str] = {}
    pieces: Counter[tuple[str, str]] = Counter()
    known: set[tuple[str, str]] = set()
    applications: Counter[tuple[str, str]] = Counter()
    for one in truth["applications"]:
        applications[one["merchant_id"], one["order_code"]] += 1
    for unit in truth["units"]:
        if unit["order_code"] is None:
            continue
        key = unit["merchant_id"], unit["order_code"]
        true_kind[key] = unit["kind"]
        pieces[key] += 1
        # a piece that no status and no application told of is known from its receipt on
        if unit["requested"] or unit["received_at"] or (sources != "statuses" and key in applications):
            known.add(key)
    for key in applications.keys() - true_kind.keys() if sources != "statuses" else ():
        # no status tells of it and nothing has arrived: the truth lists such pieces from their receipt on
        true_kind[key] = "customer_return"
        pieces[key] = sum(one["quantity"] for one in truth["applications"] if one["order_code"] == key[1])
        known.add(key)
    cases: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in world.query(CASES):
        cases[row["merchant_id"], row["code"]].append(row)
    told.orders = len(known)
    told.found = len(known & cases.keys())
    told.invented = len(cases.keys() - true_kind.keys())
    for key, found in cases.items():
        if key not in true_kind:
            continue
        # the label of a parcel names its application, so that even without the file there can be one case each
        told.doubled += len(found) > max(1, applications[key])
        kinds = {row["return_kind"] for row in found}
        told.kinds["right" if kinds == {true_kind[key]} else "unknown" if "unknown" in kinds else "wrong"] += 1
        told.unquantified += sum(row["quantity"] is None for row in found)
        low, high = sum(row["units_lo"] for row in found), sum(row["units_hi"] for row in found)
        if not low <= pieces[key] <= high:
            told.outside.append((key[1], low, pieces[key], high))
    _score_units(told, world, truth)
    return told


def _score_units(told: Score, world: World, truth: dict[str, Any]) -> None:
    ours = {(row["merchant_id"], row["unit_label"]): row for row in world.query(UNITS)}
    for unit in truth["units"]:
        if unit["received_at"] is None:
            continue
        row = ours.get((unit["merchant_id"], unit["unit_label"]))
        told.received += 1
        if row is None:
            continue
        if row["code"] == unit["order_code"]:
            told.matched += 1
        elif row["code"] is not None:
            told.mismatched.append(unit["unit_label"])
        told.strangers += unit["order_code"] is None
