"""What came back and passed QC goes on sale, once: facts of the channel → decisions → the list → published.

stage (per merchant: what was fetched, seen and sold; the policy gate; the composed list) → gate → publish.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.lease import Lease, hold
from include.db.statements import run as run_statement
from include.domain.identity import discrepancy_id, event_id
from include.domain.offer_sku import resale_sku
from include.domain.policy import Condition, Verdict, place
from include.domain.pricing import SellingCosts, resale_price, worth_selling
from include.domain.unit_life import Event
from include.flows import batch, costs
from include.flows.list_guard import Shop, stage_list
from include.flows.list_lowering import lower_to_what_is_free
from include.flows.merchant_loop import each_merchant
from include.flows.price_list import keep_base, offered, read_base
from include.flows.run import Run
from include.flows.sales import book_sales
from include.kaspi.offer_observer import Observed, ObserverUnreachable, observe
from include.kaspi.price_list import PriceList, PriceListError
from include.kaspi.price_list.source import ListUnreachable, Place, fetch

log = logging.getLogger(__name__)

SOURCE = "price_list"
OBSERVATION_COLUMNS = ("offer_sku", "store_id", "on_sale", "price", "quantity")
ADDITION_COLUMNS = (
    "unit_id", "decision_seq", "merchant_id", "store_id", "channel", "offer_sku", "quantity", "price", "decided_at",
)  # fmt: skip
CONDITION = tuple(item.name for item in fields(Condition))


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world. ``base_list`` gives the place for a connection id; no observer, no read-back."""

    base_list: Callable[[str], Place | str]
    observer_url: str | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """The settings that prices and routes are judged by."""

    discount: Fraction
    costs: SellingCosts


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a unit in QC. ``verdict.channel`` is None for a refusal."""

    unit: dict[str, Any]
    verdict: Verdict
    offer_sku: str
    price: int | None


def stage(dsn: str, run: Run, ports: Ports, owner: str) -> dict[str, int]:
    """Stage every active merchant's list; return the staged offers of each (0 where nothing changed)."""
    with connect(dsn) as conn:
        shops = {row["merchant_id"]: row["base_list_connection_id"] for row in run_statement(conn, "channel/shop")}
    offers: dict[str, int] = {}

    def part(conn: Connection, merchant_id: str) -> None:
        batch.open_batch(conn, run, merchant_id)
        conn.commit()
        with hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease:
            offers[merchant_id] = _stage_merchant(lease, run, merchant_id, shops[merchant_id], ports)

    each_merchant(dsn, run, shops, part)
    return offers


def publish(dsn: str, run: Run, owner: str) -> int:
    """Make the lists that passed the gate visible, each in one fenced transaction; return how many parts."""
    with connect(dsn) as conn:
        run_statement(conn, "channel/feed_version__hold", **run.key)
        conn.commit()
        merchants = batch.with_status(conn, run, "passed")
    done: list[str] = []

    def part(conn: Connection, merchant_id: str) -> None:
        with hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease, lease.transaction():
            shown = _publish_merchant(conn, run, merchant_id)
        if shown:
            done.append(merchant_id)

    each_merchant(dsn, run, merchants, part)
    return len(done)


def overtaken_by(conn: Connection, run: Run, merchant_id: str, *, publishing: bool = True) -> str | None:
    """Return the later run that has dealt with the merchant already, if any: this one then changes nothing."""
    row = run_statement(
        conn, "channel/run__overtaken", **run.key, merchant_id=merchant_id, publishing=publishing
    ).fetchone()
    if row is None:
        return None
    log.info("%s: run %s is later and has dealt with it; nothing to do", merchant_id, row["run_id"])
    return str(row["run_id"])


def _stage_merchant(lease: Lease, run: Run, merchant_id: str, connection_id: str, ports: Ports) -> int:
    with lease.transaction() as conn:
        if overtaken_by(conn, run, merchant_id, publishing=False):
            batch.published(conn, run, merchant_id)
            return 0
    seen = _observe(ports, merchant_id)
    fresh = _own_list(ports, merchant_id, connection_id)
    with lease.transaction() as conn:
        take_facts(conn, run, merchant_id, seen)
    with lease.transaction() as conn:
        base = keep_base(conn, merchant_id, fresh, run.now)
        money = _money(conn)
        decide(conn, run, merchant_id, money)
        stores = run_statement(conn, "channel/store", merchant_id=merchant_id).fetchall()
        includes_returns = {store["store_id"]: store["base_includes_returns"] for store in stores}
        shop = Shop(offered(conn, merchant_id), includes_returns, money.discount)
        offers = stage_list(conn, run, merchant_id, base, shop)
        batch.staged(conn, run, merchant_id, offers)
        return offers


