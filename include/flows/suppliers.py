"""Suppliers: their shares of defects, and claims to them: composed of what is known, made and withdrawn by people.

A claim says for ever what it said when it was made: both of its files are made from the content that is kept with it.
A piece is in one live claim at most; the table refuses a second.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg

from include.analytics.rates import exact
from include.db.connection import Connection
from include.db.statements import run
from include.domain.days import almaty_day, begin_of
from include.domain.identity import stable_id
from include.domain.suppliers import MOST_PHOTOS, MOST_UNITS, Rate, Verdict, verdict

DEFAULT_DAYS = 180
LONGEST_REASON = 500
FORMAT = 1


class SupplierRefused(ValueError):
    """A claim that cannot be made or withdrawn; ``code`` says why, for the page to put into words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Period:
    """Almaty days, both included: of the inspections, and of the orders behind what was sold."""

    first: dt.date
    last: dt.date

    @classmethod
    def of(cls, first: str | None, last: str | None, now: dt.datetime) -> "Period":
        """Return the days asked for; the last half year where nobody says, and for what is no day."""
        end = _day(last) or almaty_day(now)
        begin = _day(first) or end - dt.timedelta(days=DEFAULT_DAYS - 1)
        return cls(min(begin, end), max(begin, end))

    @property
    def values(self) -> dict[str, Any]:
        """Return the values that the statements bind."""
        return {
            "since": begin_of(self.first),
            "until": begin_of(self.last + dt.timedelta(days=1)),
            "first_day": self.first,
            "last_day": self.last,
        }


def _day(text: str | None) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return day if day and 2000 <= day.year < 2200 else None


@dataclass(frozen=True, slots=True)
class Score:
    """What is known of a supplier's goods at a merchant.

    ``returns`` are shares of the inspected pieces, ``sold`` of the pieces sold in mature weeks; the two ``compared``
    are the same of the pieces under an agreement alone. Money is whole tenge at cost.
    """

    merchant_id: str
    supplier: str
    returns: Rate
    sold: Rate
    compared_returns: Rate
    compared_sold: Rate
    verdict: Verdict
    open_units: int
    open_amount: int
    open_without_cost: int
    claimed: int

    @property
    def agreed(self) -> float | None:
        """Return the rate agreed: the mean over the pieces that are compared."""
        return self.compared_sold.agreed if self.compared_sold.counted else self.compared_returns.agreed


def scores(
    conn: Connection,
    merchants: list[str],
    period: Period,
    category: str | None = None,
    supplier: str | None = None,
    hidden: Collection[UUID] = (),
) -> list[Score]:
    """Return the suppliers of these merchants with their shares in a period, whose name nobody knows last.

    ``hidden`` pieces are not counted, nor by anything else here.
    """
    asked: dict[str, Any] = {
        "merchants": merchants, "supplier": supplier, "category": category, "hidden": list(hidden), **period.values
    }  # fmt: skip
    inspected = _by_supplier(run(conn, "report/supplier_rates", **asked))
    sold = _by_supplier(run(conn, "report/supplier_sold", **asked))
    keys = sorted({*inspected, *sold}, key=lambda key: (key[1] == "unknown", *key))
    return [_score(key, inspected.get(key, {}), sold.get(key, {})) for key in keys]


def _by_supplier(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["merchant_id"], row["supplier"]): row for row in rows}


def _score(key: tuple[str, str], inspected: Mapping[str, Any], sold: Mapping[str, Any]) -> Score:
    compared_returns = _rate(inspected, "faults_under_agreement", "under_agreement", agreed=True)
    compared_sold = _rate(sold, "found_under_agreement", "under_agreement", agreed=True)
    return Score(
        *key,
        returns=_rate(inspected, "faults", "inspected"),
        sold=_rate(sold, "found", "sold"),
        compared_returns=compared_returns,
        compared_sold=compared_sold,
        verdict=verdict(compared_returns, compared_sold),
        **{name: inspected.get(name, 0) for name in ("open_units", "open_amount", "open_without_cost", "claimed")},
    )


def _rate(row: Mapping[str, Any], found: str, counted: str, *, agreed: bool = False) -> Rate:
    share = exact(row.get(found, 0), row.get(counted, 0))
    promised = row.get("agreed") if agreed else None
    return Rate(row.get(found, 0), share.n, share.lo, share.hi, None if promised is None else float(promised))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a supplier's inspected pieces: of a SKU, a batch, a finding or a month (``YYYY-MM``)."""

    key: str
    name: str | None
    rate: Rate


