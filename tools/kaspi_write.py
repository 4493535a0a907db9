"""Write to an order at Kaspi, as a supervisor: dry unless the merchant's switch is on, sent once, read back.

``python -m tools.kaspi_write ask --merchant M --order CODE --action ARRIVED_BACKWARD --reason TEXT --actor WHO``
``python -m tools.kaspi_write switch --merchant M --action ARRIVED_BACKWARD --live yes|no --reason TEXT --actor WHO``
``python -m tools.kaspi_write settle --merchant M`` · ``list --merchant M`` · ``show --write ID``

``ask`` shows what would be sent and wants the order's number once more before anything is done; ``--confirm CODE`` says
it beforehand. The warehouse's address is in QAITARYM_WAREHOUSE_DSN, the merchant's token is asked for or read from
KASPI_TOKEN. ``--actor`` is a name of Airflow's login, a supervisor of the merchant. Exit code 1 where it was not done.
"""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Sequence
from uuid import UUID

from include.clock import from_setting
from include.db.connection import Connection, connect
from include.domain.kaspi_writes import RULES
from include.flows import kaspi_writes
from include.flows.desk_access import DeskError, staff_of
from include.kaspi.errors import KaspiError
from include.kaspi.shop_api import USER_AGENT, ShopSettings

DSN = "QAITARYM_WAREHOUSE_DSN"
TOKEN = "KASPI_TOKEN"  # noqa: S105 (the name of a variable)
KASPI = "https://kaspi.kz/shop/api/v2"
GOOD = frozenset({"dry_run", "done", "not_needed"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks; return the exit code."""
    wanted = _parser().parse_args(arguments)
    if not os.environ.get(DSN):
        sys.exit(f"set {DSN} to the warehouse's connection string")
    try:
        with connect(os.environ[DSN], application="qaitarym kaspi write") as conn:
            return int(wanted.do(conn, wanted))
    except (DeskError, KaspiError) as error:
        print(error, file=sys.stderr)
        return 1


def _ask(conn: Connection, wanted: argparse.Namespace) -> int:
    clock = from_setting(wanted.clock)
    write_id = kaspi_writes.ask(
        conn,
        staff_of(conn, wanted.actor),
        wanted.merchant,
        wanted.order,
        wanted.action,
        actor=wanted.actor,
        reason=wanted.reason,
        cancellation_reason=wanted.cancellation_reason,
        clock=clock,
    )
    conn.commit()
    write, _ = kaspi_writes.one(conn, write_id)
    conn.commit()
    print("dry: nothing is sent, see switch" if write["dry_run"] else "LIVE: this is sent to Kaspi")
    print(f"POST {wanted.url}/orders {json.dumps(write['request'], ensure_ascii=False)}")
    confirmed = wanted.confirm or input(f"The order's number once more, to go on ({write['order_code']}): ").strip()
    if confirmed != write["order_code"]:
        kaspi_writes.give_up(conn, write_id, clock, wanted.actor)
        print("not confirmed: nothing was done", file=sys.stderr)
        return 1
    with kaspi_writes.writes_to(os.environ[DSN], _settings(wanted)) as writes:
        state = kaspi_writes.carry_out(os.environ[DSN], writes, write_id, clock, f"cli/{write_id}#0", wanted.actor)
    print(f"{write_id} is {state}")
    return 0 if state in GOOD else 1


def _switch(conn: Connection, wanted: argparse.Namespace) -> int:
    kaspi_writes.switch(
        conn,
        staff_of(conn, wanted.actor),
        wanted.merchant,
        wanted.action,
        live=wanted.live == "yes",
        actor=wanted.actor,
        reason=wanted.reason,
        clock=from_setting(wanted.clock),
    )
    print(f"{wanted.action} of {wanted.merchant} is {'sent' if wanted.live == 'yes' else 'only kept'} from now on")
    return 0


def _settle(conn: Connection, wanted: argparse.Namespace) -> int:
    conn.commit()
    counts = kaspi_writes.settle_open(
        os.environ[DSN],
        lambda _: kaspi_writes.writes_to(os.environ[DSN], _settings(wanted)),
        from_setting(wanted.clock),
        "cli/settle#0",
        merchants=[wanted.merchant],
    )
    print(counts or "no write is open")
    return 0


def _list(conn: Connection, wanted: argparse.Namespace) -> int:
    for row in kaspi_writes.listed(conn, [wanted.merchant]):
        dry = "dry" if row["dry_run"] else "live"
        print(
            f"{row['asked_at']:%Y-%m-%d %H:%M} UTC  {row['write_id']}  {row['order_code']}  {row['action']}  {dry}  "
            f"{row['state']}  by {row['actor']}: {row['reason']}"
        )
    return 0


def _show(conn: Connection, wanted: argparse.Namespace) -> int:
    write, steps = kaspi_writes.one(conn, UUID(wanted.write))
    print(f"{write['action']} of {write['order_code']}, asked for by {write['actor']}: {write['reason']}")
    print(json.dumps(write["request"], ensure_ascii=False))
    for step in steps:
        told = [step["status_seen"] and f"shows {step['status_seen']}", step["http_status"], step["answer"]]
        said = ", ".join(str(one) for one in told if one)
        print(f"{step['at']:%Y-%m-%d %H:%M:%S} UTC  {step['step']:<12} {said}  by {step['actor']}")
    return 0


def _settings(wanted: argparse.Namespace) -> ShopSettings:
    token = os.environ.get(TOKEN) or getpass.getpass("Token of the Shop API: ")
    return ShopSettings(wanted.merchant, wanted.url, token, wanted.user_agent, proxy=wanted.proxy)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools.kaspi_write", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True)
    about = argparse.ArgumentParser(add_help=False)
    about.add_argument("--merchant", required=True)
    about.add_argument("--clock", default="system", help="'system' or the address of the installation's clock")
    decides = argparse.ArgumentParser(add_help=False)
    decides.add_argument("--action", required=True, choices=sorted(RULES))
    decides.add_argument("--reason", required=True, help="why, in your words: it is kept")
    decides.add_argument("--actor", required=True, help="who decides: a supervisor of the merchant")
    reaches = argparse.ArgumentParser(add_help=False)
    reaches.add_argument("--url", default=KASPI)
    reaches.add_argument("--user-agent", default=USER_AGENT)
    reaches.add_argument("--proxy")
    asked = commands.add_parser("ask", parents=[about, decides, reaches], help="write to an order")
    asked.add_argument("--order", required=True, help="the order's number")
    asked.add_argument("--cancellation-reason", help="of CANCELLED: one of Kaspi's")
    asked.add_argument("--confirm", help="the order's number once more")
    asked.set_defaults(do=_ask)
    switched = commands.add_parser("switch", parents=[about, decides], help="send from now on, or only keep")
    switched.add_argument("--live", required=True, choices=("yes", "no"))
    switched.set_defaults(do=_switch)
    commands.add_parser("settle", parents=[about, reaches], help="read back what is open").set_defaults(do=_settle)
    commands.add_parser("list", parents=[about], help="the newest writes").set_defaults(do=_list)
    shown = commands.add_parser("show", help="one write, step by step")
    shown.add_argument("--write", required=True)
    shown.set_defaults(do=_show)
    return parser


if __name__ == "__main__":
    sys.exit(main())
