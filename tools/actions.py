"""Preventive actions: ``python -m tools.actions register | end | withdraw | list``.

``register --merchant M --kind description --scope category=… --scope sku=… --reason does_not_fit --owner WHO
--hypothesis TEXT --starts-on 2026-12-01 --actor USER``. The weekly flow judges every action; docs/methods/effects.md.
The actor is a user of Airflow with the role supervisor; the warehouse's address is in QAITARYM_WAREHOUSE_DSN. Exit
code 1 where nothing was changed.
"""

import argparse
import datetime as dt
import os
import sys
import uuid
from collections.abc import Sequence

from include.clock import from_setting
from include.db.connection import Connection, connect
from include.domain.actions import KINDS, SCOPE, Action, BadAction
from include.flows import actions
from include.flows.desk_access import DeskError, staff_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    asked = _parser().parse_args(arguments)
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        sys.exit("set QAITARYM_WAREHOUSE_DSN to the warehouse's connection string")
    now = from_setting(asked.clock).now()
    with connect(dsn, application="qaitarym actions") as conn:
        try:
            return int(asked.do(conn, asked, now))
        except (BadAction, DeskError) as refused:
            print(refused, file=sys.stderr)
            return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools.actions", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--actor", required=True, help="a user of Airflow: his role is asked for, his name is kept")
    common.add_argument("--clock", default="system", help="'system' or the address of the installation's clock")
    register = commands.add_parser("register", parents=[common], help="say what is done, and what is expected of it")
    register.add_argument("--merchant", required=True)
    register.add_argument("--kind", required=True, choices=KINDS)
    register.add_argument("--scope", action="append", required=True, help=f"name=value, name one of {', '.join(SCOPE)}")
    register.add_argument("--reason", help="the cause it works against; without it, all")
    register.add_argument("--hypothesis", required=True)
    register.add_argument("--owner", required=True)
    register.add_argument("--starts-on", required=True, type=dt.date.fromisoformat)
    register.set_defaults(do=_register)
    ended = commands.add_parser("end", parents=[common], help="it is not done any more")
    ended.add_argument("action", type=uuid.UUID)
    ended.add_argument("--on", required=True, type=dt.date.fromisoformat)
    ended.add_argument("--note")
    ended.set_defaults(do=_end)
    withdrawn = commands.add_parser("withdraw", parents=[common], help="it was registered by mistake")
    withdrawn.add_argument("action", type=uuid.UUID)
    withdrawn.add_argument("--note")
    withdrawn.set_defaults(do=_withdraw)
    listed = commands.add_parser("list", parents=[common], help="what is registered")
    listed.add_argument("--merchant")
    listed.set_defaults(do=_list)
    return parser


def _register(conn: Connection, asked: argparse.Namespace, now: dt.datetime) -> int:
    pairs = [text.partition("=") for text in asked.scope]
    if any(not equals for _, equals, _ in pairs):
        raise BadAction("a scope is name=value")
    action = Action(
        asked.merchant, asked.kind, {name: value for name, _, value in pairs}, asked.hypothesis, asked.owner,
        asked.starts_on, asked.reason,
    )  # fmt: skip
    print(actions.register(conn, staff_of(conn, asked.actor), action, now))
    return 0


def _end(conn: Connection, asked: argparse.Namespace, now: dt.datetime) -> int:
    return not actions.end(conn, staff_of(conn, asked.actor), asked.action, asked.on, asked.note, now)


def _withdraw(conn: Connection, asked: argparse.Namespace, now: dt.datetime) -> int:
    return not actions.withdraw(conn, staff_of(conn, asked.actor), asked.action, asked.note, now)


def _list(conn: Connection, asked: argparse.Namespace, _now: dt.datetime) -> int:
    for row in actions.actions(conn, staff_of(conn, asked.actor), asked.merchant):
        scope = ", ".join(f"{name} {value}" for name, value in row["scope"].items())
        end = "withdrawn" if row["withdrawn"] else f"until {row['ended_on']}" if row["ended_on"] else "goes on"
        said = (
            row["action_id"],
            row["merchant_id"],
            row["kind"],
            scope,
            row["reason"] or "all causes",
            row["starts_on"],
        )
        print(*said, end, row["owner"], row["hypothesis"], sep="\t")
    return 0


if __name__ == "__main__":
    sys.exit(main())
