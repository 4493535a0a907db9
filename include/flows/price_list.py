"""A merchant's list in the warehouse: his own as read, ours as composed, and why a unit is not in it."""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain.pricing import Percent, resale_price
from include.flows.run import Run
from include.kaspi.price_list import Addition, PriceList, PriceListError, ResaleOffer, compose, read, validate
from include.kaspi.price_list.overlay import obstacle, unreadable

BASE_OFFER_COLUMNS = (
    "merchant_id", "base_version", "position", "sku", "store_id", "model", "price", "stock_count", "available",
)  # fmt: skip
FEED_OFFER_COLUMNS = (
    "merchant_id", "version", "offer_sku", "store_id", "position", "ours", "quantity", "base_quantity",
    "added_quantity", "price", "available",
)  # fmt: skip
CARRIED_COLUMNS = (
    "dag_id", "run_id", "merchant_id", "unit_id", "decision_seq", "channel", "store_id", "offer_sku", "sku",
    "price", "main_price",
)  # fmt: skip
FINDINGS_KEPT = 50


class NoBaseList(RuntimeError):
    """A merchant's own list was never read: there is nothing to lay returned goods over."""


@dataclass(frozen=True, slots=True)
class Base:
    """A merchant's own list and the version it is kept under."""

    version: int
    content: PriceList
    checked_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Served:
    """The list that is served now; ``highest`` is the highest version ever given, ``another`` whether a run beside
    this one has staged a version that is not out yet. Without any list the rest is None.
    """

    highest: int | None
    another: bool
    version: int | None
    sha256: bytes | None
    carried_sha256: bytes | None
    base_version: int | None
    base_offers: int | None
    cautious: bool | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A unit behind an offer: a row of ``channel/addition__offered``."""

    unit_id: UUID
    decision_seq: int
    channel: str
    store_id: str
    offer_sku: str
    sku: str
    quantity: int
    price: int | None
    reserved: bool
    waiting_reason: str | None
    sku_state: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a unit stands in the list: its price there, or the reason why it waits."""

    unit: Offered
    price: int | None
    main_price: int | None
    waiting: str | None


def read_base(body: bytes) -> PriceList:
    """Read a merchant's own list; raises PriceListError for what is no list, and for an empty one."""
    content = read(body)
    if not content.offers:
        raise PriceListError("the price list is empty; publishing it takes everything off sale")
    return content


def keep_base(conn: Connection, merchant_id: str, fresh: tuple[bytes, PriceList] | None, now: dt.datetime) -> Base:
    """Store the merchant's list as read at ``now`` and return the newest one known.

    ``fresh`` is None where it could not be read; the newest one kept is then used, and the gate judges its
    age. Content that is known already, whatever date it bears, is only marked as checked. Raises NoBaseList.
    """
    row = run_statement(conn, "channel/base_list__latest", merchant_id=merchant_id).fetchone()
    if fresh is None:
        if row is None:
            raise NoBaseList(f"{merchant_id}: its own price list was never read; check its base_list connection")
        return Base(row["base_version"], read(row["body"]), row["last_checked_at"])
    body, content = fresh
    if row is not None and row["sha256"] == content.sha256:
        run_statement(
            conn, "channel/base_list__checked", merchant_id=merchant_id, base_version=row["base_version"], now=now
        )
        return Base(row["base_version"], content, max(now, row["last_checked_at"]))
    version = row["base_version"] + 1 if row else 1
    run_statement(
        conn,
        "channel/base_list",
        merchant_id=merchant_id,
        base_version=version,
        now=now,
        sha256=content.sha256,
        body=body,
    )
    copy_rows(conn, "channel.base_offer", BASE_OFFER_COLUMNS, _base_rows(merchant_id, version, content))
    return Base(version, content, now)


def _base_rows(merchant_id: str, version: int, content: PriceList) -> Iterator[tuple[Any, ...]]:
    for offer in content.offers:
        seen: set[str] = set()
        for place in offer.availabilities:
            if place.store_id not in seen:
                seen.add(place.store_id)
                yield (
                    merchant_id, version, offer.position, offer.sku, place.store_id, offer.model, offer.price,
                    place.stock_count, place.available,
                )  # fmt: skip
        if not seen:
            yield (merchant_id, version, offer.position, offer.sku, "", offer.model, offer.price, None, False)


