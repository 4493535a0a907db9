"""What became of a piece that was expected or came, and how a difference ends: examples and laws."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.domain.reconcile import (
    BY_A_PERSON,
    KINDS,
    NOT_CAME,
    OWNERS,
    VERDICTS,
    Clocks,
    Piece,
    ends,
    resolution,
    settled,
    verdict,
)
from include.domain.unit_life import STATES

DAY = dt.timedelta(days=1)
BEGAN = dt.datetime(2026, 10, 1, 6, tzinfo=dt.UTC)
CLOCKS = Clocks()
COMING = Piece("requested", requested_at=BEGAN)
HERE = Piece("received", requested_at=BEGAN, received_at=BEGAN + 5 * DAY, accepted=True, booked=True)
LOOSE = replace(HERE, requested_at=None, state="unexpected", unexpected=True, has_order=False)

EXAMPLES = {
    "it may still come": (COMING, 13, "expected"),
    "two weeks are over": (COMING, 14, "overdue"),
    "the ledger gave it up": (replace(COMING, state="lost", closed=True), 45, "lost"),
    "the others of its return came three days ago": (replace(COMING, first_came=BEGAN + 4 * DAY), 7, "short"),
    "they came yesterday: it may lie in another parcel": (
        replace(COMING, first_came=BEGAN + 4 * DAY), 5, "expected",
    ),
    "the dock opened the parcel, and it was not in it": (
        replace(COMING, reported_missing=True), 2, "missing_from_parcel",
    ),
    "it was not in it, and never came": (
        replace(COMING, reported_missing=True, state="lost", closed=True), 60, "missing_from_parcel",
    ),
    "nobody sends it back any more": (replace(COMING, state="cancelled", closed=True), 60, "cancelled"),
    "it came in time": (HERE, 60, "matched"),
    "it came on the last day": (replace(HERE, received_at=BEGAN + 14 * DAY), 60, "matched"),
    "it came when nobody waited for it any more": (replace(HERE, received_at=BEGAN + 14.01 * DAY), 60, "late"),
    "nothing says whose it is": (LOOSE, 10, "unexpected"),
    "its order got all its pieces back already": (replace(LOOSE, names_known_goods=True), 10, "over"),
    "somebody found its order": (replace(LOOSE, has_order=True, state="received"), 10, "matched"),
    "another thing lay in the parcel": (replace(HERE, state="wrong_item", found_wrong=True), 10, "wrong_item"),
    "it went to the supplier": (replace(HERE, state="to_supplier", found_wrong=True, closed=True), 10, "wrong_item"),
    "it was adopted after all": (replace(HERE, state="inspected", found_wrong=True), 10, "matched"),
    "one more came than was applied for": (replace(HERE, place=2, asked=1), 10, "over"),
    "as many as were applied for": (replace(HERE, place=1, asked=1), 10, "matched"),
    "nobody says how many come": (replace(HERE, place=5, asked=None), 10, "matched"),
    "no status ever said that it comes": (replace(HERE, requested_at=None, announced=False), 10, "no_request"),
    "the ledger has it, the dock has no scan of it": (replace(HERE, accepted=False, booked=False), 10, "unproven"),
    "the dock booked it, the ledger waits for it": (replace(COMING, accepted=True, booked=True), 10, "unproven"),
    "its scan waits for its turn": (replace(COMING, accepted=True), 10, "expected"),
    "it is at work, and never came": (Piece("inspected"), 10, "unproven"),
}  # fmt: skip


@pytest.mark.parametrize("what", EXAMPLES)
def test_a_piece_is_what_its_surest_fact_says(what: str) -> None:
    piece, days, expected = EXAMPLES[what]
    assert verdict(piece, CLOCKS, BEGAN + days * DAY) == expected


def test_every_verdict_has_an_example() -> None:
    assert {found for _, _, found in EXAMPLES.values()} == set(VERDICTS)


moments = st.none() | st.integers(0, 90).map(lambda days: BEGAN + days * DAY)
pieces = st.builds(
    Piece,
    state=st.sampled_from(STATES),
    requested_at=moments,
    received_at=moments,
    closed=st.booleans(),
    accepted=st.booleans(),
    booked=st.booleans(),
    has_order=st.booleans(),
    unexpected=st.booleans(),
    names_known_goods=st.booleans(),
    found_wrong=st.booleans(),
    announced=st.booleans(),
    reported_missing=st.booleans(),
    first_came=moments,
    place=st.none() | st.integers(1, 4),
    asked=st.none() | st.integers(0, 3),
)
days = st.integers(0, 100)


@given(pieces, days)
def test_every_piece_has_exactly_one_verdict_and_only_one_of_its_side(piece: Piece, day: int) -> None:
    found = verdict(piece, CLOCKS, BEGAN + day * DAY)
    assert found in VERDICTS
    assert found == "unproven" or (found in NOT_CAME) == (piece.received_at is None)


@given(pieces, days)
def test_only_an_expected_piece_is_changed_by_the_clock_and_at_its_turn(piece: Piece, day: int) -> None:
    """What is stored need not be looked at before: nothing else changes while no fact comes."""
    now = BEGAN + day * DAY
    found = verdict(piece, CLOCKS, now)
    starts = ((piece.requested_at, CLOCKS.overdue), (piece.first_came, CLOCKS.short))
    turn = min((start + after for start, after in starts if start is not None), default=None)
    later = verdict(piece, CLOCKS, now + 200 * DAY)
    if found != "expected":
        # short and overdue are the same absence: it is told by what became of the others of the return
        assert later == found or {found, later} <= {"overdue", "short"}
    elif turn is None:
        assert later == "expected"
    else:
        assert now < turn
        assert verdict(piece, CLOCKS, turn - dt.timedelta(microseconds=1)) == "expected"
        assert verdict(piece, CLOCKS, turn) in ("overdue", "short")


@given(pieces, days)
def test_a_difference_is_over_with_its_piece_only_where_the_piece_is_what_is_left(piece: Piece, day: int) -> None:
    found = verdict(piece, CLOCKS, BEGAN + day * DAY)
    over = settled(piece, found)
    assert not over or piece.closed
    assert not (over and found in NOT_CAME), "a piece that never came is not settled by its own end"


def test_every_kind_has_an_owner_and_can_end_in_every_way_once() -> None:
    told = list(ends())
    keys = [(kind, found, gone) for kind, found, gone, _ in told]
    assert len(keys) == len(set(keys))
    assert {kind for kind, *_ in told} == set(KINDS) <= set(OWNERS)
    for kind in KINDS:
        others = {found for of, found, _, _ in told if of == kind and found != kind}
        assert others == set(VERDICTS) - {kind}
    assert not {code for *_, code in told} & set(BY_A_PERSON), "who settled it can be read off the code"


@pytest.mark.parametrize(
    ("kind", "found", "code"),
    [
        ("lost", "late", "came_late"), ("overdue", "matched", "told_late"), ("short", "matched", "came"),
        ("overdue", "lost", "lost"), ("unexpected", "matched", "adopted"), ("no_request", "matched", "announced"),
        ("over", "matched", "asked_for"), ("unexpected", "cancelled", "taken_back"), ("unproven", "matched", "proven"),
        ("overdue", "expected", "not_due"), ("short", "cancelled", "cancelled"),
    ],
)  # fmt: skip
def test_how_a_difference_ends_is_said(kind: str, found: str, code: str) -> None:
    assert resolution(kind, found) == code


def test_a_piece_that_left_the_house_ends_its_difference() -> None:
    assert resolution("unexpected", "unexpected", gone=True) == "gone"
