"""Fifty worlds at a time: what is counted of them, kept in a file each, so that a run can stop and go on."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from include.analytics import signals
from include.sandbox.frames import frame, together
from tools.scorecard import coverage, naive, power
from tools.scorecard.worlds import Weekly

ROOT = Path(__file__).resolve().parents[2]
PRINTERS = ("page.py", "__main__.py")  # they count nothing
SOURCES = ("include/analytics", "include/sandbox", "include/domain/causes.py", "tools/scorecard")
FDR = 0.10
FULL = 1000  # worlds of the whole scorecard
CHUNK = 50  # worlds of one catalogue
STREET = 10  # so many worlds together are a busy shop
FIRST_WEEK, LAST_WEEK = 18, 27  # one of these Mondays is drawn for each world


def folder() -> Path:
    """Return where the counts lie: another place for other code, so that no old count is taken for a new one."""
    digest = hashlib.sha256()
    for source in SOURCES:
        place = ROOT / source
        paths = [place] if place.is_file() else sorted(place.rglob("*.py"))
        for path in paths:
            if path.name not in PRINTERS or path.parent != Path(__file__).parent:
                digest.update(path.read_bytes())
    return ROOT / ".run" / "scorecard" / digest.hexdigest()[:12]


def counts(first: int, *, rises: bool = True) -> dict[str, Any]:
    """Return the counts of worlds ``first`` to ``first + CHUNK - 1``, made now or before.

    Without ``rises`` nothing is planted in them, and the tables of what is found of it stay empty.
    """
    path = folder() / f"{first:05d}{'' if rises else '-still'}.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(_made(first, rises)), encoding="utf-8")
        part.replace(path)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _made(first: int, rises: bool) -> dict[str, Any]:
    frames, still, busy = [], [], []
    made: dict[str, Any] = {"coverage": [], "power": [], "power_large": []}
    for seed in range(first, first + CHUNK):
        frames.append(frame(seed, first))
        still.append(_still(Weekly.of(frames[-1]), seed))
        if (seed + 1) % STREET == 0:
            street = together(frames[-STREET:])
            busy.append(_still(Weekly.of(street), seed))
            made["coverage"].append(coverage.tallies(street, seed))
            if rises and len(frames) == STREET:
                made["power"] = power.trials(street, seed, FDR)
    if rises and first % (4 * CHUNK) == 0:  # these worlds are the dearest
        made["power_large"] = power.trials(together(frames), first, FDR)
    return {**made, "still": still, "busy": busy}


def _still(world: Weekly, seed: int) -> dict[str, Any]:
    """Return what is said of a world in which nothing happens, on one Monday drawn from the seed."""
    monday = int(np.random.default_rng(seed).integers(FIRST_WEEK, LAST_WEEK + 1))
    history = world.history(monday)
    found = signals.find(history, FDR)
    return {
        "seed": seed, "monday": monday, "signals": len(found.signals), "tested": found.tested,
        **naive.any_alarm(history),
    }  # fmt: skip
