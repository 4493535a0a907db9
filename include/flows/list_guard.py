"""A merchant's list is composed, and looked at before it may go out: normal, or a question to a person.

While an abnormal list waits, or was rejected, or the merchant's own one is too old, the list that is served goes on
with what fell lowered: nothing raised, nothing of the merchant's removed, no price changed.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from psycopg.types.json import Jsonb

from include.db.connection import Connection, connect
from include.db.lease import hold
from include.db.statements import run as run_statement
from include.domain.list_guard import Change, Limits, abnormal
from include.domain.pricing import Percent
from include.flows.price_list import (
    Base,
    Offered,
    Placed,
    Served,
    Staged,
    clear,
    keep_placement,
    place_units,
    plan,
    served_now,
    stage_version,
)
from include.flows.run import Run
from include.kaspi.price_list import lowered, read
from include.notify.alerts import clear_alerts, raise_alert

log = logging.getLogger(__name__)
SHOWN = 20  # changes of a kind that are kept with a version
TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Shop:
    """What a merchant's list is composed of besides his own one."""

    units: list[Offered]
    includes_returns: Mapping[str, bool]
    discount: Percent


@dataclass(frozen=True, slots=True)
class Guard:
    """The limits of what is normal. ``jump_percent`` and ``stale_hours`` are the settings of these names."""

    limits: Limits
    jump_percent: Fraction
    stale_hours: int


def stage_list(conn: Connection, run: Run, merchant_id: str, base: Base, shop: Shop) -> int:
    """Stage the list that may go out, if it differs from the one that is served; return how many offers it has."""
    if not clear(conn, run, merchant_id):
        return 0
    _watch(conn, run, merchant_id)
    guard = guard_of(conn)
    served = served_now(conn, run, merchant_id)
    placed = place_units(base.content, shop.units, shop.includes_returns, shop.discount)
    why = _known_doubt(conn, run, merchant_id, base, guard, served)
    staged = None
    if why is None:
        wanted = plan(placed, shop.includes_returns)
        staged = stage_version(conn, run, merchant_id, base, wanted, anew=_disbelieved(conn, run, merchant_id))
        why = _judge(conn, merchant_id, staged, guard, served) if staged else None
    if why is None:
        _normal(conn, run, merchant_id)
    else:
        _tell(conn, run, merchant_id, why)
        placed, staged = _stage_cautiously(conn, run, merchant_id, base, shop, served, why)
        if staged:
            keep_diff(conn, merchant_id, staged, guard)
    keep_placement(conn, run, merchant_id, placed)
    return staged.offers if staged else 0


def guard_of(conn: Connection) -> Guard:
    """Read the limits from the settings."""
    row = run_statement(conn, "channel/list_limits").fetchone()
    if row is None or None in row.values():
        raise KeyError(f"ops.setting lacks a limit of the price list ({row}): a migration was not applied")
    limits = Limits(Fraction(row["removed_share"]), Fraction(row["jumped_share"]))
    return Guard(limits, Fraction(row["jump_percent"]), row["stale_hours"])


def _known_doubt(conn: Connection, run: Run, merchant_id: str, base: Base, guard: Guard, served: Served) -> str | None:
    """Return why nothing may be raised, where that is clear before the list is composed."""
    if served.version is None:
        return None
    if base.checked_at < run.now - dt.timedelta(hours=guard.stale_hours):
        return f"the merchant's own list was last read at {base.checked_at:%Y-%m-%d %H:%M} UTC"
    doubted = _reference(conn, merchant_id)
    if doubted["doubted_base"] == base.version:
        return _of_doubt(doubted)
    return None


def _reference(conn: Connection, merchant_id: str) -> dict[str, Any]:
    row = run_statement(conn, "channel/feed_version__reference", merchant_id=merchant_id).fetchone()
    assert row is not None
    return row


def _of_doubt(reference: dict[str, Any]) -> str:
    said = "waits for a person's word" if reference["doubted_status"] == "pending" else "was rejected"
    return f"version {reference['doubted']} of the list {said}"


