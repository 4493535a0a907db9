"""Every number of the dashboard leads to what it counts: each is followed, and what is listed there is counted.

In the address of a link stands after # which total of the list the number is. A number without one is an estimate, or a
moment: it leads to what it is made of.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from fastapi.testclient import TestClient
from lxml import html

from include.analytics import effects, history, signals
from include.console.board import counted, order_lines
from include.flows import weekly_statistics
from tests.console.board_world import furnish_counted
from tests.console.surroundings import User, client_of

PAGES = ("", "flow", "speed", "causes", "money", "actions")
PHONES = quote("Смартфоны")
# Whose and which goods, and what must be among the numbers followed there.
CHOICES = ("weeks=12", f"merchant=alpha&category={PHONES}&weeks=4", "merchant=alpha&supplier=Nomad&weeks=26",
           "merchant=beta&from=2026-09-01&to=2026-10-15")  # fmt: skip
NUMBER = re.compile(r"[-−+]?\d[\d,]*(?:\.\d+)?")
TERMS = ("Delivery that was in vain", "Collection", "Taking in", "Inspection", "Repair", "Parts", "Packaging",
         "Storage", "Fee of the channel", "Written off")  # fmt: skip
Lines = list[dict[str, str]]


@pytest.fixture(scope="module")
def dsn(new_warehouse: Callable[[], str]) -> str:
    address = new_warehouse()
    furnish_counted(address)
    return address


@pytest.fixture(scope="module")
def browser(dsn: str) -> TestClient:
    return client_of(dsn)


def number(text: str) -> float:
    """The first number of a text of an English page."""
    found = NUMBER.search(text)
    assert found, text
    return float(found.group().replace(",", "").replace("−", "-"))


def tenge(lines: Lines, *columns: str) -> float:
    return sum(float(line[column] or 0) for line in lines for column in columns)


def blank(lines: Lines, *columns: str) -> int:
    return sum(1 for line in lines for column in columns if line[column] == "")


def counting(lines: Lines) -> int:
    return sum(1 for line in lines if line["counts"] == "1")


@dataclass
class Reader:
    """Somebody who opens what a number leads to, and counts there. What was opened once is kept."""

    browser: TestClient
    pages: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Lines] = field(default_factory=dict)
    whole: dict[str, tuple[int, float]] = field(default_factory=dict)

    def page(self, address: str) -> Any:
        if address not in self.pages:
            answer = self.browser.get(f"/{address}")
            assert answer.status_code == 200, (address, answer.text[:300])
            self.pages[address] = html.fromstring(answer.text)
        return self.pages[address]

    def lines(self, address: str) -> Lines:
        if address not in self.files:
            answer = self.browser.get(f"/{address.replace('?', '.csv?', 1)}")
            assert answer.status_code == 200, address
            text = answer.content.decode("utf-8-sig")
            self.files[address] = list(csv.DictReader(io.StringIO(text), delimiter=";"))
        return self.files[address]

    def without(self, address: str, *names: str) -> Lines:
        """The lines of the list without these limits."""
        page, _, query = address.partition("?")
        kept = [(name, value) for name, value in parse_qsl(query) if name not in names]
        return self.lines(f"{page}?{urlencode(kept)}")

    def read_through(self, address: str) -> tuple[int, float]:
        """How many rows the pages of differences or claims list, and their money."""
        if address not in self.whole:
            rows, money, at = 0, 0.0, address
            while at:
                page = self.page(at)
                found = page.xpath("//table[1][.//td[@data-name='piece']]/tbody/tr")
                rows += len(found)
                money += sum(number(text) for row in found if (text := row.xpath("string(td[last()])")).strip() != "—")
                at = next(iter(page.xpath("//p/a[text()='More']/@href")), "")
            self.whole[address] = (rows, money)
        return self.whole[address]

    def counted(self, address: str, total: str) -> float | None:
        """What the total of a list is by its lines; None where lines do not tell it."""
        if address.startswith(("differences", "claims")):
            return self.read_through(address)[total == "money"]
        lines, asked = self.lines(address), dict(parse_qsl(address.partition("?")[2]))
        terms = [TERM_NAMES[term] for term in asked.get("term", "").split(",") if term]
        simple: Mapping[str, Callable[[], float]] = {
            **dict.fromkeys(("units", "lines", "cases"), lambda: len(lines)),
            "value": lambda: tenge(lines, "goods' price"),
            "proceeds": lambda: tenge(lines, "proceeds"),
            "cost": lambda: tenge(lines, *TERMS) - tenge(lines, "paid by the carrier"),
            "unknown": lambda: blank(lines, *TERMS),
            "marked": lambda: counting(lines),
            "pieces": lambda: tenge(lines, "pieces sold"),
            "back": lambda: tenge(lines, "came back"),
            "least": lambda: tenge(lines, "pieces at least"),
            "most": lambda: tenge(lines, "pieces at most"),
            "won": lambda: tenge(lines, "proceeds") / tenge(lines, "goods' price"),
        }
        if total in simple:
            return simple[total]()
        if total in ("amount", "taken_off"):
            return tenge(lines, *terms) * (-1 if total == "taken_off" else 1)
        if total == "share" and "step" in asked:
            limits = ("cause", "reason", "measure", "outcome", "bucket", "within", "became", "channel")
            return len(lines) / len(self.without(address, *limits))
        if total == "a_unit":
            cost = tenge(lines, *TERMS) - tenge(lines, "paid by the carrier")
            if terms:
                cost = tenge(lines, *terms) * (-1 if asked["term"] == "compensation" else 1)
            return cost / len(self.without(address, "term"))
        if total in ("share", "kpi"):
            return self.kpi(lines, asked)
        return None

    def kpi(self, lines: Lines, asked: Mapping[str, str]) -> float:
        if asked.get("set") == "cohort":
            return tenge(lines, "came back") / tenge(lines, "pieces sold")
        name = asked.get("kpi", "")
        money = tenge(lines, "tenge that count")
        if name in ("resale_share_value", "reverse_logistics_cost_share"):
            return money / tenge(lines, "of tenge")
        if name in ("reverse_logistics_cost", "net_recovery"):
            return money / len(lines)
        return money if name.startswith("claims") else counting(lines) / len(lines)


TERM_NAMES = dict(
    zip(("forward_delivery", "collection", "receiving", "inspection", "repair", "parts", "packaging", "storage",
         "channel_fee", "write_off"), TERMS, strict=True),
    compensation="paid by the carrier",
)  # fmt: skip


@pytest.fixture(scope="module")
def reader(browser: TestClient) -> Reader:
    return Reader(browser)


def as_shown(value: float, text: str) -> bool:
    """Whether a number is what a text shows of it, rounded as the text is."""
    if "%" in text:
        return abs(100 * value - number(text)) <= (0.051 if abs(value) < 0.0995 else 0.51)
    return abs(value - number(text)) <= 0.51


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("page", PAGES)
def test_every_number_leads_to_so_much(reader: Reader, page: str, choice: str) -> None:
    followed = 0
    for link in reader.page(f"{page}?lang=en&{choice}").xpath("//a[contains(@class, 'figure')]"):
        text = " ".join(link.text_content().split())
        address, _, total = link.get("href").removeprefix("./").partition("#")
        listed = reader.page(address)
        if not total:
            assert listed.xpath("//tbody/tr"), (text, address)
            continue
        if total == "signals-title":  # the causes that stand out stand there themselves
            assert len(listed.xpath("//li[contains(@class, 'signal up')]")) == number(text)
            continue
        (shown,) = listed.xpath(f"//*[@id='{total}']")
        told = " ".join(shown.text_content().split())
        assert number(told) == number(text), (text, told, address, total)
        found = reader.counted(address, total)
        if found is not None:
            assert as_shown(found, text), (text, found, address, total)
        followed += 1
    assert followed >= (20 if page else 30), followed


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("page", PAGES)
def test_there_is_no_number_that_leads_nowhere(reader: Reader, page: str, choice: str) -> None:
    shown = reader.page(f"{page}?lang=en&{choice}")
    places = shown.xpath(
        "//table[contains(@class, 'grown')]//td[@class='num'] | //article[@class='card']/p[contains(@class, 'value')]"
        " | //dl[@class='claim-sums']/div/dd | //*[@class='bar-value'] | //p[@class='big'] | //li[@class='stage']"
        " | //ul[@class='beside']/li | //li[contains(@class, 'signal')]/p[2] | //*[@aria-labelledby='open-title']//td"
    )
    assert len(places) > 5
    for place in places:
        text = " ".join(place.text_content().split())
        if any(float(digit.replace(",", "").replace("−", "-")) for digit in NUMBER.findall(text)):
            assert place.xpath(".//a[contains(@class, 'figure')]"), text


def test_all_kinds_of_numbers_were_followed(reader: Reader) -> None:
    """The small world has one of each, so that the test above cannot pass by having nothing to follow."""
    links = {
        link.partition("#")[::2]
        for page in PAGES
        for choice in CHOICES
        for link in reader.page(f"{page}?lang=en&{choice}").xpath("//a[contains(@class, 'figure')]/@href")
    }
    kinds = {
        (address.removeprefix("./").partition("?")[0], *(query.get(name, "") for name in ("step", "set", "kpi")), total)
        for address, total in links
        for query in (dict(parse_qsl(address.partition("?")[2])),)
    }
    for step, totals in (("received", "units value cost a_unit unknown proceeds won share amount taken_off"),
                         ("waiting", "units value oldest"), ("resold", "units proceeds")):  # fmt: skip
        for total in totals.split():
            assert ("units", step, "", "", total) in kinds, (step, total)
    for kpi in counted.OF_UNITS:
        assert {kind[:4] for kind in kinds} & {("units", "", "kpi", kpi)}, kpi
    for name, totals in (("reason", "units marked share"), ("causes", "units share")):
        for total in totals.split():
            assert ("units", "", name, "", total) in kinds, (name, total)
    assert ("lines", "", "cohort", "return_rate", "kpi") in kinds
    assert ("lines", "", "cohort", "return_rate_nowcast", "pieces") in kinds
    for total in ("back", "exposed", "rate", "baseline", "expected"):
        assert ("lines", "", "signal", "", total) in kinds, total
    assert ("lines", "", "action", "", "back") in kinds
    for page, totals in (
        ("cases", "cases least most"), ("claims", "claims money"), ("differences", "differences money"),
    ):  # fmt: skip
        for total in totals.split():
            assert (page, "", "", "", total) in kinds, (page, total)
    asked = {address for address, _ in links}
    for part in ("when=before", "side=others", "only=yes", "overdue=yes", "known=no", "became=resold", "within="):
        assert any(part in address for address in asked), part
    goods = [address for address in asked if address.startswith(("claims?", "differences?"))]
    assert any("category=" in one for one in goods) and any("supplier=" in one for one in goods)


def test_the_limits_of_the_lists_are_those_of_the_statistics() -> None:
    assert counted.LEARNED_WEEKS == weekly_statistics.LEARNED_WEEKS
    assert (order_lines.LONGEST_DELAY, order_lines.BASE_WEEKS) == (history.LONGEST_DELAY, signals.BASE_WEEKS)
    assert (order_lines.WEEKS_BEFORE, order_lines.WEEKS_AFTER) == (effects.WEEKS_BEFORE, effects.WEEKS_AFTER)
    assert tuple(str(weeks) for weeks in signals.WINDOWS) == order_lines.CODES_OF_WINDOWS


@pytest.mark.parametrize("starts_on", [dt.date(2026, 9, 14), dt.date(2026, 9, 16), dt.date(2026, 11, 30)])
@pytest.mark.parametrize("ended_on", [None, dt.date(2026, 10, 20)])
def test_the_weeks_of_an_action_are_those_it_is_judged_by(starts_on: dt.date, ended_on: dt.date | None) -> None:
    monday = dt.date(2026, 11, 16)
    rows = [
        {**dict.fromkeys(history.DIMENSIONS, "o"), "merchant_id": "m", "age": age, "lines": 2**age}
        for age in range(1, 40)
    ]
    told = history.History.of_rows(rows, [])
    panel = effects.panel(told, "m", {}, None, [], monday=monday, starts_on=starts_on, ended_on=ended_on)
    assert panel is not None
    for when, weeks in (("before", ~panel.after), ("after", panel.after)):
        youngest, oldest = order_lines.ages_of(when, starts_on, ended_on, monday)
        assert weeks.sum() == max(0, oldest - youngest + 1), when


@pytest.mark.parametrize(
    "address",
    [
        "units", "units?set=kpi&week=2026-11-09", "units?set=kpi&kpi=return_rate&week=2026-11-09&day=2026-11-16",
        "units?step=received&cause=defective&became=resold", "units?step=received&channel=main", "units?set=stolen",
        "units?step=requested&term=storage", "units?step=waiting&cause=defective", "units?step=received&within=3",
        "units?step=received&became=open&channel=main", "units?set=reason&week=2026-11-09",
        "lines", "lines?set=signal&week=2026-11-09&cause=defective&weeks_of=8&sku=nothing", "lines?set=cohort",
        "lines?set=action&when=after&side=others&action=none", "lines?set=signal&week=2026-11-09&cause=x&weeks_of=5",
        "lines?set=action&when=after&side=others&action=00000000-0000-0000-0000-0000000000ff",
    ],
)  # fmt: skip
def test_what_no_number_leads_to_is_not_there(browser: TestClient, address: str) -> None:
    assert browser.get(f"/{address}").status_code == 404
    assert browser.get("/" + address.replace("?", ".csv?", 1)).status_code == 404


@pytest.mark.parametrize("page", ["units", "lines", "cases"])
def test_a_list_is_read_page_by_page_and_is_whole(reader: Reader, page: str) -> None:
    address = {
        "units": "units?lang=en&set=reason&merchant=alpha&reason=defective&week=2026-11-09",
        "lines": "lines?lang=en&set=cohort&kpi=return_rate&days=14&week=2026-10-05", "cases": "cases?lang=en",
    }[page]  # fmt: skip
    lines, rows, at = reader.lines(address), 0, address
    while at:
        shown = reader.page(at)
        rows += len(shown.xpath("//tbody/tr"))
        at = next(iter(shown.xpath("//a[text()='More']/@href")), "")
    assert rows == len(lines) > 10


def test_those_that_count_and_the_others_are_all(reader: Reader) -> None:
    address = "units?lang=en&set=kpi&kpi=relisted_share&week=2026-10-05&day=2026-11-16"
    every, yes, no = (reader.lines(address + only) for only in ("", "&only=yes", "&only=no"))
    assert {line["unit"] for line in every} == {line["unit"] for line in yes} | {line["unit"] for line in no}
    assert len(every) == len(yes) + len(no) and yes and no


def test_who_has_one_merchant_sees_no_list_of_another(dsn: str) -> None:
    stranger = client_of(dsn, User(name="dana", role="viewer", merchant="beta"))
    action = "lines?lang=en&set=action&when=after&side=acted_on&action=00000000-0000-0000-0000-00000000000a"
    assert stranger.get(f"/{action}").status_code == 404
    for address in ("units?set=reason&reason=defective&week=2026-11-09&merchant=alpha", "cases?merchant=alpha"):
        assert stranger.get(f"/{address}").status_code == 404
    assert {line["merchant"] for line in Reader(stranger).lines("cases?lang=en")} == {"beta"}
