"""The weekly flow on 26 known weeks: marts, KPIs, signals, mails."""

import datetime as dt
import email
import email.policy
import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from include.db.connection import connect
from include.flows import return_causes_weekly as weekly
from include.flows import weekly_marts
from include.flows.run import Run
from include.flows.weekly_mail import send_weekly_mail
from include.notify.outbox import MailServer
from include.quality.gate import judge
from include.quality.suites.return_causes_weekly import SUITE
from tests.conftest import TestServer

NOW = dt.datetime.fromisoformat("2026-11-16T08:05:00+05:00")
LAST = dt.date(2026, 11, 9)
STORY = Path(__file__).parent / "story" / "weekly_returns.sql"
MARTS = ("cohort_weekly", "cause_weekly", "kpi_weekly", "signal", "reason_worth", "cause_share")
runs = itertools.count()


class Mailbox:
    """An SMTP server's ear: keeps what it accepted."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.bodies: list[bytes] = []
        self.recipients: list[list[str]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.bodies.append(content)
        self.recipients.append(list(envelope.rcpt_tos))
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))  # type: ignore[arg-type]
        return "250 kept"


@contextmanager
def smtp_server() -> Iterator[tuple[Mailbox, MailServer]]:
    """A real SMTP server on a free port."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, MailServer("127.0.0.1", port, "reports@example.kz")
    finally:
        controller.stop()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, MailServer]]:
    with smtp_server() as found:
        yield found


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    """A warehouse with the story in it."""
    address = new_warehouse()
    with connect(address) as conn:
        psycopg.ClientCursor(conn).execute(STORY.read_bytes(), {"now": NOW})
    return address


def new_run(dsn: str, now: dt.datetime = NOW) -> Run:
    run = Run("return_causes_weekly", f"test-{next(runs)}", now)
    with connect(dsn) as conn:
        conn.execute("insert into ops.run (dag_id, run_id, now_at) values (%s, %s, %s)", (run.dag_id, run.run_id, now))
    return run


def whole_run(dsn: str, now: dt.datetime = NOW) -> Run:
    run = new_run(dsn, now)
    weekly.stage(dsn, run, "test/stage")
    judge(dsn, run, SUITE)
    weekly.publish(dsn, run, "test/publish")
    return run


