"""The dashboard's pages over HTTP: filters in the address, files, lists of units, and every number's way to them."""

import csv
import io
import re
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import pytest
from fastapi.testclient import TestClient
from lxml import html

from include.console.board.goods import SHOWN
from include.console.board.pages import FIGURES
from include.console.guard import Tokens
from include.console.site import Site
from include.db.connection import connect
from include.flows import dashboard
from include.flows.run import Run
from tests.console.board_world import STORY, furnish, plain, tables
from tests.console.surroundings import NOW, Noon, client_of
from tests.db.test_return_causes_weekly import whole_run

PAGES = ("", "flow", "speed", "causes", "money", "actions")
PHONES = quote("Смартфоны")
CHOICES = ("", f"&merchant=alpha&category={PHONES}", "&supplier=Nomad&weeks=26",
           "&merchant=beta&from=2026-09-01&to=2026-10-15")  # fmt: skip


@pytest.fixture(scope="module")
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    furnish(address)
    return address


@pytest.fixture(scope="module")
def browser(dsn: str) -> TestClient:
    return client_of(dsn)


def lines_of(browser: TestClient, address: str) -> list[list[str]]:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_what_came_into_question_leads_to_its_list_with_the_goods_chosen(browser: TestClient, dsn: str) -> None:
    with connect(dsn) as conn:
        conn.execute(
            "insert into core.discrepancy (discrepancy_id, merchant_id, unit_id, kind, subject, opened_at, due_at, "
            "money_at_risk, owner, status) select unit_id, 'alpha', unit_id, 'lost', 'o', %(now)s, %(now)s, 1, "
            "'carrier', 'open' from mart.unit where merchant_id = 'alpha' and supplier = 'Nomad' limit 1",
            {"now": NOW},
        )
    dashboard.refresh(dsn, Run("warehouse_receipts_reconcile", "look", NOW), "test")
    looks = html.fromstring(browser.get("/?lang=en&merchant=alpha&supplier=Nomad").text).xpath("//*[@class='look']")
    for words_of_it, page in (("past the deadline", "differences"), ("claim", "claims")):
        (link,) = looks[2].xpath(f".//a[contains(., '{words_of_it}')][starts-with(@href, '{page}')]")
        listed = browser.get("/" + link.get("href")).text
        assert "Nomad" in listed
        count = len(set(re.findall(rf"{page}/([0-9a-f-]{{36}})\?", listed)))
        assert str(count) in re.findall(r"\d+", link.text_content()) and count
        everything = browser.get(f"/{page}?lang=en&merchant=alpha").text
        assert len(set(re.findall(rf"{page}/([0-9a-f-]{{36}})\?", everything))) > count


def test_signals_are_of_the_last_full_week_and_of_no_older_one(browser: TestClient, dsn: str) -> None:
    with connect(dsn) as conn:
        conn.execute(
            "insert into mart.signal (merchant_id, week_start, sku, reason, rate, baseline, q_value, direction, "
            "evidence, known_on) select 'beta', date '2026-11-02', 'B-OLD', 'defective', 0.3, 0.1, 0.001, 'up', "
            "evidence, known_on from mart.signal where supplier = 'Nomad <b>' and batch = 'B7'"
        )
    assert "No cause stands out" in browser.get("/causes?lang=en&merchant=beta").text
    assert "B-OLD" in browser.get("/causes?lang=en&merchant=beta&from=2026-09-01&to=2026-11-08").text


def test_where_nobody_has_looked_yet_nobody_says_that_nothing_stands_out(browser: TestClient, dsn: str) -> None:
    with connect(dsn) as conn:
        conn.execute("delete from ops.mart_state where part = 'beta'")
    for page in ("", "causes"):
        text = browser.get(f"/{page}?lang=en&merchant=beta").text
        assert "are not counted yet" in text and "No cause stands out" not in text


def test_causes_are_shown_corrected_beside_what_was_said(browser: TestClient) -> None:
    told = tables(browser.get("/causes?lang=en&merchant=alpha").text)["corrected"]
    assert {cause: [text for text, _ in line.values()] for cause, line in told.items() if cause != "in all"} == {
        "does not fit": ["60%", "45%", "70%", "50%", "30", "40"],
        "defective": ["40%", "30%", "55%", "50%", "30", "40"],
    }
    ours = lines_of(browser, "/figures/corrected.csv?lang=en")
    assert [line[0] for line in ours[1:]] == ["alpha/does_not_fit", "alpha/defective"]


