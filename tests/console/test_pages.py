"""What the console shows, from a real database; who is logged in is the test's business here."""

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from include.console.app import build_app
from include.console.guard import HEADERS
from include.db.connection import connect
from include.domain import kpi
from include.flows.dashboard import rebuild
from tests.console.surroundings import NOW, SECRET, Noon, User, app_of, client_of

STORY = Path(__file__).parents[1] / "db" / "story" / "weekly_returns.sql"


@pytest.fixture(scope="module")
def told(new_warehouse: Callable[[], str]) -> str:
    """A warehouse with the story, one KPI and one signal."""
    address = new_warehouse()
    with connect(address) as conn:
        psycopg.ClientCursor(conn).execute(STORY.read_bytes(), {"now": NOW})
        conn.execute(
            """
            insert into mart.kpi_weekly (
                merchant_id, week_start, kpi, horizon_days, version, known_on, value, lo, hi, n
            )
            values (null, '2026-10-26', 'return_rate', 14, %s, '2026-11-16', 0.087, 0.049, 0.149, 126),
                (null, '2026-10-19', 'return_rate', 14, %s, '2026-11-16', 0.3, 0.225, 0.387, 120)
            """,
            (kpi.VERSION, kpi.VERSION),
        )
        conn.execute(
            """
            insert into mart.signal (
                merchant_id, week_start, supplier, batch, reason, rate, baseline, q_value, direction, evidence,
                known_on
            )
            values ('alpha', '2026-11-09', 'Nomad <b>', 'B7', 'defective', 0.17, 0.008, 0.001, 'up',
                '{"returned": 8, "sold": 47}', '2026-11-16')
            """
        )
        conn.execute(
            """
            insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged, detail) values
                ('kaspi_returns_ingest', 'story', 'alpha', 'published', 9, null),
                ('warehouse_receipts_reconcile', 'story', 'alpha', 'published', 9, null),
                ('warehouse_receipts_reconcile', 'story', 'beta', 'held', 9, 'a third of the scans is unknown')
            """
        )
    for merchant_id in ("alpha", "beta"):
        rebuild(address, NOW, "test", merchant_id)
    return address


def test_the_page_shows_where_the_goods_are(told: str) -> None:
    page = client_of(told).get("/?lang=en")
    assert page.status_code == 200
    with connect(told) as conn:
        counts = conn.execute(
            """
            select count(*) filter (where state = 'on_sale') as on_sale, count(*) filter (
                where state = 'resold' and resold_at >= '2026-08-31 00:00+05'
            ) as resold from ledger.unit
            """
        ).fetchone()
    assert counts is not None and counts["resold"]
    assert stage_counts(page.text)[4:] == [counts["on_sale"], counts["resold"]]
    assert "8.7%" in page.text
    assert "better, before: 30%" in re.sub("<[^>]+>", "", page.text)
    assert "Batch B7 of Nomad &lt;b&gt;: defective" in page.text
    assert "channel/feed_offer__priced" in page.text  # a failed check is named
    assert "16 Nov, 07:16" in page.text  # the published list


def stage_counts(page: str) -> list[int]:
    return [int(count.replace(",", "")) for count in re.findall(r'class="stage-count"[^>]*>([\d,]+)<', page)]


def test_the_bars_are_shares_of_all_units_shown(told: str) -> None:
    page = client_of(told).get("/?lang=en").text
    counts = stage_counts(page)
    bars = [float(width) for width in re.findall(r'meter-fill" width="([\d.]+)"', page)]
    assert bars == [round(100 * count / sum(counts), 1) for count in counts] and len(bars) == 6


def test_open_questions_are_grouped_by_kind(told: str) -> None:
    page = client_of(told).get("/?lang=en&merchant=alpha").text
    with connect(told) as conn:
        kinds = conn.execute(
            """
            select kind, count(*) as count, sum(money_at_risk) as money from core.discrepancy
            where status = 'open' and opened_at <= %s and merchant_id = 'alpha' group by kind
            """,
            (NOW,),
        ).fetchall()
    part = page.split('aria-labelledby="open-title"')[1].split("</section>")[0]
    lines = part.split("<tr>")[2:]
    assert len(lines) == len(kinds) > 1
    for kind in kinds:
        money = f"{kind['money']:,}\u00a0₸"
        [line] = [line for line in lines if f">{kind['count']}</a>" in line and f">{money}</a>" in line]
        assert f"kind={kind['kind']}" in line


