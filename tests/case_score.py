"""How well the case model reads the sandbox's world, under each reading of the ambiguous status.

``pytest tests/db/test_case_score.py`` prints the tables of docs/case-model.md and fails where they differ;
``python -m tests.case_score --write`` runs it and writes them into the page.
"""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from include.db.connection import connect
from include.flows import onboarding
from include.flows.applications import take_in
from include.sandbox.returns import STATED
from tests.flow_driver import ROOT, World, sandbox

READINGS = ("undelivered", "after_sale", "both")
STATUSES, WITH_FILE = "statuses", "statuses + file"
FILE_FIRST = "statuses + file before parcels"
PAGE = ROOT / "docs" / "case-model.md"
WRITE = "QAITARYM_WRITE_SCORE"
BEGIN, END = "<!-- made by `python -m tests.case_score --write` -->", "<!-- end of what is made -->"
CAUSE_OF = {said: cause for cause, words in STATED.items() for said in words}

CASES = """
select
    return_case.merchant_id, placed.code, return_kind, return_case.quantity, units_lo, units_hi, application_number,
    line.sku,
    stated_reason, signal_status is not null as by_status,
    exists (
        select 1 from raw.application
        where
            application.merchant_id = return_case.merchant_id
            and application.application_number = return_case.application_number
    ) as by_file
from core.return_case
inner join core.customer_order as placed using (merchant_id, order_id)
left join core.order_line as line using (merchant_id, entry_id)
where return_case.status <> 'cancelled'
"""
PIECES = """
select home.merchant_id, unit.unit_label, home.application_number
from (select merchant_id, array_agg(distinct order_id) as orders from core.return_case group by merchant_id) as every
cross join core.case_piece(every.merchant_id, every.orders) as piece
inner join core.return_case as home on piece.case_id = home.case_id
inner join ledger.unit on piece.unit_id = unit.unit_id
where unit.unit_label is not null
"""
UNITS = """
select unit.merchant_id, unit.unit_label, placed.code, line.sku
from ledger.unit
left join core.customer_order as placed using (merchant_id, order_id)
left join core.order_line as line using (merchant_id, entry_id)
where unit.unit_label is not null
"""

Key = tuple[str, str]


@dataclass
class Score:
    """What came out of one world, one setting and one set of sources."""

    world: str
    setting: str
    sources: str
    orders: int = 0
    found: int = 0
    doubled: int = 0
    invented: int = 0
    applications: int = 0
    applied_once: int = 0
    asked_right: int = 0
    pieces_applied: int = 0
    pieces_right: int = 0
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[bool] = field(default_factory=Counter)
    certain: tuple[int, int] = (0, 0)
    unquantified: int = 0
    outside: list[tuple[str, int, int, int]] = field(default_factory=list)
    received: int = 0
    matched: int = 0
    strangers: int = 0
    line_open: int = 0
    other_line: list[dict[str, Any]] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)

    @property
    def with_file(self) -> bool:
        """Whether the file of applications was read too."""
        return self.sources != STATUSES

    @property
    def right(self) -> int:
        """Orders whose cases are all of the true kind."""
        return sum(count for (true, said), count in self.kinds.items() if said == true)

    @property
    def unknown(self) -> int:
        """Orders of which some case's kind is left open, and none is wrong."""
        return sum(count for (_, said), count in self.kinds.items() if said == "unknown")

    @property
    def wrong(self) -> int:
        """Orders with a case of another kind than the true one."""
        return sum(self.kinds.values()) - self.right - self.unknown

    @property
    def share_right(self) -> float:
        """The share of orders whose kind is right."""
        return self.right / sum(self.kinds.values())

    def identity_row(self) -> list[object]:
        """Cases and pieces."""
        applied = f"{self.applied_once} of {self.applications}" if self.applications else "–"
        return [
            self.world, self.setting, self.sources, f"{self.found} of {self.orders}", self.doubled + self.invented,
            applied,
            f"{self.asked_right} of {self.applications}" if self.applications else "–",
            f"{self.pieces_right} of {self.pieces_applied}" if self.applications else "–",
            f"{self.certain[0]} of {self.certain[1]}", self.unquantified, len(self.outside),
        ]  # fmt: skip

    def reading_row(self) -> list[object]:
        """Kinds, reasons, matches."""
        heard = sum(self.reasons.values())
        reasons = f"{self.reasons[True]} of {heard}" if heard else "–"
        return [
            self.world, self.setting, self.sources, self.right, self.unknown, self.wrong, reasons,
            f"{self.matched} of {self.received}", self.strangers, self.line_open, len(self.other_line),
            len(self.mismatched),
        ]  # fmt: skip