GOODS = """
select
    rate.category,
    rate.sku,
    rate.supplier,
    product.name,
    rate.value::float8 as value,
    rate.lo::float8 as lo,
    rate.hi::float8 as hi,
    rate.n,
    counted.returned
from mart.kpi_current as rate
left join core.product as product using (merchant_id, sku)
cross join lateral (
    select sum(returned) as returned from mart.cohort_weekly as cohort
    where
        cohort.merchant_id = rate.merchant_id and cohort.category = rate.category and horizon_days = 30
        and (cohort.sku = rate.sku or cohort.supplier = rate.supplier)
        and cohort_week between rate.week_start - 77 and rate.week_start
) as counted
where rate.merchant_id = 'alpha' and rate.kpi = 'return_rate_shrunk' and rate.category = %s
order by rate.lo desc
"""


def test_goods_are_shown_with_the_rate_that_their_numbers_carry(new_warehouse: Callable[[], str]) -> None:
    """What the weekly run says of them, beside what it counted; the whole merchant's are cut off below the first."""
    dsn = new_warehouse()
    with connect(dsn) as conn:
        psycopg.ClientCursor(conn).execute(STORY.read_bytes(), {"now": NOW})
    whole_run(dsn)
    browser = client_of(dsn)
    with connect(dsn) as conn:
        rows = conn.execute(GOODS, ("Смартфоны",)).fetchall()
    page = browser.get(f"/causes?lang=en&merchant=alpha&category={PHONES}&weeks=52").text
    shown = {code: list(table.items()) for code, table in tables(page).items() if code.startswith("goods_")}
    for of in ("sku", "supplier"):
        expected = [row for row in rows if row[of]]
        assert expected
        for (name, line), row in zip(shown[f"goods_{of}"], expected, strict=True):
            assert name == (f"{row['name']} · {row['sku']}" if of == "sku" else f"{row['supplier']} · Смартфоны")
            told = [plain(text) for text, _link in line.values()]
            shares = (row["value"], row["returned"] / row["n"], row["lo"], row["hi"])
            assert told[:4] == [pytest.approx(share, abs=0.005) for share in shares]
            assert told[4:] == [row["returned"], row["n"]]
    of_all = lines_of(browser, "/figures/goods_sku.csv?lang=en&merchant=alpha")
    least = [float(line[3]) for line in of_all[1:]]
    assert len(least) == SHOWN and least == sorted(least, reverse=True)
    supplier = quote(next(row["supplier"] for row in rows if row["supplier"]))
    of_his = lines_of(browser, f"/figures/goods_sku.csv?lang=en&merchant=alpha&supplier={supplier}")
    assert 1 < len(of_his) < len(of_all)
    early = lines_of(browser, "/figures/goods_sku.csv?lang=en&merchant=alpha&from=2026-06-01&to=2026-07-01")
    assert early[1:] == []  # nothing was said of these weeks


def test_everything_drawn_has_its_colour(browser: TestClient) -> None:
    """A shape without a rule of its own would be black."""
    rules = set(re.findall(r"\.(c-\w+)", browser.get("/static/console.css").text))
    for page in PAGES:
        drawn = set(re.findall(r'class="(c-\w+)', browser.get(f"/{page}?lang=en&merchant=alpha").text))
        assert drawn and drawn <= rules, (page, drawn - rules)


def test_a_number_that_is_said_otherwise_says_why(browser: TestClient, dsn: str) -> None:
    with connect(dsn) as conn:
        conn.execute(
            "insert into mart.kpi_weekly (merchant_id, week_start, kpi, version, known_on, value, n, restated_because) "
            "select merchant_id, week_start, kpi, version, known_on + 1, value, n, "
            "'cost booked, late facts: n was 3, is 4' from mart.kpi_weekly where merchant_id = 'alpha' "
            "and kpi = 'processing_time_p50' and category is null and sku is null order by week_start desc limit 1"
        )
    page = browser.get("/speed?lang=en&merchant=alpha").text
    assert "restated: a cost was booked, facts came late" in page
    assert "пересчитано: учтён расход, факты пришли позже" in browser.get("/speed?lang=ru&merchant=alpha").text
    with connect(dsn) as conn:
        conn.execute("delete from mart.kpi_weekly where restated_because like 'cost booked%'")


