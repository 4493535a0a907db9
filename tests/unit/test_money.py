"""What a step costs by the price list, and that money never gets lost between pieces, days and versions."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.money import (
    ANY,
    GOODS,
    GOODS_FOUND,
    NO_GOODS_COST,
    NO_MINUTES,
    NO_PRICE,
    NO_SALE_PRICE,
    PRICED,
    STEPS,
    UNKNOWN_MATERIAL,
    WHOLE,
    Rate,
    Step,
    Term,
    changes_the_past,
    costs,
    in_force,
    materials,
    net_recovery,
    recovery,
    share,
    share_of_parcel,
    storage,
    tariff,
    used,
    worth_another_step,
)
from include.domain.unit_life import RULES

DAY = dt.date(2026, 5, 1)
AT = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
NAMES = {"ru": "плёнка", "kk": "пленка", "en": "film"}


def rate(term: str, per: str, amount: int | None, code: str = "", **more: object) -> Rate:
    facts = {"version": 1, "merchant_id": ANY, "warehouse": ANY, "valid_from": DAY, **more}
    if per == "share":
        return Rate(term=term, per=per, code=code, permille=amount, **facts)  # type: ignore[arg-type]
    return Rate(term=term, per=per, code=code, amount=amount, **facts)  # type: ignore[arg-type]


LIST = [
    rate("collection", "event", 450),
    rate("receiving", "event", 120),
    rate("inspection", "event", 250),
    rate("inspection", "event", 150, "qc"),
    rate("repair", "event", 300),
    rate("repair", "minute", 45),
    rate("packaging", "minute", 25),
    rate("packaging", "piece", 35, "film", names=NAMES),
    rate("parts", "piece", 4200, "battery", names={"ru": "аккумулятор", "kk": "аккумулятор", "en": "battery"}),
    rate("storage", "day", 30),
    rate("channel_fee", "share", 120, "resale"),
    rate("channel_fee", "share", 0, "off_kaspi"),
    rate("write_off", "event", 180),
]


def step(type_: str, state_from: str | None = None, **more: object) -> Step:
    facts = {"payload": {}, "merchant_id": "shop", "warehouse": "W1", **more}
    return Step(uuid.uuid4(), type_, state_from, AT, **facts)  # type: ignore[arg-type]


def booked(one: Step, rates: list[Rate] | None = None) -> dict[tuple[str, str], int | str | None]:
    """Return by (term, code) the amount, or why it is unknown."""
    return {
        (cost.term, cost.code): cost.why if cost.amount is None else cost.amount
        for cost in costs(one, LIST if rates is None else rates)
    }


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (step("received"), {("collection", "event"): 450, ("receiving", "event"): 120}),
        (step("unexpected"), {("collection", "event"): 450, ("receiving", "event"): 120}),
        (step("inspected"), {("inspection", "event"): 250}),
        (step("qc_passed"), {("inspection", "event"): 150}),
        (step("qc_failed"), {("inspection", "event"): 150}),
        (
            step("repacked", payload={"minutes": 6, "materials": "плёнка, ПЛЕНКА x2"}),
            {("packaging", "minute"): 150, ("packaging", "piece:film"): 105},
        ),
        (step("repacked", payload={"materials": ["film"]}),
         {("packaging", "minute"): NO_MINUTES, ("packaging", "piece:film"): 35}),
        (
            step("repaired", payload={"minutes": 20, "materials": [{"code": "battery", "quantity": 1}, "клей"]}),
            {("repair", "event"): 300, ("repair", "minute"): 900, ("parts", "piece:battery"): 4200,
             ("parts", "piece:клей"): UNKNOWN_MATERIAL},
        ),
        (step("in_repair"), {}),
        (step("unrecoverable", payload={"minutes": 10}), {("repair", "minute"): 450}),
        (step("resold", channel="resale", sale_price=9_999), {("channel_fee", "share"): 1_200}),
        (step("resold", channel="off_kaspi", sale_price=9_999), {("channel_fee", "share"): 0}),
        (step("resold", channel="resale"), {("channel_fee", WHOLE): NO_SALE_PRICE}),
        (step("resold", channel="main", sale_price=1), {("channel_fee", WHOLE): NO_PRICE}),
        (step("written_off", goods_cost=7_000), {("write_off", GOODS): 7_000}),
        (step("disposed", goods_cost=7_000), {("write_off", GOODS): 7_000, ("write_off", "event"): 180}),
        (step("lost"), {("write_off", GOODS): NO_GOODS_COST}),
        (
            step("received", "lost", goods_cost=7_000),
            {("collection", "event"): 450, ("receiving", "event"): 120, ("write_off", GOODS_FOUND): -7_000},
        ),
        (step("requested"), {}),
        (step("on_sale"), {}),
    ],
    ids=lambda value: value.type if isinstance(value, Step) else "",
)  # fmt: skip
def test_each_step_costs_what_the_list_says(one: Step, expected: dict[tuple[str, str], int | str]) -> None:
    assert booked(one) == expected


@pytest.mark.parametrize("type_", STEPS)
def test_without_a_price_a_step_that_must_cost_something_is_unknown_and_never_free(type_: str) -> None:
    found = costs(step(type_), [])
    assert {cost.term for cost in found} >= set(STEPS[type_])
    assert all(cost.amount is None and cost.why for cost in found)


def test_every_step_is_an_event_of_a_units_life_and_every_term_has_a_price_of_its_own() -> None:
    assert set(STEPS) <= set(RULES)
    assert set(PRICED) == set(Term) - {Term.FORWARD_DELIVERY}


def test_the_closest_scope_goes_first_and_its_end_uncovers_the_wider_one() -> None:
    late = DAY + dt.timedelta(days=30)
    list_ = [
        rate("storage", "day", 30),
        rate("storage", "day", 24, warehouse="W2"),
        rate("storage", "day", 10, merchant_id="shop"),
        rate("storage", "day", 5, merchant_id="shop", warehouse="W2"),
        rate("storage", "day", 40, version=2, valid_from=late),
        rate("storage", "day", None, version=2, valid_from=late, merchant_id="shop"),
    ]

    def price(merchant_id: str, warehouse: str | None, day: dt.date) -> int | None:
        found = in_force(list_, merchant_id, warehouse, "storage", "day", "", day)
        return found and found.amount

    assert [price("shop", "W1", DAY), price("shop", "W2", DAY), price("other", "W2", DAY)] == [10, 5, 24]
    assert [price("other", "W1", late), price("shop", "W1", late), price("other", "W2", late)] == [40, 40, 24]
    assert price("other", None, DAY) == 30
    assert price("other", "W1", DAY - dt.timedelta(days=1)) is None


def test_of_two_versions_of_one_day_the_later_counts() -> None:
    found = in_force([rate("repair", "event", 1), rate("repair", "event", 2, version=2)], "a", "W1", "repair", "event",
                     "", DAY)  # fmt: skip
    assert found is not None and found.amount == 2


days = st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1))
tariffs = st.lists(st.tuples(days, st.one_of(st.none(), st.integers(0, 500))), max_size=6, unique_by=lambda one: one[0])


@given(came=days, left=days, prices=tariffs)
def test_storage_is_the_sum_of_its_days(came: dt.date, left: dt.date, prices: list[tuple[dt.date, int | None]]) -> None:
    """Counted day by day, which the rule never does."""
    ordered = sorted(prices)
    total: int | None = 0
    for offset in range(max(0, (left - came).days)):
        day = came + dt.timedelta(days=offset)
        price = next((amount for begins, amount in reversed(ordered) if begins <= day), None)
        total = None if total is None or price is None else total + price
    assert storage(came, left, prices) == total


@given(came=days, middle=days, left=days, prices=tariffs)
def test_storage_of_two_stretches_is_that_of_the_whole(
    came: dt.date, middle: dt.date, left: dt.date, prices: list[tuple[dt.date, int | None]]
) -> None:
    came, middle, left = sorted((came, middle, left))
    parts = storage(came, middle, prices), storage(middle, left, prices)
    whole = storage(came, left, prices)
    assert whole == (None if None in parts else sum(part or 0 for part in parts))


def test_storage_costs_nothing_before_it_comes_and_on_the_day_it_leaves() -> None:
    assert storage(None, DAY, []) == 0
    assert storage(DAY, DAY, []) == 0
    assert storage(DAY, DAY + dt.timedelta(days=2), [(DAY, 30)]) == 60


def test_a_tariff_changes_where_the_list_does() -> None:
    list_ = [
        rate("storage", "day", 30),
        rate("storage", "day", 36, valid_from=DAY + dt.timedelta(days=10)),
        rate("storage", "day", 24, warehouse="W2"),
    ]
    assert [amount for _, amount in tariff(list_, "shop", "W1")] == [30, 36]
    assert [amount for _, amount in tariff(list_, "shop", "W2")] == [24, 24]


@given(total=st.integers(0, 10**7), pieces=st.integers(1, 40))
def test_the_parts_of_a_parcel_add_up_and_differ_by_a_tenge_at_most(total: int, pieces: int) -> None:
    parts = [share_of_parcel(total, pieces, place) for place in range(pieces)]
    known = [part for part in parts if part is not None]
    assert sum(known) == total and len(known) == pieces
    assert max(known) - min(known) <= 1
    assert share_of_parcel(total, pieces, None) == min(known)


def test_an_unknown_delivery_is_unknown() -> None:
    assert share_of_parcel(None, 3, 0) is None
    assert share_of_parcel(100, None, 0) is None


@given(price=st.integers(0, 10**8), permille=st.integers(0, 1000))
def test_a_share_is_rounded_up_within_a_tenge(price: int, permille: int) -> None:
    exact = Decimal(price * permille) / 1000
    assert exact <= share(price, permille) < exact + 1


@given(
    st.dictionaries(st.sampled_from(sorted(STEPS)), st.integers(0, 300)),
    st.integers(0, 10**6),
    st.lists(st.sampled_from(LIST), unique_by=id),
)
def test_no_list_makes_a_cost_negative_or_a_step_cost_twice(
    minutes: dict[str, int], price: int, rates: list[Rate]
) -> None:
    for type_, spent in minutes.items():
        found = costs(
            step(type_, payload={"minutes": spent}, sale_price=price, goods_cost=price, channel="resale"), rates
        )
        assert len({(cost.term, cost.code) for cost in found}) == len(found)
        assert all(cost.amount is None or cost.amount >= 0 for cost in found)


def test_materials_are_listed_with_their_names() -> None:
    found = materials(LIST, "shop", "W1", AT.date())
    assert [(one.code, one.term, one.amount) for one in found] == [
        ("battery", "parts", 4200),
        ("film", "packaging", 35),
    ]
    assert found[1].names == NAMES
    assert materials(LIST, "shop", "W1", DAY - dt.timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, {}),
        ("", {}),
        ("коробка, плёнка, этикетка", {"коробка": 1, "плёнка": 1, "этикетка": 1}),
        ("film x3; box: 2 шт", {"film": 3, "box": 2}),
        (["film", "film × 2"], {"film": 3}),
        ([{"code": "box", "quantity": 4}, {"code": "", "quantity": 1}, {"code": "x", "quantity": 0}], {"box": 4}),
    ],
)
def test_what_was_used_is_read_as_people_write_it(told: object, expected: dict[str, int]) -> None:
    assert used(told) == expected


def test_a_list_may_not_change_a_day_that_had_a_price() -> None:
    today = dt.date(2026, 11, 2)
    yesterday = today - dt.timedelta(days=1)
    assert changes_the_past(rate("storage", "day", 1, valid_from=yesterday), LIST, today) is not None
    assert (
        changes_the_past(rate("storage", "day", 1, valid_from=yesterday, merchant_id="shop"), LIST, today) is not None
    )
    assert changes_the_past(rate("storage", "day", 1, valid_from=today), LIST, today) is None
    own = [rate("storage", "day", 1, merchant_id="one")]
    assert changes_the_past(rate("storage", "day", 2, merchant_id="two", valid_from=yesterday), own, today) is None


def test_net_recovery_is_by_definition_and_unknown_with_an_unknown_term() -> None:
    terms: dict[str, int | None] = {
        "channel_fee": 1_200, "repair": 500, "parts": 300, "packaging": 100, "receiving": 120, "inspection": 400,
        "storage": 90, "collection": 450, "forward_delivery": 900, "write_off": 0,
    }  # fmt: skip
    assert net_recovery(10_000, terms) == 10_000 - 1_200 - 500 - 300 - 100 - 120 - 400 - 90
    assert net_recovery(10_000, {**terms, "parts": None}) is None
    assert net_recovery(10_000, {**terms, "collection": None}) is not None, "the way home is no part of it"


def test_a_further_step_is_judged_by_what_can_still_be_won() -> None:
    left = recovery(10_000, "off_kaspi", Decimal("7.5"), 0, 30, 30, spent=9_000)
    assert (left.price, left.fee, left.holding, left.at_stake) == (9_250, 0, 900, 8_350)
    assert worth_another_step(8_349, left) is True
    assert worth_another_step(8_350, left) is False
    assert worth_another_step(1, recovery(None, "off_kaspi", Decimal(5), 0, 30, 30, 0)) is None
    assert recovery(10_000, "main", Decimal("7.5"), 120, 30, 10, 0).at_stake == 10_000 - 1_200 - 300
    assert recovery(100, "main", Decimal("7.5"), 120, 30, 10, 0).at_stake == 0


def test_codes_of_the_price_list_cost_what_the_same_words_cost() -> None:
    def told(**payload: object) -> list[tuple[str, str, int | None]]:
        found = costs(step("repacked", "inspected", payload={"minutes": 5, **payload}), LIST)
        return sorted((cost.term, cost.code, cost.amount) for cost in found)

    words = told(materials="film × 2")
    assert any(code == "piece:film" and amount for _, code, amount in words)
    assert told(materials_used=["film:2"]) == words
    assert told(materials_used=["film:2"], materials="film × 2, and it took a while") == words
