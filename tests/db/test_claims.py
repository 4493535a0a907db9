"""Claims on a real PostgreSQL: they follow the facts however late, are sent by people, and none expires unnoticed."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from include.db.connection import Connection, connect
from include.db.statements import text_of
from include.flows import claims
from include.flows.claims import ClaimRefused, Said
from include.locale.words import words
from tests.claim_world import DAY, HOUR, RECEIVED, inspect, photo, prepare, receive, say, unit
from tests.fingerprint import fingerprint

DUE = RECEIVED.replace(hour=0) + 10 * DAY


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    return new_warehouse()


@pytest.fixture
def conn(dsn: str) -> Iterator[Connection]:
    with connect(dsn) as connection:
        prepare(connection)
        yield connection


def refresh(conn: Connection, now: dt.datetime) -> dict[str, int]:
    with conn.transaction():
        return claims.refresh_merchant(conn, "shop", now)


def claim(conn: Connection, n: int = 1) -> dict[str, Any]:
    found = claims.claim_of(conn, unit(n))["claim"]
    assert found is not None
    conn.commit()
    return dict(found)


def alerts(conn: Connection, kind: str) -> list[str]:
    rows = conn.execute(
        "select alert_key from ops.alert where kind = %s and cleared_at is null order by 1", (kind,)
    ).fetchall()
    return [row["alert_key"].split("/")[1].split()[0] for row in rows]


def ready(conn: Connection, n: int = 1) -> UUID:
    receive(conn, n)
    inspect(conn, n, RECEIVED + HOUR)
    photo(conn, n, RECEIVED + HOUR)
    refresh(conn, RECEIVED + 2 * HOUR)
    return claims.claim_id(unit(n))


def test_a_claim_grows_with_its_facts(conn: Connection) -> None:
    receive(conn, 1)
    assert refresh(conn, RECEIVED) == {"opened": 1, "changed": 0, "lost": 0}
    assert (claim(conn)["status"], claim(conn)["missing"], claim(conn)["tier"]) == (
        "draft",
        ["inspection", "photo"],
        None,
    )
    inspect(conn, 1, RECEIVED + HOUR)
    refresh(conn, RECEIVED + HOUR)
    assert (claim(conn)["missing"], claim(conn)["tier"], claim(conn)["amount"]) == (["photo"], 30, 6_000)
    photo(conn, 1, RECEIVED + 2 * HOUR)
    refresh(conn, RECEIVED + 2 * HOUR)
    assert (claim(conn)["status"], claim(conn)["due_at"]) == ("ready", DUE)
    inspect(conn, 1, RECEIVED + 3 * HOUR, defects=["корпус деформирован"])
    refresh(conn, RECEIVED + 3 * HOUR)
    whole = claim(conn)
    assert (whole["tier"], whole["amount"], whole["seq"]) == (100, 20_000, 4)
    assert [(one["status"], one["tier"], one["actor"]) for one in whole["history"]] == [
        ("draft", None, "pipeline"), ("draft", 30, "pipeline"), ("ready", 30, "pipeline"), ("ready", 100, "pipeline"),
    ]  # fmt: skip
    row = conn.execute("select * from mart.claim").fetchone()
    assert row is not None and (row["unit_id"], row["tier"], row["status"], row["paid_at"]) == (
        unit(1),
        100,
        "ready",
        None,
    )


def test_the_same_facts_again_write_nothing(dsn: str, conn: Connection) -> None:
    ready(conn)
    before = fingerprint(dsn)
    for later in (0, 1, 2):
        refresh(conn, RECEIVED + 2 * HOUR + later * HOUR)
        with conn.transaction():
            claims.refresh(conn, [unit(1)], RECEIVED + 2 * HOUR + later * HOUR)
    assert fingerprint(dsn) == before


def test_a_corrected_inspection_takes_the_claim_back_and_gives_it_again(conn: Connection) -> None:
    receive(conn, 1, note=None)
    seen = inspect(conn, 1, RECEIVED + HOUR)
    photo(conn, 1, RECEIVED + HOUR)
    refresh(conn, RECEIVED + HOUR)
    assert claim(conn)["status"] == "ready"
    say(conn, 1, "voided", RECEIVED + 2 * HOUR, event_id=str(seen.event_id))
    refresh(conn, RECEIVED + 2 * HOUR)
    assert (claim(conn)["status"], claim(conn)["why"]) == ("withdrawn", ["no_damage"])
    inspect(conn, 1, RECEIVED + 3 * HOUR)
    refresh(conn, RECEIVED + 3 * HOUR)
    assert claim(conn)["status"] == "ready"


def test_why_a_piece_is_no_claim_can_be_asked(conn: Connection) -> None:
    receive(conn, 1, note=None)
    inspect(conn, 1, RECEIVED + HOUR, finding="defective")
    refresh(conn, RECEIVED + HOUR)
    asked = claims.claim_of(conn, unit(1))
    assert asked["claim"] is None
    assert (asked["verdict"].eligible, asked["verdict"].why) == (False, ("no_damage",))
    with pytest.raises(LookupError):
        claims.claim_of(conn, unit(5))


def test_a_claim_near_its_deadline_is_told_once_and_its_loss_is_kept(conn: Connection) -> None:
    receive(conn, 1)
    inspect(conn, 1, RECEIVED + HOUR)
    refresh(conn, RECEIVED + HOUR)
    assert alerts(conn, "claim_due") == []
    refresh(conn, DUE - 3 * DAY)
    assert alerts(conn, "claim_due") == ["W1-000001"]
    conn.execute("update ops.alert set told_at = raised_at")
    refresh(conn, DUE - DAY)
    row = conn.execute("select told_at, message from ops.alert").fetchone()
    assert row is not None and row["told_at"] is not None and "it lacks: photo" in row["message"]
    assert refresh(conn, DUE)["lost"] == 1
    lost = claim(conn)
    assert (lost["status"], lost["lost_because"], lost["amount"]) == ("expired", "lost_to_deadline", 6_000)
    assert lost["history"][-1]["happened_at"] == DUE
    assert (alerts(conn, "claim_due"), alerts(conn, "claim_lost")) == ([], ["W1-000001"])
    conn.execute("update ops.alert set cleared_at = %s", (DUE,))
    refresh(conn, DUE + HOUR)
    assert alerts(conn, "claim_lost") == [], "who has seen it has seen it"


def test_a_note_of_the_act_alone_opens_a_claim(conn: Connection) -> None:
    """The dock wrote nothing of the box, the carrier's act does; nobody has inspected the piece yet."""
    receive(conn, 1, note=None)
    conn.execute("""update core.warehouse_event set payload = payload || '{"act_note": "короб намок"}'""")
    assert refresh(conn, RECEIVED + HOUR)["opened"] == 1
    assert (claim(conn)["status"], claim(conn)["due_at"]) == ("draft", DUE)