def test_a_price_list_leads_to_its_returned_units(browser: TestClient) -> None:
    page = html.fromstring(browser.get(f"/?lang=en&category={PHONES}").text)
    links = page.xpath("//a[contains(@href, 'set=listed')]")
    assert len(links) >= 2
    for link in links:
        address, total = link.get("href").removeprefix("./").split("#")
        heading, *listed = lines_of(browser, "/" + address.replace("units?", "units.csv?"))
        counted = [line for line in listed if total == "units" or line[heading.index("counts")] == "1"]
        assert [str(len(counted))] == re.findall(r"\d+", link.text_content()), address


def test_what_was_said_otherwise_is_listed_with_before_after_and_cause(browser: TestClient, dsn: str) -> None:
    """Of the goods chosen; of all that lie in them where that is asked; by the days on which it changed."""
    with connect(dsn) as conn:
        conn.execute(
            """
            insert into mart.kpi_weekly (merchant_id, category, sku, week_start, kpi, horizon_days, version, known_on,
                value, n, restated_because)
            select told.merchant_id, told.category, told.sku, '2026-10-05', 'resale_share', 30, 1,
                date '2026-11-02' + 7 * said, told.value - 0.1 * said, 40 + said,
                case when said > 0 then 'voided event, late facts: n was 40, is 41' end
            from (values (null, null, null, 0.9), ('alpha', null, null, 0.5), ('alpha', 'Смартфоны', null, 0.4),
                ('alpha', 'Смартфоны', 'A001', 0.3), ('beta', null, null, 0.8))
                as told (merchant_id, category, sku, value)
            cross join generate_series(0, 1) as said
            """
        )
        sql = conn.execute(
            "select known_on, known_before, week_start, kpi, horizon_days, category, sku, supplier, "
            "value_before::float8, value::float8 as value, n_before, n from mart.kpi_restated "
            "where merchant_id = 'alpha' and kpi = 'resale_share' order by num_nonnulls(category, sku)"
        ).fetchall()
    asked = "lang=en&merchant=alpha&weeks=26"

    def listed(more: str) -> list[list[str]]:
        page = html.fromstring(browser.get(f"/restated?{asked}{more}").text)
        rows = page.xpath("//section//tbody/tr")
        return [[" ".join(" ".join(cell.itertext()).split()) for cell in row] for row in rows]

    wanted = [
        "Sold again within 30 days", "5–11 October", "50%", "40%", "40 → 41", "9 November before since 2 November",
        "a mistake was taken back, facts came late",
    ]  # fmt: skip
    assert listed("") == [wanted]
    names = [(row[0], row[2], row[3]) for row in listed("&parts=1")]
    assert names == [
        ("Sold again within 30 days All goods", "50%", "40%"),
        ("Sold again within 30 days Category Смартфоны", "40%", "30%"),
        ("Sold again within 30 days Category Смартфоны, SKU A001", "30%", "20%"),
    ]
    assert [row[2] for row in listed(f"&category={PHONES}")] == ["40%"]
    assert listed("&from=2026-11-09&to=2026-11-15") == [wanted] and listed("&from=2026-11-16&to=2026-11-22") == []
    assert "No number was restated" in browser.get("/restated?lang=en&merchant=beta&from=2026-11-16").text
    ours = lines_of(browser, f"/restated.csv?{asked}&parts=1")
    assert [line[:-1] for line in ours[1:]] == [
        ["" if value is None else str(value) for value in row.values()] for row in sql
    ]
    assert {line[-1] for line in ours[1:]} == {wanted[-1]}
    page = html.fromstring(browser.get(f"/restated?{asked}&parts=1").text)
    links = [link.removeprefix("./") for link in page.xpath("//section//td/a[@class='figure']/@href")]
    made_of = [lines_of(browser, "/" + link.replace("units?", "units.csv?")) for link in links]
    with connect(dsn) as conn:
        goods = conn.execute(
            "select count(*) as whole, count(*) filter (where category = 'Смартфоны') as category, "
            "count(*) filter (where category = 'Смартфоны' and sku = 'A001') as sku from mart.unit "
            "where merchant_id = 'alpha' and core.week_of(received_at) = '2026-10-05'"
        ).fetchone()
    assert goods is not None and goods["whole"] > goods["category"] > 0
    assert [len(lines) - 1 for lines in made_of] == list(goods.values()), "of its own goods each"
    with connect(dsn) as conn:
        conn.execute("delete from mart.kpi_weekly where week_start = '2026-10-05' and kpi = 'resale_share'")


