"""The desk's pure rules: codes and labels, what a day costs, who looks again, which label means which unit."""

import datetime as dt
import random
import uuid
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.comparison import Received, Told, pair
from include.domain.desk import KIND_OF, label_of, legal_steps, readings, record_of, return_order_of
from include.domain.policy import Condition, place
from include.domain.proposal import Answers, Defect, propose
from include.domain.second_look import drawn, may_look
from include.domain.staff import NEEDED, Staff
from include.domain.waiting import Deadline, Waiting, cost_of_a_day

NOW = dt.datetime(2026, 11, 25, 5, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
texts = st.text(min_size=1, max_size=40)
RUSSIAN = str.maketrans("QWERTYUIOPASDFGHJKLZXCVBNM", "ЙЦУКЕНГШЩЗФЫВАПРОЛДЯЧСМИТЬ")
KAZAKH = RUSSIAN | str.maketrans("1234567890-", '"әіңғ,.үұқө')


@given(texts, texts)
def test_a_label_is_a_function_of_its_event_and_of_no_other(one: str, other: str) -> None:
    assert (label_of(one) == label_of(other)) == (one == other)
    assert return_order_of(one).removeprefix("RO-") == label_of(one).removeprefix("Q")
    assert len(label_of(one)) == 14 and label_of(one).isascii() and label_of(one).isalnum()


@given(st.uuids().map(str))
def test_a_scanner_is_understood_by_any_layout_of_the_keyboard(event_id: str) -> None:
    code = label_of(event_id)
    for typed in (code, code.lower(), code.translate(RUSSIAN), code.translate(RUSSIAN).lower(), f" {code} "):
        assert code in readings(typed)


@pytest.mark.parametrize("code", ["4870000000012", "707512345-1-R", "QVZQD4ZS97BMAA"])
def test_a_kazakh_layout_types_letters_for_digits(code: str) -> None:
    assert code in readings(code.translate(KAZAKH))


def test_what_nobody_typed_is_read_as_it_is() -> None:
    assert readings("Гарнитура-7")[0] == "Гарнитура-7"
    assert readings("  ") == []


def test_every_step_of_the_contract_belongs_to_one_kind_and_a_warehouse_names_its_system() -> None:
    assert set(KIND_OF) == set(NEEDED) - {"stock_counted", "second_look", "voided"}
    assert record_of("inspected", {"inspection": "desk"}) == "desk"
    assert record_of("qc", {"inspection": "desk"}) == "wms"
    assert record_of("stock_counted", {"pick": "desk"}) is None


def test_steps_are_those_of_the_law() -> None:
    assert legal_steps("received") == ["inspected", "moved", "returned_to_buyer"]
    assert "qc" in legal_steps("repaired") and "qc" not in legal_steps("in_repair")
    assert legal_steps("resold") == []


# --- one more day


money = st.integers(0, 10_000_000)
deadlines = st.lists(
    st.builds(Deadline, st.integers(-5, 60).map(lambda days: NOW + days * DAY + dt.timedelta(hours=3)), money),
    max_size=3,
)
units = st.builds(Waiting, st.none() | money, st.integers(0, 5000), st.integers(0, 50), deadlines)


def test_a_day_costs_storage_loss_of_value_and_the_clocks() -> None:
    tomorrow = Deadline(NOW + DAY, 40_000)
    in_ten = Deadline(NOW + 10 * DAY, 40_000)
    assert cost_of_a_day(Waiting(10_000, 30, 5), NOW) == 30 + 50
    assert cost_of_a_day(Waiting(None, 30, 5), NOW) == 30
    assert cost_of_a_day(Waiting(10_000, 30, 5, [tomorrow]), NOW) == 80 + 40_000
    assert cost_of_a_day(Waiting(10_000, 30, 5, [in_ten]), NOW) == 80 + 4_000
    assert cost_of_a_day(Waiting(10_000, 30, 5, [Deadline(NOW, 40_000)]), NOW) == 80, "it ran out: nothing more is lost"


@given(units, st.integers(0, 20))
def test_a_clock_that_is_nearer_never_costs_less(unit: Waiting, days: int) -> None:
    later = [Deadline(one.due_at + days * DAY, one.at_stake) for one in unit.deadlines if one.due_at > NOW]
    sooner = [one for one in unit.deadlines if one.due_at > NOW]
    price = (unit.price, unit.storage_a_day, unit.loss_permille)
    assert cost_of_a_day(Waiting(*price, later), NOW) <= cost_of_a_day(Waiting(*price, sooner), NOW)
    assert cost_of_a_day(unit, NOW) >= unit.storage_a_day


# --- grade and route


FINDINGS = (
    "no_fault", "defective", "damaged_in_transit", "incomplete", "wrong_item", "not_as_described", "does_not_fit",
    "fraud_suspected",
)  # fmt: skip
defects = st.builds(
    Defect,
    st.sampled_from(["packaging", "accessory", "cosmetic", "functional", "hygiene"]),
    st.booleans(),
    st.booleans(),
)
answers = st.builds(
    Answers, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.sampled_from(FINDINGS),
    st.lists(defects, max_size=4).map(tuple),
)  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Answers(True, True, True, False, "no_fault"), ("A", "main", "resellable")),
        (Answers(False, True, True, False, "no_fault"), ("B", "resale", "resellable")),
        (Answers(True, False, True, False, "incomplete", (Defect("accessory"),)), ("B", "resale", "resellable")),
        (Answers(True, True, True, True, "no_fault"), ("C", "off_kaspi", "resellable")),
        (Answers(True, True, True, False, "no_fault", (Defect("hygiene"),)), ("C", "off_kaspi", "resellable")),
        (Answers(True, True, True, False, "defective"), ("C", "repair", "repair")),
        (Answers(True, True, True, False, "defective", (Defect("functional", True),)), ("C", "repair", "repair")),
        (Answers(True, True, True, False, "defective", (Defect("functional"),)), ("D", "supplier", "unrecoverable")),
        (
            Answers(False, True, True, False, "damaged_in_transit", (Defect("functional", False, True),)),
            ("D", "write_off", "unrecoverable"),
        ),
        (Answers(True, True, True, False, "wrong_item"), ("D", "write_off", "quarantine")),
    ],
)
def test_examples_of_proposals(seen: Answers, expected: tuple[str, str, str]) -> None:
    found = propose(seen)
    assert (found.grade, found.route, found.zone) == expected


