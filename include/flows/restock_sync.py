"""What came back and passed QC goes on sale, once: facts of the channel → decisions → the list → published.

stage (per merchant: what was fetched, seen and sold; the policy gate; the composed list) → gate → publish.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.lease import Lease, hold
from include.db.statements import run as run_statement
from include.domain.identity import event_id
from include.domain.unit_life import Event
from include.flows import batch, costs
from include.flows.list_guard import Shop, stage_list
from include.flows.list_lowering import lower_to_what_is_free
from include.flows.merchant_loop import each_merchant
from include.flows.price_list import keep_base, offered, read_base
from include.flows.restock_decisions import SOURCE, decide, withdraw_in_hand
from include.flows.routes import settings_of
from include.flows.run import Run
from include.flows.sales import book_sales
from include.kaspi.offer_observer import Observed, ObserverUnreachable, observe
from include.kaspi.price_list import PriceList, PriceListError
from include.kaspi.price_list.source import ListUnreachable, Place, fetch

log = logging.getLogger(__name__)

OBSERVATION_COLUMNS = ("offer_sku", "store_id", "on_sale", "price", "quantity")


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world. ``base_list`` gives the place for a connection id; no observer, no read-back."""

    base_list: Callable[[str], Place | str]
    observer_url: str | None = None


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
        settings = settings_of(conn)
        decide(conn, run, merchant_id, settings)
        stores = run_statement(conn, "channel/store", merchant_id=merchant_id).fetchall()
        includes_returns = {store["store_id"]: store["base_includes_returns"] for store in stores}
        shop = Shop(offered(conn, merchant_id), includes_returns, settings.discount)
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
    withdraw_in_hand(conn, merchant_id, run.now)
    run_statement(conn, "channel/addition__withdrawn", **key)
    run_statement(conn, "channel/addition__adopted", **key)
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


def _publish_merchant(conn: Connection, run: Run, merchant_id: str) -> bool:
    """Publish what was staged; return False where a later run was first, and nothing of this one may be seen."""
    key = {**run.key, "merchant_id": merchant_id, "now": run.now}
    if later := overtaken_by(conn, run, merchant_id):
        reason = f"run {later} is later and was first"
        run_statement(conn, "channel/feed_version__set_aside", **run.key, merchant_id=merchant_id, reason=reason)
        batch.published(conn, run, merchant_id)
        return False
    lower_to_what_is_free(conn, run, merchant_id)
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