def test_parts_are_lost_on_the_way_as_soon_as_it_is_known_that_nobody_had_the_parcel(conn: Connection) -> None:
    """The application that says so comes after the inspection, and the piece itself says nothing new."""
    receive(conn, 1, note=None)
    inspect(conn, 1, RECEIVED + HOUR, finding="incomplete", complete=False)
    assert refresh(conn, RECEIVED + 2 * HOUR)["opened"] == 0
    conn.execute(
        """
        insert into core.return_case (case_id, merchant_id, order_id, return_kind, status, quantity, units_lo, units_hi,
            requested_from, requested_to)
        values (gen_random_uuid(), 'shop', 'o1', 'refusal', 'open', 1, 1, 1, now(), now());
        update ledger.unit set case_id = (select case_id from core.return_case)
        """
    )
    assert refresh(conn, RECEIVED + 5 * HOUR)["opened"] == 1


def test_without_a_note_on_the_act_a_day_is_all_there_is(conn: Connection) -> None:
    receive(conn, 1, note=None)
    inspect(conn, 1, RECEIVED + HOUR)
    refresh(conn, RECEIVED + HOUR)
    assert claim(conn)["due_at"] == RECEIVED + DAY
    assert alerts(conn, "claim_due") == ["W1-000001"], "a day is within the warning"
    receive(conn, 2, note=None)
    refresh(conn, RECEIVED + 2 * HOUR)
    inspect(conn, 2, RECEIVED + 30 * HOUR)
    assert refresh(conn, RECEIVED + 30 * HOUR) == {"opened": 1, "changed": 1, "lost": 2}
    assert (claim(conn, 1)["lost_because"], claim(conn, 2)["lost_because"]) == ("lost_to_deadline", "found_too_late")
    assert alerts(conn, "claim_lost") == ["W1-000001", "W1-000002"]


def test_what_was_over_before_we_heard_of_it_is_recorded_and_nobody_is_woken(conn: Connection) -> None:
    now = DUE + 30 * DAY
    receive(conn, 1, known=now)
    inspect(conn, 1, RECEIVED + HOUR)
    assert refresh(conn, now)["lost"] == 1
    assert claim(conn)["lost_because"] == "known_too_late"
    assert alerts(conn, "claim_lost") == []


