"""Sends a warehouse's notices in processes that die where they are told to: at their n-th line of our code.

Everything is imported once; each command forks. Commands come as lines of JSON: ``die_at`` (null: live), ``attempt`` of
the task, ``minutes`` after the beginning; the answer says how it ended and how many lines were run.
"""

import datetime as dt
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import mjml  # noqa: F401 (imported here, not in each fork)

from include.flows.contacts import Sealer
from include.flows.notices import Outfit, send_notices
from include.notify.apprise_channel import channel_of
from tests.faults.forking import serve

ROOT = Path(__file__).resolve().parents[2]
WATCHED = {
    str(ROOT / "include" / name)
    for name in (
        "flows/notices.py", "notify/apprise_channel.py", "notify/outbox.py", "notify/exchanges.py", "db/lease.py",
    )
}  # fmt: skip


class Deadly:
    """Counts the lines of the watched files as they are first reached; kills the process before the one it is told."""

    def __init__(self, die_at: int | None) -> None:
        self.die_at = die_at
        self.seen: set[tuple[str, int]] = set()

    @property
    def lines(self) -> int:
        return len(self.seen)

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in WATCHED:
            return None
        place = (frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and place not in self.seen:
            self.seen.add(place)
            if self.lines == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def send(settings: dict[str, Any], command: dict[str, Any]) -> dict[str, Any]:
    now = dt.datetime.fromisoformat(settings["now"]) + dt.timedelta(minutes=command.get("minutes", 0))
    outfit = Outfit(Sealer(settings["key"]), lambda _conn_id: channel_of(settings["url"], settings["extra"]))
    owner = f"{command.get('owner', 'dag/run/tell/-1')}#{command['attempt']}"
    deadly = Deadly(command["die_at"])
    sys.settrace(deadly)
    counts = send_notices(settings["dsn"], outfit, owner, now)
    sys.settrace(None)
    return {"lines": deadly.lines, "counts": counts}


if __name__ == "__main__":
    outfit_of = json.loads(sys.argv[1])
    channel_of(outfit_of["url"], outfit_of["extra"])  # Apprise loads all its services when it is first asked
    serve(partial(send, outfit_of))
