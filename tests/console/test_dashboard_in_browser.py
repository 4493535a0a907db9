"""The dashboard in a real browser without scripts: its numbers are those of ``mart``, and it fits phone and desk."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import uvicorn

from include.domain.unit_life import STATES
from include.locale.claim_labels import STATUSES
from include.locale.desk_labels import STATES as STATE_NAMES
from include.locale.difference_labels import KINDS
from include.locale.labels import CAUSES
from include.locale.words import words
from tests.console.board_world import Table, furnish, plain, tables
from tests.console.surroundings import NOW, app_of
from tests.console.test_in_browser import CHROMIUM, as_wide_as_the_screen, browser, open_page, page_of, shoot  # noqa: F401

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
PAGES = ("", "flow", "speed", "causes", "money", "actions", "units?step=received&cause=defective")
WEEKS = "week_start between '2026-08-31' and '2026-11-16'"  # the usual twelve
# Whose and which goods: the part of an address, and the same said to mart.unit and its like.
CHOICES = (
    ("", "true"),
    ("&merchant=alpha", "merchant_id = 'alpha'"),
    ("&merchant=alpha&category=Смартфоны&supplier=Nomad",
     "merchant_id = 'alpha' and category = 'Смартфоны' and supplier = 'Nomad'"),
)  # fmt: skip
EN = words("en")


@pytest.fixture(scope="module")
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    furnish(address)
    return address


@pytest.fixture(scope="module")
def site(dsn: str) -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(app_of(dsn), host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def asked(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as conn:
        return conn.execute(statement.encode()).fetchall()


def column(table: Table, name: str) -> dict[str, float | None]:
    return {line: plain(cells[name][0]) for line, cells in table.items() if line != "in all"}


def numbers(rows: list[tuple[Any, ...]]) -> dict[str, float]:
    """Rows of (week or code, number) by what the page calls them."""
    return {EN.week(name) if hasattr(name, "weekday") else name: float(number) for name, number in rows}


def filled(found: dict[str, float | None]) -> dict[str, float | None]:
    return {name: number for name, number in found.items() if number}


@pytest.mark.parametrize(("choice", "where"), CHOICES)
def test_the_numbers_of_every_page_are_those_of_the_marts(
    site: str,
    dsn: str,
    browser: Any,  # noqa: F811
    choice: str,
    where: str,
) -> None:
    page = page_of(browser, 1280)
    shown: dict[str, Table] = {}
    for name in ("flow", "speed", "causes", "money", "actions"):
        page.goto(f"{site}/{name}?lang=en{choice}")
        shown |= tables(page.content())
    _flow(dsn, shown, where)
    _speed(dsn, shown, where)
    _causes(dsn, shown, where)
    _goods(dsn, shown, where)
    _money(dsn, shown, where)
    _actions(dsn, shown, where)


def _flow(dsn: str, shown: dict[str, Table], where: str) -> None:
    for step, name in (("requested", "requested"), ("received", "received"), ("on_sale", "back on sale"),
                       ("resold", "sold again"), ("ended", "ended otherwise")):  # fmt: skip
        rows = asked(dsn, f"select core.week_of(at), count(*) from mart.unit_step where step = '{step}' and {where} "
                          "and core.week_of(at) between '2026-08-31' and '2026-11-16' group by 1")  # fmt: skip
        assert filled(column(shown["flow"], name)) == numbers(rows), step
    proceeds = asked(
        dsn,
        f"select core.week_of(resold_at), sum(resale_price) from mart.unit where state = 'resold' and {where} "
        "and core.week_of(resold_at) between '2026-08-31' and '2026-11-16' group by 1",
    )
    assert filled(column(shown["flow"], "sold again, proceeds")) == numbers(proceeds)
    waiting = asked(dsn, f"select state, count(*) from mart.unit where closed_at is null and {where} group by 1")
    named = {STATE_NAMES[state]: count for state, count in numbers(waiting).items()}
    assert column(shown["waiting"], "in all") == named and set(waiting[0][:1]) <= set(STATES)
    received = asked(
        dsn,
        "select core.week_of(received_at), count(*), count(on_sale_at)::float / count(*), "
        "count(*) filter (where state = 'resold' and channel = 'resale')::float / count(*) from mart.unit "
        f"where {where} and core.week_of(received_at) between '2026-08-31' and '2026-11-16' group by 1",
    )
    for place, name in ((1, "received"), (2, "put back on sale"), (3, "sold again as resale")):
        found = column(shown["shares"], name)
        for row in received:
            assert found[EN.week(row[0])] == pytest.approx(row[place], abs=0.006), (name, row[0])


def _speed(dsn: str, shown: dict[str, Table], where: str) -> None:
    on_kaspi = "case when channel is distinct from 'off_kaspi' then on_sale_at end"
    for code, at in (("decided_spans", "routed_at"), ("sellable_spans", on_kaspi)):
        rows = asked(
            dsn,
            f"select core.speed_bucket({at} - received_at), count(*) from mart.unit "
            f"where {at} is not null and received_at is not null and {where} "
            "and core.week_of(received_at) between '2026-08-31' and '2026-11-16' group by 1",
        )
        found = list(column(shown[code], "units").values())
        told = dict(rows)
        assert found[:10] == [told.get(number, 0) for number in range(10)], code
    who = "merchant_id = 'alpha'" if "alpha" in where else "merchant_id is null"
    goods = "category is null and supplier is null" if "category" not in where else "false"
    rows = asked(dsn, f"select week_start, value from mart.kpi_current where kpi = 'processing_time_p50' and {who} "
                      f"and {goods} and {WEEKS}")  # fmt: skip
    assert ("decided_weekly" in shown) == bool(rows) == ("category" not in where)
    name = "Dock to decision, half of the units"
    texts = {line: cells[name][0] for line, cells in shown.get("decided_weekly", {}).items() if cells[name][0] != "—"}
    assert texts == {EN.week(week): EN.hours(float(value)) for week, value in rows}


def _causes(dsn: str, shown: dict[str, Table], where: str) -> None:
    rows = asked(dsn, f"select coalesce(cause, 'unknown'), count(*) from mart.unit where {where} "
                      "and core.week_of(received_at) between '2026-08-31' and '2026-11-16' group by 1")  # fmt: skip
    assert column(shown["causes"], "units") == {CAUSES[code]: count for code, count in numbers(rows).items()}
    pairs = asked(dsn, f"select stated_reason, count(*) from mart.unit where {where} and cause = 'defective' "
                       "and core.week_of(received_at) between '2026-08-31' and '2026-11-16' group by 1")  # fmt: skip
    assert pairs or "category" in where
    assert filled(column(shown["stated"], "defective")) == {
        CAUSES[code]: count for code, count in numbers(pairs).items()
    }


def _goods(dsn: str, shown: dict[str, Table], where: str) -> None:
    """The rates of SKUs, the surely highest first, and what their twelve weeks count."""
    goods = "inner join core.product as product using (merchant_id, sku)"
    choice = (
        where.replace("merchant_id", "rate.merchant_id")
        .replace("category", "rate.category")
        .replace("supplier", "product.supplier")
    )
    rows = asked(
        dsn,
        "select rate.sku, rate.value, sum(round(week.value * week.n)), sum(week.n) "
        f"from mart.kpi_current as rate {goods} inner join mart.kpi_current as week "
        "on week.merchant_id = rate.merchant_id and week.category = rate.category and week.sku = rate.sku "
        "and week.kpi = 'return_rate' and week.week_start between '2026-07-20' and '2026-10-05' "
        f"where rate.kpi = 'return_rate_shrunk' and rate.week_start = '2026-10-05' and {choice} "
        "group by 1, 2, rate.lo, rate.n, rate.merchant_id, rate.category "
        "order by rate.lo desc, rate.n desc, rate.merchant_id, rate.category, rate.sku limit 15",
    )
    table = shown["goods_sku"]
    assert [name.split(" · ")[1] for name in table] == [row[0] for row in rows]
    for (name, line), (_sku, value, returned, sold) in zip(table.items(), rows, strict=True):
        told = {column: plain(text) for column, (text, _link) in line.items()}
        assert (told["came back"], told["sold"]) == (returned, sold), name
        assert told["estimate"] == pytest.approx(float(value), abs=0.006)
        assert told["as counted"] == pytest.approx(float(returned / sold), abs=0.006)


def _money(dsn: str, shown: dict[str, Table], where: str) -> None:
    terms = {"Collection": "collection", "Taking in": "receiving", "Inspection": "inspection", "Repair": "repair",
             "Delivery that was in vain": "forward_delivery", "Fee of the channel": "channel_fee",
             "Written off": "write_off"}  # fmt: skip
    for name, term in terms.items():
        ((amount, unknown),) = asked(
            dsn,
            f"select coalesce(sum(cost_{term}), 0), count(*) filter (where cost_{term} is null) from mart.unit "
            f"where {where} and core.week_of(received_at) between '2026-08-31' and '2026-11-16'",
        )
        assert plain(shown["terms"][name]["cost"][0]) == float(amount), name
        assert plain(shown["terms"][name]["units of which it is not known"][0]) == unknown, name
    ((known,),) = asked(
        dsn,
        f"select coalesce(sum(known_cost), 0) from mart.unit where {where} "
        "and core.week_of(received_at) between '2026-08-31' and '2026-11-16'",
    )
    assert plain(shown["terms"]["in all"]["cost"][0]) == float(known)
    assert plain(shown["cost_weekly"]["in all"]["cost in all"][0]) == float(known)


def _actions(dsn: str, shown: dict[str, Table], where: str) -> None:
    goods = where.replace("merchant_id", "place.merchant_id")
    rows = asked(
        dsn,
        "select kind, count(*), sum(money_at_risk) from mart.discrepancy as found "
        "left join mart.unit_place as place using (unit_id) "
        f"where status = 'open' and opened_at <= '{NOW.isoformat()}' "
        f"and {goods.replace('place.merchant_id', 'found.merchant_id')} group by 1",
    )
    few = "category" in where
    assert rows or few
    assert column(shown.get("differences", {}), "open") == {KINDS[kind]: count for kind, count, _ in rows}
    assert column(shown.get("differences", {}), "at risk") == {KINDS[kind]: float(money) for kind, _, money in rows}
    claims = asked(
        dsn,
        "select status, count(*) from mart.claim inner join mart.unit_place as place using (unit_id) "
        f"where status in ('draft', 'ready', 'sent', 'accepted') and {goods} group by 1",
    )
    assert claims or few
    assert column(shown.get("claims", {}), "claims") == {STATUSES[status]: count for status, count in claims}


def test_the_overview_says_what_waits_what_it_costs_and_what_to_do(site: str, dsn: str, browser: Any) -> None:  # noqa: F811
    page = page_of(browser, 390)
    page.goto(f"{site}/?lang=en&merchant=alpha")
    waits, costs, todo = (one.inner_text() for one in page.locator(".look").all())
    ((units, value),) = asked(
        dsn,
        "select count(*), sum(original_price) from mart.unit where merchant_id = 'alpha' and state = any("
        "'{received,unexpected,wrong_item,inspected,repacked,in_repair,repaired,unrecoverable,qc,restock_pending}')",
    )
    assert f"{units} unit" in waits and EN.money(value or 0) in waits
    ((cost,),) = asked(
        dsn,
        "select sum(known_cost) from mart.unit where merchant_id = 'alpha' "
        "and core.week_of(received_at) between '2026-08-31' and '2026-11-16'",
    )
    assert EN.money(cost) in costs
    drafts = asked(dsn, "select count(*) from mart.claim where merchant_id = 'alpha' and status in ('draft', 'ready')")
    assert f"Send {drafts[0][0]} claim" in todo
    page.get_by_role("link", name="Send").click()
    page.wait_for_url("**/claims?*")


def test_the_evidence_of_a_signal_opens_and_leads_to_its_units(site: str, browser: Any) -> None:  # noqa: F811
    page = page_of(browser, 390)
    page.goto(f"{site}/causes?lang=en")
    signal = page.locator(".signal").first
    assert "Batch B7 of Nomad <b>: defective" in signal.inner_text()
    signal.get_by_text("Evidence").click()
    for words_of_it in ("8 / 47", "1 / 130", "321", "0.1%", "Supplier Nomad <b>"):
        assert words_of_it in signal.inner_text(), words_of_it
    as_wide_as_the_screen(page, 390)


def test_a_choice_is_made_with_a_finger_and_kept(site: str, browser: Any) -> None:  # noqa: F811
    page = page_of(browser, 390)
    page.goto(f"{site}/flow?lang=en&merchant=alpha")
    page.get_by_text("all goods · 12 weeks").click()
    page.get_by_label("Category").select_option("Смартфоны")
    page.get_by_label("Period").select_option("4")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/flow?*weeks=4*")
    assert "merchant=alpha" in page.url
    page.get_by_role("link", name="Money", exact=True).click()
    page.wait_for_url("**/money?*")
    assert "weeks=4" in page.url and "category=" in page.url
    assert len(tables(page.content())["cost_weekly"]) == 5


def unfold(page: Any) -> None:
    """Open what is folded, what is folded within with it."""
    folded = page.locator("details:not([open]) > summary:visible")
    while folded.count():
        folded.first.click()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (390, "dark"), (1280, "light")])
def test_the_pages_fit_the_screen(site: str, browser: Any, width: int, scheme: str) -> None:  # noqa: F811
    page = page_of(browser, width, scheme)
    for address in PAGES:
        for language in ("ru", "kk", "en"):
            open_page(page, f"{site}/{address}{'&' if '?' in address else '?'}lang={language}", width)
            unfold(page)
            as_wide_as_the_screen(page, width)
            if language == "ru":
                shoot(page, f"board-{address.partition('?')[0] or 'home'}-{width}-{scheme}")