def test_a_later_note_on_the_act_moves_the_deadline(conn: Connection) -> None:
    receive(conn, 1, note=None)
    inspect(conn, 1, RECEIVED + HOUR)
    refresh(conn, RECEIVED + 25 * HOUR)
    assert claim(conn)["status"] == "expired"
    conn.execute('update core.warehouse_event set payload = payload || \'{"packaging_note": "порвана"}\'')
    with conn.transaction():
        claims.refresh(conn, [unit(1)], RECEIVED + 26 * HOUR)
    assert (claim(conn)["status"], claim(conn)["due_at"], claim(conn)["lost_because"]) == ("draft", DUE, None)


def test_a_person_sends_it_and_the_carrier_pays(conn: Connection) -> None:
    id_ = ready(conn)
    at = RECEIVED + 3 * HOUR
    for step, money in (("sent", None), ("accepted", 5_500), ("paid", 5_400)):
        claims.change(conn, id_, Said(step, "aliya", at, money=money, note=f"{step}!"))
        at += DAY
    paid = claim(conn)
    assert (paid["status"], paid["accepted_amount"], paid["paid_amount"]) == ("paid", 5_500, 5_400)
    assert paid["sent_at"] == RECEIVED + 3 * HOUR and paid["paid_at"] == RECEIVED + 3 * HOUR + 2 * DAY
    assert [(one["status"], one["actor"], one["note"]) for one in paid["history"][1:]] == [
        ("sent", "aliya", "sent!"), ("accepted", "aliya", "accepted!"), ("paid", "aliya", "paid!"),
    ]  # fmt: skip
    inspect(conn, 1, at, finding="defective", defects=[])
    refresh(conn, at + 60 * DAY)
    assert claim(conn)["status"] == "paid", "facts do not unmake what was sent"
    row = conn.execute("select compensation, known_cost from mart.unit where unit_id = %s", (unit(1),)).fetchone()
    assert row == {"compensation": 5_400, "known_cost": 100 - 5_400}
    assert check(conn) == []


def test_a_mistake_is_taken_back_by_a_step_that_says_why(conn: Connection) -> None:
    id_ = ready(conn)
    at = RECEIVED + 3 * HOUR
    claims.change(conn, id_, Said("sent", "aliya", at))
    claims.change(conn, id_, Said("rejected", "aliya", at))
    with pytest.raises(ClaimRefused) as refused:
        claims.change(conn, id_, Said("sent", "aliya", at))
    assert refused.value.code == "why"
    claims.change(conn, id_, Said("sent", "aliya", at, note="another claim was meant"))
    assert (claim(conn)["decided_at"], claim(conn)["sent_at"]) == (None, at)
    claims.change(conn, id_, Said("accepted", "aliya", at, money=6_000))
    claims.change(conn, id_, Said("paid", "aliya", at, money=6_000))
    claims.change(conn, id_, Said("accepted", "aliya", at, note="the money was another's"))
    back = claim(conn)
    assert (back["paid_at"], back["paid_amount"], back["accepted_amount"], back["decided_at"]) == (
        None,
        None,
        6_000,
        at,
    )
    claims.change(conn, id_, Said("sent", "aliya", at, note="not accepted either"))
    claims.change(conn, id_, Said("ready", "aliya", at, note="nor sent"))
    assert (claim(conn)["sent_at"], claim(conn)["status"]) == (None, "ready")
    assert check(conn) == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Said("paid", "aliya", RECEIVED + 3 * HOUR, money=1), "not_now"),
        (Said("expired", "aliya", RECEIVED + 3 * HOUR), "not_now"),
        (Said("nonsense", "aliya", RECEIVED + 3 * HOUR), "not_now"),
        (Said("sent", " ", RECEIVED + 3 * HOUR), "no_actor"),
        (Said("sent", "aliya", RECEIVED + 3 * HOUR, happened_at=RECEIVED + 4 * HOUR), "when"),
        (Said("sent", "aliya", RECEIVED + 3 * HOUR, happened_at=RECEIVED - HOUR), "when"),
        (Said("sent", "aliya", DUE), "too_late"),
    ],
)
def test_a_step_that_cannot_be_is_refused_and_writes_nothing(conn: Connection, said: Said, code: str) -> None:
    id_ = ready(conn)
    with pytest.raises(ClaimRefused) as refused:
        claims.change(conn, id_, said)
    assert refused.value.code == code
    assert (claim(conn)["status"], claim(conn)["seq"]) == ("ready", 1)