def _observe(ports: Ports, merchant_id: str) -> list[Observed]:
    """Ask what a buyer sees; nobody to ask, or no answer, is no reason to stop the list."""
    if not ports.observer_url:
        return []
    try:
        return observe(ports.observer_url, merchant_id)
    except ObserverUnreachable as error:
        log.warning("%s", error)
        return []


def _own_list(ports: Ports, merchant_id: str, connection_id: str) -> tuple[bytes, PriceList] | None:
    """Read the merchant's own list; without it the newest one kept is used until the gate finds it stale."""
    try:
        body = fetch(ports.base_list(connection_id))
        return body, read_base(body)
    except (ListUnreachable, PriceListError) as error:
        log.warning("%s: %s; the list read last is used", merchant_id, error)
        return None


def take_facts(conn: Connection, run: Run, merchant_id: str, seen: list[Observed]) -> None:
    """Take in what happened in the channel: foreign listings, fetches, what a buyer sees, sales."""
    key = {"merchant_id": merchant_id, "now": run.now}
    run_statement(conn, "channel/addition__adopted", merchant_id=merchant_id)
    run_statement(conn, "channel/addition__withdrawn", **key)
    fetched = run_statement(conn, "channel/addition__fetched", **key).fetchall()
    costs.append(
        conn,
        merchant_id,
        [_on_sale(merchant_id, row, row["fetched_at"], proof="fetched", actor="kaspi") for row in fetched],
        run.now,
    )
    picked = run_statement(conn, "channel/addition__picked", merchant_id=merchant_id).fetchall()
    costs.append(
        conn,
        merchant_id,
        [_on_sale(merchant_id, row, row["picked_at"], proof="observed", actor="warehouse") for row in picked],
        run.now,
    )
    keep_observations(conn, run, merchant_id, seen)
    run_statement(conn, "channel/addition__observed", **key)
    book_sales(conn, run, merchant_id)
    run_statement(conn, "channel/addition__ordered", merchant_id=merchant_id)


def keep_observations(conn: Connection, run: Run, merchant_id: str, seen: list[Observed]) -> None:
    """Store what a buyer sees of the offers that returned goods stand behind."""
    run_statement(conn, "channel/stage_observation")
    copy_rows(
        conn,
        "stage_observation",
        OBSERVATION_COLUMNS,
        ((one.offer_sku, one.store_id, one.on_sale, one.price, one.quantity) for one in seen),
    )
    run_statement(conn, "channel/observation", merchant_id=merchant_id, now=run.now)


def decide(conn: Connection, run: Run, merchant_id: str, money: Money) -> int:
    """Put every unit in QC through the policy gate; return how many were decided to go on sale.

    A decision is keyed by the unit and the ``seq`` it was made at, so that it is made once.
    """
    units = run_statement(conn, "channel/unit__to_decide", merchant_id=merchant_id).fetchall()
    decisions = [_decide(unit, money) for unit in units]
    accepted = {
        event_id("restock_pending", one.unit["unit_id"], one.unit["seq"]): one
        for one in decisions
        if one.verdict.channel
    }
    resale = {one.unit["sku"]: one.offer_sku for one in accepted.values() if one.verdict.channel == "resale"}
    run_statement(
        conn,
        "channel/resale_sku",
        merchant_id=merchant_id,
        skus=list(resale),
        offer_skus=list(resale.values()),
        now=run.now,
    )
    events = [
        Event(
            key,
            one.unit["unit_id"],
            merchant_id,
            "restock_pending",
            run.now,
            actor="policy",
            source=SOURCE,
            payload={
                "channel": one.verdict.channel,
                "offer_sku": one.offer_sku,
                "resale_price": one.price,
                "reason": one.verdict.reason,
            },
        )
        for key, one in accepted.items()
    ]
    outcome = costs.append(conn, merchant_id, events, run.now)
    copy_rows(
        conn,
        "channel.addition",
        ADDITION_COLUMNS,
        (_addition(merchant_id, accepted[key], seq, run) for key, seq in outcome.accepted.items() if key in accepted),
    )
    _keep_refusals(conn, run, merchant_id, [one for one in decisions if one.verdict.channel is None])
    return len(outcome.accepted)


