"""What the gates found: every number on the pages is what SQL says of the rows, and leads to them."""

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import psycopg
import pytest

from include.console import sheets
from include.console.quality_results import LATE_AFTER
from include.db.connection import Connection, connect
from include.db.statements import text_of
from include.flows.quarantine import Reject, dismiss, put_aside, replay
from include.locale.check_labels import PROMISES
from include.quality.catalogue import SUITES
from tests.console.surroundings import NOW, User, app_of, client_of

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
FLOW = "kaspi_returns_ingest"
MADE = """
insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id)
values ('alpha', 'Almaty <Tech>', 'c', 'b'), ('beta', 'Жібек', 'c2', 'b2');

-- a run of each of two flows an hour, 40 days of them; each merchant has a part
insert into ops.run (dag_id, run_id, now_at)
select flow, flow || '-' || n, %(now)s::timestamptz - n * interval '1 hour'
from unnest(array['kaspi_returns_ingest', 'restock_sync']) as flow
cross join generate_series(0, 959) as n;

insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged, rows_quarantined)
select
    run.dag_id, run.run_id, merchant.merchant_id,
    case when run.run_id like '%%7' and run.dag_id = 'restock_sync' then 'held' else 'published' end,
    100,
    case when run.run_id like '%%5' and run.dag_id = 'kaspi_returns_ingest' then 3 else 0 end
from ops.run
cross join core.merchant;

-- rejected before they were staged: no check failed
update ops.batch set status = 'held', detail = '40 of 140 rows were quarantined'
where run_id = 'kaspi_returns_ingest-11' and merchant_id = 'beta';

insert into ops.dq_result (
    run_id, dag_id, merchant_id, suite, check_name, success, severity, failed_rows, sample, at
)
select
    batch.run_id, batch.dag_id, batch.merchant_id, batch.dag_id, said.check_name, not said.failed, said.severity,
    case when said.failed then 3 else 0 end,
    case when said.failed then '[{"record": "o1", "detail": "=1+1"}]'::jsonb else '[]' end,
    run.now_at
from ops.batch
inner join ops.run using (dag_id, run_id)
cross join lateral (
    values
    ('price_is_sane', 'row', batch.rows_quarantined > 0),
    ('status_is_known', 'warning', batch.run_id like '%%3' and batch.merchant_id = 'alpha'),
    ('channel/feed_version__valid', 'batch', batch.status = 'held' and batch.detail is null)
) as said (check_name, severity, failed);
"""


def count_parts(conn: Connection, flow: str, run_id: str) -> None:
    """Count what a run's gate said of each part, as the gate does."""
    judged = [row["merchant_id"] for row in conn.execute("select distinct merchant_id from ops.dq_result").fetchall()]
    key = {"dag_id": flow, "run_id": run_id, "suite": flow, "merchants": judged}
    psycopg.ClientCursor(conn).execute(text_of("ops/dq_part").encode(), key)


@pytest.fixture(scope="module")
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        psycopg.ClientCursor(conn).execute(MADE.encode(), {"now": NOW})
        for flow in ("kaspi_returns_ingest", "restock_sync"):
            for row in conn.execute("select run_id from ops.run where dag_id = %s", (flow,)).fetchall():
                count_parts(conn, flow, row["run_id"])
        rejects = [
            Reject("alpha", FLOW, f"o{n}", "price_is_sane", {"detail": f"=price {n}"}, f"{FLOW}/x") for n in range(6)
        ]
        put_aside(conn, [*rejects, Reject("beta", FLOW, "o9", "price_is_sane", {"detail": "-9"})], NOW - 20 * DAY)
        ids = [
            row["id"] for row in conn.execute("select id from ops.quarantine where merchant_id = 'alpha' order by id")
        ]
        replay(conn, "alpha", FLOW, ids=ids[:3], actor="aliya", now=NOW - 2 * DAY)
        put_aside(conn, rejects[:1], NOW - DAY)
        dismiss(conn, ids[4:5], "aliya", "a test", NOW - HOUR)
    return address


def ask(dsn: str, query: str, **params: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, cursor_factory=psycopg.ClientCursor) as conn:
        return conn.execute(query.encode(), params or None).fetchall()


