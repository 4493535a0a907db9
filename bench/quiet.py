"""A figure of wall time from a busy machine is none: the benchmark fails then, not the bound."""

import os
import sys
import time

BUSY = 1.2  # processes that ran or waited, over the last minute
WAIT_SECONDS = 60  # by then the average has forgotten what just ended


def must_be_quiet(name: str, *, busy: float = BUSY, wait_seconds: float = WAIT_SECONDS) -> bool:
    """Wait for the machine to be quiet; say so and return False where it stays busy."""
    deadline = time.monotonic() + wait_seconds
    while (load := os.getloadavg()[0]) > busy:
        if time.monotonic() > deadline:
            sys.stderr.write(f"{name}: not measured, the machine is busy (load {load:.2f}, at most {busy})\n")
            return False
        time.sleep(1)
    return True
