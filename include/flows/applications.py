"""Applications (заявки) from a file to cases and units: preview, take in, publish.

Taking in writes rows to ``raw`` and nothing else; the merchant's next ingest run judges and publishes them. The rules
are in ``include.domain.applications``, in words in docs/case-model.md.
"""

import datetime as dt
import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from include.clock import Clock
from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import identity
from include.domain.applications import (
    FACTS,
    TWICE,
    Application,
    Case,
    Line,
    Placed,
    Row,
    Told,
    contradictions,
    merge,
    place,
    problem,
    untimely,
)
from include.domain.returns import CANCEL_STATUSES, LOST, RETURN_STATUSES, ReturnKind, case_status
from include.domain.unit_life import Event
from include.flows import ledger
from include.flows.cases import BY_FILE, cancellations, settle_units
from include.flows.quarantine import Reject, put_aside
from include.flows.run import Run
from include.kaspi.applications_file import ALMATY, MOST_BYTES, BadRow, Reading, read

log = logging.getLogger(__name__)

NAMES = ("*.csv", "*.xlsx")
RAW_COLUMNS = (
    "merchant_id", "row_hash", *FACTS, "file_sha256", "line", "actor", "taken_at", "named_at", "confirmed_at",
)  # fmt: skip
CASE_COLUMNS = (
    "case_id", "merchant_id", "order_id", "episode", "application_number", "return_kind", "status", "signal_status",
    "stated_reason_raw", "stated_reason", "quantity", "units_lo", "units_hi", "requested_from", "requested_to",
    "closed_at", "entry_id", "arrived_at",
)  # fmt: skip
APPLICATION_COLUMNS = (
    "merchant_id", "application_number", "order_id", "case_id", "entry_id", "order_code", "master_code", "sku",
    "product_name", "quantity", "reason_code", "reason_text", "stated_reason", "created_at", "tab", "step", "step_at",
    "in_transit_at", "arrived_at", "return_label",
)  # fmt: skip
# What a row of the file comes to, in the order in which an operator wants to see them.
VERDICTS: Mapping[str, tuple[str, str]] = {
    "conflict": ("противоречит тому, что известно", "contradicts what is known"),
    "new_case": ("новый возврат", "a new case"),
    "joins": ("присоединится к открытому возврату заказа", "joins the order's case"),
    "new_step": ("новый шаг", "a new step"),
    "reason_changed": ("изменилась причина", "the reason changed"),
    "waits": ("заказ ещё не загружен, заявка подождёт", "its order is not here yet; it waits"),
    "older": ("есть более новые сведения", "newer facts are known"),
    "unchanged": ("без изменений", "unchanged"),
}
DIFFERENCES: Mapping[str, tuple[str, str]] = {
    "order_code": ("заказ", "order"),
    "quantity": ("количество", "quantity"),
    "created_at": ("дата создания", "creation"),
    "master_code": ("код товара", "master code"),
    "sku": ("артикул", "SKU"),
}


@dataclass(frozen=True, slots=True)
class RowPreview:
    """What a usable row would do: a key of VERDICTS, and in ``detail`` (Russian, English) what exactly."""

    line: int
    application_number: str
    order_code: str
    verdict: str
    details: tuple[str, str] = ("", "")

    @property
    def detail(self) -> str:
        """Return the detail in Russian."""
        return self.details[0]

    def words(self, language: str = "ru") -> str:
        """Return the verdict in words."""
        return VERDICTS[self.verdict][language == "en"]