def parts(
    conn: Connection,
    merchant_id: str,
    supplier: str,
    period: Period,
    category: str | None = None,
    hidden: Collection[UUID] = (),
) -> dict[str, list[Part]]:
    """Return a supplier's inspected pieces by ``sku``, ``batch``, ``finding`` and ``month``."""
    found: dict[str, list[Part]] = {name: [] for name in ("sku", "batch", "finding", "month")}
    for row in run(
        conn,
        "report/supplier_parts",
        merchant_id=merchant_id,
        supplier=supplier,
        category=category,
        hidden=list(hidden),
        **period.values,
    ):
        rate = _rate(row, "faults", "inspected", agreed=True)
        found[row["part"]].append(Part(row["key"], row["name"], rate))
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pieces of a supplier are asked for; ``hidden`` ones are not there for who asks."""

    merchant_id: str
    supplier: str
    period: Period
    category: str | None = None
    sku: str | None = None
    batch: str | None = None
    finding: str | None = None
    show: str = "all"
    hidden: Collection[UUID] = ()


def pieces(conn: Connection, wanted: Wanted, shown: int, passed: int = 0) -> list[dict[str, Any]]:
    """Return inspected pieces, the newest first; ``listed`` of each says how many there are."""
    return run(
        conn, "report/supplier_pieces", merchant_id=wanted.merchant_id, supplier=wanted.supplier,
        category=wanted.category, sku=wanted.sku, batch=wanted.batch, finding=wanted.finding, which=wanted.show,
        hidden=list(wanted.hidden), shown=shown, passed=passed, **wanted.period.values,
    ).fetchall()  # fmt: skip


def known(conn: Connection, merchant_id: str, supplier: str) -> bool:
    """Tell whether the merchant's catalogue names the supplier."""
    return run(conn, "core/product__of_supplier", merchant_id=merchant_id, supplier=supplier).fetchone() is not None


def merchant_name(conn: Connection, merchant_id: str) -> str:
    """Return what a merchant is called."""
    row = run(conn, "core/merchant__one", merchant_id=merchant_id).fetchone()
    return str(row["name"]) if row else merchant_id


def month_days(month: str) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of a month (``YYYY-MM``)."""
    first = dt.date.fromisoformat(f"{month}-01")
    return first, (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


# --- a claim to a supplier


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as it is written: ``text`` is its content, ``digest`` the SHA-256 of it. A draft has no ``claim_id``."""

    text: str
    claim_id: UUID | None = None
    actor: str | None = None
    made_at: dt.datetime | None = None

    @property
    def content(self) -> dict[str, Any]:
        """Return what it says."""
        told: dict[str, Any] = json.loads(self.text)
        return told

    @property
    def digest(self) -> str:
        """Return the SHA-256 of its content in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def compose(conn: Connection, wanted: Wanted, score: Score | None = None) -> Claim:
    """Return the claim that could be made of the defects that are in none yet: the same facts give the same text.

    ``score`` is the supplier's of these days and this category, where it is known.
    Raises :class:`SupplierRefused` where there are none, or more than a file takes.
    """
    rows = pieces(conn, replace(wanted, show="open"), MOST_UNITS + 1)
    if not rows:
        raise SupplierRefused("nothing", f"{wanted.supplier} has no defects that could be claimed")
    if len(rows) > MOST_UNITS:
        raise SupplierRefused("too_many", f"a claim file takes {MOST_UNITS} pieces: choose fewer days or one SKU")
    if score is None:
        (score,) = scores(conn, [wanted.merchant_id], wanted.period, wanted.category, wanted.supplier, wanted.hidden)
    content = {
        "format": FORMAT,
        "merchant_id": wanted.merchant_id,
        "merchant": merchant_name(conn, wanted.merchant_id),
        "supplier": wanted.supplier,
        "first_day": wanted.period.first.isoformat(),
        "last_day": wanted.period.last.isoformat(),
        **{name: getattr(wanted, name) for name in ("category", "sku", "batch", "finding")},
        "basis": {
            "agreed": _rounded(score.agreed),
            "verdict": score.verdict,
            "returns": _counts(score.returns),
            "sold": _counts(score.sold),
        },
        "amount": sum(row["unit_cost"] or 0 for row in rows),
        "units": _units(conn, rows),
    }
    return Claim(json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def _counts(rate: Rate) -> dict[str, Any]:
    return {"found": rate.found, "counted": rate.counted, "lo": _rounded(rate.lo), "hi": _rounded(rate.hi)}


def _rounded(share: float | None) -> float | None:
    """Return a share without the digits that differ from one version of the mathematics to the next."""
    return None if share is None else round(share, 6)


OF_A_UNIT = (
    "sku", "product_name", "batch", "category", "unit_label", "return_order_no", "order_code", "stated_reason",
    "finding", "fault", "grade", "state", "packaging_intact", "signs_of_use", "second_finding", "unit_cost",
)  # fmt: skip


def _units(conn: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    photos = defaultdict(list)
    ids = [row["unit_id"] for row in rows]
    for photo in run(conn, "core/supplier_claim__photos", unit_ids=ids, most=MOST_PHOTOS):
        photos[photo["unit_id"]].append(
            {"photo_id": str(photo["photo_id"]), "sha256": photo["sha256"], "taken_at": photo["taken_at"].isoformat(),
             "actor": photo["actor"]}
        )  # fmt: skip
    codes = sorted({code for row in rows for code in row["defects"]})
    names = {(row["category"], row["code"]): row for row in run(conn, "core/defect__names", codes=codes)}
    return [
        {
            "unit_id": str(row["unit_id"]),
            **{name: row[name] for name in OF_A_UNIT},
            **{name: row[name].astimezone(dt.UTC).isoformat() for name in ("received_at", "inspected_at")},
            "defects": [_defect(code, row["category"], names) for code in row["defects"]],
            "photos": photos[row["unit_id"]],
            "photos_kept": row["photos"],
        }
        for row in rows
    ]


def _defect(code: str, category: str, names: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, str]:
    """Return a defect's names by the checklist of its category, else of every one; as it was written, else."""
    known = names.get((category, code)) or names.get(("*", code))
    return {language: known[language] if known else code for language in ("ru", "kk", "en")}


