"""The price list of the returns' work: look at it, load a new version, price what was booked before it.

``python -m tools.rate_card look FILE`` says what a list (CSV or YAML, docs/money.md) would change and writes nothing,
``load FILE --actor NAME`` makes it a version, ``withdraw VERSION`` takes back one that nobody used yet. ``list`` shows
the versions, ``show --merchant M`` the prices of today, ``book`` prices events that had none. The warehouse's address
is read from QAITARYM_WAREHOUSE_DSN. Ends with 1 when a list cannot be used, 2 when the command is wrong.
"""

import argparse
import datetime as dt
import os
import sys
from pathlib import Path

from include.clock import from_setting
from include.db.connection import Connection, connect
from include.db.statements import run
from include.domain.days import almaty_day
from include.domain.money import in_force
from include.domain.rate_file import title
from include.flows.costs import book_missing, price_list
from include.flows.rate_card import BadRateCard, load, look, versions, withdraw

DSN = "QAITARYM_WAREHOUSE_DSN"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    asked = _asked(arguments)
    if not os.environ.get(DSN):
        print(f"set {DSN} to the warehouse's address", file=sys.stderr)
        return 2
    with connect(os.environ[DSN], application="qaitarym rate card") as conn:
        try:
            COMMANDS[asked.command](conn, asked)
        except BadRateCard as error:
            print(*error.problems, sep="\n", file=sys.stderr)
            return 1
        except OSError as error:
            print(f"{error.filename} cannot be read: {error.strerror}", file=sys.stderr)
            return 2
    return 0


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.rate_card", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, meaning in (("look", "say what a list would change"), ("load", "make a list the newest version")):
        one = commands.add_parser(name, help=meaning)
        one.add_argument("file", type=Path, help="CSV or YAML")
        if name == "load":
            one.add_argument("--actor", required=True, help="who loads it")
    commands.add_parser("withdraw", help="take back a version nobody used yet").add_argument("version", type=int)
    commands.add_parser("list", help="the versions")
    commands.add_parser("show", help="the prices of today").add_argument("--merchant", required=True)
    book = commands.add_parser("book", help="price what was booked before it had a price")
    book.add_argument("--merchant", help="one merchant; all active ones without it")
    return parser.parse_args(arguments)


def _now() -> dt.datetime:
    return from_setting(os.environ.get("QAITARYM_CLOCK")).now()


def _look(conn: Connection, asked: argparse.Namespace) -> None:
    print(*look(conn, asked.file.name, asked.file.read_bytes(), _now()), sep="\n")
    print("nothing was written")


def _load(conn: Connection, asked: argparse.Namespace) -> None:
    done = load(conn, asked.file.name, asked.file.read_bytes(), asked.actor, _now())
    if done.known:
        print(f"its content is version {done.version} already; nothing was written")
        return
    print(*done.changes, sep="\n")
    print(f"loaded as version {done.version}; `book` prices what waited for a price")


def _withdraw(conn: Connection, asked: argparse.Namespace) -> None:
    if not withdraw(conn, asked.version):
        raise BadRateCard([f"there is no version {asked.version}"])
    print(f"version {asked.version} is withdrawn")


def _list(conn: Connection, _: argparse.Namespace) -> None:
    for row in versions(conn):
        loaded = row["loaded_at"].isoformat(" ", "minutes")
        print(row["version"], row["valid_from"], row["prices"], loaded, row["actor"], row["file_name"], sep="\t")


def _show(conn: Connection, asked: argparse.Namespace) -> None:
    day = almaty_day(_now())
    rates = price_list(conn, asked.merchant)
    places = {(rate.warehouse, rate.term, rate.per, rate.code) for rate in rates}
    for warehouse, term, per, code in sorted(places):
        rate = in_force(rates, asked.merchant, warehouse, term, per, code, day)
        if rate is not None:
            said = f"{rate.permille} ‰" if rate.permille is not None else str(rate.amount)
            print(title(rate), said, f"since {rate.valid_from}", f"version {rate.version}", sep="\t")


def _book(conn: Connection, asked: argparse.Namespace) -> None:
    known = [row["merchant_id"] for row in run(conn, "core/merchant__active").fetchall()]
    conn.commit()
    if asked.merchant and asked.merchant not in known:
        raise BadRateCard([f"no active merchant {asked.merchant} is known"])
    for merchant_id in [asked.merchant] if asked.merchant else known:
        print(f"{merchant_id}\t{book_missing(conn, merchant_id, _now())} rows of costs added")


COMMANDS = {
    "look": _look,
    "load": _load,
    "withdraw": _withdraw,
    "list": _list,
    "show": _show,
    "book": _book,
}

if __name__ == "__main__":
    sys.exit(main())
