"""Look at the records that could not be used, let them be judged again, or say that they are right to be ignored.

``python -m tools.quarantine list --merchant M [--source S] [--status open]``
``python -m tools.quarantine replay --merchant M --source S [--id N …] --actor NAME``
``python -m tools.quarantine dismiss --merchant M --id N … --reason WHY --actor NAME``

The warehouse's address is in QAITARYM_WAREHOUSE_DSN. Exit code 1 where nothing could be done as asked.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from include.clock import from_setting
from include.db.connection import Connection, connect
from include.db.statements import run
from include.flows.quarantine import dismiss, replay

SHOWN = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    wanted = _parser().parse_args(arguments)
    dsn = os.environ.get("QAITARYM_WAREHOUSE_DSN")
    if not dsn:
        sys.exit("set QAITARYM_WAREHOUSE_DSN to the warehouse's connection string")
    with connect(dsn, application="qaitarym quarantine") as conn:
        try:
            return int(wanted.do(conn, wanted))
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools.quarantine", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.set_defaults(do=None)
    commands = parser.add_subparsers(required=True)
    whose = argparse.ArgumentParser(add_help=False)
    whose.add_argument("--merchant", required=True)
    whose.add_argument("--source", help="kaspi/order, kaspi_returns_ingest, …: the quarantine's column")
    whose.add_argument("--clock", default="system", help="'system' or the address of the installation's clock")
    decides = argparse.ArgumentParser(add_help=False)
    decides.add_argument("--id", type=int, action="append", dest="ids", metavar="N", help="may be given several times")
    decides.add_argument("--actor", required=True, help="who decides: it is kept with the record")
    listed = commands.add_parser("list", parents=[whose], help="show records")
    listed.add_argument("--status", choices=("open", "replayed", "gone", "resolved", "dismissed"), default="open")
    listed.set_defaults(do=_list)
    replayed = commands.add_parser("replay", parents=[whose, decides], help="judge them again in the next run")
    replayed.set_defaults(do=_replay)
    dismissed = commands.add_parser("dismiss", parents=[whose, decides], help="they are right to be ignored")
    dismissed.add_argument("--reason", required=True)
    dismissed.set_defaults(do=_dismiss)
    return parser


def _list(conn: Connection, wanted: argparse.Namespace) -> int:
    rows = run(
        conn,
        "console/quarantine",
        merchant_id=wanted.merchant,
        source=wanted.source,
        reason=None,
        status=wanted.status,
        before=None,
        now=from_setting(wanted.clock).now(),
        shown=SHOWN,
    ).fetchall()
    for row in rows:
        print(
            f"{row['id']:>8}  {row['first_seen']:%Y-%m-%d %H:%M} UTC  {row['source']}  {row['record_key']}  "
            f"{row['pointer'] or '-'}  ×{row['times_seen']}  {row['reason']}"
        )
    print(f"{len(rows)} records {wanted.status}" if rows else f"nothing is {wanted.status}")
    if len(rows) == SHOWN:
        print(f"only the newest {SHOWN} are shown: name a source")
    return 0


def _replay(conn: Connection, wanted: argparse.Namespace) -> int:
    if not wanted.source:
        raise ValueError("a replay is of one source: name it with --source")
    now = from_setting(wanted.clock).now()
    count = replay(conn, wanted.merchant, wanted.source, ids=wanted.ids, actor=wanted.actor, now=now)
    print(f"{count} records will be judged again by the next run")
    counted = run(conn, "console/quarantine__sources", merchant_id=wanted.merchant, now=now).fetchall()
    left = sum(
        row["records"] - row["at_hand"] for row in counted if (row["source"], row["status"]) == (wanted.source, "open")
    )
    if left:
        print(f"of {left} nothing is kept: whoever sent them has to send them again", file=sys.stderr)
    return 0 if count else 1


def _dismiss(conn: Connection, wanted: argparse.Namespace) -> int:
    if not wanted.ids:
        raise ValueError("say which records with --id")
    row = run(conn, "ops/quarantine__groups", ids=wanted.ids).fetchall()
    mine = [
        one
        for group in row
        if group["merchant_id"] == wanted.merchant and wanted.source in (None, group["source"])
        for one in group["ids"]
    ]
    count = dismiss(conn, mine, wanted.actor, wanted.reason, from_setting(wanted.clock).now())
    print(f"{count} records dismissed")
    return 0 if count == len(set(wanted.ids)) else 1


if __name__ == "__main__":
    sys.exit(main())