@dataclass(slots=True)
class Preview:
    """What a file says and would change. ``taken_in`` tells whether this call stored it.

    ``refused`` is the code of why nothing of the file can be read; ``known_since`` the moment the same content was
    taken in before, by ``known_by``. ``unknown`` counts tabs, steps and reasons that nobody has met yet.
    """

    merchant_id: str
    file_name: str
    file_sha256: str
    rows: list[RowPreview] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    refused: str | None = None
    known_since: dt.datetime | None = None
    known_by: str | None = None
    unread_columns: tuple[str, ...] = ()
    personal_columns: tuple[str, ...] = ()
    unknown: Counter[str] = field(default_factory=Counter)
    taken_in: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows have each verdict, and how many lines are bad."""
        found = Counter(row.verdict for row in self.rows)
        told = {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}
        return told | ({"bad": len({one.line for one in self.bad})} if self.bad else {})

    def refusal(self, language: str = "ru") -> str:
        """Return why the whole file cannot be used, in words; empty where it can."""
        return problem(self.refused, language) if self.refused else ""


def preview(dsn: str, merchant_id: str, name: str, body: bytes, now: dt.datetime) -> Preview:
    """Say what taking in the file would do, row by row; nothing is written. Raises ValueError: an unknown merchant."""
    with connect(dsn, application="qaitarym applications") as conn:
        conn.read_only = True
        return _look(conn, merchant_id, name, body, now)[0]


def take_in(dsn: str, merchant_id: str, name: str, body: bytes, actor: str, clock: Clock) -> Preview:
    """Store the file's usable rows and put the others aside; the same content again is a no-op.

    Cases and units follow with the merchant's next ingest run. Raises ValueError: no actor, an unknown merchant.
    """
    if not actor.strip():
        raise ValueError("whoever takes a file in has a name")
    with connect(dsn, application="qaitarym applications") as conn, conn.transaction():
        return _take_in(conn, merchant_id, name, body, actor, clock.now())


def collect_folder(dsn: str, run: Run, merchant_id: str, folder: Path, clock: Clock) -> list[Preview]:
    """Take in the folder's files (CSV, XLSX) that were not read yet, or have changed, in the order of their names.

    One transaction a file: what was stored and how far the folder is read agree. Raises FileNotFoundError.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"the folder of applications {folder} does not exist: see the merchant's connection")
    source = f"{BY_FILE}/{merchant_id}"
    done = []
    with connect(dsn, application="qaitarym applications") as conn:
        with conn.transaction():
            read_before = {row["part"]: row["cursor"] for row in run_statement(conn, "ops/cursor__of", source=source)}
        for path in sorted(path for pattern in NAMES for path in folder.glob(pattern)):
            if path.name.startswith((".", "~$")):
                continue
            with path.open("rb") as stream:
                body = stream.read(MOST_BYTES + 1)
            cursor = hashlib.sha256(body).hexdigest()
            if read_before.get(path.name) == cursor:
                continue
            with conn.transaction():
                done.append(_take_in(conn, merchant_id, path.name, body, f"folder {folder.name}", clock.now()))
                run_statement(conn, "ops/cursor", source=source, part=path.name, cursor=cursor, now=run.now)
    return done


def _take_in(conn: Connection, merchant_id: str, name: str, body: bytes, actor: str, now: dt.datetime) -> Preview:
    seen, reading = _look(conn, merchant_id, name, body, now)
    digest = bytes.fromhex(seen.file_sha256)
    named_at = max((row.latest for _, row in reading.rows), default=None)
    new = run_statement(
        conn,
        "raw/application_file",
        merchant_id=merchant_id,
        sha256=digest,
        file_name=name[:200],
        actor=actor.strip()[:200],
        now=now,
        named_at=named_at,
        rows=len(reading.rows),
        bad_rows=len({one.line for one in seen.bad}),
        refused=seen.refused,
    ).fetchone()
    if new is None:
        return seen
    run_statement(conn, "raw/application__stage")
    copy_rows(
        conn,
        "stage_application",
        RAW_COLUMNS,
        (
            (
                merchant_id, row.content_hash(), *(getattr(row, fact) for fact in FACTS), digest, line,
                actor.strip()[:200], now, named_at, now,
            )
            for line, row in reading.rows
        ),
    )  # fmt: skip
    run_statement(conn, "raw/application")
    rejects = list(_rejects(seen))
    put_aside(conn, rejects, now)
    run_statement(
        conn,
        "ops/quarantine__read_at_last",
        merchant_id=merchant_id,
        source=BY_FILE,
        file_sha256=seen.file_sha256,
        still=[one.record_key for one in rejects],
    )
    seen.taken_in = True
    return seen


