"""The archive of weekly mails: bytes as sent, numbers computed again, sent again, the mail to come."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from include.db.connection import Connection, connect
from include.db.statements import run as run_statement
from include.domain.clocks import QuietHours
from include.flows import weekly_archive
from include.flows.notices import watch
from include.flows.weekly_archive import AgainRefused, differing, mail_to_come, numbers_again, send_again
from include.flows.weekly_facts import Reader, facts_known
from include.flows.weekly_mail import send_weekly_mail
from include.notify.outbox import MailServer
from include.reports.mail_page import opened
from tests.db.test_return_causes_weekly import LAST, NOW, STORY, Mailbox, ask, smtp_server, whole_run
from tests.gateways import smtp
from tests.supplier_world import WEEK, piece, prepare

ALPHA = Reader("alpha", "Almaty Tech", "ru", "owner@alpha.example.kz")
WHOLE = Reader(None, "all", "ru", "data-team@example.kz")
# A claim and two decisions that run out within a week, told before the mail was written.
CLOCKS = """
insert into core.claim (claim_id, unit_id, merchant_id, seq, status, tier, amount, due_at, why, missing, notes,
    opened_at, changed_at)
select md5(unit_id || 'claim')::uuid, unit_id, merchant_id, 1, 'ready', 30, 6000, %(now)s + interval '3 days', '{}',
    '{}', '{}', %(now)s - interval '1 day', %(now)s - interval '1 day'
from ledger.unit where merchant_id = 'alpha' and state = 'inspected' order by unit_id limit 2;
insert into core.claim_event (claim_id, seq, status, tier, amount, due_at, why, missing, notes, happened_at, actor,
    recorded_at)
select claim_id, 1, 'ready', 30, 6000, due_at, '{}', '{}', '{}', opened_at, 'pipeline', opened_at from core.claim;
"""
DECISIONS = f"""
select case_id, merchant_id, timestamptz '{NOW}' - interval '1 day', timestamptz '{NOW}' + interval '2 days'
from core.return_case where merchant_id = 'alpha' and return_kind = 'customer_return'
order by requested_to desc, case_id limit 3
"""


def clock(conn: Connection, statement: str, now: dt.datetime) -> None:
    """Change the clocks of decisions as the flow does, from the rows of a statement."""
    run_statement(conn, "core/decision_clock__stage")
    conn.execute(f"insert into stage_decision_clock {statement}".encode())
    run_statement(conn, "core/decision_clock", now=now)


@pytest.fixture(scope="module")
def sent(new_warehouse: Callable[[], str]) -> Iterator[tuple[str, Mailbox, MailServer]]:
    """The story's mails, sent by a real SMTP session."""
    dsn = new_warehouse()
    with connect(dsn) as conn:
        psycopg.ClientCursor(conn).execute(STORY.read_bytes(), {"now": NOW})
        psycopg.ClientCursor(conn).execute(CLOCKS.encode(), {"now": NOW})
        conn.execute("update core.discrepancy set found_at = opened_at")
        clock(conn, DECISIONS, NOW - dt.timedelta(hours=2))
    run = whole_run(dsn)
    with smtp_server() as (box, server):
        assert send_weekly_mail(dsn, run, server, "test/mail")["sent"] == 3
        yield dsn, box, server


def mails(dsn: str) -> dict[str | None, dict[str, Any]]:
    with connect(dsn) as conn:
        ids = [row["mail_id"] for row in conn.execute("select mail_id from ops.weekly_mail order by mail_id")]
        rows = [weekly_archive.mail(conn, mail_id) for mail_id in ids]
    return {row["merchant_id"]: row for row in rows if row}


def test_the_bytes_are_kept_as_they_were_sent(sent: tuple[str, Mailbox, MailServer]) -> None:
    dsn, box, _server = sent
    kept = mails(dsn)
    assert set(kept) == {"alpha", "beta", None}
    for row in kept.values():
        body = bytes(row["message"])
        assert body in box.bodies
        assert bytes(row["sha256"]) == hashlib.sha256(body).digest()
        assert f"Message-ID: {row['message_id']}".encode() in body
        assert (row["week_start"], row["version"], row["known_on"]) == (LAST, 1, NOW.date())
        assert opened(body).attachment is not None
    assert ask(dsn, "select message from ops.outbox order by 1") == ask(
        dsn, "select message from ops.weekly_mail order by 1"
    )


