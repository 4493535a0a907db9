"""Waiting for something to become true."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TooLateError(TimeoutError):
    """What was waited for did not come in time."""


def wait_for(what: str, probe: Callable[[], T | None], seconds: float, pause: float = 0.2) -> T:
    """Call `probe` until it returns something true and return that; raises TooLateError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise TooLateError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(pause)