def _judge(conn: Connection, merchant_id: str, staged: Staged, guard: Guard, served: Served) -> str | None:
    """Compare the staged version with the last good one; return None where it is normal.

    An abnormal one leaves the way to publishing: it becomes pending, or stays held where a person is asked about
    the same change already, or has rejected it.
    """
    reference = _reference(conn, merchant_id)
    diff, reasons = _compare(conn, merchant_id, staged.version, reference["good"], guard)
    if not reasons:
        if reference["good"] != served.version:
            diff, _ = _compare(conn, merchant_id, staged.version, served.version, guard)
        _keep(conn, merchant_id, staged.version, diff, [], "staged", None)
        return None
    if reference["doubted"] is not None:
        _, still = _compare(conn, merchant_id, staged.version, reference["doubted"], guard)
        if not still or reference["doubted_status"] == "pending":
            why = _of_doubt(reference)
            _keep(conn, merchant_id, staged.version, diff, reasons, "held", why)
            return why
    why = f"version {staged.version} of the list waits for a person's word"
    _keep(conn, merchant_id, staged.version, diff, reasons, "pending", f"abnormal: {', '.join(reasons)}")
    return why


def _compare(
    conn: Connection, merchant_id: str, version: int, against: int | None, guard: Guard
) -> tuple[dict[str, Any] | None, list[str]]:
    """Return how a version differs from another, and what is abnormal about that."""
    row = run_statement(
        conn,
        "channel/feed_version__diff",
        merchant_id=merchant_id,
        version=version,
        against=against,
        jump_percent=guard.jump_percent.numerator / guard.jump_percent.denominator,
        shown=SHOWN,
    ).fetchone()
    if row is None:
        return None, []
    diff = row["diff"]
    change = Change(diff["own_before"], diff["own_removed"], diff["own_kept"], diff["counts"].get("price_jumped", 0))
    return diff, list(abnormal(change, guard.limits))


def _keep(
    conn: Connection, merchant_id: str, version: int, diff: Any, reasons: list[str], status: str, why: str | None
) -> None:
    run_statement(
        conn,
        "channel/feed_version__judged",
        merchant_id=merchant_id,
        version=version,
        diff=None if diff is None else Jsonb(diff),
        abnormal=reasons,
        status=status,
        reason=why,
    )


def keep_diff(conn: Connection, merchant_id: str, staged: Staged, guard: Guard) -> None:
    """Keep with a staged version how it differs from the one that is served."""
    served = run_statement(conn, "channel/feed_version__published", merchant_id=merchant_id).fetchone()
    diff, _ = _compare(conn, merchant_id, staged.version, served["version"] if served else None, guard)
    _keep(conn, merchant_id, staged.version, diff, [], "staged", None)


def _stage_cautiously(
    conn: Connection, run: Run, merchant_id: str, fresh: Base, shop: Shop, served: Served, why: str
) -> tuple[list[Placed], Staged | None]:
    """Stage the list that is served with what fell lowered; units that would raise it wait with the reason."""
    assert served.version is not None
    assert served.base_offers is not None
    assert served.base_version is not None
    body = run_statement(conn, "channel/feed__body", merchant_id=merchant_id, version=served.version).fetchone()
    assert body is not None
    added = added_by(conn, merchant_id, served.version)
    content = lowered(read(bytes(body["body"])), served.base_offers, added, fresh.content)
    base = replace(fresh, version=served.base_version, content=content)
    placed = _no_more_than(added, place_units(content, shop.units, shop.includes_returns, shop.discount), why)
    wanted = plan(placed, shop.includes_returns)
    return placed, stage_version(conn, run, merchant_id, base, wanted, cautious=True)


def added_by(conn: Connection, merchant_id: str, version: int) -> dict[tuple[str, str], int]:
    """Return the pieces of ours in a version by (offer SKU, store)."""
    rows = run_statement(conn, "channel/feed_version__added", merchant_id=merchant_id, version=version)
    return {(row["offer_sku"], row["store_id"]): row["added_quantity"] for row in rows}


def _no_more_than(most: Mapping[tuple[str, str], int], placed: list[Placed], why: str) -> list[Placed]:
    taken: Counter[tuple[str, str]] = Counter()
    kept = []
    for one in placed:
        unit, place = one.unit, (one.unit.offer_sku, one.unit.store_id)
        counts = not one.waiting and unit.channel != "off_kaspi" and unit.quantity > 0
        if counts and taken[place] >= most.get(place, 0):
            kept.append(replace(one, waiting=f"nothing is raised: {why}"))
            continue
        taken[place] += counts
        kept.append(one)
    return kept