@pytest.mark.parametrize("statement", ["update ops.weekly_mail set version = 2", "delete from ops.weekly_mail"])
def test_nobody_changes_the_archive(sent: tuple[str, Mailbox, MailServer], statement: str) -> None:
    with connect(sent[0]) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(statement.encode())


def test_a_second_mail_of_a_reader_week_and_version_is_refused(sent: tuple[str, Mailbox, MailServer]) -> None:
    with (
        connect(sent[0]) as conn,
        pytest.raises(psycopg.errors.UniqueViolation, match="merchant_id_week_start_version"),
    ):
        conn.execute(
            """
            insert into ops.weekly_mail (message_key, merchant_id, week_start, version, message_id, language, recipient,
                subject, known_at, known_on, message, sha256)
            select 'other', merchant_id, week_start, version, 'other', language, recipient, subject, known_at, known_on,
                message, sha256
            from ops.weekly_mail where merchant_id is null
            """
        )


def test_a_published_part_is_known_once(sent: tuple[str, Mailbox, MailServer]) -> None:
    dsn = sent[0]
    rows = "select part, what, known_at, rows from ops.weekly_known order by part, what, known_at"
    before = ask(dsn, rows)
    assert {(row[0], row[1]) for row in before} == {
        (part, what) for part in ("all", "alpha", "beta") for what in ("kpi", "signal", "unquantified")
    }
    whole_run(dsn)
    assert ask(dsn, rows) == before


def test_the_mails_kpis_are_those_of_the_mart_as_known_on_its_day(sent: tuple[str, Mailbox, MailServer]) -> None:
    dsn = sent[0]
    for merchant_id, row in mails(dsn).items():
        told = {(line["kpi"], line["horizon_days"]): line for line in row["numbers"]["kpis"]}
        assert len(told) > 10
        mart = ask(
            dsn,
            """
            select distinct on (kpi, horizon_days) kpi, horizon_days, week_start::text, value::float8, lo::float8,
                hi::float8, n
            from mart.kpi_weekly
            where merchant_id is not distinct from %s and category is null and sku is null and supplier is null
                and known_on <= %s and week_start <= %s
            order by kpi, horizon_days, week_start desc, known_on desc
            """,
            merchant_id, row["known_on"], row["week_start"],
        )  # fmt: skip
        assert {one[:2]: one[2:] for one in mart} == {
            key: (line["week_start"], line["value"], line["lo"], line["hi"], line["n"]) for key, line in told.items()
        }


def test_the_flow_of_goods_is_that_of_the_ledger(sent: tuple[str, Mailbox, MailServer]) -> None:
    """Counted from the projection, another way than the mail counts it."""
    dsn = sent[0]
    counted = ask(
        dsn,
        """
        select count(*) filter (where date_trunc('week', received_at at time zone 'Asia/Almaty') = %s) as received,
            count(*) filter (where date_trunc('week', on_sale_at at time zone 'Asia/Almaty') = %s) as on_sale,
            count(*) filter (where date_trunc('week', resold_at at time zone 'Asia/Almaty') = %s) as resold,
            sum(resale_price) filter (where date_trunc('week', resold_at at time zone 'Asia/Almaty') = %s) as proceeds
        from ledger.unit where merchant_id = 'alpha'
        """.replace("%s", f"date '{LAST}'"),
    )[0]
    flow = mails(dsn)["alpha"]["numbers"]["flow"]
    assert (flow["received"], flow["on_sale"], flow["resold"], flow["proceeds"]) == counted
    assert min(counted) > 0


