"""Senders that are killed, frozen, overtaken or doubled: a buyer is never told twice where it can be avoided.

Real processes, really killed (SIGKILL) before each line of our code in turn; a real gateway counts what it got.
"""

import datetime as dt
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.db.notice_world import NOON, NoticeWorld
from tests.faults.forking import Forking, forking
from tests.gateways import Gateway, http_gateway, smtp

ROOT = Path(__file__).resolve().parents[2]
HOUR = dt.timedelta(hours=1)


class Sender:
    """The process that forks a sender a command; each is another try of the task."""

    def __init__(self, process: Forking) -> None:
        self.process = process
        self.attempt = 0

    def begin(self, die_at: int | None = None, **more: Any) -> None:
        self.attempt += 1
        self.process.begin(die_at=die_at, attempt=self.attempt, **more)

    def end(self) -> dict[str, Any]:
        return self.process.end()

    def send(self, die_at: int | None = None, **more: Any) -> dict[str, Any]:
        self.begin(die_at, **more)
        return self.end()


@contextmanager
def sender(world: NoticeWorld, **extra: Any) -> Iterator[Sender]:
    settings = {
        "dsn": world.dsn, "url": world.url, "key": world.key, "now": NOON.isoformat(), "extra": world.extra | extra,
    }  # fmt: skip
    with forking("notice_sender.py", json.dumps(settings)) as process:
        yield Sender(process)


@pytest.fixture
def world(new_warehouse: Callable[[], str]) -> NoticeWorld:
    return NoticeWorld(new_warehouse())


def fresh(world: NoticeWorld) -> None:
    """One notice, as if nobody had ever looked at it."""
    if not world.notices():
        world.order(1)
        world.arrive(1, 1)
        world.queue()
    world.ask(
        "update ops.notice set status = 'queued', attempts = 0, next_try_at = %s, channel = null, sent_at = null, "
        "reason = null, doubtful = false returning 1", NOON,
    )  # fmt: skip


def lines_of(way: Sender, world: NoticeWorld) -> int:
    """Return how many lines a sender runs that sends one notice and lives."""
    fresh(world)
    answer = way.send()
    assert answer["counts"]["sent"] == 1
    return int(answer["lines"])


def settle(way: Sender, world: NoticeWorld) -> str:
    """Let living senders do their work, more than once; return where the notice ends."""
    for minutes in (0, 60):
        answer = way.send(minutes=minutes)
        assert "error" not in answer, answer
    (row,) = world.notices()
    return str(row["status"])


def test_killed_at_any_line_it_comes_once_or_a_person_is_asked(world: NoticeWorld) -> None:
    seen: Counter[tuple[str, int]] = Counter()
    with http_gateway() as gateway:
        world.by(gateway.port)
        with sender(world) as way:
            for line in range(1, lines_of(way, world) + 1):
                fresh(world)
                gateway.requests.clear()
                killed = way.send(line)
                assert killed["killed"], (line, killed)
                before = len(gateway.requests)
                status = settle(way, world)
                came = len(gateway.requests)
                assert came <= 1, f"killed at line {line}: it came {came} times"
                assert status in ("sent", "unknown")
                assert status != "sent" or came == 1, f"killed at line {line}: called sent, and nothing came"
                assert status != "unknown" or came == before, f"killed at line {line}: repeated in doubt"
                seen[status, came] += 1
    # each way it can end was really met: before it began, begun and not sent, sent and not written down
    assert all(seen[end] for end in (("sent", 1), ("unknown", 0), ("unknown", 1))), seen


def test_killed_at_any_line_it_always_comes_once_where_the_gateway_removes_repetitions(world: NoticeWorld) -> None:
    repeated = 0
    with http_gateway(deduplicates=True) as gateway:
        world.by(gateway.port)
        with sender(world, deduplicates=True) as way:
            for line in range(1, lines_of(way, world) + 1, 3):
                fresh(world)
                gateway.requests.clear()
                gateway.passed_on.clear()
                assert way.send(line)["killed"]
                assert settle(way, world) == "sent", f"killed at line {line}"
                assert len(gateway.passed_on) == 1, f"killed at line {line}"
                repeated += len(gateway.requests) > 1
    assert repeated, "no kill fell between the sending and the writing down: the test proves too little"


def test_killed_at_any_line_a_mail_comes_once_or_a_person_is_asked(world: NoticeWorld) -> None:
    seen: Counter[tuple[str, int]] = Counter()
    with smtp(b"250 ok\r\n") as (server, taken):
        world.url = f"mailto://127.0.0.1:{server.port}?from=shop@example.kz&to={{phone}}@sms.example"
        with sender(world) as way:
            for line in range(1, lines_of(way, world) + 1, 3):
                fresh(world)
                taken.clear()
                assert way.send(line)["killed"]
                status, came = settle(way, world), len(taken)
                assert came <= 1, f"killed at line {line}: it came {came} times"
                assert status in ("sent", "unknown") and (status != "sent" or came == 1)
                seen[status, came] += 1
    assert all(seen[end] for end in (("sent", 1), ("unknown", 0), ("unknown", 1))), seen


def test_two_senders_at_once_send_each_notice_once(world: NoticeWorld) -> None:
    for number in range(1, 31):
        world.order(number)
        world.arrive(number, 1)
    world.queue()
    with http_gateway() as gateway:
        world.by(gateway.port)
        with sender(world) as one, sender(world) as other:
            for _ in range(2):
                one.begin(owner="dag/one/tell/-1")
                other.begin(owner="dag/other/tell/-1")
                answers = [one.end(), other.end()]
                assert not any("error" in answer for answer in answers), answers
        keys = [one["key"] for one in gateway.requests]
    assert len(keys) == len(set(keys)) == 30
    assert {row["status"] for row in world.notices()} == {"sent"}


def wait_for(gateway: Gateway) -> None:
    assert gateway.came.wait(20), "nothing came"
    gateway.came.clear()


def test_a_try_that_is_overtaken_while_it_sends_writes_nothing_and_nothing_is_sent_twice(world: NoticeWorld) -> None:
    fresh(world)
    with http_gateway() as gateway:
        world.by(gateway.port)
        gateway.held.clear()
        with sender(world) as first, sender(world) as second:
            first.begin()
            wait_for(gateway)  # it is inside the gateway now
            second.attempt = first.attempt
            assert second.send()["counts"]["unknown"] == 1, "the newer try takes over at once and asks a person"
            gateway.held.set()
            assert first.end()["error"].startswith("LeaseLost")
        assert len(gateway.requests) == 1
    assert world.statuses() == [("unknown", "sender_died")]


def test_a_frozen_sender_that_wakes_up_late_is_not_asked_again(world: NoticeWorld) -> None:
    """Stopped between its answer and its last write, overtaken meanwhile: it may only fail."""
    fresh(world)
    with http_gateway(deduplicates=True) as gateway:
        world.by(gateway.port)
        gateway.held.clear()
        with sender(world, deduplicates=True) as first, sender(world, deduplicates=True) as second:
            first.begin()
            wait_for(gateway)
            (frozen,) = _children(first.process.process.pid)
            os.kill(frozen, signal.SIGSTOP)
            gateway.held.set()
            second.attempt = first.attempt
            assert second.send()["counts"]["sent"] == 1, "repeated under its key, which the gateway knows"
            os.kill(frozen, signal.SIGCONT)
            assert first.end()["error"].startswith("LeaseLost")
        assert len(gateway.passed_on) == 1
    assert world.statuses() == [("sent", None)]


def _children(pid: int) -> list[int]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        if found:
            return [int(one) for one in found]
        time.sleep(0.05)
    return []