def test_what_did_not_pass_stands_first_and_open(told: str) -> None:
    page = client_of(told).get("/?lang=en").text.replace("<wbr>", "")
    held, warned, published = folded(page, "gates-title")
    assert held.startswith("open") and not warned.startswith("open") and not published.startswith("open")
    assert "warehouse_receipts_reconcile" in held
    assert held.index("a third of the scans is unknown") < held.index("Almaty Tech")
    assert "restock_sync" in warned and 'chip warn">published' in warned
    assert "checks passed: 3 of 4" in warned
    assert "kaspi_returns_ingest" in published and "chip warn" not in published


def test_the_newest_part_is_that_of_the_newest_clock(told: str) -> None:
    """A run for an old day that ends after the present one says nothing of the present."""
    with connect(told) as conn:
        conn.execute(
            "insert into ops.run (dag_id, run_id, now_at) values ('housekeeping', 'present', %(now)s), "
            "('housekeeping', 'old', %(now)s - interval '9 days')",
            {"now": NOW},
        )
        for run_id, status in (("present", "published"), ("old", "failed")):
            conn.execute(
                "insert into ops.batch (dag_id, run_id, merchant_id, status) values ('housekeeping', %s, 'beta', %s)",
                (run_id, status),
            )
    page = client_of(told).get("/?lang=en&merchant=beta").text.replace("<wbr>", "")
    (shown,) = [group for group in folded(page, "gates-title") if "housekeeping" in group]
    assert "published" in shown and "failed" not in shown


def folded(page: str, section: str) -> list[str]:
    """The foldable groups of one section of the page, each from its attributes on."""
    part = page.split(f'aria-labelledby="{section}"')[1].split("</section>")[0]
    return re.findall(r'<details class="group[^"]*"\s*(.*?)</details>', part, flags=re.DOTALL)


def test_a_merchant_sees_his_own_only(told: str) -> None:
    both, beta = (client_of(told).get(f"/?lang=en{more}").text for more in ("", "&merchant=beta"))
    assert "B7" in both
    assert "B7" not in beta
    assert 'aria-current="page">Жібек Home' in beta


@pytest.mark.parametrize(
    ("address", "language", "word"),
    [
        ("/", "ru", "Возвраты → Ресейл"),
        ("/?lang=kk", "kk", "Тауар қазір қайда"),
        ("/?lang=xx", "ru", "Где сейчас товар"),
    ],
)
def test_it_speaks_three_languages_russian_by_default(told: str, address: str, language: str, word: str) -> None:
    page = client_of(told).get(address).text
    assert f'<html lang="{language}">' in page
    assert word in page


def test_an_empty_warehouse_is_explained_not_broken(new_warehouse: Callable[[], str]) -> None:
    page = client_of(new_warehouse()).get("/?lang=en")
    assert page.status_code == 200
    for sentence in ("No week has been counted yet", "Nothing happened in this period", "No flow has run yet"):
        assert sentence in page.text


def test_a_warehouse_that_is_away_is_said_plainly() -> None:
    away = build_app(
        lambda: "postgresql://nobody@127.0.0.1:9/none", Noon, logged_in=lambda: User(), secret=lambda: SECRET
    )
    answer = TestClient(away).get("/?lang=en")
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert "127.0.0.1" not in answer.text


def test_nothing_inline_that_the_policy_forbids(told: str) -> None:
    answer = client_of(told).get("/")
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=", answer.text)


def test_a_page_is_never_changed_by_a_get_and_describes_itself_to_nobody(told: str) -> None:
    app = app_of(told)
    assert TestClient(app).get("/docs").status_code == 404
    assert TestClient(app).get("/openapi.json").status_code == 404
    for route in app.routes:
        methods = getattr(route, "methods", None) or set()
        assert methods <= {"GET", "HEAD"} or methods == {"POST"}
