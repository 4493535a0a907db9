"""Merchants: ``python -m tools.merchant add | list | check | source``. One row here, one connection in Airflow.

The warehouse's address stands in QAITARYM_WAREHOUSE_DSN. The token is asked for, or read from KASPI_TOKEN: on a
command line every user of the machine could read it.
"""

import argparse
import datetime as dt
import getpass
import os
import re
import sys
from pathlib import Path

import requests

from include.db.connection import Connection, connect
from include.db.statements import run
from include.flows.onboarding import (
    DESK,
    RECORDED_KINDS,
    SOURCE_CONNECTIONS,
    TIERS,
    CatalogueError,
    Store,
    add_merchant,
    add_source,
    load_catalogue,
    zone,
)
from include.kaspi import shop_api
from include.kaspi.errors import KaspiBusy, KaspiError, KaspiRefusedToken
from include.kaspi.shop_api import USER_AGENT, OrderList, ShopApi, ShopSettings
from include.kaspi.states import STATES

DSN = "QAITARYM_WAREHOUSE_DSN"
TOKEN = "KASPI_TOKEN"  # noqa: S105 (the name of a variable)
KASPI = "https://kaspi.kz/shop/api/v2"
LOOK_BACK = dt.timedelta(days=3)


def main() -> int:
    """Do what was asked for; return the exit code."""
    chosen = _arguments()
    if chosen.command == "check":
        return _check(chosen)
    if not os.environ.get(DSN):
        sys.stderr.write(f"{DSN} is not set: put the warehouse's address into it\n")
        return 2
    with connect(os.environ[DSN], application="qaitarym merchant") as conn:
        if chosen.command == "add":
            _add(conn, chosen)
        elif chosen.command == "source":
            _source(conn, chosen)
        else:
            for row in run(conn, "core/merchant__active"):
                print(row["merchant_id"])
    return 0


def _add(conn: Connection, chosen: argparse.Namespace) -> None:
    stores = [_store(text, chosen) for text in chosen.store]
    token = add_merchant(
        conn, chosen.id, name=chosen.name, stores=stores, locale=chosen.locale, time_zone=chosen.time_zone,
        tier=chosen.tier, connection_id=chosen.connection, report_email=chosen.email, notices=chosen.notices,
        notice_connection_id=chosen.notice_connection,
    )  # fmt: skip
    if chosen.catalogue:
        try:
            products = load_catalogue(conn, chosen.id, chosen.catalogue.read_text(encoding="utf-8-sig"))
        except (CatalogueError, OSError, UnicodeDecodeError) as error:
            conn.rollback()
            raise SystemExit(f"nothing was taken in: {error}") from error
        print(f"{products} products of the catalogue taken in")
    row = run(conn, "core/merchant__one", merchant_id=chosen.id).fetchone()
    assert row is not None
    print(
        f"{chosen.id} is known. Now make the connections {row['connection_id']} and {row['base_list_connection_id']}."
    )
    print(f"The address of his price list ends in {token}.xml: it is a secret between Kaspi and us.")