def later(dsn: str) -> None:
    """Everything that can come to be known late about the mails' week, recorded an hour after they were written."""
    known = NOW + dt.timedelta(hours=1)
    with connect(dsn) as conn:
        psycopg.ClientCursor(conn).execute(
            """
            -- a sale and an inspection of the week that nobody had told, and one that is taken back
            insert into ledger.unit_event (event_id, unit_id, merchant_id, seq, type, state_to, occurred_at,
                recorded_at, actor, source, payload)
            select gen_random_uuid(), unit_id, merchant_id, 20, 'resold', 'resold', %(now)s - interval '2 days',
                %(known)s, 'late', 'w1', '{"resale_price": 17000}'
            from ledger.unit where state = 'on_sale';
            insert into ledger.unit_event (event_id, unit_id, merchant_id, seq, type, state_to, occurred_at,
                recorded_at, actor, source, payload)
            select gen_random_uuid(), unit_id, merchant_id, 21, 'inspected', 'inspected', %(now)s - interval '2 days',
                %(known)s, 'late', 'w1', '{"cause": "wrong_item"}'
            from ledger.unit where state = 'received';
            insert into ledger.unit_event (event_id, unit_id, merchant_id, seq, type, state_to, occurred_at,
                recorded_at, actor, source, payload)
            select gen_random_uuid(), unit_id, merchant_id, 22, 'voided', 'x', occurred_at, %(known)s, 'late', 'w1',
                jsonb_build_object('event_id', event_id)
            from ledger.unit_event
            where type = 'received' and occurred_at > %(now)s - interval '8 days' and recorded_at < %(now)s;
            update core.return_case set quantity = 1 where quantity is null and merchant_id = 'alpha';
            -- of four differences that were open, one is settled and one opened again with another deadline
            update core.discrepancy set status = 'resolved', resolved_at = %(known)s
            where discrepancy_id in (select discrepancy_id from core.discrepancy where status = 'open'
                and merchant_id = 'alpha' order by discrepancy_id limit 2);
            update core.discrepancy set status = 'open', resolved_at = null, reopened_at = %(known)s,
                due_at = %(now)s + interval '3 hours', opened_at = %(known)s
            where discrepancy_id in (select discrepancy_id from core.discrepancy where status = 'resolved'
                and merchant_id = 'alpha' order by discrepancy_id limit 1);
            insert into core.discrepancy (discrepancy_id, merchant_id, kind, subject, opened_at, found_at,
                money_at_risk, owner, status)
            values (gen_random_uuid(), 'alpha', 'lost', 's', %(now)s - interval '9 days', %(known)s, 90000, 'x',
                'open');
            insert into core.discrepancy_amount (discrepancy_id, money_at_risk, known_until)
            select discrepancy_id, money_at_risk, %(known)s from core.discrepancy where status = 'open';
            update core.discrepancy set money_at_risk = 1 where status = 'open';
            update core.claim set status = 'sent', seq = 2, sent_at = %(known)s, changed_at = %(known)s;
            insert into core.claim_event (claim_id, seq, status, tier, amount, due_at, why, missing, notes, happened_at,
                actor, recorded_at)
            select claim_id, 2, 'sent', 30, 6000, due_at, '{}', '{}', '{}', %(known)s, 'a', %(known)s from core.claim;
            """,
            {"now": NOW, "known": known},
        )
        settled = f"select case_id, merchant_id, started_at, due_at, timestamptz '{known}' from core.decision_clock"
        clock(conn, f"{settled} order by case_id limit 2", known)


def test_the_numbers_computed_again_are_equal_whatever_came_later(sent: tuple[str, Mailbox, MailServer]) -> None:
    """Facts come late on the day of the mail and after it, and the week is counted anew on both days."""
    dsn = sent[0]
    kept = mails(dsn)
    with connect(dsn) as conn:
        for row in kept.values():
            assert numbers_again(conn, row) == row["numbers"]
    later(dsn)
    whole_run(dsn, NOW + dt.timedelta(hours=3))
    whole_run(dsn, NOW + dt.timedelta(days=1))
    with connect(dsn) as conn:
        for row in kept.values():
            again = numbers_again(conn, row)
            assert differing(row["numbers"], again) == []
            assert again == row["numbers"]
        # known now, the same week says something else in every part of the mail: the equality above can fail
        now = facts_known(conn, ALPHA, LAST, NOW + dt.timedelta(days=1)).numbers
        changed = {path.partition(".")[0].partition("[")[0] for path, *_ in differing(kept["alpha"]["numbers"], now)}
    assert changed >= {
        "now", "flow", "flow_before", "kpis", "causes", "open_items", "clocks", "unquantified_cases", "series",
    }  # fmt: skip
    assert bytes(mails(dsn)["alpha"]["message"]) == bytes(kept["alpha"]["message"])


