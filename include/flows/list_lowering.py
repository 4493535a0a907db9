"""Between composing a list and publishing it somebody may buy: what is gone leaves the list before it goes out."""

import logging

from include.db.connection import Connection
from include.db.statements import run as run_statement
from include.db.statements import text_of
from include.flows.list_guard import added_by, guard_of, keep_diff
from include.flows.price_list import Base, Placed, Plan, Staged, offered, plan, remove_staged, stage_version
from include.flows.run import Run
from include.flows.sales import book_sales
from include.kaspi.price_list import lowered, read

log = logging.getLogger(__name__)
# What the gate promised of the quantities, once more: only they can change here, and only downwards.
CHECKS = ("channel/feed_offer__never_above_base_and_returns", "channel/feed_offer__units_behind")


class MoreThanThereIs(RuntimeError):
    """The lowered list breaks a promise of the gate; nothing of it is published."""


def lower_to_what_is_free(conn: Connection, run: Run, merchant_id: str) -> int:
    """Take every unit out of the list that was sold, reserved or withdrawn since it was staged; return how many.

    Where nothing was staged because the list is served already, a lower one is staged now.
    """
    book_sales(conn, run, merchant_id)
    key = {**run.key, "merchant_id": merchant_id}
    carried = {
        (row["unit_id"], row["decision_seq"]): row
        for row in run_statement(conn, "channel/stage_addition__carried", **key)
    }
    left = {row["unit_id"] for row in run_statement(conn, "channel/stage_addition__left", **key)}
    free = {
        (unit.unit_id, unit.decision_seq): unit
        for unit in offered(conn, merchant_id)
        if not unit.reserved and unit.unit_id not in left
    }
    gone = [one for one in carried if one not in free]
    if not gone:
        return 0
    log.warning("%s: %d units are not free any more; the list goes out without them", merchant_id, len(gone))
    run_statement(
        conn,
        "channel/stage_addition__dropped",
        **key,
        unit_ids=[unit_id for unit_id, _ in gone],
        seqs=[seq for _, seq in gone],
    )
    stores = run_statement(conn, "channel/store", merchant_id=merchant_id).fetchall()
    includes_returns = {store["store_id"]: store["base_includes_returns"] for store in stores}
    placed = [Placed(free[one], row["price"], row["main_price"], None) for one, row in carried.items() if one in free]
    _stage_anew(conn, run, merchant_id, plan(placed, includes_returns))
    return len(gone)


def _stage_anew(conn: Connection, run: Run, merchant_id: str, wanted: Plan) -> Staged | None:
    """Stage the list that was about to be served, its own part untouched, with fewer units laid over it."""
    source = run_statement(conn, "channel/feed_version__to_publish", **run.key, merchant_id=merchant_id).fetchone()
    if source is None:
        return None
    added = added_by(conn, merchant_id, source["version"])
    content = lowered(read(bytes(source["body"])), source["base_offers"], added, None)
    if source["status"] == "staged":
        remove_staged(conn, run, merchant_id)
    base = Base(source["base_version"], content, run.now)
    staged = stage_version(conn, run, merchant_id, base, wanted, cautious=source["cautious"])
    if staged:
        keep_diff(conn, merchant_id, staged, guard_of(conn))
        _must_hold(conn, run, merchant_id)
    return staged


def _must_hold(conn: Connection, run: Run, merchant_id: str) -> None:
    run_statement(conn, "ops/show_run", **run.key, merchant_id=None)
    for check in CHECKS:
        for row in conn.execute(text_of(f"checks/{check}").encode()).fetchall():
            if row["merchant_id"] == merchant_id:
                raise MoreThanThereIs(f"{merchant_id}: {check}: offer {row['record_key']}: {row['detail']}")