def _rejects(seen: Preview) -> Iterable[Reject]:
    """Return what of a file is put aside: of a bad row its place and reason, never what stands in its cells."""
    if seen.refused:
        key = f"{seen.file_sha256}#0"
        yield Reject(seen.merchant_id, BY_FILE, key, seen.refusal("en"), {"code": seen.refused}, seen.file_name[:200])
    for one in seen.bad:
        kept = {"line": one.line, "column": one.column, "code": one.code, "application": one.application_number}
        where = f"{one.column}: " if one.column else ""
        yield Reject(
            seen.merchant_id,
            BY_FILE,
            f"{seen.file_sha256}#{one.line}",
            where + one.text("en"),
            kept,
            f"{seen.file_name[:200]}, line {one.line}",
        )


# --- looking at a file


def _look(conn: Connection, merchant_id: str, name: str, body: bytes, now: dt.datetime) -> tuple[Preview, Reading]:
    """Read the file and compare it with what is known; rows whose time cannot be are among the bad ones then."""
    if run_statement(conn, "core/merchant__one", merchant_id=merchant_id).fetchone() is None:
        raise ValueError(f"merchant {merchant_id} is not in core.merchant")
    reading = read(body)
    usable = []
    for line, row in reading.rows:
        wrong = untimely(row, now)
        if wrong:
            reading.put_bad(BadRow(line, *wrong, row.application_number))
        else:
            usable.append((line, row))
    reading.rows = usable
    digest = hashlib.sha256(body)
    known = run_statement(
        conn, "raw/application_file__known", merchant_id=merchant_id, sha256=digest.digest()
    ).fetchone()
    seen = Preview(
        merchant_id,
        name,
        digest.hexdigest(),
        _verdicts(conn, merchant_id, usable, now),
        sorted(reading.bad, key=lambda one: (one.line, one.column)),
        reading.refused,
        known["taken_at"] if known else None,
        known["actor"] if known else None,
        reading.unread_columns,
        reading.personal_columns,
        reading.unknown,
    )
    return seen, reading


def _verdicts(
    conn: Connection, merchant_id: str, rows: Sequence[tuple[int, Row]], now: dt.datetime
) -> list[RowPreview]:
    """Say of each row what it would do, by the very rules that publishing follows."""
    if not rows:
        return []
    named_at = max(row.latest for _, row in rows)
    known = _told(conn, merchant_id, sorted({row.application_number for _, row in rows}))
    hashes = {number: {one.row_hash for one in told} for number, told in known.items()}
    every: dict[str, list[Told]] = defaultdict(list)
    for number, told in known.items():
        every[number] = list(told)
    for _, row in rows:
        every[row.application_number].append(Told(row, named_at, now, row.content_hash()))
    facts = _facts(conn, merchant_id, [merge(told) for told in every.values()])
    placed = {one.application.application_number: one for one in _placed(facts)}
    seen_steps: dict[str, set[tuple[str | None, str | None]]] = {
        number: {(one.row.tab, one.row.step) for one in told} for number, told in known.items()
    }
    found = []
    for line, row in rows:
        number = row.application_number
        steps = seen_steps.setdefault(number, set())
        early = _before_its_order(row, facts.orders.get(row.order_code))
        verdict, details = early or _verdict(
            Told(row, named_at, now, row.content_hash()),
            placed.get(number),
            known.get(number, []),
            hashes.get(number, set()),
            steps,
            contradictions(every[number]),
        )
        steps.add((row.tab, row.step))
        hashes.setdefault(number, set()).add(row.content_hash())
        found.append(RowPreview(line, number, row.order_code, verdict, details))
    return found


