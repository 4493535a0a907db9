"""What parsing a DAG file costs over the SDK it needs anyway. Each sample is a process of its own, interleaved."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.result import Result, Size

ROOT = Path(__file__).resolve().parents[1]
REPETITIONS = {"smoke": 1, "full": 7}
BOUND = 0.10
HEAVY = ("pandas", "numpy", "great_expectations", "psycopg", "requests", "sqlalchemy.engine")
# The names that DAG files take from the SDK: it loads each only when it is asked for.
SDK = (
    "from airflow.sdk import Asset, AssetAlias, AssetOrTimeSchedule, AsyncCallback, CronTriggerTimetable, "
    "DeadlineAlert, DeadlineReference, Param, dag, task"
)
MEASURE = f"""
import json, resource, sys, time
wall, cpu = time.perf_counter(), time.process_time()
{{work}}
print(json.dumps({{{{
    "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu,
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "heavy": [name for name in {HEAVY!r} if name in sys.modules],
}}}}))
"""


def _sample(work: str) -> dict[str, object]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(work=work)], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run(size: Size) -> Result:
    """Compare every DAG file with the SDK alone; CPU seconds decide, wall and memory stand beside them."""
    result = Result("imports", size)
    works = {"airflow.sdk alone": SDK}
    for path in sorted((ROOT / "dags").glob("*.py")):
        works[path.stem] = f"{SDK}\nimport runpy; runpy.run_path({str(path)!r})"
    samples: dict[str, list[dict[str, object]]] = {name: [] for name in works}
    for repetition in range(REPETITIONS[size]):
        for name, work in works.items():
            samples[name].append(_sample(work))
        sys.stdout.write(f"imports: round {repetition + 1} of {REPETITIONS[size]}\n")
        sys.stdout.flush()

    def median(name: str, figure: str, unit: str) -> float:
        return result.measure(f"{name}: {figure}", [float(str(one[figure])) for one in samples[name]], unit)

    floor = median("airflow.sdk alone", "cpu", "s")
    median("airflow.sdk alone", "wall", "s")
    median("airflow.sdk alone", "memory", "MiB")
    before = set(samples["airflow.sdk alone"][0]["heavy"])  # type: ignore[call-overload]
    for name in list(works)[1:]:
        over = median(name, "cpu", "s") / floor - 1
        median(name, "memory", "MiB")
        loaded = sorted(set(samples[name][0]["heavy"]) - before)  # type: ignore[call-overload]
        result.check(f"{name}: heavy modules loaded", ", ".join(loaded) or "none", "none", holds=not loaded)
        result.check(f"{name}: CPU over airflow.sdk alone", over, f"<= {BOUND} (aim 0.03)", holds=over <= BOUND,
                     of_time=True)  # fmt: skip
    return result