def test_a_run_cleared_later_adds_nothing_to_what_its_clock_knew(new_warehouse: Callable[[], str]) -> None:
    """What the week before said already is known at this clock, too: a fact of after the mail finds no gap to fill."""
    dsn = new_warehouse()
    with connect(dsn) as conn:
        psycopg.ClientCursor(conn).execute(STORY.read_bytes(), {"now": NOW})
    whole_run(dsn, NOW - dt.timedelta(weeks=1))
    run = whole_run(dsn)
    with smtp_server() as (_box, server):
        send_weekly_mail(dsn, run, server, "test/mail")
    kept = mails(dsn)
    with connect(dsn) as conn:
        more = conn.execute(
            "update core.return_case set quantity = null where case_id in (select case_id from core.return_case "
            "where merchant_id = 'alpha' and closed_at is null and quantity is not null order by case_id limit 1)"
        )
        assert more.rowcount == 1
    whole_run(dsn)
    with connect(dsn) as conn:
        for row in kept.values():
            assert differing(row["numbers"], numbers_again(conn, row)) == []
        assert ask(dsn, "select cases from mart.unquantified where merchant_id = 'alpha'") > [
            (kept["alpha"]["numbers"]["unquantified_cases"],)
        ], "today's rows say something else: the equality above can fail"


def test_what_a_piece_of_a_signal_costs_counts_those_sold_again(new_warehouse: Callable[[], str]) -> None:
    """Goods that were sold under a resale SKU are the signal's goods: of its product, its supplier, its batch."""
    with connect(new_warehouse()) as conn:
        prepare(conn)
        for n in (1, 2):
            piece(conn, n, "KET-1")
        conn.execute(
            """
            insert into channel.resale_sku (merchant_id, offer_sku, sku, state, state_since)
            values ('shop', 'KET1R', 'KET-1', 'linked', %(now)s);
            insert into core.order_line (merchant_id, order_id, entry_id, entry_number, sku, quantity, base_price,
                total_price)
            values ('shop', 'o-KET-1', 'again', 1, 'KET1R', 1, 600, 600);
            update core.order_line set base_price = 1000 where sku = 'KET-1';
            update ledger.unit set sku = 'KET1R', entry_id = 'again'
            where unit_id = (select min(unit_id::text)::uuid from ledger.unit);
            insert into mart.signal (merchant_id, week_start, category, supplier, batch, sku, city, carrier, reason,
                rate, baseline, q_value, direction, evidence, known_on)
            select 'shop', %(week)s, category, supplier, batch, sku, null, null, 'defective',
                0.1, 0.1, 0.1, 'up', '{}', %(week)s::date + 7
            from core.product where sku = 'KET-1';
            """.replace("%(now)s", f"'{NOW}'")
            .replace("%(week)s", f"'{LAST}'")
            .encode()
        )
        run_statement(
            conn, "ops/weekly_known", part="shop", merchant_id="shop", now=NOW, week_start=LAST, weeks_from=WEEK
        )  # fmt: skip
        told = conn.execute("select rows from ops.weekly_known where what = 'signal'").fetchone()
        assert told is not None and [one["piece_price"] for one in told["rows"]] == [800]


def test_a_difference_is_told_by_its_path() -> None:
    assert differing({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}], "c": 1}) == [("a[1].b", 2, 3), ("c", None, 1)]
    assert differing([1], [1, 2]) == [("", [1], [1, 2])]
    assert differing({"a": 1}, {"a": 1.0}) == []


def again(dsn: str, merchant_id: str | None, reason: str, form: uuid.UUID | None = None) -> str:
    with connect(dsn) as conn:
        row = mails(dsn)[merchant_id]
        return send_again(conn, row, form or uuid.uuid4(), "aliya", reason, NOW)