@given(answers)
def test_a_proposal_is_what_the_policy_gate_would_decide(seen: Answers) -> None:
    """Followed to the letter it ends where the gate puts the piece; used, broken and repaired goods never on Kaspi."""
    found = propose(seen)
    if seen.signs_of_use or any(one.kind in ("functional", "cosmetic", "hygiene") for one in seen.defects):
        assert found.route not in ("main", "resale")
    verdict = place(
        Condition("qc", found.grade, found.route, seen.finding, seen.signs_of_use, repaired=found.route == "repair",
                  repacked=found.route == "resale", packaging_intact=seen.packaging_intact)
    )  # fmt: skip
    lead = {"main": "main", "resale": "resale", "off_kaspi": "off_kaspi", "repair": "off_kaspi"}
    assert verdict.channel == lead.get(found.route)


def test_every_answer_has_a_proposal() -> None:
    for four in product((True, False), repeat=4):
        for finding in FINDINGS:
            assert propose(Answers(*four, finding)).grade in "ABCD"


# --- the second look


def test_the_draw_is_a_function_of_unit_and_seed() -> None:
    ids = [uuid.UUID(int=n) for n in range(20_000)]
    five = {one for one in ids if drawn(one, "s", 0.05)}
    assert five == {one for one in ids if drawn(one, "s", 0.05)}
    assert five < {one for one in ids if drawn(one, "s", 0.1)}, "a larger share keeps what a smaller one drew"
    assert five != {one for one in ids if drawn(one, "t", 0.05)}
    assert 860 < len(five) < 1140, "1,000 are meant, within 4.5 standard deviations"
    assert not any(drawn(one, "s", 0) for one in ids) and all(drawn(one, "s", 1) for one in ids[:100])
    with pytest.raises(ValueError, match="correct the setting"):
        drawn(ids[0], "s", 5)


