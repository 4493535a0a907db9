"""`python -m runtime <command>`; the Makefile's commands end here."""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.bring_up import DAG_IDS, bring_up, find_installation
from runtime.browser import ensure_browser
from runtime.layout import Layout, find_layout
from runtime.postgres import Server, remove
from runtime.private_file import read_json
from runtime.settings_yaml import apply_settings, read_settings
from runtime.stop import stop_everything
from runtime.stopwatch import Stopwatch
from runtime.story import Story
from runtime.summary import gather, report, write

STARTED_VARIABLE = "QAITARYM_STARTED"


@contextmanager
def only_one(layout: Layout) -> Iterator[None]:
    """Two demonstrations at once on one run folder would start everything twice."""
    layout.make_folders()
    with layout.lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"another `make demo` is at work on {layout.run}; wait for it, or stop it first") from None
        yield


def demo(layout: Layout) -> None:
    """Everything up, the story played, the summary printed."""
    started = float(os.environ.get(STARTED_VARIABLE) or time.time())
    watch = Stopwatch(started)
    watch.note("installation", watch.elapsed)
    watch.say("packages are installed")
    with only_one(layout):
        installation, up = find_installation(layout)
        bring_up(installation, watch, up=up)
        story = Story(installation, watch)
        story.play()
        story.unpause_all(DAG_IDS)
        summary = gather(installation, watch.elapsed)
        write(installation, summary)
    print(report(installation, summary, watch))


def stop(layout: Layout) -> None:
    """End every process of this instance."""
    lines = stop_everything(layout)
    print("\n".join([*lines, "nothing of this installation is running"]))


def clean(layout: Layout) -> None:
    """Stop, then delete everything made at run time, the databases too."""
    stop_everything(layout)
    stored = read_json(layout.postgres_record)
    if stored is not None and Path(Server(**stored).base).is_dir():
        remove(Server(**stored))
    shutil.rmtree(layout.run, ignore_errors=True)
    print(f"removed {layout.run}")


def settings(layout: Layout) -> None:
    """Apply airflow_settings.yaml with values from the environment: how a real shop is connected."""
    installation, up = find_installation(layout)
    if not up:
        raise SystemExit("Airflow is not running: `make demo` starts it")
    apply_settings(installation.airflow, read_settings(layout.settings, os.environ))
    print("connections, variables and pools are in Airflow")


def browser(_: Layout) -> None:
    """Make sure of a browser for the browser tests, or say that there is none."""
    print(f"browser for the tests: {ensure_browser() or 'none'}")


def main() -> None:
    """Parse the command line and run one command."""
    commands = {"demo": demo, "stop": stop, "clean": clean, "settings": settings, "browser": browser}
    parser = argparse.ArgumentParser(prog="python -m runtime", description=__doc__)
    parser.add_argument("command", choices=sorted(commands))
    chosen = parser.parse_args().command
    try:
        commands[chosen](find_layout())
    except KeyboardInterrupt:
        sys.exit("interrupted; what was started goes on running: `make demo` continues, `make stop` ends it")
    except (RuntimeError, TimeoutError, ValueError) as error:
        sys.exit(f"{chosen} failed: {error}")


if __name__ == "__main__":
    main()
