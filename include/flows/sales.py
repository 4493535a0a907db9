"""Which sale took which returned unit: orders reserve, hand-over sells, a cancellation frees."""

from dataclasses import astuple, fields

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain.identity import event_id
from include.domain.stock import Line, Listed, Sale, Scanned, attribute
from include.domain.unit_life import Event
from include.flows import costs
from include.flows.run import Run

SALE_COLUMNS = tuple(item.name for item in fields(Sale))


def book_sales(conn: Connection, run: Run, merchant_id: str) -> int:
    """Bring ``channel.sale`` up to date and book what was sold; return how many sale rows changed.

    Runs inside the caller's fenced transaction. Sales that a pick scan tells are in the ledger already; those
    of stores without scans enter it here, by the hand-over of the order.
    """
    run_statement(conn, "channel/sale__taken_back", merchant_id=merchant_id, now=run.now)
    lines = [Line(**row) for row in run_statement(conn, "channel/sale__lines", merchant_id=merchant_id, now=run.now)]
    known = {
        sale.key: sale
        for row in run_statement(
            conn,
            "channel/sale__known",
            merchant_id=merchant_id,
            entry_ids=[line.entry_id for line in lines],
        )
        if (sale := Sale(**row))
    }
    stores = run_statement(conn, "channel/store", merchant_id=merchant_id).fetchall()
    wanted = {
        sale.key: sale
        for sale in attribute(
            lines,
            [Listed(**row) for row in run_statement(conn, "channel/sale__listed", merchant_id=merchant_id)],
            known.values(),
            [Scanned(**row) for row in run_statement(conn, "channel/sale__scanned", merchant_id=merchant_id)],
            {store["store_id"]: store["pick_scan"] for store in stores},
            run.now,
        )
    }
    gone = [key for key, sale in known.items() if wanted.get(key) != sale]
    new = [sale for key, sale in wanted.items() if known.get(key) != sale]
    run_statement(
        conn,
        "channel/sale__removed",
        merchant_id=merchant_id,
        entry_ids=[entry_id for entry_id, _ in gone],
        pieces=[piece for _, piece in gone],
    )
    copy_rows(conn, "channel.sale", ("merchant_id", *SALE_COLUMNS), ((merchant_id, *astuple(sale)) for sale in new))
    costs.append(conn, merchant_id, [_resold(merchant_id, sale) for sale in new if _ours(sale)], run.now)
    return len(new)


def _ours(sale: Sale) -> bool:
    """Tell a sale that the hand-over decides from one that a scan has booked."""
    return sale.state == "sold" and sale.attribution == "fifo"


def _resold(merchant_id: str, sale: Sale) -> Event:
    assert sale.sold_at is not None
    return Event(
        event_id("resold", merchant_id, sale.entry_id, sale.piece),
        sale.unit_id,
        merchant_id,
        "resold",
        sale.sold_at,
        actor="kaspi",
        source="price_list",
        payload={"attribution": "fifo", "sold_order_id": sale.order_id, "resale_price": sale.price},
    )