def _verdict(
    one: Told,
    placed: Placed | None,
    known: Sequence[Told],
    hashes: set[bytes],
    steps: set[tuple[str | None, str | None]],
    twofold: Mapping[str, list[str]],
) -> tuple[str, tuple[str, str]]:
    """Return the verdict of one row and its details; ``steps`` are those of its application told before it."""
    row = one.row
    if one.row_hash in hashes:
        return ("waits" if placed is None else "unchanged"), ("", "")
    if twofold:
        return "conflict", _differing(twofold, placed.application if placed else None)
    if placed is None:
        return "waits", ("", "")
    if placed.too_many:
        return "conflict", (
            f"количество {row.quantity}, в строке заказа продано {placed.units}",
            f"quantity {row.quantity}, the order line sold {placed.units}",
        )
    if not steps and not known:
        return ("joins" if placed.case else "new_case"), _missing_line(placed)
    reason = next((one.row for one in sorted(known, key=Told.word, reverse=True)), None)
    told = placed.application
    if (
        reason is not None
        and (row.reason_code, row.reason_text) not in ((None, None), (reason.reason_code, reason.reason_text))
        and (row.reason_code, row.reason_text) == (told.reason_code, told.reason_text)
    ):
        was, becomes = reason.reason_code or reason.reason_text or "–", told.stated_reason_raw or "–"
        return "reason_changed", (f"{was} → {becomes}",) * 2
    if known and merge([*known, one]) == merge(known):
        return "older", ("", "")
    if (row.tab, row.step) not in steps:
        return "new_step", (f"{row.tab or '–'} {row.step or ''}".strip(),) * 2
    return "unchanged", ("", "")


def _before_its_order(row: Row, order: Mapping[str, Any] | None) -> tuple[str, tuple[str, str]] | None:
    """Return the verdict of a row that the gate will put aside: made before what it sends back was ordered."""
    if order is None or row.created_at >= order["created_at"] - TWICE:
        return None
    moments = row.created_at, order["created_at"]
    made, ordered = (moment.astimezone(ALMATY).strftime("%d.%m.%Y %H:%M") for moment in moments)
    return "conflict", (f"заявка создана {made}, заказ {ordered}", f"application made {made}, its order {ordered}")


def _differing(twofold: Mapping[str, list[str]], told: Application | None) -> tuple[str, str]:
    """Say what contradicts, and which of it will hold; two orders of one number are for the gate to refuse."""

    def sentence(place: int, holds: str) -> str:
        said = []
        for name, values in sorted(twofold.items()):
            said.append(f"{DIFFERENCES[name][place]}: {' / '.join(values)}")
            if told and name != "order_code":
                value = getattr(told, name)
                said[-1] += f" → {holds} {value.isoformat() if isinstance(value, dt.datetime) else value}"
        return "; ".join(said)

    return sentence(0, "останется"), sentence(1, "stays")


def _missing_line(placed: Placed) -> tuple[str, str]:
    if placed.entry_id:
        return "", ""
    return "строка заказа пока не определена", "the order line is not known yet"


# --- publishing


@dataclass(frozen=True, slots=True)
class _Facts:
    """Applications of orders that are here, by order, with what is known of these orders."""

    merchant_id: str
    applications: dict[str, list[Application]]
    orders: dict[str, dict[str, Any]]  # by their code
    lines: dict[str, list[Line]]
    cases: dict[str, list[Case]]
    rows_of_cases: dict[UUID, dict[str, Any]]


def publish_applications(conn: Connection, run: Run, merchant_id: str) -> dict[str, int]:
    """Publish what applications say, in the caller's transaction: cases, certain pieces, their way home.

    To be called after the batch's orders and statuses are published and ``cases.lock`` has locked what it may touch. An
    application whose order is not here waits.
    Returns counts of applications and their cases, and of units born, moved on by a step, taken back, and of
    applications whose order line nobody can tell (``without_line``).
    """
    due = run_statement(conn, "core/application__due", **run.key, merchant_id=merchant_id).fetchall()
    counts = {"applications": 0, "cases": 0, "units": 0, "steps": 0, "taken_back": 0, "without_line": 0}
    if not due:
        return counts
    told = _told(conn, merchant_id, sorted({row["application_number"] for row in due}))
    facts = _facts(conn, merchant_id, [merge(rows) for rows in told.values()], locked=True)
    placed = _placed(facts)
    case_ids = [_case_id(facts, one) for one in placed]
    counts["cases"] = _store_cases(conn, merchant_id, facts, placed)
    counts["applications"] = _store_applications(conn, merchant_id, facts, placed)
    order_ids = sorted(facts.applications)
    counts["units"] = settle_units(conn, run, merchant_id, order_ids)
    surplus = run_statement(conn, "core/return_case__surplus", merchant_id=merchant_id, order_ids=order_ids).fetchall()
    counts["taken_back"] = len(ledger.append(conn, cancellations(run, merchant_id, surplus, BY_FILE), run.now).accepted)
    counts["steps"] = _steps(conn, run, merchant_id, order_ids)
    run_statement(conn, "core/return_case__counted", merchant_id=merchant_id, case_ids=case_ids)
    counts["without_line"] = sum(one.entry_id is None for one in placed)
    for one in placed:
        if one.entry_id is None:
            log.warning(
                "%s: nothing tells which line of order %s application %s is about; its pieces are not certain",
                merchant_id,
                one.application.order_code,
                one.application.application_number,
            )
    _mark_published(conn, run, merchant_id, told, {one.application.application_number for one in placed})
    return counts