def ask(dsn: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connect(dsn) as conn:
        return [tuple(row.values()) for row in conn.execute(statement.encode(), values).fetchall()]


def content(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: ask(dsn, f"select to_jsonb(row)::text as row from mart.{table} as row order by 1") for table in MARTS
    }


def test_a_supplier_has_its_numbers_whole_and_in_each_category(dsn: str) -> None:
    """A number of all its goods stands on as many units as those of its categories together."""
    whole_run(dsn)
    told = ask(
        dsn,
        "select kpi, coalesce(horizon_days, 0) as days, supplier, week_start, "
        "sum(n) filter (where category is null) as whole, sum(n) filter (where category is not null) as parts "
        "from mart.kpi_current where merchant_id = 'alpha' "
        "and supplier is not null and kpi in ('return_rate', 'relisted_share', 'reconciled_share') "
        "group by 1, 2, 3, 4 order by 1, 2, 3, 4",
    )
    assert {row[0] for row in told} == {"return_rate", "relisted_share", "reconciled_share"}
    assert {row[2] for row in told} == {"Nomad", "Tulpar"}
    assert [row for row in told if row[4] != row[5]] == []


def test_everything_is_published_and_the_planted_batch_is_found(dsn: str) -> None:
    run = whole_run(dsn)
    assert ask(dsn, "select merchant_id, status from ops.batch where run_id = %s order by 1", run.run_id) == [
        ("all", "published"), ("alpha", "published"), ("beta", "published"),
    ]  # fmt: skip
    found = ask(
        dsn,
        """
        select merchant_id, supplier, batch, reason, direction, evidence ->> 'attributed' as attributed
        from mart.signal where evidence ->> 'role' = 'explains'
        """,
    )
    assert found == [("alpha", "Nomad", "B7", "defective", "up", "true")]
    assert ask(dsn, "select count(*) from mart.stage_kpi_weekly") == [(0,)]


def test_cohorts_count_what_the_orders_and_cases_say(dsn: str) -> None:
    """Counted again here by plain Python from the raw facts."""
    whole_run(dsn)
    orders = ask(
        dsn,
        """
        select placed.order_id, placed.created_at, line.quantity, seen.seen_to, return_case.return_kind,
            least(return_case.requested_to, unit.received_at) as requested_by
        from core.customer_order as placed
        inner join core.order_line as line using (merchant_id, order_id)
        inner join core.order_observation as seen using (merchant_id, order_id)
        left join core.return_case using (merchant_id, order_id)
        left join ledger.unit using (case_id)
        where placed.merchant_id = 'alpha'
        """,
    )
    almaty = dt.timezone(dt.timedelta(hours=5))
    sold: dict[dt.date, int] = {}
    returned: dict[dt.date, int] = {}
    for _order, created_at, quantity, delivered_at, kind, requested_by in orders:
        day = created_at.astimezone(almaty).date()
        week = day - dt.timedelta(days=day.weekday())
        sold[week] = sold.get(week, 0) + quantity
        within = kind == "customer_return" and requested_by <= delivered_at + dt.timedelta(days=14)
        returned[week] = returned.get(week, 0) + within
    cohorts = ask(
        dsn,
        """
        select cohort_week, sum(sold)::integer as sold, sum(returned)::integer as returned from mart.cohort_weekly
        where merchant_id = 'alpha' and horizon_days = 14 group by 1
        """,
    )
    assert {week: (units, back) for week, units, back in cohorts} == {
        week: (units, returned[week]) for week, units in sold.items()
    }
    assert sum(returned.values()) > 20


def test_an_unquantified_case_counts_one_between_one_and_what_was_sold(dsn: str) -> None:
    whole_run(dsn)
    unknown = ask(
        dsn,
        """
        select count(*) from core.return_case
        where quantity is null and return_kind = 'customer_return' and merchant_id = 'alpha'
        """,
    )[0][0]
    bounds = ask(
        dsn,
        """
        select sum(returned_hi - returned)::integer as width from mart.cohort_weekly
        where merchant_id = 'alpha' and horizon_days = 30 and not backfilled
        """,
    )[0][0]
    assert 0 < bounds <= unknown  # every such case of the story is of two pieces


def test_the_signals_count_what_the_orders_and_units_say(dsn: str) -> None:
    """Counted again here from the raw facts: lines of alpha's batch, and those back as defective, by cohort."""
    whole_run(dsn)
    (evidence,) = ask(dsn, "select evidence from mart.signal where batch = 'B7' and evidence ->> 'role' = 'explains'")[
        0
    ]
    lines = ask(
        dsn,
        """
        select (date %s - date_trunc('week', placed.created_at at time zone 'Asia/Almaty')::date) / 7 as age,
            unit.inspected_at < timestamp %s at time zone 'Asia/Almaty' and unit.cause = 'defective'
            and return_case.return_kind = 'customer_return' as back
        from core.customer_order as placed
        inner join core.order_line as line using (merchant_id, order_id)
        inner join core.product using (merchant_id, sku)
        left join ledger.unit using (merchant_id, order_id)
        left join core.return_case on unit.case_id = return_case.case_id
        where placed.merchant_id = 'alpha' and product.batch = 'B7'
        """.replace("%s", f"'{NOW:%Y-%m-%d}'"),
    )
    weeks = evidence["recent_weeks"]
    assert evidence["sold"] == sum(1 <= age <= weeks for age, _ in lines)
    assert evidence["returned"] == sum(1 <= age <= weeks for age, back in lines if back)
    assert evidence["returned_before"] == sum(weeks < age <= weeks + 12 for age, back in lines if back)


def test_young_cohorts_are_estimated_and_say_so(dsn: str) -> None:
    whole_run(dsn)
    found = ask(
        dsn,
        """
        select horizon_days, week_start, value, lo, hi, n from mart.kpi_current
        where merchant_id = 'alpha' and category is null and kpi = 'return_rate_nowcast' order by 1, 2
        """,
    )
    weeks = {14: 2, 30: 5}
    assert [row[0] for row in found] == [14] * weeks[14] + [30] * weeks[30]
    assert all(row[2] is not None and 0 <= row[3] <= row[2] <= row[4] <= 1 and row[5] > 0 for row in found)
    mature = ask(
        dsn,
        """
        select count(*) from mart.kpi_current as young inner join mart.kpi_current as mature
            using (merchant_id, week_start, horizon_days)
        where young.kpi = 'return_rate_nowcast' and mature.kpi = 'return_rate'
        """,
    )
    assert mature == [(0,)]  # a week has one or the other
    newest, oldest = found[-1], found[weeks[14]]
    assert newest[4] - newest[3] > oldest[4] - oldest[3]  # the younger, the less is known
    # a week later the estimate of a week that is mature now stays as it was said
    whole_run(dsn, NOW + dt.timedelta(weeks=1))
    assert not ask(
        dsn, "select 1 as one from mart.kpi_weekly where kpi = 'return_rate_nowcast' and value is null and n = 0"
    )


def test_goods_have_rates_that_lean_on_their_category(dsn: str) -> None:
    whole_run(dsn)
    found = ask(
        dsn,
        """
        select sku, supplier, category, value::float8 as value, lo::float8 as lo, hi::float8 as hi, n
        from mart.kpi_current where merchant_id = 'alpha' and kpi = 'return_rate_shrunk'
        """,
    )
    assert len([row for row in found if row[0]]) == 18 and len([row for row in found if row[1]]) >= 3
    raw = dict(
        ask(
            dsn,
            """
            select sku, sum(returned)::float8 / sum(sold) as rate from mart.cohort_weekly
            where merchant_id = 'alpha' and horizon_days = 30 and mature
                and cohort_week > (
                    select max(cohort_week) from mart.cohort_weekly where horizon_days = 30 and mature
                ) - 84
            group by sku
            """,
        )
    )
    values = {row[0]: row[3] for row in found if row[0]}
    assert max(values.values()) - min(values.values()) < max(raw.values()) - min(raw.values())
    assert all(row[4] <= row[3] <= row[5] for row in found)


def test_what_stated_reasons_are_worth_is_told(dsn: str) -> None:
    whole_run(dsn)
    worth = ask(dsn, "select reason, inspected, confirmed, share from mart.reason_worth where merchant_id = 'alpha'")
    assert worth and all(row[1] == row[2] for row in worth)  # in the story every inspection confirms
    shares = ask(
        dsn, "select sum(value), min(received), max(received) from mart.cause_share where merchant_id = 'alpha'"
    )
    assert shares[0][0] == pytest.approx(1, abs=0.001) and shares[0][1] == shares[0][2] > 0


SECOND_PIECE = """
insert into ledger.unit
select again.*
from ledger.unit as unit
inner join core.return_case as part on unit.case_id = part.case_id and part.return_kind = 'customer_return'
cross join lateral jsonb_populate_record(
    unit, jsonb_build_object('unit_id', gen_random_uuid(), 'piece', 2, 'unit_label', null)
) as again
where unit.merchant_id = 'alpha' and unit.stated_reason = 'defective'
    and unit.inspected_at < timestamptz '2026-11-16 00:00+05'
order by unit.inspected_at desc
limit 10
"""


def test_two_pieces_of_one_line_do_not_make_a_reason_surer(dsn: str) -> None:
    with connect(dsn) as conn:
        conn.execute("update core.order_line set quantity = 2 where merchant_id = 'alpha'")
    known = "select inspected, share, lo from mart.reason_worth where merchant_id = 'alpha' and reason = 'defective'"
    whole_run(dsn)
    [(lines, _, lo)] = ask(dsn, known)
    with connect(dsn) as conn:
        conn.execute(SECOND_PIECE)
    whole_run(dsn)
    assert ask(dsn, known) == [(lines + 10, 1, lo)]


def test_a_second_run_changes_nothing(dsn: str) -> None:
    whole_run(dsn)
    before = content(dsn)
    rows = ask(
        dsn, "select xmin::text as x, merchant_id, cohort_week, sku, city from mart.cohort_weekly order by 2, 3, 4, 5"
    )
    whole_run(dsn)
    assert content(dsn) == before
    after = ask(
        dsn, "select xmin::text as x, merchant_id, cohort_week, sku, city from mart.cohort_weekly order by 2, 3, 4, 5"
    )
    assert sorted(rows) == sorted(after), "unchanged rows were written again"


def test_a_late_fact_restates_the_old_week_and_keeps_what_was_known(dsn: str) -> None:
    whole_run(dsn)
    week = ask(
        dsn, "select max(week_start) as week from mart.kpi_weekly where kpi = 'return_rate' and horizon_days = 14"
    )[0][0]
    with connect(dsn) as conn:
        conn.execute(
            """
            insert into core.return_case (case_id, merchant_id, order_id, episode, return_kind, status, quantity,
                units_lo, units_hi, requested_from, requested_to)
            select gen_random_uuid(), placed.merchant_id, placed.order_id, 2, 'customer_return', 'open', null, 1,
                line.quantity, placed.created_at + interval '5 days', placed.created_at + interval '5 days'
            from core.customer_order as placed
            inner join core.order_line as line using (merchant_id, order_id)
            left join core.return_case as known using (merchant_id, order_id)
            where placed.merchant_id = 'beta' and known.case_id is null
                and placed.created_at >= %s::date + interval '1 day'
                and placed.created_at < %s::date + interval '3 days'
            limit 1
            """,
            (week, week),
        )
    whole_run(dsn, NOW + dt.timedelta(days=1))
    known = ask(
        dsn,
        """
        select known_on, value, restated_because from mart.kpi_weekly
        where merchant_id = 'beta' and category is null and supplier is null and kpi = 'return_rate'
            and horizon_days = 14
            and week_start = %s
        order by known_on
        """,
        week,
    )
    assert [row[0] for row in known] == [dt.date(2026, 11, 16), dt.date(2026, 11, 17)]
    assert known[1][1] > known[0][1]
    assert known[0][2] is None
    assert known[1][2].startswith("late facts")
    current = ask(
        dsn,
        """
        select known_on from mart.kpi_current where merchant_id = 'beta' and category is null and supplier is null
            and kpi = 'return_rate' and horizon_days = 14 and week_start = %s
        """,
        week,
    )
    assert current == [(dt.date(2026, 11, 17),)]


def test_a_part_that_fails_its_check_is_held_and_readers_keep_the_last_good_week(
    dsn: str, mailbox: tuple[Mailbox, MailServer]
) -> None:
    whole_run(dsn)
    good = content(dsn)
    run = new_run(dsn, NOW)
    weekly.stage(dsn, run, "test/stage", whole=True)
    with connect(dsn) as conn:
        conn.execute("update mart.stage_cohort_weekly set returned = sold + 1 where merchant_id = 'alpha'")
    assert judge(dsn, run, SUITE)["held"] == 1
    weekly.publish(dsn, run, "test/publish")
    assert content(dsn) == good
    failed = ask(
        dsn,
        "select distinct check_name from ops.dq_result where run_id = %s and merchant_id = 'alpha' and not success",
        run.run_id,
    )
    assert ("mart/cohort_weekly__returned_within_sold",) in failed
    assert ("mart/cause_weekly__adds_up_to_cohorts",) in failed
    box, server = mailbox
    send_weekly_mail(dsn, run, server, "test/mail")
    assert {mail["To"] for mail in box.mails} == {"owner@beta.example.kz", "data-team@example.kz"}


def test_staged_rows_lost_in_a_crash_are_not_published_as_nothing(dsn: str, postgres_server: TestServer) -> None:
    whole_run(dsn)
    run = new_run(dsn)
    weekly.stage(dsn, run, "test/stage")
    judge(dsn, run, SUITE)
    with connect(postgres_server.as_owner(dsn)) as conn:
        conn.execute("truncate mart.stage_cohort_weekly, mart.stage_cause_weekly, mart.stage_kpi_weekly")
    good = content(dsn)
    with pytest.raises(weekly.StagedRowsGone, match="run it again"):
        weekly.publish(dsn, run, "test/publish")
    assert content(dsn) == good


def test_the_house_is_not_counted_without_one_of_its_merchants(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = weekly_marts.stage

    def broken(conn: Any, run: Run, merchant_id: str, **how: Any) -> Any:
        if merchant_id == "beta":
            raise RuntimeError("beta's facts cannot be read")
        return original(conn, run, merchant_id, **how)

    monkeypatch.setattr(weekly_marts, "stage", broken)
    run = new_run(dsn)
    weekly.stage(dsn, run, "test/stage")
    parts = dict(ask(dsn, "select merchant_id, status from ops.batch where run_id = %s", run.run_id))
    assert parts == {"alpha": "staged", "beta": "failed", "all": "failed"}


def test_every_reader_gets_one_mail_and_never_a_second(dsn: str, mailbox: tuple[Mailbox, MailServer]) -> None:
    box, server = mailbox
    run = whole_run(dsn)
    counts = send_weekly_mail(dsn, run, server, "test/mail")
    assert (counts["written"], counts["sent"]) == (3, 3)
    archived = ask(dsn, "select message_key, message, status from ops.outbox order by 1")
    assert [row[0] for row in archived] == [f"kpi_weekly/{reader}/{LAST}/v1" for reader in ("all", "alpha", "beta")]
    assert {mail["To"] for mail in box.mails} == {
        "owner@alpha.example.kz", "owner@beta.example.kz", "data-team@example.kz",
    }  # fmt: skip
    again = send_weekly_mail(dsn, whole_run(dsn, NOW + dt.timedelta(hours=3)), server, "test/mail")
    assert (again["written"], again["sent"], len(box.mails)) == (0, 0, 3)
    assert ask(dsn, "select message_key, message, status from ops.outbox order by 1") == archived
    kept = ask(dsn, "select message_key, message from ops.weekly_mail order by 1")
    assert kept == [row[:2] for row in archived]


def test_mails_hold_no_order_of_a_customer_and_speak_their_readers_language(
    dsn: str, mailbox: tuple[Mailbox, MailServer]
) -> None:
    box, server = mailbox
    send_weekly_mail(dsn, whole_run(dsn), server, "test/mail")
    bodies = {mail["To"]: mail.get_body(("plain",)).get_content() for mail in box.mails}  # type: ignore[union-attr]
    assert "қабылданды" in bodies["owner@beta.example.kz"]
    assert "Партия B7" in bodies["owner@alpha.example.kz"]
    assert "Almaty Tech. Партия B7" in bodies["data-team@example.kz"]
    orders = [row[0] for row in ask(dsn, "select code from core.customer_order")]
    assert not [code for code in orders for body in bodies.values() if code in body]
