"""When damage is a claim against the carrier, of how much, and until when; and that facts alone decide it."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.claims import (
    BACK,
    STEPS,
    TIERS,
    Code,
    Extent,
    Facts,
    Windows,
    deadline,
    extent_of,
    judge,
    lost_because,
    status_by_facts,
)
from include.domain.days import ALMATY, almaty_day
from include.locale import claim_labels

WINDOWS = Windows()
RECEIVED = dt.datetime(2026, 11, 2, 23, 30, tzinfo=ALMATY)
DAMAGED = Facts(
    received_at=RECEIVED, has_order=True, carried=True, act_note="коробка порвана", same_city=True,
    finding="damaged_in_transit", packaging_intact=False, defects=("вмятина на корпусе",), signs_of_use=False, photos=2,
    price=19_999,
)  # fmt: skip


def almaty(day: int, month: int = 11) -> dt.datetime:
    return dt.datetime(2026, month, day, tzinfo=ALMATY)


def test_a_dented_thing_with_an_act_and_photos_is_ready_to_be_claimed() -> None:
    verdict = judge(DAMAGED, WINDOWS)
    assert verdict.eligible
    assert (verdict.tier, verdict.amount) == (30, 5_999)
    assert verdict.why == (Code.DAMAGE_FOUND, Code.ACT_HAS_NOTE, Code.SAME_CITY)
    assert (verdict.missing, verdict.notes) == ((), ())
    assert verdict.due_at == almaty(12), "the 2nd is the first of ten days, the 11th the last"


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"received_at": None}, Code.NOT_HERE),
        ({"has_order": False}, Code.NO_ORDER),
        ({"carried": False}, Code.NOT_CARRIED),
        ({"finding": "wrong_item"}, Code.ANOTHER_ARTICLE),
        ({"finding": "fraud_suspected"}, Code.SUSPICIOUS),
        ({"finding": "defective", "act_note": None}, Code.NO_DAMAGE),
        ({"finding": "no_fault", "act_note": " "}, Code.NO_DAMAGE),
        ({"finding": None, "act_note": None}, Code.NO_DAMAGE),
        ({"finding": "incomplete", "act_note": None}, Code.NOT_LOST_IN_TRANSIT),
        ({"finding": "incomplete", "act_note": None, "return_kind": "refusal", "packaging_intact": True},
         Code.NOT_LOST_IN_TRANSIT),
    ],
)  # fmt: skip
def test_what_the_carrier_is_not_to_blame_for_is_none_and_says_why(change: dict[str, object], refusal: Code) -> None:
    verdict = judge(replace(DAMAGED, **change), WINDOWS)  # type: ignore[arg-type]
    assert not verdict.eligible
    assert verdict.why == (refusal,)


@pytest.mark.parametrize(
    ("change", "extent"),
    [
        ({"defects": ()}, Extent.PACKAGING),
        ({"defects": (), "finding": "no_fault"}, Extent.PACKAGING),
        ({"defects": ("помята коробка",)}, Extent.PACKAGING),
        ({"defects": ("трещина", "потёртости")}, Extent.ONE_SIDE),
        ({"defects": ("потёртости",), "packaging_intact": True}, Extent.ONE_SIDE),
        ({"defects": ("потёртости",), "signs_of_use": True}, Extent.PACKAGING),
        ({"defects": ("Скол", "нет пульта")}, Extent.ONE_SIDE),
        ({"defects": ("утерян пульт ДУ",)}, Extent.ACCESSORY_LOST),
        ({"defects": ("трещины на всех стенках",)}, Extent.ALL_ROUND),
        ({"defects": ("вмятина", "корпус деформирован")}, Extent.ALL_ROUND),
        ({"defects": ("нет основной части",)}, Extent.MAIN_PART_MISSING),
        ({"defects": ("crack", "packaging_damaged")}, Extent.ONE_SIDE),
        ({"damage_extent": "all_round"}, Extent.ALL_ROUND),
        ({"damage_extent": "packaging"}, Extent.PACKAGING),
        ({"damage_extent": "packaging", "lost_accessory": True}, Extent.ACCESSORY_LOST),
        ({"damage_extent": "one_side", "main_part_missing": True}, Extent.MAIN_PART_MISSING),
        ({"defects": ("box_dented",), "lost_accessory": True}, Extent.ACCESSORY_LOST),
        ({"defects": (), "act_note": None, "packaging_intact": True}, None),
        ({"defects": (), "act_note": "порвана", "finding": None}, None),
    ],
)
def test_the_worst_thing_that_was_named_decides_the_tier(change: dict[str, object], extent: Extent | None) -> None:
    assert extent_of(replace(DAMAGED, **change)) == extent  # type: ignore[arg-type]


def test_goods_taken_out_of_a_parcel_no_buyer_had_were_lost_on_the_way() -> None:
    opened = replace(
        DAMAGED, finding="incomplete", act_note=None, return_kind="carrier_return", defects=("нет кабеля",)
    )
    verdict = judge(opened, WINDOWS)
    assert verdict.eligible and verdict.tier == 30
    assert verdict.why == (Code.PARTS_LOST, Code.NO_NOTE)
    assert not judge(replace(opened, return_kind="customer_return"), WINDOWS).eligible


def test_what_only_the_dock_saw_is_a_claim_for_a_day_until_an_inspection_finds_the_box_intact() -> None:
    seen = replace(DAMAGED, act_note=None, dock_note="угол смят", finding=None, packaging_intact=None, defects=())
    verdict = judge(seen, WINDOWS)
    assert verdict.eligible and verdict.why == (Code.DOCK_SAW_DAMAGE, Code.NO_NOTE)
    assert verdict.due_at == RECEIVED + dt.timedelta(hours=24) and verdict.missing == (Code.INSPECTION,)
    dented = judge(replace(seen, finding="no_fault", packaging_intact=False), WINDOWS)
    assert dented.eligible and dented.tier == 10
    assert not judge(replace(seen, finding="no_fault", packaging_intact=True), WINDOWS).eligible


@pytest.mark.parametrize(
    ("note", "same_city", "due", "clock"),
    [
        ("порвана", True, almaty(12), Code.SAME_CITY),
        ("порвана", False, almaty(17, 12), Code.COUNTRY),
        ("порвана", None, almaty(12), Code.SAME_CITY),
        (None, False, RECEIVED + dt.timedelta(hours=24), Code.NO_NOTE),
        ("  ", True, RECEIVED + dt.timedelta(hours=24), Code.NO_NOTE),
    ],
)
def test_the_clock_is_that_of_the_act_and_the_city(
    note: str | None, same_city: bool | None, due: dt.datetime, clock: Code
) -> None:
    assert deadline(RECEIVED, note, same_city, WINDOWS) == (due, clock)


def test_the_day_is_almatys_and_not_utcs() -> None:
    """23:30 and half an hour later are two days in Almaty and one in UTC."""
    first, _ = deadline(RECEIVED, "порвана", True, WINDOWS)
    second, _ = deadline(RECEIVED + dt.timedelta(minutes=30), "порвана", True, WINDOWS)
    assert second - first == dt.timedelta(days=1)


def test_what_it_lacks_and_what_speaks_against_it() -> None:
    bare = replace(DAMAGED, photos=0, finding=None, same_city=None, price=None, signs_of_use=True,
                   return_kind="customer_return", stated_reason="damaged_in_transit")  # fmt: skip
    verdict = judge(bare, WINDOWS)
    assert verdict.missing == (Code.INSPECTION, Code.PHOTO)
    assert verdict.notes == (Code.CITY_UNKNOWN, Code.PRICE_UNKNOWN, Code.BUYER_HAD_IT_DAMAGED, Code.USED)
    assert verdict.amount is None
    vague = replace(DAMAGED, defects=("повреждён",), act_note=None, packaging_intact=True)
    assert judge(vague, WINDOWS).missing == (Code.EXTENT,)


MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC))
facts = st.builds(
    Facts,
    received_at=st.one_of(st.none(), MOMENTS),
    has_order=st.booleans(),
    carried=st.sampled_from([True, False, None]),
    act_note=st.sampled_from([None, "", "порвана"]),
    same_city=st.sampled_from([True, False, None]),
    finding=st.sampled_from([None, "no_fault", "damaged_in_transit", "incomplete", "defective", "wrong_item"]),
    packaging_intact=st.sampled_from([True, False, None]),
    defects=st.lists(st.sampled_from(["вмятина", "нет пульта", "деформирован", "шум"]), max_size=3).map(tuple),
    signs_of_use=st.sampled_from([True, False, None]),
    photos=st.integers(0, 3),
    price=st.one_of(st.none(), st.integers(0, 10**7)),
    return_kind=st.sampled_from(["customer_return", "refusal", "unknown"]),
    dock_note=st.sampled_from([None, "", "смята"]),
    lost_accessory=st.booleans(),
    main_part_missing=st.booleans(),
)  # fmt: skip


@given(facts)
def test_a_verdict_is_whole(seen: Facts) -> None:
    verdict = judge(seen, WINDOWS)
    assert verdict.why
    if not verdict.eligible:
        assert (verdict.tier, verdict.amount, verdict.due_at, verdict.missing) == (None, None, None, ())
        return
    assert seen.received_at is not None and verdict.due_at is not None
    assert seen.received_at < verdict.due_at
    days = (almaty_day(verdict.due_at) - almaty_day(seen.received_at)).days
    assert days in (10, 45) if seen.act_note else days in (0, 1), "a day of 25 hours, when the clocks were set back"
    assert verdict.tier is None or verdict.tier in TIERS.values()
    if verdict.amount is not None:
        assert seen.price is not None and 0 <= verdict.amount <= seen.price
    assert (Code.PHOTO in verdict.missing) == (seen.photos == 0)


@given(facts, st.integers(1, 3))
def test_more_photos_never_take_a_claim_away(seen: Facts, more: int) -> None:
    before, after = judge(seen, WINDOWS), judge(replace(seen, photos=seen.photos + more), WINDOWS)
    assert (after.eligible, after.tier, after.due_at) == (before.eligible, before.tier, before.due_at)
    assert set(after.missing) <= set(before.missing)


def test_the_state_follows_the_facts_until_somebody_sent_it() -> None:
    ready, bare = judge(DAMAGED, WINDOWS), judge(replace(DAMAGED, photos=0), WINDOWS)
    none = judge(replace(DAMAGED, has_order=False), WINDOWS)
    due = ready.due_at
    assert due is not None
    early = due - dt.timedelta(microseconds=1)
    assert status_by_facts(None, None, none, early) is None
    assert status_by_facts(None, None, bare, early) == "draft"
    assert status_by_facts("draft", due, ready, early) == "ready"
    assert status_by_facts("ready", due, bare, early) == "draft"
    assert status_by_facts("ready", due, none, early) == "withdrawn"
    assert status_by_facts("withdrawn", due, ready, early) == "ready"
    assert status_by_facts("draft", due, ready, due) == "expired"
    for sent in ("sent", "accepted", "rejected", "paid"):
        assert status_by_facts(sent, due, none, due) == sent


def test_what_expired_stays_so_unless_its_deadline_moves() -> None:
    verdict = judge(DAMAGED, WINDOWS)
    assert verdict.due_at is not None
    early = verdict.due_at - dt.timedelta(days=3)
    assert status_by_facts("expired", verdict.due_at, verdict, early) == "expired"
    assert status_by_facts("expired", early, verdict, early) == "ready"


def test_a_loss_says_who_could_have_helped_it() -> None:
    due = RECEIVED + dt.timedelta(hours=24)
    before, after = due - dt.timedelta(hours=1), due + dt.timedelta(hours=1)
    assert lost_because(due, after, None, has_note=True) == "known_too_late"
    assert lost_because(due, before, after, has_note=False) == "found_too_late"
    assert lost_because(due, before, before, has_note=False) == "lost_to_deadline"
    assert lost_because(due, before, after, has_note=True) == "lost_to_deadline"


def test_every_step_back_undoes_a_step() -> None:
    for state, before in BACK.items():
        assert before in STEPS[state]


def test_everything_that_is_said_has_words() -> None:
    tables = (claim_labels.WHY, claim_labels.MISSING, claim_labels.NOTES)
    assert {code for table in tables for code in table} == set(Code)
