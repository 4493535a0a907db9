"""The console as one process serves it, for one person who is always logged in: ``python -m bench.desk_server``."""

import argparse
import datetime as dt
import json
import socket
import sys
from dataclasses import dataclass

import uvicorn

from include.clock import SystemClock
from include.console.app import build_app

LOGIN = "scanner"


@dataclass(frozen=True, slots=True)
class _Person:
    name: str

    def get_name(self) -> str:
        return self.name

    def get_id(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class _Fixed:
    moment: dt.datetime

    def now(self) -> dt.datetime:
        return self.moment


def main() -> None:
    """Serve until a signal comes; print the address first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--now", type=dt.datetime.fromisoformat)
    chosen = parser.parse_args()
    clock = _Fixed(chosen.now) if chosen.now else SystemClock()
    app = build_app(lambda: chosen.dsn, lambda: clock, lambda: _Person(LOGIN), secret=lambda: "of the benchmark")
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # who asks before the app is made waits
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])


if __name__ == "__main__":
    main()
