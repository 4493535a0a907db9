"""The gate between two tasks: judge a staged batch once, keep a verdict for each merchant.

Great Expectations is imported here, inside the task: it costs seconds, its checks cost milliseconds.
"""

import contextlib
import io
import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from psycopg import conninfo
from psycopg.types.json import Jsonb

from include.db.connection import PLANNING, Connection, connect
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.db.statements import text_of
from include.flows.batch import with_status
from include.flows.drift import keep_unknown_values
from include.flows.quarantine import Reject, put_aside
from include.flows.run import Run
from include.quality.suite import ColumnCheck, SqlCheck, Suite

log = logging.getLogger(__name__)
SAMPLE = 20


@dataclass(slots=True)
class Finding:
    """One check's result: its violations by merchant, or ``broken`` when the check itself could not run."""

    check: ColumnCheck | SqlCheck
    violations: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    broken: str | None = None

    def keep(self, merchant_id: str) -> None:
        """Forget what other merchants' rows violate: checks of published tables see them, too."""
        for one in set(self.violations) - {merchant_id, "*"}:
            del self.violations[one]


def judge(dsn: str, run: Run, suite: Suite, merchant_id: str | None = None) -> dict[str, int]:
    """Judge the staged parts of ``run``, or that of ``merchant_id`` alone, and move each to passed or held.

    Returns counts. A check that cannot run counts as failed for everybody: nothing is published on a gate that is
    broken. Parts that are staged while it looks are left to their own gate.
    """
    with connect(dsn) as conn:
        run_statement(conn, "ops/show_run", **run.key, merchant_id=merchant_id)
        merchants = with_status(conn, run, "staged", "passed", "held")
        if merchant_id is not None:
            merchants = [one for one in merchants if one == merchant_id]
        if not merchants:
            return {"passed": 0, "held": 0, "quarantined": 0}
        if suite.known_values:
            keep_unknown_values(conn, run, suite.known_values)
        findings = _validate(dsn, conn, run, suite, merchant_id)
        if merchant_id is not None:
            for finding in findings:
                finding.keep(merchant_id)
        quarantined = _quarantine(conn, run, suite, findings)
        _store(conn, run, suite, merchants, findings)
        judged = {**run.key, "suite": suite.name, "merchants": merchants}
        verdicts = run_statement(conn, "ops/batch__judge", **judged).fetchall()
        run_statement(conn, "ops/dq_part", **judged)
        conn.commit()
    held = [row for row in verdicts if row["status"] == "held"]
    for row in held:
        log.error("%s: the part of %s is held: %s", suite.name, row["merchant_id"], row["detail"])
    return {"passed": len(verdicts) - len(held), "held": len(held), "quarantined": quarantined}


def _sqlalchemy_url(dsn: str, run: Run, merchant_id: str | None) -> str:
    import sqlalchemy

    parts = conninfo.conninfo_to_dict(dsn)
    settings = {
        "qaitarym.dag_id": run.dag_id,
        "qaitarym.run_id": run.run_id,
        "qaitarym.merchant_id": merchant_id or "",
        "timezone": "UTC",
        **PLANNING,
    }
    options = " ".join(
        f"-c {name}={value.replace(chr(92), chr(92) * 2).replace(' ', chr(92) + ' ')}"
        for name, value in settings.items()
    )
    return sqlalchemy.URL.create(
        "postgresql+psycopg",
        username=str(parts["user"]),
        password=str(parts["password"]) if parts.get("password") else None,
        host=str(parts["host"]),
        port=int(parts.get("port") or 5432),
        database=str(parts["dbname"]),
        query={"options": options},
    ).render_as_string(hide_password=False)


