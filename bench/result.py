"""What a benchmark found: printed as a table, written as JSON, failing the command where a check fails."""

import json
import os
import platform
import statistics
import sys
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

Size = Literal["smoke", "full"]
RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("apache-airflow", "great-expectations", "psycopg", "pandas")


@dataclass(frozen=True, slots=True)
class Row:
    """A measured figure: the median of ``runs`` repetitions, and the least and the most of them."""

    what: str
    median: float
    unit: str
    runs: int
    least: float
    most: float

    def __str__(self) -> str:
        """Return the figure as the table shows it."""
        spread = f", {self.least:.4f} to {self.most:.4f}" if self.runs > 1 else ""
        return f"{self.median:>12.4f} {self.unit}  ({self.runs} runs{spread})"


@dataclass(frozen=True, slots=True)
class Check:
    """A bound and whether it holds. ``must`` is the bound in words."""

    what: str
    value: float | str
    must: str
    holds: bool


@dataclass(slots=True)
class Result:
    """One benchmark's outcome."""

    name: str
    size: Size
    rows: list[Row] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=lambda: {name: version(name) for name in PACKAGES})
    load_before: tuple[float, float, float] = field(default_factory=os.getloadavg)

    def measure(self, what: str, samples: list[float], unit: str) -> float:
        """Add the median of ``samples`` and return it."""
        median = statistics.median(samples)
        least, most = min(samples), max(samples)
        self.rows.append(Row(what, round(median, 4), unit, len(samples), round(least, 4), round(most, 4)))
        return median

    def check(self, what: str, value: float | str, must: str, *, holds: bool, of_time: bool = False) -> None:
        """Add a check. One ``of_time`` is left out of a smoke result: it runs in tests, on machines that do more."""
        if of_time and self.size == "smoke":
            return
        self.checks.append(Check(what, round(value, 4) if isinstance(value, float) else value, must, holds))

    def document(self) -> dict[str, Any]:
        """Return the result in the form that bench/results keeps."""
        return {
            "name": self.name,
            "size": self.size,
            "machine": {
                "cpus": os.cpu_count(),
                "system": f"{platform.system()} {platform.machine()}",
                "python": platform.python_version(),
            },
            "versions": self.versions,
            "load_before": [round(one, 2) for one in self.load_before],
            "load": [round(one, 2) for one in os.getloadavg()],
            "rows": [asdict(row) for row in self.rows],
            "checks": [asdict(check) for check in self.checks],
        }

    def report(self) -> bool:
        """Print and store the result; return whether every check holds. Smoke results are not stored."""
        width = max((len(row.what) for row in self.rows), default=0)
        lines = [f"\n{self.name} ({self.size}), load {self.load_before[0]:.2f} before it"]
        lines += [f"  {row.what:<{width}}  {row}" for row in self.rows]
        lines += [
            f"  {'holds' if check.holds else 'FAILS'}  {check.what}: {check.value} (must be {check.must})"
            for check in self.checks
        ]
        sys.stdout.write("\n".join(lines) + "\n")
        if self.size == "full":
            RESULTS.mkdir(exist_ok=True)
            text = json.dumps(self.document(), ensure_ascii=False, indent=2)
            (RESULTS / f"{self.name}.json").write_text(text + "\n", encoding="utf-8")
        return all(check.holds for check in self.checks)
