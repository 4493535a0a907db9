"""Numbers as a real browser shows them against SQL that the test runs: overview, causes, flow, suppliers, quality.

The warehouse of the dashboard is the one whose numbers the weekly run itself made.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from include.locale.desk_labels import ZONES
from include.locale.difference_labels import KINDS
from include.locale.labels import CAUSES, QUARANTINE, kpi_name, kpi_value
from include.locale.supplier_labels import PARTS
from include.locale.words import words
from tests.console.board_world import furnish_counted, plain, tables
from tests.console.desk_world import served
from tests.console.surroundings import NOW, User, app_of
from tests.console.test_in_browser import CHROMIUM, as_wide_as_the_screen, browser, page_of, shoot  # noqa: F401
from tests.console.test_quality import dsn as quality_dsn  # noqa: F401
from tests.console.test_suppliers import DAYS, GOODS, Clock, Console, console  # noqa: F401

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
EN = words("en")
WEEKS = "core.week_of({}) between '2026-08-31' and '2026-11-16'"  # the usual twelve
LAST = "2026-11-09"  # the newest week that is counted
OURS = ("received", "unexpected", "wrong_item", "inspected", "repacked", "in_repair", "repaired", "unrecoverable", "qc",
        "restock_pending")  # fmt: skip
STAGES = (("requested", "in_transit", "at_pickup_point"), ("received", "unexpected", "wrong_item"),
          ("inspected", "repacked", "in_repair", "repaired"), ("qc", "restock_pending"), ("on_sale",))  # fmt: skip
# Whose and which goods: the part of an address, and the same said to mart.unit.
CHOICES = (
    ("", "true"),
    ("&merchant=alpha", "merchant_id = 'alpha'"),
    ("&merchant=alpha&category=Смартфоны", "merchant_id = 'alpha' and category = 'Смартфоны'"),
)


@pytest.fixture(scope="module")
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    furnish_counted(address)
    return address


@pytest.fixture(scope="module")
def site(dsn: str) -> Iterator[str]:
    with served(app_of(dsn)) as address:
        yield address


def ask(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as conn:
        return conn.execute(statement.encode()).fetchall()


def in_states(states: tuple[str, ...]) -> str:
    return f"state = any('{{{','.join(states)}}}')"


def text_of(place: Any) -> str:
    return " ".join(place.inner_text().split())


@pytest.mark.parametrize(("choice", "where"), CHOICES)
def test_the_boxes_of_the_overview(site: str, dsn: str, browser: Any, choice: str, where: str) -> None:  # noqa: F811
    page = page_of(browser, 1280)
    page.goto(f"{site}/?lang=en{choice}")
    waits, costs, _todo = (text_of(one) for one in page.locator(".look").all())
    ((units, value, days),) = ask(
        dsn,
        "select count(*), coalesce(sum(original_price), 0), max(date '2026-11-16' - core.day_of(place.since)) "
        f"from mart.unit inner join (select unit_id, since from mart.unit_place) as place using (unit_id) "
        f"where {where} and {in_states(OURS)}",
    )
    assert f"{units} unit" in waits and EN.money(value).replace("\u00a0", " ") in waits and f"for {days} day" in waits
    ((count, cost, proceeds, unknown),) = ask(
        dsn,
        "select count(*), sum(known_cost), coalesce(sum(resale_price) filter (where state = 'resold'), 0), "
        f"sum(cardinality(unknown_terms)) from mart.unit where {where} and {WEEKS.format('received_at')}",
    )
    said = [EN.money(cost), EN.money(cost / count), EN.money(proceeds), f"{count} units", f"{unknown} cost"]
    for one in said:
        assert one.replace("\u00a0", " ") in costs, one
    shown = [(plain(text_of(stage.locator(".stage-count, > a").first)), text_of(stage))
             for stage in page.locator("li.stage").all()]  # fmt: skip
    for (number, said_of_it), states in zip(shown, STAGES, strict=False):
        ((units, value),) = ask(
            dsn,
            f"select count(*), coalesce(sum(original_price), 0) from mart.unit where {where} and {in_states(states)}",
        )
        assert number == units and EN.money(value).replace("\u00a0", " ") in said_of_it, states
    ((sold, won),) = ask(
        dsn,
        f"select count(*), sum(resale_price) from mart.unit where {where} and state = 'resold' "
        f"and {WEEKS.format('resold_at')}",
    )
    assert shown[5][0] == sold and EN.money(won).replace("\u00a0", " ") in shown[5][1]
    beside = [text_of(one) for one in page.locator(".beside li").all()]
    ((given_up,),) = ask(dsn, f"select count(*) from mart.unit where {where} and state = 'unrecoverable'")
    ((ended,),) = ask(
        dsn,
        f"select count(*) from mart.unit where {where} and closed_at is not null and state not in "
        f"('resold', 'cancelled') and {WEEKS.format('closed_at')}",
    )
    assert [one.split()[0] for one in beside[:2]] == [str(given_up), str(ended)]
    ((cases, least, most),) = ask(
        dsn,
        "select count(*), coalesce(sum(units_lo), 0), coalesce(sum(units_hi), 0) from core.return_case "
        f"where quantity is null and closed_at is null and {where.partition(' and ')[0]}",
    )
    assert beside[2].startswith(f"{cases} case") and beside[2].endswith(f"{least} to {most} pieces")


@pytest.mark.parametrize(("choice", "where"), CHOICES)
def test_the_cards_and_open_questions_of_the_overview(
    site: str,
    dsn: str,
    browser: Any,  # noqa: F811
    choice: str,
    where: str,
) -> None:
    page = page_of(browser, 390, "dark")
    page.goto(f"{site}/?lang=en{choice}")
    merchant = "merchant_id = 'alpha'" if "alpha" in where else "merchant_id is null"
    category = "category = 'Смартфоны'" if "category" in where else "category is null"
    told = ask(
        dsn,
        "select distinct on (kpi, horizon_days) kpi, horizon_days, value::float8, n, week_start from mart.kpi_current "
        f"where {merchant} and {category} and supplier is null and sku is null and week_start <= '2026-11-16' "
        "order by kpi, horizon_days, week_start desc",
    )
    newest = {kpi_name(EN, kpi, days): (kpi_value(EN, kpi, value, n), n, week) for kpi, days, value, n, week in told}
    cards = page.locator("article.card").all()
    assert len(cards) >= 9
    for card in cards:
        value, n, week = newest[text_of(card.locator("h3"))]
        assert text_of(card.locator("p.value")) == " ".join(value.split())
        assert f"{EN.week(week)} · {EN.number(n)} unit" in text_of(card)
    goods = where.replace("merchant_id", "found.merchant_id").replace("category =", "place.category =")
    rows = ask(
        dsn,
        "select kind, count(*), sum(money_at_risk)::bigint, "
        f"count(*) filter (where due_at <= '{NOW.isoformat()}') from core.discrepancy as found "
        f"left join mart.unit_place as place using (unit_id) where status = 'open' and {goods} group by 1",
    )
    shown = {}
    for line in page.locator("[aria-labelledby=open-title] tbody tr").all():
        name, count, money, due = (text_of(cell) for cell in line.locator("td").all())
        shown[name] = (int(count), money, int((re.findall(r"\d+(?= past)", due) or ["0"])[0]))
    assert shown == {
        KINDS[kind]: (count, EN.money(money).replace("\u00a0", " "), overdue) for kind, count, money, overdue in rows
    }
    as_wide_as_the_screen(page, 390)


@pytest.mark.parametrize("choice", ["", "&merchant=alpha", "&merchant=beta"])
def test_what_reasons_are_worth_and_the_corrected_causes(
    site: str,
    dsn: str,
    browser: Any,  # noqa: F811
    choice: str,
) -> None:
    page = page_of(browser, 1280)
    page.goto(f"{site}/causes?lang=en{choice}")
    shown = tables(page.content())
    whose = [choice.partition("=")[2]] if choice else ["alpha", "beta"]
    names = dict(ask(dsn, "select merchant_id, name from core.merchant"))
    worth, causes = {}, {}
    for merchant in whose:
        of = "" if choice else f" · {names[merchant]}"
        pieces = (
            f"from mart.unit where merchant_id = '{merchant}' and return_kind = 'customer_return' "
            f"and core.week_of(received_at) <= '{LAST}'"
        )
        for reason, inspected, confirmed in ask(
            dsn,
            "select stated_reason, count(*), count(*) filter (where cause = stated_reason) " + pieces +
            f" and core.week_of(received_at) > date '{LAST}' - 26 * 7 and cause is not null "
            f"and core.week_of(inspected_at) <= '{LAST}' group by 1",
        ):  # fmt: skip
            share = EN.percent(confirmed / inspected)
            worth[CAUSES[reason] + of] = (share, str(confirmed), str(inspected))
        ((received, inspected),) = ask(
            dsn,
            f"select count(*), count(cause) filter (where core.week_of(inspected_at) <= '{LAST}') " + pieces +
            f" and core.week_of(received_at) = '{LAST}'",
        )  # fmt: skip
        said = dict(
            ask(dsn, f"select stated_reason, count(*) {pieces} and core.week_of(received_at) = '{LAST}' group by 1")
        )
        for name, line in shown["corrected"].items():
            if name.endswith(of):
                code = next(code for code, cause in CAUSES.items() if cause + of == name)
                causes[name] = [EN.percent(said.get(code, 0) / received), str(inspected), str(received)]
                assert [line[column][0] for column in ("said by buyers", "units inspected", "units received")] == (
                    causes[name]
                ), name
    assert {
        name: tuple(line[column][0] for column in ("confirmed", "units confirmed", "units inspected"))
        for name, line in shown["worth"].items()
    } == worth
    assert worth and causes


@pytest.mark.parametrize(("choice", "where"), CHOICES)
def test_outcomes_and_zones(site: str, dsn: str, browser: Any, choice: str, where: str) -> None:  # noqa: F811
    page = page_of(browser, 1280)
    page.goto(f"{site}/flow?lang=en{choice}")
    shown = tables(page.content())
    became = ask(
        dsn,
        "select core.week_of(received_at), count(*) filter (where state = 'resold' and channel = 'main'), "
        "count(*) filter (where state = 'resold' and channel = 'resale'), "
        "count(*) filter (where state = 'resold' and channel = 'off_kaspi'), "
        "count(*) filter (where closed_at is null), "
        "count(*) filter (where closed_at is not null and state <> 'resold'), count(*) "
        f"from mart.unit where {where} and {WEEKS.format('received_at')} group by 1",
    )
    columns = ("sold again at the main offer", "sold again as resale", "sold again off Kaspi", "still here",
               "ended otherwise", "received")  # fmt: skip
    found = {week: [plain(line[name][0]) for name in columns] for week, line in shown["outcomes"].items()}
    assert {week: line for week, line in found.items() if any(line)} == {
        EN.week(week): list(map(float, numbers)) for week, *numbers in became
    }
    lies = ask(
        dsn,
        "select place.zone, count(*), coalesce(sum(original_price), 0), "
        "max(date '2026-11-16' - core.day_of(place.since)), "
        "count(*) filter (where date '2026-11-16' - core.day_of(place.since) <= 1), "
        "count(*) filter (where date '2026-11-16' - core.day_of(place.since) > 30) "
        "from mart.unit inner join (select unit_id, zone, since from mart.unit_place) as place using (unit_id) "
        f"where {where} and closed_at is null and place.zone <> '' group by 1",
    )
    assert len(lies) == 2
    columns = ("in all", "goods' price", "longest, days", "0–1 days", "over 30 days")
    assert {name: [plain(line[column][0]) for column in columns] for name, line in shown["zones"].items()} == {
        ZONES[zone]: list(map(float, numbers)) for zone, *numbers in lies
    }


def test_the_numbers_of_suppliers(browser: Any, console: Console) -> None:  # noqa: F811
    with served(app_of(console.dsn, User("aliya"), clock=Clock)) as site:
        page = page_of(browser, 1280)
        page.goto(f"{site}/suppliers?lang=en&merchant=shop&{DAYS}")
        told = ask(
            console.dsn,
            "select supplier, count(fault), count(*), count(*) filter (where fault is not null and claim_id is null "
            "and state not in ('resold', 'returned_to_buyer') and supplier <> 'unknown'), "
            "coalesce(sum(unit_cost) filter (where fault is not null and claim_id is null "
            "and state not in ('resold', 'returned_to_buyer') and supplier <> 'unknown'), 0), count(claim_id) "
            "from mart.supplier_piece where merchant_id = 'shop' and counted "
            "and core.day_of(inspected_at) between '2026-09-01' and '2026-11-16' group by 1",
        )
        sold = dict(
            ask(
                console.dsn,
                "select supplier, sum(sold) from mart.cohort_weekly where merchant_id = 'shop' and horizon_days = 30 "
                "and mature and cohort_week >= '2026-09-01' and cohort_week + 6 <= '2026-11-16' group by 1",
            )
        )
        assert len(told) > 1
        shown = {text_of(row.locator("td b").first): [text_of(cell) for cell in row.locator("td").all()]
                 for row in page.locator("[aria-labelledby=score-title] tbody tr").all()}  # fmt: skip
        for supplier, faults, inspected, waiting, money, claimed in told:
            cells = shown["not named in the catalogue" if supplier == "unknown" else supplier]
            assert cells[1].startswith(f"{faults} / {inspected} · "), supplier
            assert f"/ {EN.number(sold[supplier])} ·" in cells[2], supplier
            assert cells[5] == (f"{waiting} {EN.money(money)}".replace("\u00a0", " ") if waiting else "—"), supplier
            assert cells[6] == (str(claimed) if claimed else "—"), supplier
        page.goto(f"{site}/suppliers/supplier?lang=en&{GOODS}")
        for by, column in (("month", "to_char(inspected_at at time zone 'Asia/Almaty', 'YYYY-MM')"), ("sku", "sku"),
                           ("finding", "finding")):  # fmt: skip
            parts = ask(
                console.dsn,
                f"select count(*), count(fault) from mart.supplier_piece where merchant_id = 'shop' and counted "
                f"and supplier like '%Север%' and core.day_of(inspected_at) between '2026-09-01' and '2026-11-16' "
                f"group by {column}",
            )
            part = page.locator("details.part", has_text=PARTS[by])
            rows = [[int(cell.text_content()) for cell in row.locator("td").all()[1:3]]
                    for row in part.locator("tbody tr").all()]  # fmt: skip
            assert sorted(rows) == sorted([list(row) for row in parts]), by


def test_the_numbers_of_what_was_put_aside(browser: Any, quality_dsn: str) -> None:  # noqa: F811
    """Records put aside by state, and the open ones by what was wrong with them."""
    with served(app_of(quality_dsn)) as site:
        page = page_of(browser, 390)
        for choice, where in (("", "true"), ("&merchant=alpha", "merchant_id = 'alpha'")):
            page.goto(f"{site}/quality?lang=en{choice}")
            states = dict(ask(
                quality_dsn, f"select status, count(*) from ops.quarantine where {where} group by 1"))  # fmt: skip
            options = [text_of(one) for one in page.locator("select[name=status] option").all()]
            told = [f"{EN._(name)} · {states.get(code, 0)}" for code, name in QUARANTINE.items()]
            assert options[: len(told)] == told and sum(states.values()) > 1
            waiting = ask(
                quality_dsn,
                f"select count(*) from ops.quarantine where status = 'open' and {where} group by source, reason",
            )
            rows = page.locator("[aria-labelledby=records-title] table tbody tr").all()
            assert sorted(int(text_of(row.locator("td").nth(1).locator("a"))) for row in rows) == sorted(
                count for (count,) in waiting
            )
            ((alerts,),) = ask(quality_dsn, f"select count(*) from ops.alert where cleared_at is null and ({where})")
            assert text_of(page.locator("#alerts-title small")) == str(alerts)


ADDRESSES = {
    "units-cost": "units?step=received&merchant=alpha#cost",
    "units-kpi": "units?set=kpi&kpi=resale_share&days=30&week=2026-10-12&day=2026-11-16&merchant=alpha#kpi",
    "units-claims": "units?set=kpi&kpi=reverse_logistics_cost&week=2026-10-05&day=2026-11-16#kpi",
    "units-reason": "units?set=reason&reason=defective&week=2026-11-09&merchant=alpha#share",
    "lines-rate": "lines?set=cohort&kpi=return_rate&days=14&week=2026-10-19&merchant=alpha#kpi",
    "lines-signal": "lines?set=signal&week=2026-11-09&weeks_of=4&cause=defective&supplier=Nomad&batch=B7&merchant=alpha"
                    "#back",
    "lines-action": "lines?set=action&action=00000000-0000-0000-0000-00000000000a&side=acted_on&when=after&only=yes"
                    "&merchant=alpha#back",
    "cases": "cases?merchant=alpha#cases",
    "differences-goods": "differences?kind=overdue&owner=carrier&overdue=yes&merchant=alpha"
                         f"&category={quote('Смартфоны')}#differences",
    "claims-goods": f"claims?show=unsettled&merchant=alpha&category={quote('Смартфоны')}#claims",
}  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_the_lists_fit_the_screen(site: str, browser: Any, width: int, scheme: str) -> None:  # noqa: F811
    page = page_of(browser, width, scheme)
    for name, address in ADDRESSES.items():
        at, _, total = address.partition("#")
        for language in ("kk", "en", "ru"):
            answer = page.goto(f"{site}/{at}&lang={language}#{total}")
            assert answer is None or answer.status == 200, name
            as_wide_as_the_screen(page, width)
        shoot(page, f"list-{name}-{width}-{scheme}")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_the_counted_pages_fit_the_screen(site: str, browser: Any, width: int, scheme: str) -> None:  # noqa: F811
    page = page_of(browser, width, scheme)
    for name in ("", "flow", "speed", "causes", "money", "actions"):
        page.goto(f"{site}/{name}?lang=ru&merchant=alpha")
        as_wide_as_the_screen(page, width)
        shoot(page, f"counted-{name or 'home'}-{width}-{scheme}")
