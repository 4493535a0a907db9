"""Progress lines with seconds, and where the time went."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Prints one line a step and remembers how long each took; steps may run side by side in threads."""

    def __init__(self, started_at: float | None = None) -> None:
        """`started_at` is the epoch second at which the user's command began (default: now)."""
        now = time.time()
        self._origin = time.monotonic() - max(0.0, now - (started_at or now))
        self._lock = threading.Lock()
        self.steps: list[tuple[str, float]] = []

    @property
    def elapsed(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._origin

    def say(self, text: str) -> None:
        """Print a line with the seconds since the beginning."""
        with self._lock:
            sys.stdout.write(f"[{self.elapsed:6.1f} s] {text}\n")
            sys.stdout.flush()

    def note(self, name: str, seconds: float) -> None:
        """Remember a step that was measured elsewhere."""
        with self._lock:
            self.steps.append((name, seconds))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the block, print its line when it ends well."""
        begun = time.monotonic()
        yield
        took = time.monotonic() - begun
        self.note(name, took)
        self.say(f"{name} ({took:.1f} s)")