WHICH = ["the world's reading", "our setting", "sources"]
IDENTITY = [
    *WHICH, "orders with a case", "doubled or invented", "applications with exactly one case",
    "of them with their line and quantity", "received pieces with their application",
    "certain pieces, of true", "unquantified cases", "bounds missed",
]  # fmt: skip
READ = [
    *WHICH, "kind right", "unknown", "wrong", "stated reason right", "received units matched",
    "of them rightly to none", "right order, line left open", "right order, other line", "wrong order",
]  # fmt: skip
MISREAD = [*WHICH, "true kind", "read as", "orders"]


def tables(scores: Iterable[Score]) -> str:
    """Return the three tables of the page."""
    told = list(scores)
    misread = [
        [one.world, one.setting, one.sources, true, said, count]
        for one in told
        for (true, said), count in sorted(one.kinds.items())
        if said != true
    ]
    return "\n\n".join(
        _table(head, rows)
        for head, rows in (
            (IDENTITY, [one.identity_row() for one in told]),
            (READ, [one.reading_row() for one in told]),
            (MISREAD, misread),
        )
    )


def _table(head: list[str], rows: list[list[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def shown() -> str:
    """Return what the page shows between its marks."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def show(text: str) -> None:
    """Write the tables into the page, between its marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def measure(folder: Path, new_warehouse: Callable[[], str]) -> list[Score]:
    """Read a world of each reading with the setting that fits, the world of both with the two others, those with both.

    The world of after-sale returns, which has most applications, is also read with the file before any parcel.
    """
    scores = []
    for reading in READINGS:
        with sandbox(folder / reading, new_warehouse(), "--reading", reading) as world:
            scores += _read(world, reading)
            if reading == "after_sale":
                scores.append(_read_file_first(_again(world, new_warehouse()), reading))
            for wrong in ("undelivered", "after_sale") if reading == "both" else ("both",):
                scores += _read(_again(world, new_warehouse()), wrong)
    return scores


def _again(world: World, dsn: str) -> World:
    """Return the same world, to be read into another warehouse."""
    catalogues = {
        one["id"]: requests.get(world.url + one["catalogue_path"], timeout=30).content.decode("utf-8")
        for one in world.about["merchants"]
    }
    onboarding.load(dsn, world.about, catalogues)
    return World(world.url, dsn, world.about)


def _read(world: World, setting: str) -> Iterable[Score]:
    _use_reading(world, setting)
    world.past()
    world.receipts()
    yield score(world, setting, STATUSES)
    _take_files_in(world)
    world.receipts()
    yield score(world, setting, WITH_FILE)


def _read_file_first(world: World, setting: str) -> Score:
    _use_reading(world, setting)
    world.past()
    _take_files_in(world)
    world.receipts()
    return score(world, setting, FILE_FIRST)


def _use_reading(world: World, reading: str) -> None:
    with connect(world.dsn) as conn:
        conn.execute(
            "update ops.setting set value = to_jsonb(%s::text) where name = 'return_requested_reading'", (reading,)
        )


def _take_files_in(world: World) -> None:
    """Take every merchant's file of applications in, and let an ingest run publish them."""
    for merchant in world.about["merchants"]:
        body = requests.get(f"{world.url}/files/{merchant['id']}/applications.csv", timeout=60).content
        take_in(world.dsn, merchant["id"], "applications.csv", body, "score", world.clock)
    world.ingest()


def score(world: World, setting: str, sources: str) -> Score:
    """Compare cases and units with the truth of the world, as of its clock."""
    truth = world.truth()["world"]
    told = Score(truth["reading"], setting, sources)
    cases: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for row in world.query(CASES):
        cases[row["merchant_id"], row["code"]].append(row)
    _score_cases(told, truth, cases)
    _score_certain(told, truth, cases)
    if told.with_file:
        _score_applications(told, truth, cases)
        _score_pieces(told, world, truth)
    _score_units(told, world, truth)
    return told


def _score_cases(told: Score, truth: dict[str, Any], cases: dict[Key, list[dict[str, Any]]]) -> None:
    true_kind: dict[Key, str] = {}
    pieces: Counter[Key] = Counter()
    known: set[Key] = set()
    filed: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for one in truth["applications"]:
        filed[one["merchant_id"], one["order_code"]].append(one)
    for unit in truth["units"]:
        if unit["order_code"] is None:
            continue
        key = unit["merchant_id"], unit["order_code"]
        true_kind[key] = unit["kind"]
        pieces[key] += 1
        # a piece that no status tells of can be known from its receipt or its application on
        if unit["requested"] or unit["received_at"] or (told.with_file and key in filed):
            known.add(key)
    for key in filed.keys() - true_kind.keys() if told.with_file else ():
        # no status tells of it and nothing has arrived: the truth lists such pieces from their receipt on
        true_kind[key] = "customer_return"
        pieces[key] = sum(one["quantity"] for one in filed[key])
        known.add(key)
    told.orders = len(known)
    told.found = len(known & cases.keys())
    told.invented = len(cases.keys() - true_kind.keys())
    for key in cases.keys() & true_kind.keys():
        found = cases[key]
        # a parcel's label names its application, so that there can be a case for each of them without the file too
        told.doubled += len(found) > max(1, len(filed[key]))
        kinds = {row["return_kind"] for row in found}
        wrong = sorted(kinds - {true_kind[key], "unknown"})
        told.kinds[true_kind[key], wrong[0] if wrong else "unknown" if "unknown" in kinds else true_kind[key]] += 1
        told.unquantified += sum(row["quantity"] is None for row in found)
        low, high = sum(row["units_lo"] for row in found), sum(row["units_hi"] for row in found)
        if not low <= pieces[key] <= high:
            told.outside.append((key[1], low, pieces[key], high))


def _score_certain(told: Score, truth: dict[str, Any], cases: dict[Key, list[dict[str, Any]]]) -> None:
    """Compare the pieces that a status or an application makes certain; what only the dock saw is no request."""
    name = "requested_with_applications" if told.with_file else "requested_certain"
    ours = sum(row["quantity"] or 0 for found in cases.values() for row in found if row["by_status"] or row["by_file"])
    told.certain = ours, sum(facts[name] for facts in truth["merchants"].values())


def _score_applications(told: Score, truth: dict[str, Any], cases: dict[Key, list[dict[str, Any]]]) -> None:
    ours: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for (merchant_id, _), found in cases.items():
        for row in found:
            ours[merchant_id, row["application_number"]].append(row)
    told.applications = len(truth["applications"])
    for one in truth["applications"]:
        found = ours[one["merchant_id"], one["application_number"]]
        told.applied_once += [row["code"] for row in found] == [one["order_code"]]
        told.asked_right += [(row["sku"], row["quantity"]) for row in found] == [(one["sku"], one["quantity"])]
        if one["reason_code"] or one["reason_text"]:
            said = CAUSE_OF.get(one["reason_code"] or one["reason_text"], "unknown")
            told.reasons[[row["stated_reason"] for row in found] == [said]] += 1


def _score_pieces(told: Score, world: World, truth: dict[str, Any]) -> None:
    """Compare, label by label, which application a received piece counts for."""
    ours = {(row["merchant_id"], row["unit_label"]): row["application_number"] for row in world.query(PIECES)}
    for one in truth["applications"]:
        for label in one["unit_labels"]:
            told.pieces_applied += 1
            told.pieces_right += ours.get((one["merchant_id"], label)) == one["application_number"]


def _score_units(told: Score, world: World, truth: dict[str, Any]) -> None:
    """Compare, label by label, to which order and line what was received belongs."""
    ours = {(row["merchant_id"], row["unit_label"]): row for row in world.query(UNITS)}
    for unit in truth["units"]:
        if unit["received_at"] is None:
            continue
        told.received += 1
        row = ours.get((unit["merchant_id"], unit["unit_label"]))
        if row is None:
            continue
        if row["code"] is None and unit["order_code"] is None:
            told.matched += 1
            told.strangers += 1
        elif row["code"] != unit["order_code"]:
            told.mismatched += [unit["unit_label"]] if row["code"] else []
        elif row["sku"] is None:
            told.line_open += 1
        elif row["sku"] == unit["sku"]:
            told.matched += 1
        else:
            told.other_line.append({**unit, "read_as": row["sku"]})


if __name__ == "__main__":
    sys.exit(
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "tests/db/test_case_score.py"],
            cwd=ROOT,
            env={**os.environ, WRITE: "1" if "--write" in sys.argv else ""},
            check=False,
        ).returncode
    )