def make(conn: Connection, wanted: Wanted, seen: str, form: UUID, actor: str, now: dt.datetime) -> UUID:
    """Make the claim whose digest a person has ``seen``, and return its id; the same ``form`` again makes none.

    Raises :class:`SupplierRefused` where it would say something else by now, or another claim has one of its pieces.
    """
    claim_id = stable_id("supplier_claim", form)
    try:
        with conn.transaction():
            if not _is_made(conn, claim_id):
                _write(conn, claim_id, wanted, seen, actor, now)
    except (psycopg.errors.UniqueViolation, SupplierRefused) as error:
        if _is_made(conn, claim_id):  # by the same form, at the same time
            return claim_id
        if isinstance(error, SupplierRefused):
            raise
        raise SupplierRefused("changed", "another claim to the supplier has one of the pieces by now") from error
    return claim_id


def _is_made(conn: Connection, claim_id: UUID) -> bool:
    return run(conn, "core/supplier_claim__one", claim_id=claim_id).fetchone() is not None


def _write(conn: Connection, claim_id: UUID, wanted: Wanted, seen: str, actor: str, now: dt.datetime) -> None:
    claim = compose(conn, wanted)
    if claim.digest != seen:
        raise SupplierRefused("changed", "the facts have changed since the claim was shown")
    told = claim.content
    run(
        conn,
        "core/supplier_claim",
        claim_id=claim_id,
        merchant_id=wanted.merchant_id,
        supplier=wanted.supplier,
        unit_ids=[UUID(unit["unit_id"]) for unit in told["units"]],
        costs=[unit["unit_cost"] for unit in told["units"]],
        amount=told["amount"],
        content=claim.text,
        digest=claim.digest,
        actor=actor,
        now=now,
    )
    run(conn, "core/supplier_claimed", claim_id=claim_id)


def withdraw(conn: Connection, claim_id: UUID, reason: str, actor: str, now: dt.datetime) -> None:
    """Take a claim back: its pieces may be claimed again. One that was withdrawn stays as it was.

    Raises :class:`SupplierRefused` without a reason.
    """
    if not reason.strip():
        raise SupplierRefused("no_reason", "a withdrawal needs its reason")
    with conn.transaction():
        run(
            conn, "core/supplier_claim_withdrawn", claim_id=claim_id, reason=reason.strip()[:LONGEST_REASON],
            actor=actor, now=now,
        )  # fmt: skip


def claim_of(row: Mapping[str, Any]) -> Claim:
    """Return a kept claim; its row is one of ``core/supplier_claim__one``."""
    return Claim(row["content"], row["claim_id"], row["actor"], row["made_at"])


def pictures(conn: Connection, claim: Claim) -> dict[str, bytes]:
    """Return the pictures of a claim by the id of the photo, those that are still what they were when it was made."""
    told = {photo["photo_id"]: photo["sha256"] for unit in claim.content["units"] for photo in unit["photos"]}
    rows = run(conn, "core/photo__bodies", photo_ids=[UUID(one) for one in told]).fetchall()
    return {
        str(row["photo_id"]): bytes(row["jpeg"]) for row in rows if told[str(row["photo_id"])] == row["sha256"]
    }  # fmt: skip