def _source(conn: Connection, chosen: argparse.Namespace) -> None:
    believed = dict.fromkeys(chosen.wms, "wms") | dict.fromkeys(chosen.desk, "desk")
    add_source(conn, chosen.name, kind=chosen.kind, warehouse=chosen.warehouse, system_of_record=believed)
    if chosen.kind == DESK:
        print(f"{chosen.name} is known. Now say who works there with tools.staff.")
    else:
        print(f"{chosen.name} is known. Now make the connection {SOURCE_CONNECTIONS[chosen.kind]}{chosen.name}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.merchant", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="take a merchant in, or bring him up to date: what is not given stays")
    switch = argparse.BooleanOptionalAction
    add.add_argument("--id", required=True, type=_id, help="short, for tables and connections: a-z, 0-9, _")
    add.add_argument("--name", required=True, help="as people call the shop")
    add.add_argument("--store", required=True, action="append", metavar="PP1:W1", help="Kaspi's store : our warehouse")
    add.add_argument("--base-includes-returns", action=switch, help="his own list counts returned goods already")
    add.add_argument("--pick-scan", action=switch, help="the warehouse scans a unit's label when it picks")
    add.add_argument("--locale", choices=("ru", "kk", "en"), help="of his report; ru for a new one")
    add.add_argument("--time-zone", type=_zone, help="where he is; Asia/Almaty for a new one")
    add.add_argument("--tier", choices=TIERS, help="priority: fetched before the others; standard for a new one")
    add.add_argument("--connection", help="of his shop in Airflow; kaspi_shop_<id> for a new one")
    add.add_argument("--email", help="who gets the weekly report")
    add.add_argument("--notices", action=switch, help="keep buyers' phones, sealed, to notify them")
    add.add_argument("--notice-connection", help="that tells his buyers; notices_<id> where it is not said")
    add.add_argument("--catalogue", type=Path, help="CSV; docs/connect-a-shop.md has its columns")
    commands.add_parser("list", help="the active merchants")
    check = commands.add_parser("check", help="does his token open his shop, and what is in it")
    check.add_argument("--id", default="the shop", help="for the messages")
    check.add_argument("--url", default=KASPI)
    check.add_argument("--user-agent", default=USER_AGENT)
    check.add_argument("--proxy")
    check.add_argument("--until", type=dt.datetime.fromisoformat, help="for a shop whose clock is another one")
    source = commands.add_parser("source", help="take in who sends a warehouse's events, or bring him up to date")
    source.add_argument("--name", required=True, type=_source_name)
    source.add_argument("--kind", required=True, choices=sorted([*SOURCE_CONNECTIONS, DESK]))
    source.add_argument("--warehouse", help="as the stores name it; a new source is a warehouse by itself")
    for name, told in (("--desk", "believe the desk of this warehouse in this"), ("--wms", "believe its WMS in this")):
        source.add_argument(name, action="append", default=[], choices=RECORDED_KINDS, help=f"{told}; the rest stays")
    return parser.parse_args()


def _id(text: str) -> str:
    """Return an id that may be part of a connection's name."""
    if not re.fullmatch(r"[a-z0-9_]+", text):
        raise argparse.ArgumentTypeError(f"{text!r}: only a-z, 0-9 and _")
    return text


def _source_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9_-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r}: only a-z, 0-9, _ and -")
    return text


def _zone(text: str) -> str:
    try:
        return zone(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _store(text: str, chosen: argparse.Namespace) -> Store:
    store_id, _, warehouse = text.partition(":")
    if not warehouse:
        raise SystemExit(f"--store {text}: write Kaspi's store and our warehouse, like PP1:W1")
    return Store(store_id, warehouse, chosen.base_includes_returns, chosen.pick_scan)


def _check(chosen: argparse.Namespace) -> int:
    """Tell a wrong address, a hang and a refused token from a shop that opens."""
    token = os.environ.get(TOKEN) or getpass.getpass("Token of the Shop API: ")
    until = chosen.until or dt.datetime.now(dt.UTC)
    settings = ShopSettings(chosen.id, chosen.url.rstrip("/"), token, chosen.user_agent, proxy=chosen.proxy)
    shop_api.ATTEMPTS = 2
    try:
        with ShopApi(settings) as shop:
            counts = {state: shop.count(OrderList(state, until - LOOK_BACK, until)) for state in STATES}
    except KaspiRefusedToken as error:
        print(f"The token is refused. {error}")
    except KaspiBusy as error:
        print(f"The shop does not answer as it should. {error}")
    except (KaspiError, requests.RequestException) as error:
        print(f"Nothing of a shop is found at {chosen.url}: {error}")
    else:
        print(f"The shop is open: {sum(counts.values())} orders of the last {LOOK_BACK.days} days")
        for state, count in counts.items():
            print(f"  {state:<16}{count:>6}")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
