"""The story's small decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from runtime.stopwatch import Stopwatch
from runtime.story import passes_hour, was_woken_by
from runtime.summary import state_of_runs


def almaty(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00+05:00")


@pytest.mark.parametrize(
    ("before", "after", "passes"),
    [
        ("14T08:05", "14T18:05", False),
        ("14T18:05", "15T08:05", True),
        ("15T06:59", "15T07:00", True),
        ("15T07:00", "15T23:00", False),
        ("15T07:00", "16T07:00", True),
    ],
)
def test_a_morning_between_two_ticks(before: str, after: str, passes: bool) -> None:
    assert passes_hour(almaty(before), almaty(after), 7) is passes


def a_run(kind: str, start: str, end: str | None = None) -> dict[str, Any]:
    return {"run_type": kind, "start_date": start, "end_date": end, "run_after": start}


UPSTREAM = a_run("manual", "2026-11-16T03:00:00Z", "2026-11-16T03:00:10Z")


@pytest.mark.parametrize(
    ("kind", "start", "woken"),
    [
        ("asset_triggered", "2026-11-16T02:59:59Z", False),
        ("asset_triggered", "2026-11-16T03:00:09Z", True),
        ("scheduled", "2026-11-16T03:00:09Z", False),
        ("scheduled", "2026-11-16T03:00:11Z", True),
        ("manual", "2026-11-16T03:00:11Z", True),
    ],
)
def test_only_a_run_that_saw_everything_counts(kind: str, start: str, woken: bool) -> None:
    assert was_woken_by(a_run(kind, start), UPSTREAM) is woken


def test_one_failed_run_is_not_hidden_by_later_ones() -> None:
    assert state_of_runs(["success", "failed", "success"]) == "failed"
    assert state_of_runs(["running", "success"]) == "success"
    assert state_of_runs([]) == "none"


def test_progress_is_printed_with_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    watch = Stopwatch()
    with watch.step("a step"):
        pass
    assert "a step (0.0 s)" in capsys.readouterr().out
    assert [name for name, _ in watch.steps] == ["a step"]
