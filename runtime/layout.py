"""Where the files of one installation lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

RUN_DIR_VARIABLE = "QAITARYM_RUN_DIR"
DAGS_DIR_VARIABLE = "QAITARYM_DAGS_DIR"


@dataclass(frozen=True)
class Layout:
    """`root` is the checkout, `run` the folder of everything made at run time; one `run` is one instance."""

    root: Path
    run: Path
    dags: Path

    @property
    def plugins(self) -> Path:
        return self.root / "plugins"

    @property
    def settings(self) -> Path:
        return self.root / "airflow_settings.yaml"

    @property
    def logs(self) -> Path:
        return self.run / "logs"

    @property
    def airflow_home(self) -> Path:
        return self.run / "airflow"

    @property
    def sandbox(self) -> Path:
        return self.run / "sandbox"

    @property
    def mailbox(self) -> Path:
        return self.sandbox / "mailbox"

    @property
    def keys(self) -> Path:
        return self.run / "secrets.json"

    @property
    def ports(self) -> Path:
        return self.run / "ports.json"

    @property
    def postgres_record(self) -> Path:
        """Names the folder of the database server, which may lie outside `run`."""
        return self.run / "postgres.json"

    @property
    def supervisor_config(self) -> Path:
        return self.run / "supervisord.conf"

    @property
    def supervisor_pid(self) -> Path:
        return self.run / "supervisord.pid"

    @property
    def session(self) -> Path:
        """Names the session that the supervisor and all its programs live in."""
        return self.run / "session.json"

    @property
    def story(self) -> Path:
        return self.run / "story.json"

    @property
    def summary(self) -> Path:
        return self.run / "summary.json"

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    def make_folders(self) -> None:
        """Create the folders; only their owner may look into them."""
        self.run.mkdir(parents=True, exist_ok=True)
        self.run.chmod(0o700)
        for folder in (self.logs, self.airflow_home, self.sandbox):
            folder.mkdir(exist_ok=True)


def find_layout() -> Layout:
    """The layout of this checkout; two variables move the run folder and the DAGs (tests use them)."""
    root = Path(__file__).resolve().parent.parent
    run = Path(os.environ.get(RUN_DIR_VARIABLE) or root / ".run").resolve()
    dags = Path(os.environ.get(DAGS_DIR_VARIABLE) or root / "dags").resolve()
    return Layout(root=root, run=run, dags=dags)
