"""What the gates found: every number on the pages is what SQL says of the rows, and leads to them."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import psycopg
import pytest

from include.console.quality_results import LATE_AFTER
from include.db.connection import connect
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
    ('channel/feed_version__valid', 'batch', batch.status = 'held')
) as said (check_name, severity, failed);
"""


@pytest.fixture(scope="module")
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    with connect(address) as conn:
        psycopg.ClientCursor(conn).execute(MADE.encode(), {"now": NOW})
        for flow in ("kaspi_returns_ingest", "restock_sync"):
            for row in conn.execute("select run_id from ops.run where dag_id = %s", (flow,)).fetchall():
                psycopg.ClientCursor(conn).execute(
                    text_of("ops/dq_part").encode(), {"dag_id": flow, "run_id": row["run_id"], "suite": flow}
                )
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
    whole = client_of(dsn).get(f"/quality/{FLOW}?lang=en").text
    assert whole != his.get(f"/quality/{FLOW}?lang=en").text


PLANS = {
    "quality_flows": ("ops.dq_result",), "quality_days": ("ops.dq_result",), "quality_merchants": ("ops.dq_result",),
    "quality_runs": ("ops.dq_result",), "quality_strip": (), "quality_failures": (),
}  # fmt: skip


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
            select dag_id, run_id, merchant_id, suite, max(at), 0, 0, false, 0, 0, 0, 0, 0, 0, 20, 0, 0
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
    for name, never in PLANS.items():
        query = b"explain (analyze, buffers, format json) " + text_of(f"console/{name}").encode()
        (row,) = psycopg.ClientCursor(many, row_factory=many.row_factory).execute(query, values).fetchall()
        (plan,) = next(iter(row.values()))
        nodes = list(walk(plan["Plan"]))
        for node in nodes:
            large = node.get("Relation Name") in ("dq_result", "dq_part")
            assert not (large and node["Node Type"] == "Seq Scan"), (name, node)
            assert f"ops.{node.get('Relation Name')}" not in never, name
        blocks = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        assert blocks < 3_000, (name, blocks)


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from walk(inner)


def test_the_pages_fit_a_phone_and_a_run_leads_to_its_failures(dsn: str, chromium: Any) -> None:
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
        assert (
            "severity=batch" in page.url and page.get_by_text("The list keeps Kaspi's schema and rules.").is_visible()
        )
        page.locator("th.run a[title='restock_sync-7']").click()
        assert page.locator("tbody tr").count() == 2
        assert page.get_by_text("the part is held back").count() == 2
        page.close()