def test_a_signal_and_an_action_are_shown_with_the_goods_that_lie_in_them(browser: TestClient, dsn: str) -> None:
    """They name a SKU; who chooses its category or its supplier is told of them, who chooses other goods is not."""
    with connect(dsn) as conn:
        row = conn.execute(
            "select sku, category, supplier from core.product where merchant_id = 'alpha' and category <> 'unknown' "
            "and supplier <> 'unknown' order by sku limit 1"
        ).fetchone()
        assert row is not None
        conn.execute(
            "insert into mart.signal (merchant_id, week_start, sku, reason, rate, baseline, q_value, direction, "
            "evidence, known_on) select 'alpha', week_start, %(sku)s, 'does_not_fit', 0.3, 0.1, 0.001, 'up', evidence, "
            "known_on from mart.signal where batch = 'B7' limit 1",
            row,
        )
        conn.execute(
            "insert into mart.action_effect (action_id, merchant_id, scope, started_on, verdict, kind, owner, "
            "hypothesis, known_on, evidence) values (gen_random_uuid(), 'alpha', jsonb_build_object('sku', "
            "%(sku)s::text), '2026-10-01', 'not_enough_data', 'description', 'o', 'that SKU alone', '2026-11-16', "
            "'{}')",
            row,
        )
        other = conn.execute(
            "select category from core.product where merchant_id = 'alpha' and category <> %(category)s limit 1", row
        ).fetchone()
    assert other is not None
    for choice, told in (
        (f"category={quote(row['category'])}", True), (f"supplier={quote(row['supplier'])}", True),
        (f"category={quote(other['category'])}", False),
    ):  # fmt: skip
        causes, actions = (
            browser.get(f"/{page}?lang=en&merchant=alpha&{choice}").text for page in ("causes", "actions")
        )
        assert (f"sku={row['sku']}" in causes) == told, choice
        assert ("that SKU alone" in actions) == told, choice
    with connect(dsn) as conn:  # the other tests know the story's own
        conn.execute("delete from mart.signal where sku = %(sku)s", row)
        conn.execute("delete from mart.action_effect where hypothesis = 'that SKU alone'")


def test_what_is_overdue_is_told_with_its_own_money(browser: TestClient, dsn: str) -> None:
    with connect(dsn) as conn:
        conn.execute("update core.discrepancy set status = 'resolved' where merchant_id = 'beta' and kind = 'overdue'")
        conn.execute(
            "insert into core.discrepancy (discrepancy_id, merchant_id, kind, subject, opened_at, due_at, "
            "money_at_risk, owner, status) select gen_random_uuid(), 'beta', 'overdue', 'o' || days, "
            "%(now)s::timestamptz - interval '9 days', %(now)s::timestamptz + days * interval '1 day', "
            "4321 + days, 'carrier', 'open' from generate_series(-1, 1, 2) as days",
            {"now": NOW},
        )
    assert "4,320\u00a0₸ at risk" in browser.get("/?lang=en&merchant=beta").text


def test_a_page_reads_one_moment(dsn: str) -> None:
    """A look that ends between two statements of a page would show sums that do not belong together."""
    site = Site(lambda: dsn, Noon, Tokens(lambda: "secret"))
    statement = "select coalesce(sum(units), 0)::bigint as units from mart.received_weekly"
    with site.warehouse() as conn:
        before = conn.execute(statement).fetchone()
        with connect(dsn) as other:
            other.execute("update mart.received_weekly set units = units + 1")
        assert conn.execute(statement).fetchone() == before
    with connect(dsn) as other:
        other.execute("update mart.received_weekly set units = units - 1")
    with site.warehouse(reading=False) as conn:  # who writes sees what was committed meanwhile, as before
        assert conn.execute("show transaction_isolation").fetchone() == {"transaction_isolation": "read committed"}


