"""The demonstration: the past taken in by one run of each DAG, then two days lived in a few ticks.

The scheduler runs everything; this module moves the sandbox's clock, asks Airflow for runs over its REST API
and waits. Steps that ended well are remembered: a demonstration that was interrupted goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from runtime.bring_up import Installation
from runtime.private_file import read_json, write_json
from runtime.stopwatch import Stopwatch
from runtime.task_logs import errors_of
from runtime.waiting import wait_for

BUSINESS_ZONE = ZoneInfo("Asia/Almaty")
DAILY_HOUR = 7
PAST_WEEKS = 27
PAST_DAGS = (
    "warehouse_receipts_reconcile",
    "restock_sync",
    "restock_reconcile_daily",
    "return_causes_weekly",
    "housekeeping",
)
CHAIN = ("kaspi_returns_ingest", "warehouse_receipts_reconcile", "restock_sync")
RUN_SECONDS = 600.0
# A run that an asset event starts by itself begins within a second or two.
WAKE_UP_SECONDS = 10.0
_PAUSE = 0.4
_ENDED = ("success", "failed")


class RunFailedError(RuntimeError):
    """A DAG run of the demonstration did not succeed."""


@dataclass(frozen=True)
class Step:
    """One remembered step of the story."""

    name: str
    play: Callable[[], object]


class Story:
    """Plays the steps that were not played yet, one progress line each."""

    def __init__(self, installation: Installation, watch: Stopwatch) -> None:
        self._api = installation.airflow
        self._sandbox = installation.sandbox
        self._watch = watch
        self._record = installation.layout.story
        self._logs = installation.layout.airflow_home / "logs"
        self._unpaused: set[str] = set()

    def steps(self) -> list[Step]:
        """All steps in their order."""
        world = self._sandbox.world()
        begin = datetime.fromisoformat(world["start_of_life"])
        past = {"from": (begin - timedelta(weeks=PAST_WEEKS)).isoformat(), "to": begin.isoformat()}
        found = [Step("past: kaspi_returns_ingest", lambda: self._run("kaspi_returns_ingest", past))]
        found += [Step(f"past: {dag_id}", partial(self._run, dag_id)) for dag_id in PAST_DAGS]
        before = begin
        ticks = [datetime.fromisoformat(text) for text in world["ticks"]]
        for number, tick in enumerate(ticks, start=1):
            found += self._tick_steps(f"tick {number} of {len(ticks)}", before, tick)
            before = tick
        found += [
            Step(f"end: {dag_id}", partial(self._run, dag_id)) for dag_id in ("return_causes_weekly", "housekeeping")
        ]
        return found

    def _tick_steps(self, name: str, before: datetime, tick: datetime) -> list[Step]:
        local = tick.astimezone(BUSINESS_ZONE)
        steps = [
            Step(f"{name}: clock to {local:%a %d %b %H:%M}", partial(self._sandbox.advance, tick)),
            Step(f"{name}: {' → '.join(CHAIN)}", self._chain),
        ]
        if passes_hour(before, tick, DAILY_HOUR):
            steps.append(Step(f"{name}: restock_reconcile_daily", partial(self._run, "restock_reconcile_daily")))
        return steps

    def play(self) -> None:
        """Play what is left. Raises RunFailedError naming the run, its failed tasks and their logs."""
        done: dict[str, float] = read_json(self._record) or {}
        steps = self.steps()
        if all(step.name in done for step in steps):
            self._watch.say(f"the story was played before: {len(steps)} steps, nothing to do")
            return
        for step in steps:
            if step.name in done:
                continue
            begun = time.monotonic()
            with self._watch.step(step.name):
                step.play()
            done[step.name] = round(time.monotonic() - begun, 2)
            write_json(self._record, done)

    def unpause_all(self, dag_ids: Sequence[str]) -> None:
        """Leave every DAG to its schedule."""
        for dag_id in dag_ids:
            self._unpause(dag_id)

    def _unpause(self, dag_id: str) -> None:
        # Only now, not at the start: an unpaused DAG runs by its schedule too and would run ahead.
        if dag_id not in self._unpaused:
            self._api.unpause(dag_id)
            self._unpaused.add(dag_id)

    def _run(self, dag_id: str, conf: dict[str, Any] | None = None) -> dict[str, Any]:
        """Trigger a DAG and wait for that run."""
        self._unpause(dag_id)
        run_id = self._api.trigger(dag_id, conf)["dag_run_id"]

        def ended() -> dict[str, Any] | None:
            run = self._api.run(dag_id, run_id)
            return run if run["state"] in _ENDED else None

        return self._succeeded(wait_for(f"{dag_id} {run_id} to end", ended, RUN_SECONDS, _PAUSE))

    def _succeeded(self, run: dict[str, Any]) -> dict[str, Any]:
        if run["state"] == "success":
            return run
        dag_id, run_id = run["dag_id"], run["dag_run_id"]
        tasks = [
            f"{task['task_id']}{'' if task['map_index'] < 0 else '[' + str(task['map_index']) + ']'}"
            for task in self._api.failed_tasks(dag_id, run_id)
        ]
        errors = "\n  ".join(errors_of(self._logs, dag_id, run_id)[:10])
        raise RunFailedError(
            f"{dag_id}, run {run_id}: {run['state']}; failed tasks: {', '.join(tasks) or 'none'}.\n  {errors}\n"
            f"Logs: {self._logs / f'dag_id={dag_id}' / f'run_id={run_id}'}"
        )

    def _chain(self) -> None:
        """The tick's chain: ingest is triggered; what follows is woken by it or, where nothing woke it, triggered."""
        upstream = self._run(CHAIN[0])
        for dag_id in CHAIN[1:]:
            upstream = self._follow(dag_id, upstream)
        wait_for("the chain to come to rest", self._at_rest, RUN_SECONDS, _PAUSE)

    def _follow(self, dag_id: str, upstream: dict[str, Any]) -> dict[str, Any]:
        """Wait for the run that `upstream` woke; trigger one where it woke none."""
        self._unpause(dag_id)
        sent = self._api.sent_asset_events(upstream["dag_id"], upstream["dag_run_id"])
        deadline = time.monotonic() + (WAKE_UP_SECONDS if sent else 0)
        while True:
            woken = [run for run in self._api.runs(dag_id) if was_woken_by(run, upstream)]
            if woken and all(run["state"] in _ENDED for run in woken):
                return next(self._succeeded(run) for run in woken)
            if not woken and time.monotonic() > deadline:
                return self._run(dag_id)
            time.sleep(_PAUSE)

    def _at_rest(self) -> bool:
        runs = [run for dag_id in CHAIN for run in self._api.runs(dag_id)]
        return all(run["state"] in _ENDED for run in runs)


def passes_hour(before: datetime, after: datetime, hour: int) -> bool:
    """Whether `hour`:00 of a business day lies in (before, after]."""
    local = before.astimezone(BUSINESS_ZONE)
    moment = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if moment <= local:
        moment += timedelta(days=1)
    return moment <= after


def was_woken_by(run: dict[str, Any], upstream: dict[str, Any]) -> bool:
    """Whether `run` saw everything `upstream` published.

    An asset event is sent when the data are visible, so its run counts from upstream's start on; any other
    (by the clock, by hand) only when it began after upstream had ended.
    """
    begun = datetime.fromisoformat(run["start_date"] or run["run_after"]).astimezone(UTC)
    if run["run_type"] == "asset_triggered":
        return begun >= datetime.fromisoformat(upstream["start_date"]).astimezone(UTC)
    return begun >= datetime.fromisoformat(upstream["end_date"]).astimezone(UTC)