def test_money_is_named_where_it_is_spoken_of_and_no_claim_is_invented(conn: Connection) -> None:
    id_ = ready(conn)
    claims.change(conn, id_, Said("sent", "aliya", RECEIVED + 3 * HOUR))
    for money in (None, -1):
        with pytest.raises(ClaimRefused) as refused:
            claims.change(conn, id_, Said("accepted", "aliya", RECEIVED + 3 * HOUR, money=money))
        assert refused.value.code == "how_much"
    with pytest.raises(ClaimRefused) as refused:
        claims.change(conn, unit(7), Said("sent", "aliya", RECEIVED))
    assert refused.value.code == "no_such_claim"


def test_one_sent_in_time_and_told_late_is_not_lost(conn: Connection) -> None:
    id_ = ready(conn)
    refresh(conn, DUE + HOUR)
    assert claim(conn)["status"] == "expired"
    with pytest.raises(ClaimRefused):
        claims.change(conn, id_, Said("sent", "aliya", DUE + 2 * HOUR))
    claims.change(conn, id_, Said("sent", "aliya", DUE + 2 * HOUR, happened_at=DUE - HOUR))
    assert (claim(conn)["status"], claim(conn)["lost_because"], claim(conn)["sent_at"]) == ("sent", None, DUE - HOUR)


def test_the_history_can_only_be_added_to(conn: Connection) -> None:
    ready(conn)
    for statement in ("update core.claim_event set actor = 'me'", "delete from core.claim_event"):
        refused = (psycopg.errors.RaiseException, psycopg.errors.InsufficientPrivilege)
        with pytest.raises(refused), conn.transaction():
            conn.execute(statement.encode())


def test_persons_and_facts_at_once_make_one_history(dsn: str, conn: Connection) -> None:
    """Four runs judge while four people say it was sent: one of them did it, the others are told so."""
    id_ = ready(conn)
    conn.commit()
    told: list[str] = []
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with connect(dsn) as own:
                if number % 2:
                    refresh(own, RECEIVED + 3 * HOUR)
                else:
                    try:
                        claims.change(own, id_, Said("sent", f"person {number}", RECEIVED + 3 * HOUR))
                        told.append("sent")
                    except ClaimRefused as error:
                        told.append(error.code)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(told) == ["not_now", "not_now", "not_now", "sent"]
    assert [one["status"] for one in claim(conn)["history"]] == ["ready", "sent"]
    assert check(conn) == []


def test_a_run_whose_clock_is_behind_judges_what_it_booked_and_unmakes_nothing(conn: Connection) -> None:
    ready(conn)
    refresh(conn, DUE + DAY)
    assert claim(conn)["status"] == "expired"
    receive(conn, 2, RECEIVED + 3 * HOUR, known=RECEIVED + 4 * HOUR)
    assert refresh(conn, RECEIVED + 4 * HOUR) == {"opened": 1, "changed": 0, "lost": 1}
    assert (claim(conn, 1)["status"], claim(conn, 2)["status"]) == ("expired", "expired")


def test_a_loss_that_the_desk_finds_is_told_at_once(conn: Connection) -> None:
    receive(conn, 1, note=None)
    inspect(conn, 1, RECEIVED + 30 * HOUR)
    with conn.transaction():
        assert claims.refresh(conn, [unit(1)], RECEIVED + 30 * HOUR)["lost"] == 1
    assert alerts(conn, "claim_lost") == ["W1-000001"]


def test_open_claims_come_by_their_deadline_and_page_by_page(conn: Connection) -> None:
    for n, days in enumerate((3, 1, 2, 5, 4), start=1):
        receive(conn, n, RECEIVED - days * DAY)
    refresh(conn, RECEIVED)
    listed = [row["unit_label"] for row in claims.claims_due(conn, ["shop"])]
    assert listed == ["W1-000004", "W1-000005", "W1-000001", "W1-000003", "W1-000002"]
    paged: list[str] = []
    after: UUID | None = None
    while page := claims.claims_due(conn, ["shop"], after=after, shown=2):
        paged += [row["unit_label"] for row in page]
        after = page[-1]["claim_id"]
    assert paged == listed
    assert claims.claims_due(conn, ["another"]) == []


def test_the_packet_is_a_pdf_of_this_very_claim(conn: Connection) -> None:
    id_ = ready(conn)
    body = claims.packet(conn, id_, RECEIVED + DAY, words("ru"))
    assert body is not None and body.startswith(b"%PDF-")
    assert claims.packet(conn, id_, RECEIVED + DAY, words("ru")) == body, "the same facts, the same bytes"
    assert claims.packet(conn, unit(7), RECEIVED, words("ru")) is None


def check(conn: Connection) -> list[Any]:
    return conn.execute(text_of("checks/core/claim__is_its_last_event").encode()).fetchall()
