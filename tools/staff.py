"""Who may do what at the desk: give a role, take it away, list roles and their history.

``python -m tools.staff grant --user NAME --role operator --merchant M|* --actor WHO``
``python -m tools.staff revoke --user NAME --merchant M|* --actor WHO``
``python -m tools.staff list`` · ``python -m tools.staff history [--user NAME]``

A user is a name of Airflow's login. The warehouse's address is in QAITARYM_WAREHOUSE_DSN. Exit code 1 where nothing was
changed.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from include.clock import from_setting
from include.db.connection import Connection, connect
from include.domain.staff import EVERY_MERCHANT, ROLES
from include.flows import staff
from include.flows.desk_access import Refused


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    wanted = _parser().parse_args(arguments)
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        sys.exit("set QAITARYM_WAREHOUSE_DSN to the warehouse's connection string")
    with connect(dsn, application="qaitarym staff") as conn:
        try:
            return int(wanted.do(conn, wanted))
        except Refused as refused:
            print(refused.text, file=sys.stderr)
            return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools.staff", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True)
    changes = argparse.ArgumentParser(add_help=False)
    changes.add_argument("--user", required=True, help="his name in Airflow")
    changes.add_argument("--merchant", required=True, help=f"a merchant's id, or {EVERY_MERCHANT} for all of them")
    changes.add_argument("--actor", required=True, help="who decides: it is kept with the change")
    changes.add_argument("--clock", default="system", help="'system' or the address of the installation's clock")
    granted = commands.add_parser("grant", parents=[changes], help="give a role, or another one")
    granted.add_argument("--role", required=True, choices=ROLES)
    granted.set_defaults(do=_grant)
    commands.add_parser("revoke", parents=[changes], help="take a role away").set_defaults(do=_revoke)
    commands.add_parser("list", help="who may do what").set_defaults(do=_list)
    history = commands.add_parser("history", help="every change there was")
    history.add_argument("--user")
    history.set_defaults(do=_history)
    return parser


def _grant(conn: Connection, wanted: argparse.Namespace) -> int:
    now = from_setting(wanted.clock).now()
    changed = staff.grant(conn, wanted.user, wanted.merchant, wanted.role, actor=wanted.actor, now=now)
    print(f"{wanted.user} is {wanted.role} of {wanted.merchant}{'' if changed else ' already'}")
    return 0 if changed else 1


def _revoke(conn: Connection, wanted: argparse.Namespace) -> int:
    now = from_setting(wanted.clock).now()
    changed = staff.revoke(conn, wanted.user, wanted.merchant, actor=wanted.actor, now=now)
    print(f"{wanted.user} has no role of {wanted.merchant} {'any more' if changed else 'and had none'}")
    return 0 if changed else 1


def _list(conn: Connection, _: argparse.Namespace) -> int:
    for row in staff.roles(conn):
        given = f"by {row['granted_by']}, {row['granted_at']:%Y-%m-%d %H:%M} UTC"
        print(f"{row['user_name']:<24}{row['merchant_id']:<20}{row['role']:<12}{given}")
    return 0


def _history(conn: Connection, wanted: argparse.Namespace) -> int:
    for row in staff.changes(conn, wanted.user):
        change = f"{row['role_before'] or '-'} -> {row['role_after'] or '-'}"
        print(f"{row['at']:%Y-%m-%d %H:%M} UTC  {row['user_name']}  {row['merchant_id']}  {change}  by {row['actor']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