def offered(conn: Connection, merchant_id: str) -> list[Offered]:
    """Return every unit that stands behind an offer and is not handed over."""
    return [Offered(**row) for row in run_statement(conn, "channel/addition__offered", merchant_id=merchant_id)]


def place_units(
    base: PriceList, units: list[Offered], includes_returns: Mapping[str, bool], discount: Percent
) -> list[Placed]:
    """Say of each unit that no order has taken whether it can be in the list, at which price, or why it waits."""
    free = [unit for unit in units if not unit.reserved]
    return [_place(base, unit, includes_returns.get(unit.store_id, False), discount) for unit in free]


def _place(base: PriceList, unit: Offered, includes_returns: bool, discount: Percent) -> Placed:
    main = base.by_sku.get(unit.sku)
    main_price = main.price if main else None
    if unit.channel == "off_kaspi":
        price = resale_price(main_price, discount) if main_price else unit.price
        return Placed(unit, price, main_price, None if price else "no price is known for it")
    if includes_returns:
        # The merchant's own list counts this unit already; it is published as it is.
        offer = base.by_sku.get(unit.offer_sku)
        return Placed(unit, offer.price if offer else None, main_price, obstacle(base, unit.offer_sku, unit.store_id))
    if unit.channel == "main":
        return Placed(unit, main_price, main_price, obstacle(base, unit.sku, unit.store_id))
    price = resale_price(main_price, discount) if main_price else None
    return Placed(unit, price, main_price, _resale_obstacle(base, unit, price))


