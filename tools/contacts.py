"""Tell what Kaspi does not know of buyers: where else they can be reached, and in which language.

``python -m tools.contacts --merchant nur_shop buyers.csv`` reads a CSV file with the header ``order_code`` and any of
``email``, ``telegram`` (the number of the buyer's chat with the shop's bot) and ``language`` (ru, kk, en). It is sealed
with the key in QAITARYM_PRIVACY_KEY, that of Airflow's connection ``privacy_key``, and erased with the rest of the
contact. The messages here repeat nothing of the file but line numbers and order numbers.
"""

import argparse
import csv
import datetime as dt
import os
import re
import sys
from pathlib import Path

from include.db.connection import connect
from include.flows.contacts import Sealer, learn
from include.locale.words import LANGUAGES

DSN, KEY = "QAITARYM_WAREHOUSE_DSN", "QAITARYM_PRIVACY_KEY"
FORMS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "telegram": re.compile(r"-?\d{1,32}|@[A-Za-z0-9_]{5,32}"),
    "language": re.compile("|".join(LANGUAGES)),
}


class BadFile(ValueError):
    """The file cannot be used; nothing of it was taken in."""


def read(text: str) -> dict[str, dict[str, str]]:
    """Return what the file tells, by the order's number. Raises BadFile with the line and the column."""
    rows = csv.DictReader(text.splitlines())
    if "order_code" not in (rows.fieldnames or ()):
        raise BadFile("the first line must name the columns: order_code, and email, telegram or language")
    found: dict[str, dict[str, str]] = {}
    for line, row in enumerate(rows, start=2):
        code = (row.get("order_code") or "").strip()
        if not code.isdigit():
            raise BadFile(f"line {line}: order_code is no order's number")
        told = {name: value for name in FORMS if (value := (row.get(name) or "").strip())}
        for name, value in told.items():
            if not FORMS[name].fullmatch(value):
                raise BadFile(f"line {line}: {name} cannot be one")
        found.setdefault(code, {}).update(told)
    return found


def main() -> int:
    """Take the file in; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.contacts", description=__doc__)
    parser.add_argument("--merchant", required=True)
    parser.add_argument("file", type=Path)
    chosen = parser.parse_args()
    for name in (DSN, KEY):
        if not os.environ.get(name):
            sys.stderr.write(f"{name} is not set\n")
            return 2
    try:
        told = read(chosen.file.read_text(encoding="utf-8-sig"))
        with connect(os.environ[DSN], application="qaitarym contacts") as conn:
            strangers = learn(conn, chosen.merchant, told, Sealer(os.environ[KEY]), dt.datetime.now(dt.UTC))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"nothing was taken in: {error}\n")
        return 1
    print(f"{len(told) - len(strangers)} orders' buyers are known better now")
    if strangers:
        print(f"no such order: {', '.join(strangers)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