def test_only_an_inspector_who_had_no_hand_in_it_looks_again() -> None:
    assert may_look("inspector", "chingiz", "ivan", ["ivan"])
    assert not may_look("inspector", "IVAN", "ivan", ["ivan"])
    assert not may_look("inspector", "roma", "ivan", ["ivan", "roma"])
    assert not may_look("supervisor", "saule", "ivan", ["ivan"]), "a supervisor knows what the first one found"
    assert not may_look("operator", "olga", "ivan", ["ivan"])


# --- whose mistake may be taken back by whom


@pytest.mark.parametrize(
    ("roles", "user", "minutes", "may"),
    [
        ({"*": "inspector"}, "ivan", 10, True),
        ({"*": "inspector"}, "Ivan", 10, True),
        ({"*": "inspector"}, "ivan", 16, False),
        ({"*": "inspector"}, "olga", 1, False),
        ({"*": "supervisor"}, "saule", 10_000, True),
        ({"kids": "supervisor"}, "saule", 1, False),
        ({"*": "viewer"}, "ivan", 1, False),
    ],
)
def test_who_may_void(roles: dict[str, str], user: str, minutes: int, may: bool) -> None:
    now = NOW + dt.timedelta(minutes=minutes)
    assert Staff(user, roles).may_void("tech", "ivan", NOW, now, 15) == may  # type: ignore[arg-type]


# --- which unit a label of the other system means

WITHIN = dt.timedelta(days=3)
ids = st.integers(0, 5)
tolds = st.lists(
    st.builds(
        lambda n, hours, orders, skus, names: Told(
            "w1", f"L{n}", NOW + dt.timedelta(hours=hours), frozenset(orders), frozenset(skus), names or bool(orders)
        ),
        st.integers(0, 50), st.integers(-100, 100), st.sets(st.sampled_from("abc"), max_size=2),
        st.sets(st.sampled_from("xyz"), max_size=2), st.booleans(),
    ),
    max_size=8, unique_by=lambda one: one.unit_label,
)  # fmt: skip
receiveds = st.lists(
    st.builds(
        lambda n, hours, order, sku: Received(uuid.UUID(int=n), NOW + dt.timedelta(hours=hours), order, sku),
        st.integers(0, 50), st.integers(-100, 100), st.none() | st.sampled_from("abc"),
        st.none() | st.sampled_from("xyz"),
    ),
    max_size=8, unique_by=lambda one: one.unit_id,
)  # fmt: skip


@given(tolds, receiveds, st.randoms(use_true_random=False))
def test_pairs_are_one_to_one_within_the_time_by_evidence_in_any_order(
    told: list[Told], received: list[Received], dice: random.Random
) -> None:
    pairs = pair(told, received, WITHIN)
    units = {one.unit_id: one for one in received}
    assert len({one.told.unit_label for one in pairs}) == len({one.unit_id for one in pairs}) == len(pairs)
    for one in pairs:
        unit = units[one.unit_id]
        assert abs(one.told.at - unit.at) <= WITHIN
        if one.found_by == "goods":
            assert unit.sku in one.told.skus and not one.told.names_an_order
        else:
            assert unit.order_id in one.told.orders
    dice.shuffle(told)
    dice.shuffle(received)
    again = pair(told, received, WITHIN)
    assert {(one.told.unit_label, one.unit_id) for one in again} == {
        (one.told.unit_label, one.unit_id) for one in pairs
    }


def test_two_pieces_of_one_order_are_told_apart_by_their_goods_then_by_time() -> None:
    def told(label: str, hours: int, *skus: str) -> Told:
        return Told("w1", label, NOW + dt.timedelta(hours=hours), frozenset({"a"}), frozenset(skus), True)

    one, two = Received(uuid.UUID(int=1), NOW, "a", "x"), Received(uuid.UUID(int=2), NOW + 2 * DAY / 24, "a", "y")
    pairs = {
        p.told.unit_label: (p.unit_id, p.found_by)
        for p in pair([told("L1", 0, "y"), told("L2", 2)], [one, two], WITHIN)
    }
    assert pairs == {"L1": (two.unit_id, "order_and_goods"), "L2": (one.unit_id, "order")}
    assert pair([told("L1", 80, "x")], [one], WITHIN) == [], "three days apart is another piece"
    stranger = Told("w1", "L9", NOW, frozenset(), frozenset({"x"}), names_an_order=True)
    assert pair([stranger], [one], WITHIN) == [], "it names an order that is not here"
