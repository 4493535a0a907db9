"""What a person says of a price list: a resale SKU's card, and what a buyer sees on Kaspi.

``python -m tools.price_list cards --merchant M [--state pending_card]``
``python -m tools.price_list card --merchant M --sku S --state linked|rejected|pending_card --actor NAME [--note WHY]``
``python -m tools.price_list looks --merchant M --file looks.csv --actor NAME``
``python -m tools.price_list look --merchant M --sku S --store PP1 --on-sale yes [--price P] [--quantity N] --actor N``

The warehouse's address is in QAITARYM_WAREHOUSE_DSN. Exit code 1 where nothing could be done as asked.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from include.clock import from_setting
from include.db.connection import Connection, connect
from include.db.statements import run
from include.flows import looks, resale_cards


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    wanted = _parser().parse_args(arguments)
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        sys.exit("set QAITARYM_WAREHOUSE_DSN to the warehouse's connection string")
    with connect(dsn, application="qaitarym price list") as conn:
        try:
            return int(wanted.do(conn, wanted))
        except (ValueError, OSError) as error:
            print(error, file=sys.stderr)
            return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools.price_list", description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(required=True)
    whose = argparse.ArgumentParser(add_help=False)
    whose.add_argument("--merchant", required=True)
    whose.add_argument("--clock", default="system", help="'system' or the address of the installation's clock")
    says = argparse.ArgumentParser(add_help=False)
    says.add_argument("--actor", required=True, help="who says it: it is kept")
    cards = commands.add_parser("cards", parents=[whose], help="show resale SKUs and their cards")
    cards.add_argument("--state", choices=resale_cards.STATES)
    cards.set_defaults(do=_cards)
    card = commands.add_parser("card", parents=[whose, says], help="say that a card is linked or rejected")
    card.add_argument("--sku", required=True)
    card.add_argument("--state", required=True, choices=resale_cards.STATES)
    card.add_argument("--note")
    card.set_defaults(do=_card)
    many = commands.add_parser("looks", parents=[whose, says], help="take in a CSV file of what buyers see")
    many.add_argument("--file", required=True, type=Path)
    many.set_defaults(do=_looks)
    one = commands.add_parser("look", parents=[whose, says], help="say what a buyer sees of one offer now")
    one.add_argument("--sku", required=True)
    one.add_argument("--store", required=True)
    one.add_argument("--on-sale", required=True, choices=("yes", "no"))
    one.add_argument("--price", type=int)
    one.add_argument("--quantity", type=int)
    one.set_defaults(do=_look)
    return parser


def _cards(conn: Connection, wanted: argparse.Namespace) -> int:
    rows = run(conn, "console/resale_cards", merchant_id=wanted.merchant, state=wanted.state).fetchall()
    for row in rows:
        print(
            f"{row['offer_sku']:<20}  of {row['sku']}  {row['state']} since {row['state_since']:%Y-%m-%d %H:%M} UTC "
            f"by {row['changed_by']}, {row['units']} units"
        )
    print(f"{len(rows)} resale SKUs")
    return 0


def _card(conn: Connection, wanted: argparse.Namespace) -> int:
    now = from_setting(wanted.clock).now()
    told = resale_cards.tell(
        conn, wanted.merchant, wanted.sku, wanted.state, actor=wanted.actor, now=now, note=wanted.note
    )
    print(f"{wanted.sku} is {wanted.state}" if told else f"{wanted.sku} was {wanted.state} already")
    return 0


def _looks(conn: Connection, wanted: argparse.Namespace) -> int:
    found = looks.read_looks(wanted.file.read_bytes())
    return _kept(conn, wanted, found, "file")


def _look(conn: Connection, wanted: argparse.Namespace) -> int:
    now = from_setting(wanted.clock).now()
    one = looks.Look(wanted.sku, wanted.store, now, wanted.on_sale == "yes", wanted.price, wanted.quantity)
    return _kept(conn, wanted, [one], "hand")


def _kept(conn: Connection, wanted: argparse.Namespace, found: list[looks.Look], source: looks.Source) -> int:
    now = from_setting(wanted.clock).now()
    kept, others = looks.take_in(conn, wanted.merchant, found, source=source, actor=wanted.actor, now=now)
    print(f"{kept} of {len(found)} looks are new")
    if others:
        print(f"not kept, known already or nothing of ours stands behind them: {', '.join(others)}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
