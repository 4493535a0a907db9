"""What became of a resale SKU's card on Kaspi: linked or rejected. Kaspi has no call that tells; a person does."""

import datetime as dt
from typing import Literal, get_args

from include.db.connection import Connection
from include.db.statements import run

CardState = Literal["pending_card", "linked", "rejected"]
STATES: tuple[CardState, ...] = get_args(CardState)


def tell(
    conn: Connection,
    merchant_id: str,
    offer_sku: str,
    state: str,
    *,
    actor: str,
    now: dt.datetime,
    note: str | None = None,
) -> bool:
    """Keep that the card is in ``state`` now, said by ``actor``; return False where that was known.

    The next run of ``restock_sync`` publishes the units of a linked SKU, and takes off those of one that is no more.
    Raises ValueError for a state or an SKU that there is not.
    """
    if state not in STATES:
        raise ValueError(f"a card is {', '.join(STATES)}, not {state!r}")
    row = run(
        conn,
        "channel/resale_sku__tell",
        merchant_id=merchant_id,
        offer_sku=offer_sku,
        state=state,
        actor=actor,
        now=now,
        note=note or None,
    ).fetchone()
    if row is None:
        raise ValueError(f"{merchant_id} has no resale SKU {offer_sku!r}: see the page Price lists")
    return bool(row["changed"])