def _decide(unit: dict[str, Any], money: Money) -> Decision:
    verdict = place(Condition(**{name: unit[name] for name in CONDITION}))
    sku, main_price = unit["sku"], unit["main_price"]
    if verdict.channel is None:
        return Decision(unit, verdict, "", None)
    if sku is None or unit["store_id"] is None:
        missing = "the product" if sku is None else "the store"
        return Decision(unit, Verdict(None, f"{missing} of the unit is not known"), "", None)
    if verdict.channel == "main":
        offer_sku, price = sku, main_price
    else:
        offer_sku = unit["resale_sku"] or resale_sku(sku)
        price = resale_price(main_price, money.discount) if main_price else None
        if price is None:
            return Decision(unit, Verdict(None, "no price 5 to 10 % below the main offer is known"), "", None)
    fee = Fraction(0) if verdict.channel == "off_kaspi" else money.costs.fee_percent
    if price is not None and not worth_selling(price, SellingCosts(fee, money.costs.handling)):
        return Decision(unit, Verdict(None, f"selling it for {price} tenge would recover nothing"), "", None)
    return Decision(unit, verdict, offer_sku, price)


def _addition(merchant_id: str, decision: Decision, seq: int, run: Run) -> tuple[Any, ...]:
    unit, channel = decision.unit, decision.verdict.channel
    counted = unit["base_includes_returns"] and channel != "off_kaspi"
    return (
        unit["unit_id"], seq, merchant_id, unit["store_id"], channel, decision.offer_sku, 0 if counted else 1,
        decision.price, run.now,
    )  # fmt: skip


def _keep_refusals(conn: Connection, run: Run, merchant_id: str, refusals: list[Decision]) -> None:
    run_statement(
        conn,
        "core/discrepancy__refused",
        merchant_id=merchant_id,
        now=run.now,
        discrepancy_ids=[discrepancy_id("restock_refused", one.unit["unit_id"]) for one in refusals],
        unit_ids=[one.unit["unit_id"] for one in refusals],
        reasons=[one.verdict.reason for one in refusals],
        money=[one.unit["main_price"] or 0 for one in refusals],
    )


def _publish_merchant(conn: Connection, run: Run, merchant_id: str) -> bool:
    """Publish what was staged; return False where a later run was first, and nothing of this one may be seen."""
    if later := overtaken_by(conn, run, merchant_id):
        run_statement(conn, "channel/feed_version__set_aside", **run.key, merchant_id=merchant_id, overtaken_by=later)
        batch.published(conn, run, merchant_id)
        return False
    lower_to_what_is_free(conn, run, merchant_id)
    key = {**run.key, "merchant_id": merchant_id, "now": run.now}
    run_statement(conn, "channel/feed_version__publish", **key)
    shown = run_statement(conn, "channel/off_kaspi_list", **key).fetchall()
    costs.append(
        conn,
        merchant_id,
        [_on_sale(merchant_id, row, row["published_at"], proof="published", actor="outlet") for row in shown],
        run.now,
    )
    batch.published(conn, run, merchant_id)
    return True


def _on_sale(merchant_id: str, row: dict[str, Any], moment: Any, *, proof: str, actor: str) -> Event:
    return Event(
        event_id("on_sale", row["unit_id"], row["decision_seq"]),
        row["unit_id"],
        merchant_id,
        "on_sale",
        moment,
        actor=actor,
        source=SOURCE,
        payload={"proof": proof},
    )


def _money(conn: Connection) -> Money:
    """Read the settings that prices and routes are judged by."""
    row = run_statement(conn, "channel/money").fetchone()
    if row is None or None in row.values():
        raise KeyError(f"ops.setting lacks a price setting ({row}): a migration was not applied")
    return Money(
        discount=Fraction(row["discount"]),
        costs=SellingCosts(Fraction(row["fee_percent"]), int(row["handling"])),
    )