def test_a_list_is_read_page_by_page_and_is_whole(browser: TestClient, dsn: str) -> None:
    address, ids = "/units?lang=en&step=received&weeks=52", []
    while address:
        page = browser.get(address).text
        here = [part.split("?")[0] for part in page.split('href="routes/')[1:]]
        assert 0 < len(here) <= 50
        ids += here
        more = page.split(">More</a>")
        address = "/" + more[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&") if len(more) > 1 else ""
    with connect(dsn) as conn:
        rows = conn.execute(
            "select unit_id::text as id from mart.unit where received_at is not null order by received_at, unit_id"
        ).fetchall()
    assert ids == [row["id"] for row in rows] and len(ids) > 100


@pytest.mark.parametrize("code", sorted(FIGURES))
def test_a_figures_file_says_what_its_table_says(browser: TestClient, code: str) -> None:
    page = next(
        page for page in PAGES[1:] if FIGURES[code].__module__.endswith(f"board.{page}")
    )  # fmt: skip
    choice = "lang=en&merchant=alpha"
    head, *lines = lines_of(browser, f"/figures/{code}.csv?{choice}")
    if code == "actions":  # shown as cards
        assert [line[:4] for line in lines] == [
            ["Fewer wrong sizes", "Category Смартфоны", "not as described", "Aliya"]
        ]
        assert lines[0][4:] == ["2026-10-05", "−30%", "−50% … −5%", "helped"]
        return
    table = tables(browser.get(f"/{page}?{choice}").text)[code]
    table.pop("in all", None)
    assert head[1:] == list(next(iter(table.values())))
    assert len(lines) == len(table)
    for line, cells in zip(lines, table.values(), strict=True):
        for number, (text, _) in zip(line[1:], cells.values(), strict=True):
            if number and not number.startswith("20") and text[-1] not in "hd%" and text[0].isdecimal():
                assert plain(text) == pytest.approx(float(number), abs=0.51)


def test_no_cell_of_a_file_is_a_formula(browser: TestClient, dsn: str) -> None:
    told = lines_of(browser, "/figures/actions.csv?lang=en&merchant=beta")
    assert told[1][0] == "'=1+1"
    with connect(dsn) as conn:
        conn.execute("update core.product set name = '@SUM(A1)' where merchant_id = 'beta' and sku like 'B00%'")
    told = lines_of(browser, "/units.csv?lang=en&merchant=beta&step=received&weeks=52")
    names = {line[4] for line in told[1:]}
    assert "'@SUM(A1)" in names and not any(name.startswith(("@", "=")) for name in names)


def test_the_choice_stands_in_every_link(browser: TestClient) -> None:
    choice = f"lang=kk&merchant=alpha&category={PHONES}&weeks=26"
    for page in PAGES:
        text = browser.get(f"/{page}?{choice}").text
        links = [part.split('"')[0].replace("&amp;", "&") for part in text.split('href="')[1:]]
        ours = [link for link in links if urlsplit(link).path in (*PAGES[1:], "units") and "#" not in link]
        assert len(ours) > 5
        for link in ours:
            asked = parse_qs(urlsplit(link).query)
            if asked.get("category") is None:  # the way back to everything, or what is of all goods of the shop
                assert "weeks" not in asked or "set" in asked
                continue
            assert (asked["lang"], asked["merchant"]) == (["kk"], ["alpha"]), link
            assert asked["weeks"] == ["26"], link


@pytest.mark.parametrize(
    "asked",
    [
        "from=yesterday",
        "weeks=1000000",
        "from=2026-12-01&to=2020-01-01",
        "category=%00x",
        "from=0001-01-01",
        "weeks=-1",
    ],
)
def test_a_strange_choice_breaks_nothing(browser: TestClient, asked: str) -> None:
    for page in PAGES:
        assert browser.get(f"/{page}?{asked}").status_code in (200, 400)


def test_a_longer_period_begins_later(browser: TestClient) -> None:
    page = browser.get("/flow?lang=en&from=2001-01-01&to=2026-11-15").text
    assert len(tables(page)["flow"]) - 1 == 156


def test_goods_that_are_not_counted_by_themselves_say_so(browser: TestClient) -> None:
    assert "These goods are not counted by themselves" in browser.get("/speed?lang=en&supplier=Nomad").text
    assert "These goods are not counted by themselves" not in browser.get("/speed?lang=en").text