def _mark_published(
    conn: Connection, run: Run, merchant_id: str, told: Mapping[str, Sequence[Told]], numbers: set[str]
) -> None:
    done = [(number, one) for number in sorted(numbers) for one in told[number]]
    run_statement(
        conn,
        "raw/application__published",
        merchant_id=merchant_id,
        numbers=[number for number, _ in done],
        row_hashes=[one.row_hash for _, one in done],
        confirmed=[one.confirmed_at for _, one in done],
        now=run.now,
    )
    run_statement(conn, "ops/quarantine__resolved_applications", **run.key, merchant_id=merchant_id, now=run.now)


def _told(conn: Connection, merchant_id: str, numbers: list[str]) -> dict[str, list[Told]]:
    """Return all rows of these applications, by number."""
    found: dict[str, list[Told]] = defaultdict(list)
    for row in run_statement(conn, "raw/application__told", merchant_id=merchant_id, numbers=numbers):
        written = Row(**{fact: row[fact] for fact in FACTS})
        found[row["application_number"]].append(
            Told(written, row["named_at"], row["confirmed_at"], bytes(row["row_hash"]))
        )
    return found


def _facts(conn: Connection, merchant_id: str, applications: Sequence[Application], *, locked: bool = False) -> _Facts:
    """Ask for everything at once; no statement per application. ``locked`` holds it to the orders that are locked."""
    codes = sorted({one.order_code for one in applications})
    orders = {
        row["code"]: row
        for row in run_statement(
            conn, "core/customer_order__of_scans", merchant_id=merchant_id, codes=codes, waybills=[]
        )
    }
    within = {row["order_id"] for row in orders.values()}
    if locked:
        within = {row["order_id"] for row in run_statement(conn, "core/locked_order__of", order_ids=sorted(within))}
    by_order: dict[str, list[Application]] = defaultdict(list)
    taken = {
        row["application_number"]: row["order_id"]
        for row in run_statement(
            conn,
            "core/return_case__of_applications",
            merchant_id=merchant_id,
            numbers=[one.application_number for one in applications],
        )
    }
    for one in applications:
        order_id = orders[one.order_code]["order_id"] if one.order_code in orders else None
        # a number that another order has already is the gate's affair: it never moves
        if order_id and taken.get(one.application_number, order_id) == order_id and order_id in within:
            by_order[order_id].append(one)
    order_ids = sorted(by_order)
    lines: dict[str, list[Line]] = defaultdict(list)
    cases: dict[str, list[Case]] = defaultdict(list)
    rows_of_cases = {}
    for row in run_statement(conn, "core/application__lines", merchant_id=merchant_id, order_ids=order_ids):
        lines[row["order_id"]].append(
            Line(row["entry_id"], row["sku"], row["quantity"], frozenset(row["masters"]), row["live"])
        )
    for row in run_statement(conn, "core/application__cases", merchant_id=merchant_id, order_ids=order_ids):
        rows_of_cases[row["case_id"]] = row
        cases[row["order_id"]].append(
            Case(
                row["case_id"],
                row["episode"],
                row["application_number"],
                row["entry_id"],
                row["quantity"],
                row["status"],
                row["closed_at"],
                Counter(row["lines"]),
            )
        )
    return _Facts(
        merchant_id,
        dict(by_order),
        orders,
        dict(lines),
        dict(cases),
        rows_of_cases,
    )


