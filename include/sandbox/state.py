"""What a run must remember to go on after a restart: its clock, its feeds, the lists it pulled, what was written."""

import datetime as dt
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from include.sandbox.buyer import Pull
from include.sandbox.shop_writes import Written


class OtherWorld(RuntimeError):
    """The folder holds the state of a world written from another seed, date or reading."""


@dataclass
class Record:
    """The run so far. Replaying it from the script gives the same world again."""

    seed: int
    date: str
    reading: str
    start: str
    now: str = ""
    feeds: list[dict[str, str]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    writes: list[dict[str, str | None]] = field(default_factory=list)

    def remember_pull(self, pull: Pull) -> None:
        """Keep what a pull brought; the body only where the list had changed."""
        told = asdict(pull)
        told["at"] = pull.at.isoformat()
        told["body"] = pull.body if pull.changed or pull.problem else None
        told["changed"] = False
        self.pulls.append(told)

    def remember_write(self, write: Written) -> None:
        """Keep an accepted write."""
        self.writes.append({**asdict(write), "at": write.at.isoformat()})

    def player(self) -> "Replay":
        """Return a puller that plays the recorded pulls back."""
        return Replay({(p["merchant_id"], dt.datetime.fromisoformat(p["at"])): p for p in self.pulls})

    def save(self, path: Path) -> None:
        """Write the record, whole or not at all."""
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")
        unfinished.replace(path)


@dataclass
class Replay:
    """Answers pulls from the record of an earlier run."""

    recorded: dict[tuple[str, dt.datetime], dict[str, Any]]

    def __call__(self, merchant_id: str, url: str, etag: str | None, at: dt.datetime) -> Pull:
        """Return the pull of that merchant and moment."""
        told = self.recorded.get((merchant_id, at))
        if told is None:
            return Pull(merchant_id, at, 0, problem="not in the record")
        return Pull(**{**told, "at": at})


def load(path: Path, fresh: Record) -> Record:
    """Return the record in ``path``, or ``fresh`` if there is none. Raises OtherWorld for another world's."""
    if not path.exists():
        return fresh
    kept = Record(**json.loads(path.read_text(encoding="utf-8")))
    same = all(getattr(kept, name) == getattr(fresh, name) for name in ("seed", "date", "reading", "start"))
    if not same:
        raise OtherWorld(f"{path} belongs to seed {kept.seed}, date {kept.date}: use another --state-dir or remove it")
    return kept
