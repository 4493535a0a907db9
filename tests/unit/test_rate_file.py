"""A price list is refused for what is wrong in it, by line and column, and says what it changes before it is loaded."""

import datetime as dt
from collections.abc import Mapping

import pytest

from include.domain.money import Rate
from include.domain.rate_file import check_against, preview, read_rows

TODAY = dt.date(2026, 11, 2)
GOOD = {"term": "storage", "per": "day", "amount": "30", "valid_from": "2026-11-02"}
FILM = {**GOOD, "term": "packaging", "per": "piece", "code": "film", "name_ru": "плёнка", "name_kk": "пленка",
        "name_en": "film"}  # fmt: skip


def read(*rows: Mapping[str, object]) -> tuple[list[Rate], list[str]]:
    rates, problems = read_rows(enumerate(rows, start=2), 1)
    return rates, [str(one) for one in problems]


def test_a_good_row_is_a_price_of_everybody_unless_it_says_whose() -> None:
    (rate, own), problems = read(GOOD, {**GOOD, "merchant": "shop", "warehouse": "W1", "amount": "1 200"})
    assert problems == []
    assert (rate.merchant_id, rate.warehouse, rate.amount, rate.valid_from) == ("*", "*", 30, TODAY)
    assert (own.merchant_id, own.warehouse, own.amount) == ("shop", "W1", 1200)


@pytest.mark.parametrize(("text", "permille"), [("12%", 120), ("12,5 %", 125), ("120‰", 120), ("120", 120), ("0%", 0)])
def test_a_share_is_percent_or_thousandths(text: str, permille: int) -> None:
    (rate,), problems = read({**GOOD, "term": "channel_fee", "per": "share", "amount": text})
    assert (problems, rate.permille, rate.amount) == ([], permille, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"term": "rent"}, "line 2, term: 'rent' is none of"),
        ({"term": "forward_delivery"}, "line 2, per: forward_delivery is priced per nothing"),
        ({"per": "minute"}, "line 2, per: storage is priced per day, not per minute"),
        ({"amount": ""}, "line 2, amount: '' is no whole number"),
        ({"amount": "12.5"}, "line 2, amount: '12.5' is no whole number"),
        ({"amount": "-3"}, "line 2, amount: '-3' is no whole number"),
        ({"amount": "999999999"}, "line 2, amount: 999999999 tenge is more than"),
        ({"valid_from": "02.11.2026"}, "line 2, valid_from: '02.11.2026' is no day"),
        ({"code": "qc"}, "line 2, code: of storage per day it is empty, not 'qc'"),
        ({"name_ru": "день"}, "line 2, name_ru: only a material has names"),
    ],
)
def test_a_bad_row_says_where_and_why(change: dict[str, str], said: str) -> None:
    rates, problems = read({**GOOD, **change})
    assert rates == [] and len(problems) == 1
    assert problems[0].startswith(said)


def test_materials_need_a_code_and_a_name_in_each_language() -> None:
    assert read(FILM)[1] == []
    assert read({**FILM, "code": "плёнка"})[1][0].startswith("line 2, code: ")
    assert read({**FILM, "name_kk": ""})[1][0].startswith("line 2, name_kk: ")
    assert read({**GOOD, "term": "channel_fee", "per": "share", "amount": "1,234%"})[1][0].startswith("line 2, amount")
    assert read({**GOOD, "term": "channel_fee", "per": "share", "amount": "x"})[1][0].startswith("line 2, amount")


def test_one_price_a_day() -> None:
    rates, problems = read(GOOD, {**GOOD, "amount": "31"}, {**GOOD, "valid_from": "2026-12-01"})
    assert len(rates) == 2
    assert problems == ["line 3: says again what line 2 says: one price a day"]


def test_what_is_known_is_not_contradicted() -> None:
    known, _ = read({**GOOD, "valid_from": "2026-10-01"}, FILM)
    places = [("shop", "W1")]

    def wrong(*rows: Mapping[str, object]) -> list[str]:
        return check_against(read(*rows)[0], known, places, TODAY)

    assert wrong(GOOD, {**GOOD, "merchant": "shop", "warehouse": "W1"}) == []
    assert "no merchant nobody is known" in wrong({**GOOD, "merchant": "nobody"})[0]
    assert "no store lies in a warehouse W9" in wrong({**GOOD, "warehouse": "W9"})[0]
    assert "one of packaging already" in wrong({**FILM, "term": "parts"})[0]
    assert (
        "days before 2026-11-02 have a price already (30 tenge since 2026-10-01"
        in wrong({**GOOD, "valid_from": "2026-11-01"})[0]
    )


def test_the_preview_says_what_each_row_changes() -> None:
    known, _ = read({**GOOD, "valid_from": "2026-10-01"})
    said = preview(
        read(
            {**GOOD, "amount": "36"}, {**GOOD, "valid_from": "2026-11-05"},
            {**GOOD, "amount": "-", "valid_from": "2026-12-01"}, {**GOOD, "amount": "-", "merchant": "shop"},
            {**GOOD, "term": "receiving", "per": "event"}, {**GOOD, "merchant": "shop", "valid_from": "2026-11-09"},
        )[0],
        known,
    )  # fmt: skip
    assert said == [
        "storage per day: 30 tenge → 36 tenge from 2026-11-02",
        "storage per day: stays 30 tenge from 2026-11-05",
        "storage per day: ends (30 tenge until then) from 2026-12-01",
        "shop@* storage per day: no price of its own, so nothing ends from 2026-11-02",
        "receiving per event: new, 30 tenge from 2026-11-02",
        "shop@* storage per day: stays 30 tenge from 2026-11-09",
    ]