def _validate(dsn: str, conn: Connection, run: Run, suite: Suite, merchant_id: str | None) -> list[Finding]:
    """Run the suite through Great Expectations; look at the details only of what failed."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    # A literal $ would be read as a reference to the environment.
    source = context.data_sources.add_postgres(
        "warehouse", connection_string=_sqlalchemy_url(dsn, run, merchant_id).replace("$", r"\$")
    )
    by_subject: dict[str, list[ColumnCheck | SqlCheck]] = defaultdict(list)
    anywhere = next((check.subject for check in suite.checks if isinstance(check, ColumnCheck)), "ops.batch")
    for check in suite.checks:
        by_subject[check.subject if isinstance(check, ColumnCheck) else anywhere].append(check)
    # it keeps its connections for the next validation, which is another process's
    with contextlib.closing(source.get_execution_engine()):
        return [
            finding
            for subject, checks in by_subject.items()
            for finding in _findings(conn, source, suite, subject, checks)
        ]


def _findings(
    conn: Connection, source: Any, suite: Suite, subject: str, checks: list[ColumnCheck | SqlCheck]
) -> Iterator[Finding]:
    """Judge one table or view by all its checks."""
    import great_expectations as gx

    schema, table = subject.split(".")
    asset = source.add_table_asset(subject, table_name=table, schema_name=schema)
    batch = asset.add_batch_definition_whole_table("staged").get_batch()
    # It prints that a check file should name its batch by a placeholder; ours name it by the session.
    with contextlib.redirect_stdout(io.StringIO()):
        expectations = {check.name: _expectation(check) for check in checks}
        # all at once: the table is described once, and what can be counted in one statement is
        results = batch.validate(
            gx.ExpectationSuite(subject, expectations=list(expectations.values())), result_format="BOOLEAN_ONLY"
        )
    result_of = {result.expectation_config.meta["check"]: result for result in results.results}
    for check in checks:
        finding, result = Finding(check), result_of[check.name]
        broken = (result.exception_info or {}).get("exception_message") if not result.success else None
        if broken or (not result.success and _raised(result)):
            finding.broken = str(broken or _raised(result))[:500]
            log.error("%s: check %s could not run: %s", suite.name, check.name, finding.broken)
        elif not result.success:
            _detail(conn, batch, expectations[check.name], finding)
        yield finding


def _expectation(check: ColumnCheck | SqlCheck) -> Any:
    """Return a check as Great Expectations knows it, bearing its name."""
    import great_expectations.expectations as gxe

    from include.quality.violations import ExpectNoViolations

    meta = {"check": check.name}
    if isinstance(check, SqlCheck):
        return ExpectNoViolations(unexpected_rows_query=text_of(f"checks/{check.name}"), meta=meta)
    return getattr(gxe, check.expectation)(**check.arguments, meta=meta)


def _raised(result: Any) -> str | None:
    """Return the message of an exception inside an expectation (its info is nested by metric)."""
    for info in (result.exception_info or {}).values():
        if isinstance(info, dict) and info.get("raised_exception"):
            return str(info.get("exception_message"))
    return None


def _detail(conn: Connection, batch: Any, expectation: Any, finding: Finding) -> None:
    """Find which records of which merchant failed."""
    check = finding.check
    if isinstance(check, SqlCheck):
        for row in conn.execute(text_of(f"checks/{check.name}").encode()).fetchall():
            finding.violations[row["merchant_id"]].append((str(row["record_key"]), str(row["detail"])))
        return
    result = batch.validate(
        expectation,
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["merchant_id", check.key],
        },
    )
    for row in result.result.get("unexpected_index_list") or []:
        value = next((row[name] for name in row if name not in ("merchant_id", check.key)), None)
        finding.violations[row["merchant_id"]].append((str(row[check.key]), f"{check.name}: {value!r}"))
    if not finding.violations:  # a table-level expectation names no rows: everybody's part is meant
        finding.violations["*"].append(("*", f"{check.name}: {result.result.get('observed_value')!r}"))


def _quarantine(conn: Connection, run: Run, suite: Suite, findings: list[Finding]) -> int:
    """Put the rows of failed row checks aside, with what depends on them."""
    rejects = [
        Reject(merchant_id, suite.name, key, finding.check.name, {"detail": detail}, f"{run.dag_id}/{run.run_id}")
        for finding in findings
        if finding.check.severity == "row"
        for merchant_id, rows in finding.violations.items()
        for key, detail in rows
    ]
    if not rejects:
        return 0
    if not suite.drop:
        raise ValueError(f"suite {suite.name} has row checks but no statement to drop rows")
    put_aside(conn, rejects, run.now)
    pairs = {(reject.merchant_id, reject.record_key) for reject in rejects}
    run_statement(conn, "ops/stage_drop")
    copy_rows(conn, "stage_drop", ("merchant_id", "record_key"), sorted(pairs))
    for statement in suite.drop:
        run_statement(conn, statement, **run.key)
    run_statement(conn, "ops/batch__count_dropped", **run.key)
    return len(pairs)


def _store(conn: Connection, run: Run, suite: Suite, merchants: list[str], findings: list[Finding]) -> None:
    """Keep a row for each merchant and check."""
    rows = []
    for finding in findings:
        for merchant_id in merchants:
            bad = finding.violations.get(merchant_id, []) + finding.violations.get("*", [])
            sample = [{"record": key, "detail": detail} for key, detail in bad[:SAMPLE]]
            if finding.broken:
                sample = [{"record": "*", "detail": f"the check could not run: {finding.broken}"}]
            severity = "batch" if finding.broken and finding.check.severity == "row" else finding.check.severity
            rows.append(
                (
                    run.run_id, run.dag_id, merchant_id, suite.name, finding.check.name,
                    not bad and not finding.broken, severity, len(bad), Jsonb(sample), run.now,
                )
            )  # fmt: skip
    run_statement(conn, "ops/dq_result__clear", **run.key, suite=suite.name, merchants=merchants)
    columns = (
        "run_id", "dag_id", "merchant_id", "suite", "check_name", "success", "severity", "failed_rows", "sample", "at",
    )  # fmt: skip
    copy_rows(conn, "ops.dq_result", columns, rows)