def _resale_obstacle(base: PriceList, unit: Offered, price: int | None) -> str | None:
    if unit.sku_state != "linked":
        return f"the resale SKU is {unit.sku_state}: it needs a card on Kaspi"
    if unit.offer_sku in base.skus:
        return "the merchant's own list already has the resale SKU"
    if reason := unreadable(base, unit.sku):
        return reason
    return None if price else "the main offer's price leaves no whole tenge 5 to 10 % below it"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is laid over the base list."""

    additions: tuple[Addition, ...]
    resale: tuple[ResaleOffer, ...]
    carried_sha256: bytes


def plan(placed: list[Placed], includes_returns: Mapping[str, bool]) -> Plan:
    """Sum the placed units by offer and store; remember which they are."""
    main: dict[tuple[str, str], int] = defaultdict(int)
    resale: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    models: dict[str, tuple[str, int]] = {}
    for one in placed:
        unit = one.unit
        if one.waiting or unit.channel == "off_kaspi" or includes_returns.get(unit.store_id, False):
            continue
        if unit.channel == "main":
            main[unit.sku, unit.store_id] += 1
        elif one.price is not None:
            resale[unit.offer_sku][unit.store_id] += 1
            models[unit.offer_sku] = (unit.sku, one.price)
    return Plan(
        tuple(Addition(sku, store_id, quantity) for (sku, store_id), quantity in sorted(main.items())),
        tuple(
            ResaleOffer(offer_sku, models[offer_sku][0], tuple(sorted(places.items())), models[offer_sku][1])
            for offer_sku, places in sorted(resale.items())
        ),
        _carried(placed),
    )


def _carried(placed: list[Placed]) -> bytes:
    """Return the hash of the units that the list carries."""
    keys = sorted(
        f"{one.unit.unit_id}/{one.unit.decision_seq}"
        for one in placed
        if not one.waiting and one.unit.channel != "off_kaspi"
    )
    return hashlib.sha256("\n".join(keys).encode()).digest()


def keep_placement(conn: Connection, run: Run, merchant_id: str, placed: list[Placed]) -> None:
    """Store why units wait, and stage which units the list of this run carries."""
    run_statement(
        conn,
        "channel/addition__waiting",
        unit_ids=[one.unit.unit_id for one in placed],
        seqs=[one.unit.decision_seq for one in placed],
        reasons=[one.waiting for one in placed],
    )
    copy_rows(
        conn,
        "channel.stage_addition",
        CARRIED_COLUMNS,
        (
            (
                run.dag_id, run.run_id, merchant_id, one.unit.unit_id, one.unit.decision_seq, one.unit.channel,
                one.unit.store_id, one.unit.offer_sku, one.unit.sku, one.price, one.main_price,
            )
            for one in placed
            if not one.waiting
        ),
    )  # fmt: skip


def clear(conn: Connection, run: Run, merchant_id: str) -> bool:
    """Remove what an earlier try of this run staged; return False where its list is out already.

    A run that is cleared in Airflow does not publish a second list.
    """
    return run_statement(conn, "channel/feed_version__clear", **run.key, merchant_id=merchant_id).fetchone() is None


def remove_staged(conn: Connection, run: Run, merchant_id: str) -> None:
    """Remove the version that this run has staged; its units stay staged."""
    run_statement(conn, "channel/feed_version__remove_staged", **run.key, merchant_id=merchant_id)


def served_now(conn: Connection, run: Run, merchant_id: str) -> Served:
    """Return the list that is served now."""
    row = run_statement(conn, "channel/feed_version__last", **run.key, merchant_id=merchant_id).fetchone()
    assert row is not None
    return Served(**row)


@dataclass(frozen=True, slots=True)
class Staged:
    """A composed list that waits for the gate."""

    version: int
    offers: int


def stage_version(
    conn: Connection,
    run: Run,
    merchant_id: str,
    base: Base,
    wanted: Plan,
    *,
    anew: bool = False,
    cautious: bool = False,
) -> Staged | None:
    """Compose the list and stage it as a new version; return None where it equals the one that is served.

    The same content with other units behind it is a new version: Kaspi has lowered its count by what it sold
    from the old one, and takes the count anew only from a list that changed. So is the same content ``anew``, and
    where another run has staged something that may be out before this one.
    The rows that the gate judges are read back from the composed bytes, not taken from the plan.
    """
    served = served_now(conn, run, merchant_id)
    body = compose(base.content, wanted.additions, wanted.resale, run.now)
    composed = read(body, like=base.content)
    same = (composed.sha256, wanted.carried_sha256) == (served.sha256, served.carried_sha256)
    if same and not anew and not served.another:
        return None
    version = (served.highest or 0) + 1
    _insert_version(conn, run, merchant_id, version, base, body, composed, wanted, cautious=cautious)
    copy_rows(conn, "channel.feed_offer", FEED_OFFER_COLUMNS, _feed_rows(merchant_id, version, base.content, composed))
    return Staged(version, len(composed.offers))


def _insert_version(
    conn: Connection, run: Run, merchant_id: str, version: int, base: Base, body: bytes, composed: PriceList,
    wanted: Plan, *, cautious: bool,
) -> None:  # fmt: skip
    findings = validate(composed, len(base.content.offers))
    errors = [one for one in findings if one.severity == "error"]
    warnings = [one for one in findings if one.severity == "warning"]
    run_statement(
        conn,
        "channel/feed_version",
        **run.key,
        merchant_id=merchant_id,
        version=version,
        base_version=base.version,
        body=body,
        sha256=composed.sha256,
        carried_sha256=wanted.carried_sha256,
        offers=len(composed.offers),
        now=run.now,
        base_offers=len(base.content.offers),
        own_errors=len(errors),
        base_warnings=len(warnings),
        findings=Jsonb(
            [
                {"severity": one.severity, "offer_sku": one.offer_sku, "rule": one.rule, "detail": one.detail}
                for one in (errors + warnings)[:FINDINGS_KEPT]
            ]
        ),
        cautious=cautious,
    )


def _feed_rows(merchant_id: str, version: int, base: PriceList, composed: PriceList) -> Iterator[tuple[Any, ...]]:
    for offer in composed.offers:
        ours = offer.position >= len(base.offers)
        seen: set[str] = set()
        for place in offer.availabilities:
            if place.store_id in seen:
                continue
            seen.add(place.store_id)
            before = None if ours else base.offers[offer.position].at(place.store_id)
            base_quantity = 0 if ours else (before.stock_count if before else None)
            added = place.stock_count - base_quantity if None not in (place.stock_count, base_quantity) else 0  # type: ignore[operator]
            yield (
                merchant_id, version, offer.sku, place.store_id, offer.position, ours, place.stock_count,
                base_quantity, added, offer.price, place.available,
            )  # fmt: skip
        if not seen:
            yield merchant_id, version, offer.sku, "", offer.position, ours, None, None, 0, offer.price, False
