"""Start the sandbox: ``python -m include.sandbox --state-dir DIR --port 0 --smtp-port 0``."""

import argparse
import datetime as dt
import json
import logging
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from include.sandbox.mailbox import HOST, Mailbox, serve_smtp
from include.sandbox.manners import BadManners, Settings, read_settings
from include.sandbox.moments import utc_iso
from include.sandbox.returns import READINGS
from include.sandbox.server import application
from include.sandbox.session import Session
from include.sandbox.span import DEFAULT_DATE, DEFAULT_SEED
from include.sandbox.world import write_world

SECONDS_TO_LEAVE = 5
LEFT_ON_PURPOSE = "ASGI callable returned without completing response."


def _manners(text: str) -> Settings:
    try:
        return read_settings(text)
    except BadManners as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m include.sandbox", description="A simulated world with known truth."
    )
    parser.add_argument(
        "--state-dir", type=Path, required=True, help="folder for the state, the truth, mails, dropped files"
    )
    parser.add_argument("--port", type=int, default=0, help="HTTP port on the loopback; 0 takes a free one")
    parser.add_argument("--smtp-port", type=int, default=0, help="SMTP port on the loopback; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument(
        "--date", type=dt.date.fromisoformat, default=DEFAULT_DATE, help="the day the world ends, at 08:05"
    )
    parser.add_argument("--start", choices=("now", "history"), default="now",
                        help="where a fresh clock stands: 48 hours or 26 weeks before the end")  # fmt: skip
    parser.add_argument("--reading", choices=READINGS, default="both",
                        help="what KASPI_DELIVERY_RETURN_REQUESTED stands for")  # fmt: skip
    parser.add_argument("--manners", type=_manners, default=Settings(), metavar="NAME=RATE,...",
                        help="of the Shop API, e.g. too_many=0.02,cut=0.01 or all=0.03,page_size=9")  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Serve until told to stop. Prints one line of JSON with the addresses when ready."""
    arguments = _arguments()
    # bound first: a port that is taken fails at once, and early callers wait instead of failing
    listener = socket.create_server((HOST, arguments.port))
    world = write_world(arguments.seed, arguments.date, arguments.reading)
    start = world.span.begin if arguments.start == "history" else world.span.start_of_life
    session = Session(world, arguments.state_dir, start)
    mailbox = Mailbox(arguments.state_dir / "mailbox")
    smtp = serve_smtp(mailbox, arguments.smtp_port)
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    ready = {
        "url": address, "shop_api": f"{address}/shop/api/v2", "smtp_host": HOST, "smtp_port": smtp.port,
        "mailbox": f"{address}/mailbox", "state_dir": str(arguments.state_dir),
        "now": utc_iso(session.life.now),
    }  # fmt: skip
    print(json.dumps(ready), flush=True)
    app = application(session, mailbox, arguments.manners)
    # a caller left hanging on purpose must not keep the sandbox from leaving
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=SECONDS_TO_LEAVE)
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.getMessage() != LEFT_ON_PURPOSE)
    server = uvicorn.Server(config)
    # uvicorn stops first and then raises the signal again: leave in order, not killed by it
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: sys.exit(0))
    try:
        server.run(sockets=[listener])
    finally:
        smtp.stop()


if __name__ == "__main__":
    main()