# --- what people are told and asked


def alert_key(merchant_id: str) -> str:
    """Return the key of the alert that a merchant's list does not go out as he has it."""
    return f"price_list_held/{merchant_id}"


def _tell(conn: Connection, run: Run, merchant_id: str, why: str) -> None:
    log.warning("%s: the list that is served goes on, nothing is raised: %s", merchant_id, why)
    raise_alert(conn, alert_key(merchant_id), merchant_id, "price_list_held", f"{merchant_id}: {why}", run.now)


def _normal(conn: Connection, run: Run, merchant_id: str) -> None:
    run_statement(conn, "channel/feed_version__forgotten", merchant_id=merchant_id)
    clear_alerts(conn, [alert_key(merchant_id)], run.now)


def _disbelieved(conn: Connection, run: Run, merchant_id: str) -> bool:
    """Tell whether buyers see otherwise what Kaspi has taken: then the list is published, and so taken, anew.

    That goes on, once each time that it was taken and looked at, until what is seen is what was published.
    """
    row = run_statement(conn, "channel/feed_version__disbelieved", merchant_id=merchant_id, now=run.now).fetchone()
    if row is not None:
        log.warning(
            "%s: offer %s was not seen as published at %s; the list is published anew",
            merchant_id, row["offer_sku"], row["observed_at"],
        )  # fmt: skip
    return row is not None


def _watch(conn: Connection, run: Run, merchant_id: str) -> None:
    """Raise an alert while Kaspi does not ask for the list, end it when it does."""
    key = f"price_list_unfetched/{merchant_id}"
    row = run_statement(conn, "channel/feed_version__unfetched", merchant_id=merchant_id, now=run.now).fetchone()
    if row is None:
        clear_alerts(conn, [key], run.now)
        return
    told = f"{merchant_id}: Kaspi has not asked for the list since version {row['version']} of {row['published_at']}"
    raise_alert(conn, key, merchant_id, "price_list_unfetched", told, run.now)


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked about a version; ``hours`` is how long the answer is waited for."""

    merchant: str
    language: str
    version: int
    diff: dict[str, Any]
    abnormal: list[str]
    composed_at: dt.datetime
    hours: float


def to_ask(dsn: str, now: dt.datetime) -> list[tuple[str, int]]:
    """Return the (merchant, version) that somebody has to be asked about, as many as may wait at once."""
    with connect(dsn) as conn:
        rows = run_statement(conn, "channel/feed_version__to_ask", now=now).fetchall()
    return [(row["merchant_id"], row["version"]) for row in rows]


def ask(dsn: str, merchant_id: str, version: int, now: dt.datetime) -> Question | None:
    """Say that a person is asked from ``now`` on; return what, or None where the version does not wait any more."""
    with connect(dsn) as conn:
        key = {"merchant_id": merchant_id, "version": version}
        run_statement(conn, "channel/feed_version__asked", **key, now=now)
        row = run_statement(conn, "channel/feed_version__question", **key).fetchone()
    if row is None:
        raise ValueError(f"{merchant_id} has no version {version} of the price list: name one that is pending")
    if row["status"] != "pending":
        return None
    return Question(
        row["name"], row["locale"], version, row["diff"], row["abnormal"], row["composed_at"], float(row["hours"])
    )


def settle(
    dsn: str, dag_id: str, merchant_id: str, version: int, *, approved: bool, actor: str, now: dt.datetime, owner: str
) -> bool:
    """Keep the word on a pending version; return False where it was settled, or was over, before.

    An approved version is what later lists are compared with; what goes out is composed anew, for units may have
    been sold while it waited.
    """
    with connect(dsn) as conn, hold(conn, f"{dag_id}:{merchant_id}", owner) as lease, lease.transaction():
        row = run_statement(
            conn,
            "channel/feed_version__settle",
            merchant_id=merchant_id,
            version=version,
            status="approved" if approved else "rejected",
            actor=actor,
            now=now,
            reason=f"{'approved' if approved else 'rejected'} by {actor}",
        ).fetchone()
    if row is None:
        log.warning("%s: version %d was settled or over before the answer of %s came", merchant_id, version, actor)
    return row is not None