def test_sent_again_are_the_same_bytes_to_the_address_of_today(sent: tuple[str, Mailbox, MailServer]) -> None:
    dsn, box, server = sent
    with connect(dsn) as conn:
        conn.execute("update core.merchant set report_email = 'new@alpha.example.kz' where merchant_id = 'alpha'")
    form = uuid.uuid4()
    assert [again(dsn, "alpha", "it was lost", form) for _ in range(2)] == ["new@alpha.example.kz"] * 2
    already = len(box.bodies)
    counts = [weekly_archive.send_what_is_asked(dsn, server, "test#1", NOW) for _ in range(2)]
    assert [one["sent"] for one in counts] == [1, 0]
    assert box.bodies[already:] == [bytes(mails(dsn)["alpha"]["message"])]
    assert box.recipients[-1] == ["new@alpha.example.kz"]
    assert box.mails[-1]["Message-ID"] == mails(dsn)["alpha"]["message_id"]
    told = ask(dsn, "select message_key, action, was, actor, reason from ops.sending_action")
    assert told == [(f"kpi_weekly/alpha/{LAST}/v1", "again", "sent", "aliya", "it was lost")]
    # the week's mail is still written once
    assert send_weekly_mail(dsn, whole_run(dsn, NOW + dt.timedelta(days=2)), server, "test/mail")["written"] == 0


@pytest.mark.parametrize(("whose", "part"), [("alpha", "alpha"), (None, "all")])
def test_a_mail_sent_again_that_nobody_took_is_an_alert(
    sent: tuple[str, Mailbox, MailServer], whose: str | None, part: str
) -> None:
    dsn = sent[0]
    again(dsn, whose, "it was lost")
    with smtp(b"554 no\r\n") as (server, _):
        assert weekly_archive.send_what_is_asked(dsn, server, "test#1", NOW)["dead"] == 1
    with connect(dsn) as conn:
        watch(conn, NOW, QuietHours.of_setting([]))
        conn.execute("update ops.outbox set status = 'dismissed' where status = 'dead'")
    assert ask(dsn, "select alert_key from ops.alert where cleared_at is null") == [(f"notices_stuck/{part}",)]
    with connect(dsn) as conn:
        watch(conn, NOW, QuietHours.of_setting([]))
    assert ask(dsn, "select alert_key from ops.alert where cleared_at is null") == []


def test_what_cannot_be_sent_again_is_said(sent: tuple[str, Mailbox, MailServer]) -> None:
    dsn = sent[0]
    with pytest.raises(AgainRefused) as refused:
        again(dsn, "beta", "  ")
    assert refused.value.code == "why"
    with connect(dsn) as conn:
        conn.execute("update ops.outbox set status = 'queued' where message_key like '%beta%'")
    with pytest.raises(AgainRefused) as refused:
        again(dsn, "beta", "x")
    assert refused.value.code == "on_its_way"
    with connect(dsn) as conn:
        conn.execute("update ops.outbox set status = 'sent' where message_key like '%beta%'")
        conn.execute("update core.merchant set report_email = null where merchant_id = 'beta'")
    with pytest.raises(AgainRefused) as refused:
        again(dsn, "beta", "x")
    assert refused.value.code == "no_address"


def test_the_mail_to_come_is_of_the_next_week_and_only_read(sent: tuple[str, Mailbox, MailServer]) -> None:
    dsn, box, _server = sent
    had = len(box.bodies)
    now = NOW + dt.timedelta(days=3)
    with connect(dsn) as conn:
        conn.read_only = True
        facts = mail_to_come(conn, ALPHA, now)
        unheard = mail_to_come(conn, Reader("gamma", "Gamma", "en", ""), now)
    assert (facts.week_start, facts.preview) == (LAST + dt.timedelta(weeks=1), True)
    assert facts.recipient == "new@alpha.example.kz"
    assert facts.kpis and facts.signals, "those of the last run"
    assert (unheard.week_start, unheard.recipient, unheard.flow.received) == (LAST, "", 0)
    assert len(box.bodies) == had
