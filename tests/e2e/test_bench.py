"""The benchmarks' smoke sizes: equality and counters, never time."""

import os
import subprocess
import sys

import pytest

from runtime.layout import RUN_DIR_VARIABLE
from tests.e2e.conftest import ROOT, Demo

pytestmark = pytest.mark.timeout(2_400)  # the demonstration, where nobody has asked for it yet, and all smoke sizes


def test_every_smoke_check_holds(demo: Demo) -> None:
    demo.must_be_ours()
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--size", "smoke"],
        cwd=ROOT,
        env=os.environ | {RUN_DIR_VARIABLE: str(demo.run), "QAITARYM_STARTED": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILS" not in done.stdout
