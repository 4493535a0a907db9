"""Looks at the shop that a person took: for the real Kaspi, which has no call that says what a buyer sees."""

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from include.clock import ALMATY
from include.db.connection import Connection
from include.db.statements import run

Source = Literal["file", "hand"]
COLUMNS = ("offer_sku", "store_id", "observed_at", "on_sale", "price", "quantity")
YES, NO = ("yes", "true", "1", "да", "иә"), ("no", "false", "0", "нет", "жоқ")


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody saw of an offer. ``price`` in tenge and ``quantity`` are None where he did not see them."""

    offer_sku: str
    store_id: str
    observed_at: dt.datetime
    on_sale: bool
    price: int | None = None
    quantity: int | None = None


def read_looks(body: bytes) -> list[Look]:
    """Read a CSV file of looks: the columns COLUMNS, the last two may be empty; a time without a zone is Almaty's.

    Raises ValueError, which names each line that cannot be read and why; nothing of such a file is taken in.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"the file is not UTF-8: {error}") from error
    header = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if header.count(";") > header.count(",") else ",")
    if missing := [name for name in COLUMNS[:4] if name not in (rows.fieldnames or ())]:
        raise ValueError(f"the file has no column {', '.join(missing)}; it needs {', '.join(COLUMNS[:4])}")
    looks, bad = [], []
    for number, row in enumerate(rows, start=2):
        try:
            looks.append(_look({name: (row.get(name) or "").strip() for name in COLUMNS}))
        except ValueError as error:
            bad.append(f"line {number}: {error}")
    if bad:
        raise ValueError("; ".join(bad))
    return looks


def _look(row: dict[str, str]) -> Look:
    if not row["offer_sku"] or not row["store_id"]:
        raise ValueError("offer_sku and store_id are needed")
    moment = dt.datetime.fromisoformat(row["observed_at"])
    on_sale = row["on_sale"].lower()
    if on_sale not in YES + NO:
        raise ValueError(f"on_sale is yes or no, not {row['on_sale']!r}")
    return Look(
        row["offer_sku"],
        row["store_id"],
        moment if moment.tzinfo else moment.replace(tzinfo=ALMATY),
        on_sale in YES,
        _whole("price", row["price"]),
        _whole("quantity", row["quantity"]),
    )


def _whole(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f"{name} is a whole number, not {text!r}")
    return int(text)


def take_in(
    conn: Connection, merchant_id: str, looks: Sequence[Look], *, source: Source, actor: str, now: dt.datetime
) -> tuple[int, list[str]]:
    """Keep what ``actor`` saw; return how many looks are new, and the offers of the others: known
    already, or nothing of ours stands behind them.

    The next run of ``restock_sync`` calls the units observed that were seen on sale at their price after Kaspi had
    taken the list. Raises ValueError for a look of the future.
    """
    if late := [one for one in looks if one.observed_at > now]:
        raise ValueError(f"{late[0].offer_sku}: nobody has looked at {late[0].observed_at.isoformat()} yet")
    once = list({(one.offer_sku, one.store_id, one.observed_at): one for one in looks}.values())
    rows = run(
        conn,
        "channel/observation__told",
        merchant_id=merchant_id,
        source=source,
        actor=actor,
        offer_skus=[one.offer_sku for one in once],
        store_ids=[one.store_id for one in once],
        moments=[one.observed_at for one in once],
        on_sale=[one.on_sale for one in once],
        prices=[one.price for one in once],
        quantities=[one.quantity for one in once],
    ).fetchall()
    kept = sum(row["kept"] for row in rows)
    return kept, sorted({row["offer_sku"] for row in rows if not row["kept"]})