def _placed(facts: _Facts) -> list[Placed]:
    """Give every application its line and its case, order by order."""
    return [
        one
        for order_id in sorted(facts.applications)
        for one in place(facts.applications[order_id], facts.lines.get(order_id, []), facts.cases.get(order_id, []))
    ]


def _order_of(facts: _Facts, one: Placed) -> str:
    return str(facts.orders[one.application.order_code]["order_id"])


def _case_id(facts: _Facts, one: Placed) -> UUID:
    if one.case:
        return one.case.case_id
    return identity.case_id(facts.merchant_id, _order_of(facts, one), one.episode)


def _store_cases(conn: Connection, merchant_id: str, facts: _Facts, placed: Sequence[Placed]) -> int:
    run_statement(conn, "core/stage_return_case")
    copy_rows(conn, "stage_return_case", CASE_COLUMNS, (_case_row(merchant_id, facts, one) for one in placed))
    return run_statement(conn, "core/return_case__applied").rowcount


def _case_row(merchant_id: str, facts: _Facts, one: Placed) -> tuple[Any, ...]:
    """Return the case as its application makes it; what the warehouse did to it stays."""
    told = one.application
    order_id = _order_of(facts, one)
    case_id = _case_id(facts, one)
    known = facts.rows_of_cases.get(case_id, {})
    signal = _signal(facts.orders[told.order_code]) or known.get("signal_status")
    first_receipt = known.get("first_receipt")
    begun = min(told.created_at, first_receipt or told.created_at)
    closed_at = known.get("closed_at")
    if one.quantity is not None and one.quantity != known.get("quantity") and known.get("units", 0) < one.quantity:
        closed_at = None
    status = case_status(told.tab, told.step, signal, application=True, received=first_receipt is not None)
    if known.get("status") == LOST:
        if one.quantity is None and max(told.created_at, told.step_at or told.created_at) <= known["closed_at"]:
            status = LOST  # it says nothing that was not known when the case was given up
        else:
            closed_at = None
    return (
        case_id, merchant_id, order_id, one.episode, told.application_number, ReturnKind.CUSTOMER_RETURN.value, status,
        signal, told.stated_reason_raw, told.stated_reason, one.quantity, one.units, one.units, begun, begun, closed_at,
        one.entry_id, told.arrived_at,
    )  # fmt: skip


def _signal(order: Mapping[str, Any]) -> str | None:
    """Return the order's status where it says that goods come back."""
    status = str(order["status"])
    if status in RETURN_STATUSES or (status in CANCEL_STATUSES and order["handed_over_at"] is not None):
        return status
    return None


def _store_applications(conn: Connection, merchant_id: str, facts: _Facts, placed: Sequence[Placed]) -> int:
    run_statement(conn, "core/application__stage")
    copy_rows(
        conn,
        "stage_core_application",
        APPLICATION_COLUMNS,
        (
            (
                merchant_id, told.application_number, _order_of(facts, one), _case_id(facts, one),
                one.entry_id, told.order_code, told.master_code, told.sku, told.product_name, told.quantity,
                told.reason_code, told.reason_text, told.stated_reason, told.created_at, told.tab, told.step,
                told.step_at, told.in_transit_at, told.arrived_at, told.return_label,
            )
            for one in placed
            for told in (one.application,)
        ),
    )  # fmt: skip
    return run_statement(conn, "core/application").rowcount


def _steps(conn: Connection, run: Run, merchant_id: str, order_ids: list[str]) -> int:
    """Move units on by the steps that Kaspi reports of their way; those that have arrived here are past them."""
    rows = run_statement(conn, "core/application__steps_due", merchant_id=merchant_id, order_ids=order_ids).fetchall()
    events = []
    for row in rows:
        made = [("in_transit", row["in_transit_at"])] if row["state"] == "requested" else []
        for type_, moment in (*made, ("at_pickup_point", row["arrived_at"])):
            if moment is not None:
                event_id = identity.event_id(type_, row["unit_id"])
                events.append(Event(event_id, row["unit_id"], merchant_id, type_, moment, "kaspi", BY_FILE, {}))
    return len(ledger.append(conn, events, run.now).accepted)
