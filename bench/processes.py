"""Programs of the benchmarks: each in a process of its own, ended by its own id."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runtime.airflow_home import ONE_HEAP

ROOT = Path(__file__).resolve().parents[1]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a program of ours, with the memory's setting of the product's own programs."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "GX_ANALYTICS_ENABLED": "false", **ONE_HEAP, **more}


@contextmanager
def server(module: str, *arguments: str) -> Iterator[dict[str, Any]]:
    """Run a server that prints one line of JSON when it is ready; end it afterwards."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            if not line:
                raise RuntimeError(f"{module} ended before it was ready")
            yield json.loads(line)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(timeout=20)


def counters(url: str, *, reset: bool = False) -> dict[str, Any]:
    """Return what the ingest server counted so far; with ``reset`` it begins anew."""
    with urllib.request.urlopen(f"{url}/counters{'/reset' if reset else ''}", timeout=10) as answer:  # noqa: S310
        return dict(json.loads(answer.read()))


def start(*command: str, **env: str) -> subprocess.Popen[str]:
    """Start a program whose last line of output is its report."""
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(**env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def report_of(child: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a program and return its report; raise RuntimeError with what it said where it failed."""
    output, errors = child.communicate()
    if child.returncode != 0:
        raise RuntimeError(f"{child.args!r} ended with code {child.returncode}:\n{errors[-4000:]}")
    return dict(json.loads(output.splitlines()[-1]))