def cells(page: str, section: str) -> list[list[str]]:
    """The rows of the table of a section, as the text of their cells."""
    (table,) = re.findall(rf'id="{section}".*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    return [
        [" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    ]


def number(text: str) -> int:
    return int(text.replace(",", ""))


def sums(page: str) -> dict[str, str]:
    """The numbers at the top of a page by their names."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in found}


def table_of(dsn: str, path: str, user: User | None = None) -> list[dict[str, str]]:
    """The lines of a file, by its heading."""
    text = client_of(dsn, user).get(f"/quality/{path}").content.decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))


SINCE = "at >= (date '2026-11-16' - %(days)s + 1)::timestamp at time zone 'Asia/Almaty'"


@pytest.mark.parametrize(
    ("asked", "days", "where"),
    [
        ("", 30, "true"),
        ("&days=90", 90, "true"),
        ("&severity=batch", 30, "severity = 'batch'"),
        ("&merchant=alpha", 30, "merchant_id = 'alpha'"),
        ("&merchant=alpha&severity=warning&days=90", 90, "merchant_id = 'alpha' and severity = 'warning'"),
    ],
)
def test_the_numbers_of_every_flow_are_those_of_its_verdicts(dsn: str, asked: str, days: int, where: str) -> None:
    page = client_of(dsn).get(f"/quality/results?lang=en{asked}").text
    shown = {
        row[0]: [int(value.replace(",", "")) for value in (row[2], row[4], row[5])]
        for row in cells(page, "flows-title")
    }
    told = ask(
        dsn,
        f"""
        select dag_id, count(distinct run_id), count(*) filter (where not success), sum(failed_rows)
        from mart.dq_result where {SINCE} and {where} group by dag_id
        """,
        days=days,
    )
    assert len(told) == 2
    for flow, *numbers in told:
        assert shown[flow] == numbers
    ((checks, failed, rows),) = ask(
        dsn,
        f"""
        select count(*)::float, count(*) filter (where not success), sum(failed_rows)
        from mart.dq_result where {SINCE} and {where}
        """,
        days=days,
    )
    top = sums(page)
    assert [number(top[name]) for name in ("checks failed", "rows failed")] == [failed, rows]
    assert top["Checks that passed"] == f"{100 * (1 - failed / checks):.0f}%"
    parts = ask(
        dsn,
        f"""
        select dag_id, sum(rows_quarantined), count(*) filter (where status = 'held')
        from ops.batch inner join (select dag_id, run_id, now_at as at from ops.run) as run using (dag_id, run_id)
        where {SINCE} and {where if where.startswith("merchant") and "and" not in where else "true"}
        group by dag_id
        """,
        days=days,
    )
    if "alpha&severity" not in asked:
        assert [number(top[name]) for name in ("rows put aside", "parts held")] == [
            sum(row[place] for row in parts) for place in (1, 2)
        ]
        found = {row[0]: [int(value.replace(",", "")) for value in row[6:8]] for row in cells(page, "flows-title")}
        for flow, *numbers in parts:
            assert found[flow] == numbers


def test_the_days_of_the_file_are_those_of_the_rows(dsn: str) -> None:
    answer = client_of(dsn).get("/quality/days.csv?lang=en&days=90")
    assert answer.headers["content-type"].startswith("text/csv")
    heading, *lines = [line.split(";") for line in answer.content.decode("utf-8-sig").splitlines()]
    rows = [dict(zip(heading, line, strict=True)) for line in lines]
    assert len(rows) == 90
    told = ask(
        dsn,
        """
        select (at at time zone 'Asia/Almaty')::date::text, count(*), count(*) filter (where not success),
            sum(failed_rows)
        from mart.dq_result group by 1 order by 1
        """,
    )
    assert [(row["day"], int(row["checks"]), int(row["checks failed"]), int(row["rows failed"])) for row in rows
            if int(row["checks"])] == told  # fmt: skip
    assert sum(int(row["records put aside"]) for row in rows) == ask(dsn, "select count(*) from mart.quarantine")[0][0]
    for column, action in (("records judged again", "replayed"), ("records dismissed", "dismissed"),
                           ("records that failed again", "reopened")):  # fmt: skip
        wanted = ask(dsn, f"select count(*) from ops.quarantine_action where action = '{action}'")[0][0]
        assert sum(int(row[column]) for row in rows) == wanted > 0


def test_a_number_leads_to_its_rows_page_by_page(dsn: str) -> None:
    browser, address, seen = client_of(dsn), f"/quality/failures?lang=en&flow={FLOW}&severity=row", 0
    wanted = ask(
        dsn,
        f"select count(*) from mart.dq_result where not success and dag_id = '{FLOW}' and severity = 'row' and {SINCE}",
        days=30,
    )[0][0]
    for _ in range(20):
        page = browser.get(address).text
        seen += len(re.findall(r'class="chip bad"', page))
        more = re.search(r'href="\.\./(quality/failures\?[^"]*after=[^"]*)"', page)
        if not more:
            break
        address = "/" + more[1].replace("&amp;", "&")
    assert seen == wanted > 100
    records = re.search(r'href="\.\./(quality\?[^"]*reason=price_is_sane[^"]*)#records-title"', page)
    assert records
    assert "The order&#39;s price is between" in browser.get("/" + records[1].replace("&amp;", "&")).text
    for strange in ("after=x", "after=[1,2]", "after=" + "%5B%22x%22%5D", "of=nothing", "day=2026-11-16", "check=';--"):
        assert browser.get(f"/quality/failures?{strange}").status_code == 200
    assert browser.get("/quality/failures?day=x").status_code == 422


def test_a_day_and_a_run_narrow_what_failed(dsn: str) -> None:
    browser = client_of(dsn)
    text = browser.get("/quality/failures.csv?lang=en&day=2026-11-15").content.decode("utf-8-sig")
    wanted = ask(
        dsn,
        "select count(*) from mart.dq_result "
        "where not success and (at at time zone 'Asia/Almaty')::date = '2026-11-15'",
    )
    assert len(text.splitlines()) - 1 == wanted[0][0] > 0
    page = browser.get(f"/quality/failures?lang=en&of={FLOW}-13").text
    assert page.count('class="chip warn"') == 1
    held = browser.get("/quality/failures?lang=en&held=1&days=90").text
    assert "the part is held back" in held and "status_is_known" not in held.replace("<wbr>", "")


def test_a_part_held_for_rejected_records_says_so(dsn: str) -> None:
    address = "/quality/failures?lang=en&held=1&days=90&merchant=beta"
    page = client_of(dsn).get(f"{address}&flow={FLOW}").text
    ((what, _, does, rows),) = cells(page, "failures-title")
    assert (what, does, rows) == ("40 of 140 rows were quarantined", "the part is held back", "0")
    shown = sums(client_of(dsn).get("/quality/results?lang=en&days=90&merchant=beta").text)["parts held"]
    assert len(table_of(dsn, "failures.csv?lang=en&held=1&days=90&merchant=beta")) == int(shown) > 1
    (line,) = table_of(dsn, f"failures.csv?lang=en&held=1&days=90&merchant=beta&flow={FLOW}")
    assert (line["check"], line["why"]) == ("", "40 of 140 rows were quarantined")
    assert client_of(dsn).get(f"{address}&flow={FLOW}&check=price_is_sane").text.count("rows were quarantined") == 0


def test_a_run_that_is_named_is_found_however_old_it_is(dsn: str) -> None:
    class Later:
        def now(self) -> dt.datetime:
            return NOW + 100 * DAY

    browser = client_of(dsn, clock=Later)
    assert len(cells(browser.get(f"/quality/failures?lang=en&of={FLOW}-13").text, "failures-title")) == 1
    assert "status_is_known" not in browser.get(f"/quality/failures?lang=en&flow={FLOW}&days=90").text
    (link,) = re.findall(rf'href="\.\./([^"]*of={FLOW}-13[^"]*)"', browser.get(f"/quality/{FLOW}").text)
    assert len(cells(browser.get("/" + link.replace("&amp;", "&")).text, "failures-title")) == 1


@pytest.mark.parametrize("portion", [7, 2_000])
def test_a_file_is_whole_however_long(dsn: str, monkeypatch: pytest.MonkeyPatch, portion: int) -> None:
    monkeypatch.setattr(sheets, "PORTION", portion)
    query = "failures.csv?lang=en&days=90&flow=restock_sync"
    lines = table_of(dsn, query)
    told = ask(
        dsn,
        """
        select at, run_id, merchant_id, check_name from ops.dq_result
        where not success and dag_id = 'restock_sync' order by at desc, run_id, merchant_id, check_name
        """,
    )
    found = [
        (dt.datetime.fromisoformat(line["run of"]), line["run"], line["merchant"], line["check"]) for line in lines
    ]
    assert found == told and len(found) > 100
    records = [line["record"] for line in table_of(dsn, "records.csv?lang=en&status=all")]
    assert records == [row[0] for row in ask(dsn, "select record_key from ops.quarantine order by id desc")]
    assert len(records) == 7


def test_a_chart_is_as_high_as_its_scale_says(dsn: str) -> None:
    page = client_of(dsn).get("/quality/results?lang=en&days=30").text
    days = {line["day"]: line for line in table_of(dsn, "days.csv?lang=en&days=30")}
    for code, column in (("failed_rows", "rows failed"), ("quarantined", "rows put aside"), ("held", "parts held")):
        (chart,) = re.findall(rf'id="chart-{code}".*?</svg>', page, re.DOTALL)
        lines = [
            (float(y) - 3, number(text))
            for y, text in re.findall(r'class="tick" x="39" y="([\d.]+)" text-anchor="end">([^<]*)<', chart)
        ]
        bottom, value_of = max(y for y, _ in lines), dict(lines)
        assert value_of[bottom] == 0 and len(set(value_of.values())) == len(lines) > 2
        highest, top = bottom - min(value_of), max(value_of.values())
        for y, value in lines:
            assert bottom - y == pytest.approx(highest * value / top, abs=0.1)
        heights = [float(height) for height in re.findall(r'<rect [^>]*height="([\d.]+)"', chart)]
        assert heights == pytest.approx(
            [highest * int(line[column]) / top for line in days.values() if int(line[column])], abs=0.1
        )


def test_no_cell_of_a_file_is_a_formula(dsn: str) -> None:
    for path in ("failures.csv?days=90", "records.csv?status=all", "days.csv"):
        for line in client_of(dsn).get(f"/quality/{path}").content.decode("utf-8-sig").splitlines():
            assert not re.search(r'(^|;)"?[=+@-]', line), line


def test_the_strip_says_in_words_what_it_says_in_colours(dsn: str) -> None:
    browser = client_of(dsn)
    page = browser.get(f"/quality/{FLOW}?lang=en").text
    assert page.count('<th class="run">') == 24
    (row,) = re.findall(r"<tr>\s*<th scope=\"row\">The order&#39;s price is between.*?</tr>", page, re.DOTALL)
    signs = re.findall(r'sign-(\w+)" title="([^"]*)" aria-hidden="true">(.)</span><span class="unseen">([^<]*)<', row)
    assert len(signs) == 24 and all(title == told for _, title, _, told in signs)
    failed = [one for one in signs if one[0] == "row"]
    assert [one[1:3] for one in failed] == [("failed: the rows are put aside, 6 rows", "◐")] * 2
    assert "failed in 2 of these runs" in row
    assert "was not looked at" in page, "most checks of the suite are not in these runs"
    (older,) = re.findall(r'href="\.\./(quality/[^"]*before=[^"]*)"', page)
    first = re.findall(r'title="(kaspi_returns_ingest-\d+)"', page)
    second = re.findall(r'title="(kaspi_returns_ingest-\d+)"', browser.get("/" + older.replace("&amp;", "&")).text)
    assert [f"{FLOW}-{n}" for n in range(23, -1, -1)] == first
    assert [f"{FLOW}-{n}" for n in range(47, 23, -1)] == second, unquote(older)
    assert browser.get("/quality/nothing").status_code == 404
    assert browser.get(f"/quality/{FLOW}?before=x|y").status_code == 200


def test_every_check_says_what_it_promises_and_every_flow_when_it_is_late(dsn: str) -> None:
    assert {check.name for suite in SUITES.values() for check in suite.checks} == set(PROMISES)
    assert set(LATE_AFTER) == set(SUITES)
    for flow, suite in SUITES.items():
        page = client_of(dsn).get(f"/quality/{flow}?lang=en").text
        assert page.count('<th scope="row">') >= len(suite.checks) + 3
    page = client_of(dsn).get("/quality/results?lang=en").text
    fresh = {row[0]: row[1] for row in cells(page, "flows-title")}
    assert "in time" in fresh[FLOW] and "late" in fresh["housekeeping"]


def test_what_a_replay_did_is_told_and_the_reasons_are_counted(dsn: str) -> None:
    page = client_of(dsn).get("/quality?lang=en&merchant=alpha").text
    assert "Judged again in 90 days: 3. Settled since: 0, failed again: 1, dismissed: 0." in page
    ((reason, *numbers),) = [row[:4] for row in cells(page, "records-title")]
    assert reason.startswith("The order&#39;s price") and numbers == ["3", "0", "3"]
    told = ask(dsn, "select count(*) from mart.quarantine where merchant_id = 'alpha' and status = 'open'")
    assert told == [(3,)]


def test_who_is_of_one_merchant_sees_his_parts_only(dsn: str) -> None:
    his = client_of(dsn, User("timur", "viewer", "beta"))
    for path in ("results", "failures?days=90", "days.csv", "failures.csv?days=90", "records.csv?status=all", FLOW):
        answer = his.get(f"/quality/{path}")
        assert answer.status_code == 200
        assert "alpha" not in answer.text and "Almaty" not in answer.text, path
        joined = "&" if "?" in path else "?"
        assert his.get(f"/quality/{path}{joined}merchant=alpha").status_code == 404
    page = his.get(f"/quality/{FLOW}?lang=en").text
    strip = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</th>(.*?)</tr>", page, re.DOTALL)
    (price,) = (row for name, row in strip if name.startswith("The order&#39;s price is between"))
    assert re.findall(r"failed: the rows are put aside, (\d+) rows<", price) == ["3", "3"]
    at_foot = dict(re.findall(r'<tr class="sums"><th scope="row">(.*?)</th>(.*?)</tr>', page))
    numbers = {name: [number(one) for one in re.findall(r"<td>(.*?)</td>", row)] for name, row in at_foot.items()}
    assert numbers["rows judged"] == [100] * 24 and sum(numbers["rows put aside"]) == 6
    assert sum(numbers["parts held"]) == 1


def test_the_sums_of_a_merchant_are_of_his_rows_alone(dsn: str) -> None:
    for merchant in ("alpha", "beta"):
        rows = table_of(dsn, "days.csv?lang=en&days=90", User(f"of-{merchant}", "viewer", merchant))
        ((checks, failed, aside, again, dismissed, reopened),) = ask(
            dsn,
            """
            select
                (select count(*) from mart.dq_result where merchant_id = %(merchant)s),
                (select count(*) from mart.dq_result where merchant_id = %(merchant)s and not success),
                (select count(*) from ops.quarantine where merchant_id = %(merchant)s),
                count(*) filter (where action = 'replayed'),
                count(*) filter (where action = 'dismissed'),
                count(*) filter (where action = 'reopened')
            from ops.quarantine_action inner join ops.quarantine on quarantine.id = quarantine_id
            where merchant_id = %(merchant)s
            """,
            merchant=merchant,
        )
        names = ("checks", "checks failed", "records put aside", "records judged again", "records dismissed",
                 "records that failed again")  # fmt: skip
        assert [sum(int(row[name]) for row in rows) for name in names] == [
            checks, failed, aside, again, dismissed, reopened,
        ]  # fmt: skip
    page = client_of(dsn, User("timur", "viewer", "beta")).get("/quality?lang=en").text
    assert [row[1] for row in cells(page, "records-title")] == ["1"] and "Judged again in 90 days" not in page


PLANS: tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...] = (
    ("quality_sums", ("ops.dq_result",), {}), ("quality_runs", ("ops.dq_result",), {}), ("quality_strip", (), {}),
    ("quality_failures", (), {}), ("quality_failures", (), {"held": True}),
    ("quality_failures", (), {"run": "r49950", "since": NOW, "until": NOW}),
)  # fmt: skip


@pytest.fixture(scope="module")
def many(new_warehouse: Callable[[], str]) -> Iterator[Any]:
    """A warehouse with a million verdicts, 20 a part, of 520 days."""
    address = new_warehouse()
    with connect(address) as conn:
        conn.execute(
            """
            insert into ops.dq_result (
                run_id, dag_id, merchant_id, suite, check_name, success, severity, failed_rows, sample, at
            )
            select
                'r' || n, 'kaspi_returns_ingest', 'alpha', 'kaspi_returns_ingest', 'check_' || place,
                n %% 50 > 0 or place > 0,
                'warning', 0, '[]', %s::timestamptz - n * interval '15 minutes'
            from generate_series(0, 49999) as n
            cross join generate_series(0, 19) as place
            """,
            (NOW,),
        )
        conn.execute(
            """
            insert into ops.dq_part
            select dag_id, run_id, merchant_id, suite, max(at), 0, 0, run_id like 'r%7', 0, 0, 0, 0, 0, 0, 20,
                count(*) filter (where not success), 0
            from ops.dq_result
            group by dag_id, run_id, merchant_id, suite
            """
        )
        conn.commit()
        conn.autocommit = True
        conn.execute("select ops.analyze_table('ops.dq_result'), ops.analyze_table('ops.dq_part')")
        yield conn


def test_a_million_verdicts_are_read_by_their_indexes(many: Any) -> None:
    place = dict.fromkeys(("after_at", "after_flow", "after_run", "after_merchant", "after_suite", "after_check"))
    values: dict[str, Any] = {
        "merchant_id": "alpha", "flow": FLOW, "severity": None, "since": NOW - 30 * DAY, "until": NOW + DAY,
        "before_at": NOW - DAY, "before_run": "r9", "shown": 25, "runs": [f"r{n}" for n in range(24)],
        "check_name": None, "run": None, "held": False, **place,
    }  # fmt: skip
    for name, never, more in PLANS:
        query = b"explain (analyze, buffers, format json) " + text_of(f"console/{name}").encode()
        (row,) = psycopg.ClientCursor(many, row_factory=many.row_factory).execute(query, values | more).fetchall()
        (plan,) = next(iter(row.values()))
        nodes = list(walk(plan["Plan"]))
        for node in nodes:
            large = node.get("Relation Name") in ("dq_result", "dq_part")
            assert not (large and node["Node Type"] == "Seq Scan"), (name, node)
            assert f"ops.{node.get('Relation Name')}" not in never, name
        blocks = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        assert blocks < 3_000, (name, blocks)
        assert plan["Plan"]["Actual Rows"] > 0, (name, more)


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from walk(inner)


TOGETHER = """
insert into ops.run (dag_id, run_id, now_at) values ('return_causes_weekly', 'w', %(now)s);
insert into ops.batch (dag_id, run_id, merchant_id, status)
values ('return_causes_weekly', 'w', 'alpha', 'published'), ('return_causes_weekly', 'w', 'all', 'published');
insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id)
values ('alpha', 'Alpha', 'c', 'b');
insert into ops.dq_result (
    run_id, dag_id, merchant_id, suite, check_name, success, severity, failed_rows, sample, at
)
select run_id, dag_id, merchant_id, dag_id, 'adds_up', true, 'batch', 0, '[]', %(now)s
from ops.batch;
"""


@pytest.mark.parametrize(
    ("language", "name"),
    [("ru", "проверено по всем вместе"), ("kk", "барлығы бойынша бірге тексерілді"), ("en", "judged of all together")],
)
def test_what_is_judged_of_all_together_is_not_called_like_their_sum(
    new_warehouse: Callable[[], str], language: str, name: str
) -> None:
    dsn = new_warehouse()
    with connect(dsn) as conn:
        psycopg.ClientCursor(conn).execute(TOGETHER.encode(), {"now": NOW})
        count_parts(conn, "return_causes_weekly", "w")
    page = client_of(dsn).get(f"/quality/results?lang={language}").text
    assert sorted(row[0] for row in cells(page, "merchants-title")) == sorted(["Alpha", name])


def test_the_pages_fit_a_phone_and_a_run_leads_to_its_failures(dsn: str, chromium: Any) -> None:
    from playwright.sync_api import expect

    from tests.console.desk_world import served

    with served(app_of(dsn)) as site:
        page = chromium.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark", java_script_enabled=False)
        for path in ("results", "failures", FLOW, "restock_sync"):
            page.goto(f"{site}/quality/{path}?lang=ru")
            size = page.context.new_cdp_session(page).send("Page.getLayoutMetrics")["cssContentSize"]
            assert size["width"] <= 390, path
        page.goto(f"{site}/quality/results?lang=en")
        page.get_by_label("What a check does").select_option("batch")
        page.get_by_role("button", name="Show").click()
        page.locator("#flows-title + .scroll").get_by_role("link", name="restock_sync").click()
        expect(page.get_by_text("The list keeps Kaspi's schema and rules.")).to_be_visible()
        assert "severity=batch" in page.url
        page.locator("th.run a[title='restock_sync-7']").click()
        expect(page.get_by_text("the part is held back")).to_have_count(2)
        expect(page.locator("tbody tr")).to_have_count(2)
        page.close()
