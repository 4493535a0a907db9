"""Weekly marts on a lived history: a refresh equals counting everything anew, and the past stays as it was known."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import psycopg
import pytest

from include.analytics.kpis import Receipts
from include.clock import almaty_day
from include.db.connection import connect
from include.domain import money
from include.domain.identity import event_id, scanned_unit_id
from include.domain.unit_life import Event
from include.flows import actions, costs, kaspi_returns_ingest, ledger, marts_rebuild
from include.flows import return_causes_weekly as weekly
from include.flows.run import Run
from include.flows.weekly_facts import Reader, facts_known
from include.flows.weekly_mail import send_weekly_mail
from include.quality.gate import judge
from include.quality.suites.return_causes_weekly import SUITE
from include.reports.weekly_mail import report_week
from tests.db.test_actions import ACTION, SAULE
from tests.db.test_return_causes_weekly import NOW, STORY, Mailbox, MailServer, ask, mailbox, new_run, whole_run
from tests.receipts import ReceivedUnit, receipts_of
from tools import rebuild_marts

__all__ = ["mailbox"]
DAY = dt.timedelta(days=1)
COUNTED = ("cohort_weekly", "cause_weekly", "delay_weekly", "receipt_weekly", "expected_weekly", "kpi_weekly")
SAID = ("signal", "reason_worth", "cause_share", "action_effect", "cohort_weekly", "cause_weekly")
UNIT = scanned_unit_id("w1", "lived-1")


@pytest.fixture
def dsn(new_warehouse: Callable[[], str]) -> str:
    """A warehouse with the story in it."""
    address = new_warehouse()
    with connect(address) as conn:
        psycopg.ClientCursor(conn).execute(STORY.read_bytes(), {"now": NOW})
    return address


def refresh(dsn: str, now: dt.datetime, *, whole: bool = False) -> Run:
    """A weekly run whose gate lets everything pass; the gate's own work is tested elsewhere."""
    run = new_run(dsn, now)
    weekly.stage(dsn, run, "test/stage", whole=whole)
    publish(dsn, run)
    return run


def publish(dsn: str, run: Run, *parts: str) -> None:
    """Publish the parts, or all of them."""
    with connect(dsn) as conn:
        conn.execute(
            "update ops.batch set status = 'passed' where run_id = %s and status = 'staged' "
            "and (merchant_id = any(%s) or %s)", (run.run_id, list(parts), not parts),
        )  # fmt: skip
    weekly.publish(dsn, run, "test/publish")


def differences(dsn: str, now: dt.datetime) -> list[str]:
    """What counting everything anew finds that was refreshed otherwise."""
    run = new_run(dsn, now)
    weekly.stage(dsn, run, "test/rebuild", whole=True)
    return [str(one) for one in marts_rebuild.differences(dsn, run)]


def rows_of(dsn: str) -> dict[str, list[Any]]:
    return {
        table: ask(dsn, f"select to_jsonb(row)::text as row from mart.{table} as row order by 1") for table in COUNTED
    }


def change(dsn: str, statement: str, *values: Any) -> int:
    with connect(dsn) as conn:
        return conn.execute(statement.encode(), values).rowcount


def told(type_: str, step: int, at: dt.datetime, **payload: Any) -> Event:
    return Event(event_id("lived", 1, type_, step), UNIT, "alpha", type_, at, "hand", "w1", payload)


def book(dsn: str, now: dt.datetime, *events: Event) -> None:
    with connect(dsn) as conn:
        assert not ledger.append(conn, events, now).rejected


def claim(dsn: str, now: dt.datetime) -> None:
    """The carrier has paid 6,000 for each of beta's units that it damaged, or 1,000 more than before."""
    assert change(
        dsn,
        """
        insert into core.claim (claim_id, unit_id, merchant_id, seq, status, tier, amount, due_at, why, missing,
            notes, opened_at, changed_at, paid_at, paid_amount)
        select md5(unit_id::text)::uuid, unit_id, merchant_id, 1, 'paid', 30, 6000, %(now)s, '{}', '{}', '{}', %(now)s,
            %(now)s, %(now)s, 6000
        from ledger.unit where cause = 'damaged_in_transit' and merchant_id = 'beta'
        on conflict (claim_id) do update set amount = claim.amount + 1000, paid_amount = claim.paid_amount + 1000
        """.replace("%(now)s", f"'{now.isoformat()}'"),
    )


def late_case(dsn: str, merchant_id: str, weeks: int) -> None:
    """A customer's return of an old order that nobody has heard of so far."""
    assert change(
        dsn,
        """
        insert into core.return_case (case_id, merchant_id, order_id, episode, return_kind, status, quantity,
            units_lo, units_hi, requested_from, requested_to)
        select gen_random_uuid(), placed.merchant_id, placed.order_id, 2, 'customer_return', 'open', 1, 1, 1,
            placed.created_at + interval '5 days', placed.created_at + interval '5 days'
        from core.customer_order as placed
        left join core.return_case as known using (merchant_id, order_id)
        where placed.merchant_id = %s and known.case_id is null and placed.status = 'COMPLETED'
            and placed.created_at < %s
        order by placed.created_at desc limit 1
        """,
        merchant_id, NOW - dt.timedelta(weeks=weeks),
    ) == 1  # fmt: skip


def rate(dsn: str, warehouse: str, amount: int) -> None:
    """Say what a day of storage costs in tenge."""
    change(
        dsn,
        "insert into core.rate_card (version, merchant_id, warehouse, term, per, code, valid_from, amount) "
        "values (1, '*', %s, 'storage', 'day', '', '2026-01-01', %s)",
        warehouse, amount,
    )  # fmt: skip


def price_list(dsn: str, now: dt.datetime) -> None:
    """Begin a list of prices without one."""
    change(
        dsn,
        "insert into core.rate_version (version, sha256, file_name, actor, loaded_at) "
        "values (1, '', 'list', 'test', %s)",
        now,
    )


def fee(dsn: str, merchant_id: str, code: str, permille: int, days: int) -> None:
    """Say what the channel takes of a sale since so many days before NOW."""
    change(
        dsn,
        "insert into core.rate_card (version, merchant_id, warehouse, term, per, code, valid_from, permille) "
        "values (1, %s, '*', 'channel_fee', 'share', %s, %s, %s)",
        merchant_id, code, (NOW - days * DAY).date(), permille,
    )  # fmt: skip


def batch_of_orders(dsn: str, now: dt.datetime, which: str) -> None:
    """Publish a batch as the ingestion does: orders of alpha that are COMPLETED now, read as they are but for that."""
    run = Run("kaspi_returns_ingest", f"lived-{now:%m%d}", now)
    with connect(dsn) as conn:
        conn.execute("insert into ops.run (dag_id, run_id, now_at) values (%s, %s, %s)", (run.dag_id, run.run_id, now))
        conn.execute(
            "insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged) values (%s, %s, 'alpha', "
            "'passed', 1)", (run.dag_id, run.run_id),
        )  # fmt: skip
        read = conn.execute(
            f"""
            insert into raw.stage_order (dag_id, run_id, merchant_id, order_id, code, state, status, total_price,
                delivery_cost_seller, created_at, planned_delivery_at, handed_over_at, store_id, city, carrier,
                payload_hash, window_id, fetched_at, read_number)
            select %(dag_id)s, %(run_id)s, merchant_id, order_id, code, 'ARCHIVE', 'COMPLETED', total_price,
                delivery_cost_seller + 100, created_at, planned_delivery_at, handed_over_at, store_id, city, carrier,
                decode(md5(order_id || %(run_id)s), 'hex'), 1, %(now)s, row_number() over ()
            from core.customer_order as placed where merchant_id = 'alpha' and {which}
            """.encode(), {**run.key, "now": now},
        ).rowcount  # fmt: skip
        assert read > 0
        conn.execute(
            """
            insert into raw.stage_order_line (dag_id, run_id, merchant_id, order_id, entry_id, entry_number, sku,
                product_name, category, quantity, base_price, total_price, read_number)
            select read.dag_id, read.run_id, read.merchant_id, line.order_id, line.entry_id, line.entry_number,
                line.sku, line.product_name, line.category, line.quantity, line.base_price, line.total_price,
                read.read_number
            from raw.stage_order as read inner join core.order_line as line using (merchant_id, order_id)
            where read.run_id = %s
            """, (run.run_id,),
        )  # fmt: skip
    kaspi_returns_ingest.publish(dsn, run, "test/ingest")
    assert ask(dsn, "select status from ops.batch where run_id = %s", run.run_id) == [("published",)]


def live(dsn: str) -> dt.datetime:
    """Five weeks in which facts of every kind come late, each followed by a run; returns the last run's clock."""
    now = NOW
    # sold under a resale SKU that nobody has named yet
    change(dsn, "update core.order_line set sku = 'B002R' where sku = 'B002' and strpos(entry_id, '1#') > 0")
    refresh(dsn, now)

    now += DAY
    late_case(dsn, "beta", 5)
    late_case(dsn, "alpha", 20)  # older than any week whose rate is written
    book(dsn, now, told("received", 1, NOW - 9 * DAY, source="w1", scan_id="lived-1", sku="A004"))
    refresh(dsn, now)

    now += 2 * DAY  # a mistake of the dock is taken back; the carrier pays; a difference is settled; an offer is seen
    book(dsn, now, told("voided", 2, now, event_id=str(told("received", 1, NOW).event_id)))
    change(dsn, "update core.discrepancy set status = 'resolved', resolved_at = %s where merchant_id = 'beta'", now)
    change(dsn, "update channel.addition set observed_at = fetched_at + interval '1 hour' where observed_at is null")
    claim(dsn, now)
    change(
        dsn,
        """
        insert into core.unit_cost (event_id, term, code, kind, unit_id, merchant_id, amount, booked_at)
        select gen_random_uuid(), 'inspection', '', 'cost', unit_id, merchant_id, 350, %s
        from ledger.unit where inspected_at is not null
        """,
        now,
    )
    refresh(dsn, now)

    now += 5 * DAY  # a week on: the young are older; orders are completed, and changed
    batch_of_orders(dsn, now, "status <> 'COMPLETED'")
    change(dsn, "update core.product set category = 'Аксессуары' where merchant_id = 'alpha' and sku = 'A007'")
    refresh(dsn, now)

    now += 7 * DAY
    change(
        dsn,
        "insert into channel.resale_sku (merchant_id, offer_sku, sku, state, state_since) "
        "values ('beta', 'B002R', 'B002', 'linked', %s)",
        now,
    )
    batch_of_orders(dsn, now, "order_id in (select order_id from ledger.unit where received_at is not null)")
    refresh(dsn, now)

    now += 7 * DAY  # storage gets a price, then another warehouse another one, to which a shop moves
    price_list(dsn, now)
    rate(dsn, "*", 25)
    refresh(dsn, now)

    now += DAY
    rate(dsn, "W2", 40)
    change(dsn, "update core.store set warehouse = 'W2' where merchant_id = 'beta'")
    refresh(dsn, now)

    now += 13 * DAY
    refresh(dsn, now)
    return now


def test_what_is_refreshed_equals_what_is_counted_anew(dsn: str) -> None:
    now = live(dsn)
    assert differences(dsn, now) == []
    before = rows_of(dsn)
    assert all(before.values())
    refresh(dsn, now, whole=True)
    assert rows_of(dsn) == before, "everything counted anew changed a row"


def test_another_fee_of_the_channel_values_anew_what_was_received(dsn: str) -> None:
    refresh(dsn, NOW)
    valued = (
        "select merchant_id, sum(valued_units)::integer as units, sum(net_price)::bigint as price "
        "from mart.receipt_weekly group by 1"
    )
    assert {row[1:] for row in ask(dsn, valued)} == {(0, 0)}, "what the channel took of the orders nobody knows"
    price_list(dsn, NOW)
    fee(dsn, "*", "", 120, 300)
    refresh(dsn, NOW + DAY)
    assert min(units for _, units, _ in ask(dsn, valued)) > 40
    assert "fee of the channel changed" in causes(dsn, "kpi = 'resale_share_value'")
    assert differences(dsn, NOW + DAY) == []


def test_a_run_touches_only_what_changed(dsn: str) -> None:
    refresh(dsn, NOW)
    late_case(dsn, "beta", 5)
    run = new_run(dsn, NOW)
    weekly.stage(dsn, run, "test/stage")
    touched = ask(
        dsn, "select merchant_id, kind from mart.stage_touch where run_id = %s and kind <> 'number'", run.run_id
    )
    assert sorted(touched) == [("all", "cohort"), ("beta", "cohort")]
    staged = ask(
        dsn, "select merchant_id, count(distinct cohort_week)::integer from mart.stage_cohort_weekly group by 1"
    )
    assert staged == [("beta", 1)]
    publish(dsn, run)
    assert ask(dsn, "select count(*)::integer as notes from ops.mart_touch") == [(0,)]


def test_a_note_that_is_lost_is_found_and_put_right_by_the_command(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = dt.datetime.now(dt.UTC)  # the command's clock
    refresh(dsn, now)
    change(dsn, "update core.return_case set return_kind = 'customer_return' where merchant_id = 'alpha'")
    change(dsn, "delete from ops.mart_touch")
    monkeypatch.setenv("QAITARYM_WAREHOUSE_DSN", dsn)
    assert rebuild_marts.main([]) == 1
    said = capsys.readouterr().out
    assert "alpha: a row of cohort_weekly is not published" in said
    assert "is put right" in said or "are put right" in said
    with connect(dsn) as conn:
        told = facts_known(
            conn, Reader("alpha", "Alpha", "ru", "x@example.kz"), report_week(now), dt.datetime.now(dt.UTC)
        )
    counted = ask(
        dsn,
        "select distinct on (kpi, horizon_days) kpi, horizon_days, value::float8, n from mart.kpi_current "
        "where merchant_id = 'alpha' and num_nonnulls(category, sku, supplier) = 0 "
        "order by kpi, horizon_days, week_start desc",
    )
    assert {(line.kpi, line.horizon_days, line.value, line.n) for line in told.kpis} == set(counted)
    assert rebuild_marts.main([]) == 0
    assert "nothing differed" in capsys.readouterr().out


def test_what_comes_while_a_run_is_under_way_is_counted_by_the_next(dsn: str) -> None:
    refresh(dsn, NOW)
    late_case(dsn, "beta", 5)
    early, late = new_run(dsn), new_run(dsn)
    weekly.stage(dsn, early, "test/early")
    late_case(dsn, "beta", 5)
    weekly.stage(dsn, late, "test/late")
    publish(dsn, late)
    good = rows_of(dsn)
    publish(dsn, early)  # what it staged is older
    assert rows_of(dsn) == good
    late_case(dsn, "alpha", 6)
    refresh(dsn, NOW)
    assert differences(dsn, NOW) == []


def test_an_overtaken_run_sends_no_mail_of_the_week_before(dsn: str, mailbox: tuple[Mailbox, MailServer]) -> None:
    refresh(dsn, NOW - 7 * DAY)
    early, late = new_run(dsn, NOW), new_run(dsn, NOW + dt.timedelta(hours=1))
    weekly.stage(dsn, early, "test/early")
    weekly.stage(dsn, late, "test/late")
    publish(dsn, late)
    publish(dsn, early)
    box, server = mailbox
    send_weekly_mail(dsn, early, server, "test/mail")
    assert box.mails == []
    detail = ask(dsn, "select distinct status, detail from ops.batch where run_id = %s", early.run_id)
    assert detail == [("failed", weekly.OVERTAKEN)]
    claim(dsn, NOW)
    weekly.stage(dsn, early, "test/again")  # its clock is the earlier one, of the same day
    publish(dsn, early)
    assert send_weekly_mail(dsn, early, server, "test/mail")["sent"] == 3
    with connect(dsn) as conn:
        said, newest = (known_then(conn, run, "beta") for run in (early, late))
    assert [line["week_start"] for line in said] == [line["week_start"] for line in newest]


def test_a_run_of_a_past_day_rewrites_nothing(dsn: str) -> None:
    refresh(dsn, NOW)
    refresh(dsn, NOW + 2 * DAY)
    claim(dsn, NOW)
    good = rows_of(dsn)
    refresh(dsn, NOW + DAY)
    assert rows_of(dsn) == good
    refresh(dsn, NOW + 2 * DAY)
    assert rows_of(dsn) != good
    assert differences(dsn, NOW + 2 * DAY) == []


def test_a_note_of_the_house_is_not_lost_between_two_runs(dsn: str) -> None:
    refresh(dsn, NOW)
    claim(dsn, NOW)
    first, second = new_run(dsn), new_run(dsn)
    weekly.stage(dsn, first, "test/first")
    publish(dsn, first, "alpha", "beta")
    claim(dsn, NOW)
    weekly.stage(dsn, second, "test/second")
    publish(dsn, first)
    publish(dsn, second)  # the house has been counted since
    refresh(dsn, NOW)
    assert differences(dsn, NOW) == []


def test_the_house_is_not_held_for_a_merchant_whom_the_clock_alone_moves(dsn: str) -> None:
    refresh(dsn, NOW)
    publish(dsn, refreshed(dsn, NOW + 7 * DAY), "beta", "all")  # alpha is held back
    run = refreshed(dsn, NOW + 7 * DAY + dt.timedelta(hours=1))
    assert judge(dsn, run, SUITE)["held"] == 0


def refreshed(dsn: str, now: dt.datetime) -> Run:
    run = new_run(dsn, now)
    weekly.stage(dsn, run, "test/stage")
    return run


def test_estimates_that_age_alone_say_so_and_no_cause_is_told_twice(dsn: str) -> None:
    refresh(dsn, NOW)
    for _ in range(2):
        claim(dsn, NOW)
        refresh(dsn, NOW + 7 * DAY)
    told = causes(dsn, "mart.kpi_kind(kpi) = 'receipt'")
    assert "claim moved on, time passed" in told
    assert not [cause for cause in told if len(set(cause.split(", "))) < len(cause.split(", "))]
    aged = causes(dsn, "mart.kpi_kind(kpi) = 'estimate'")
    assert "time passed" in aged and not [cause for cause in aged if "late facts" in cause]


def causes(dsn: str, which: str) -> list[str]:
    found = ask(
        dsn,
        "select distinct split_part(restated_because, ': ', 1) as why from mart.kpi_weekly "
        f"where restated_because is not null and {which}",
    )
    return [row[0] for row in found]


def test_a_part_that_is_held_back_forgets_nothing(dsn: str) -> None:
    refresh(dsn, NOW)
    late_case(dsn, "alpha", 5)
    late_case(dsn, "beta", 6)
    run = new_run(dsn)
    weekly.stage(dsn, run, "test/stage")
    change(
        dsn, "update ops.batch set status = 'held' where run_id = %s and merchant_id in ('alpha', 'all')", run.run_id
    )
    publish(dsn, run)
    refresh(dsn, NOW)
    assert differences(dsn, NOW) == []


def test_receipts_are_summed_as_plain_python_sums_them(dsn: str) -> None:
    """Some orders are older than the list of fees, and of some sales nobody knows the fee."""
    price_list(dsn, NOW)
    fee(dsn, "*", "", 120, 60)
    fee(dsn, "*", "resale", 100, 60)
    fee(dsn, "alpha", "main", 75, 50)
    change(
        dsn,
        "insert into core.unit_cost (event_id, term, code, kind, unit_id, merchant_id, amount, booked_at) "
        "select gen_random_uuid(), 'channel_fee', '', case when sold.number %% 3 = 0 then 'unknown' else 'cost' end, "
        "sold.unit_id, sold.merchant_id, case when sold.number %% 3 > 0 then 700 end, %s from (select unit.*, "
        "row_number() over (order by unit_id) as number from ledger.unit where state = 'resold') as sold", NOW,
    )  # fmt: skip
    refresh(dsn, NOW)
    unlike = ask(
        dsn,
        "select sum(units - valued_units)::integer, sum(valued_units)::integer, sum(net_proceeds_60)::integer "
        "from mart.receipt_weekly where merchant_id = 'alpha'",
    )
    assert min(unlike[0]) > 0, "all kinds are there"
    columns = [one.name for one in fields(Receipts)]
    found = ask(
        dsn, f"select {', '.join(columns)} from mart.receipt_weekly where merchant_id = 'alpha' order by 1, 2, 3, 4"
    )
    weeks = {row[0] for row in found}
    cells: dict[tuple[Any, ...], list[ReceivedUnit]] = defaultdict(list)
    for unit in _units(dsn, "alpha"):
        if unit.week_start in weeks:
            cells[unit.week_start, unit.category, unit.sku, unit.supplier].append(unit)
    assert len(found) == len(cells) > 50
    for row in found:
        sums = next(one for one in receipts_of(cells[row[:4]]) if one.sku is not None)
        assert dict(zip(columns, row, strict=True)) == {name: getattr(sums, name) for name in columns} | {
            "supplier": row[3]
        }


def _units(dsn: str, merchant_id: str) -> list[ReceivedUnit]:
    with connect(dsn) as conn:
        rates = costs.price_list(conn, merchant_id)
    rows = ask(
        dsn,
        """
        select unit.category, date_trunc('week', unit.received_at at time zone 'Asia/Almaty')::date, unit.received_at,
            unit.channel, unit.routed_at, unit.on_sale_at, unit.resold_at, unit.closed_at, unit.resale_price,
            unit.original_price, unit.reverse_cost, unit.net_recovery, unit.sku, unit.supplier,
            addition.published_at, addition.fetched_at, addition.observed_at, unit.cost_channel_fee,
            placed.created_at, store.warehouse, line.sku <> unit.sku as as_resale
        from mart.unit
            inner join ledger.unit as kept using (unit_id)
            left join channel.addition using (unit_id)
            left join core.customer_order as placed on placed.merchant_id = unit.merchant_id
                and placed.order_id = kept.order_id
            left join core.order_line as line on line.merchant_id = unit.merchant_id and line.entry_id = kept.entry_id
            left join core.store on store.merchant_id = unit.merchant_id and store.store_id = unit.store_id
        where unit.merchant_id = %s and unit.received_at is not null
        """,
        merchant_id,
    )
    return [_unit(rates, merchant_id, *row) for row in rows]


def _unit(
    rates: list[money.Rate], merchant_id: str, category: str, week: dt.date, received: dt.datetime, channel: str | None,
    routed: Any, on_sale: Any, resold: Any, closed: Any, price: Any, original: Any, cost: Any, won: Any, sku: str,
    supplier: str, published: Any, fetched: Any, observed: Any, fee: int | None, ordered: Any, warehouse: str | None,
    as_resale: Any,
) -> ReceivedUnit:  # fmt: skip
    def after(moment: dt.datetime | None) -> float | None:
        return None if moment is None else (moment - received).total_seconds()

    seen = observed or fetched or published or on_sale
    proof = "observed" if observed else "fetched" if fetched else "published" if seen else None
    share = None
    for code in ("", "resale" if as_resale else "main") if ordered else ():
        rate = money.in_force(rates, merchant_id, warehouse, "channel_fee", "share", code, almaty_day(ordered))
        share = rate.permille if rate else share
    return ReceivedUnit(
        category, week, received, channel, after(routed), after(seen), proof, after(resold), after(closed),
        original, None if original is None or share is None else original - money.share(original, share),
        price - fee if resold and fee is not None else None, cost, won, sku=sku, supplier=supplier,
    )  # fmt: skip


# --- what was known when


def test_a_past_mail_is_computed_again_and_its_causes_are_told(dsn: str, mailbox: tuple[Mailbox, MailServer]) -> None:
    run = whole_run(dsn)
    with connect(dsn) as conn:
        sent = known_then(conn, run, "beta")
    box, server = mailbox
    send_weekly_mail(dsn, run, server, "test/mail")
    mail = next(one for one in box.mails if one["To"] == "owner@beta.example.kz")
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    rate = next(row for row in sent if (row["kpi"], row["horizon_days"]) == ("return_rate", 14))
    assert f"{rate['value'] * 100:.1f}".replace(".", ",") in text

    week = rate["week_start"]
    change(
        dsn,
        """
        update core.return_case set return_kind = 'customer_return', requested_to = requested_from
        from core.customer_order as placed
        where placed.order_id = return_case.order_id and return_case.merchant_id = 'beta'
            and return_case.return_kind <> 'customer_return'
        """,
    )
    change(dsn, "update core.product set category = 'Новое' where merchant_id = 'beta' and sku in ('B001', 'B004')")
    refresh(dsn, NOW + DAY)
    with connect(dsn) as conn:
        assert known_then(conn, run, "beta") == sent
        now = known_then(conn, Run(run.dag_id, run.run_id, NOW + DAY), "beta")
    assert now != sent
    restated = ask(
        dsn,
        """
        select value_before, value, n_before, n, known_before, known_on, restated_because from mart.kpi_restated
        where merchant_id = 'beta' and category is null and supplier is null and kpi = 'return_rate'
            and horizon_days = 14
            and week_start = %s
        """,
        week,
    )
    assert len(restated) == 1
    before, after, _, _, known_before, known_on, because = restated[0]
    assert float(before) == rate["value"] and after != before
    assert (known_before, known_on) == (NOW.date(), (NOW + DAY).date())
    assert because.startswith("late facts")
    moved = ask(
        dsn,
        "select distinct split_part(restated_because, ': ', 1) as why from mart.kpi_restated "
        "where merchant_id = 'beta' and category = 'Новое' or (category <> 'Новое' and kpi = 'relisted_share')",
    )
    assert any("moved category or supplier" in row[0] for row in moved)


def test_what_is_said_no_more_is_known_of_its_day(dsn: str) -> None:
    """Causes are corrected and a return is told late; then nothing happens; then the correction is taken back."""
    with connect(dsn) as conn:
        actions.register(conn, SAULE, ACTION, NOW)
    refresh(dsn, NOW)
    first = said(dsn)
    assert all(first.values())
    assert said(dsn, NOW.date()) == first
    late_case(dsn, "beta", 5)
    correct(dsn, "defective", "does_not_fit")
    refresh(dsn, NOW + 2 * DAY)
    second = said(dsn)
    assert [name for name in SAID if second[name] == first[name]] == []
    for days, wanted in ((0, first), (1, first), (2, second), (9, second)):
        assert said(dsn, (NOW + days * DAY).date()) == wanted, f"{days} days later"
    assert not any(said(dsn, (NOW - DAY).date()).values())

    written = places(dsn)
    refresh(dsn, NOW + 2 * DAY)
    refresh(dsn, NOW + 2 * DAY, whole=True)
    assert places(dsn) == written, "what is said as before was written again"

    correct(dsn, "does_not_fit", "defective")
    refresh(dsn, NOW + 2 * DAY)  # of a day its last run counts
    third = said(dsn)
    assert third["signal"] != second["signal"]
    assert said(dsn, (NOW + DAY).date()) == first and said(dsn, (NOW + 2 * DAY).date()) == third
    with connect(dsn) as conn, pytest.raises(psycopg.Error):
        conn.execute("delete from mart.signal_past")


def correct(dsn: str, was: str, is_: str) -> None:
    """Say another cause of alpha's units of batch B7."""
    assert change(
        dsn,
        "update ledger.unit set cause = %s where merchant_id = 'alpha' and cause = %s and sku in "
        "(select sku from core.product where merchant_id = 'alpha' and batch = 'B7')",
        is_, was,
    )  # fmt: skip


def said(dsn: str, day: dt.date | None = None) -> dict[str, list[Any]]:
    """What the marts say now, or said on a day, but for since when."""
    return {
        name: ask(
            dsn,
            f"select (to_jsonb(row) - 'known_on')::text as row from mart.{name}{'_known(%s)' if day else ''} as row "
            "order by 1",
            *([day] if day else []),
        )
        for name in SAID
    }


def places(dsn: str) -> dict[str, list[Any]]:
    """Where each row stands, and who wrote it."""
    return {
        name: ask(dsn, f"select ctid::text as place, xmin::text as writer from mart.{name} order by 1")
        for table in SAID for name in (table, f"{table}_past")
    }  # fmt: skip


def known_then(conn: Any, run: Run, merchant_id: str) -> list[dict[str, Any]]:
    reader = Reader(merchant_id, "Beta", "ru", "x@example.kz")
    return [
        {field.name: getattr(line, field.name) for field in fields(line)}
        for line in facts_known(conn, reader, report_week(run.now), run.now).kpis
    ]


def test_a_void_is_named_as_the_cause(dsn: str) -> None:
    book(dsn, NOW, told("received", 1, NOW - 9 * DAY, source="w1", scan_id="lived-1", sku="A004"))
    refresh(dsn, NOW)
    book(dsn, NOW, told("voided", 2, NOW, event_id=str(told("received", 1, NOW).event_id)))
    refresh(dsn, NOW + DAY)
    found = ask(
        dsn,
        """
        select n_before - n as fewer, restated_because from mart.kpi_restated
        where merchant_id = 'alpha' and category is null and supplier is null and kpi = 'relisted_share'
            and known_on = %s
        """,
        (NOW + DAY).date(),
    )
    assert [row[0] for row in found] == [1]
    assert "voided event" in found[0][1]


def test_a_decision_that_is_overdue_keeps_its_units_from_being_reconciled(dsn: str) -> None:
    """The clock runs out between two runs, and no row says so; later the decision is made."""
    refresh(dsn, NOW)
    ((case_id, merchant_id, week, units),) = ask(
        dsn,
        "select unit.case_id, unit.merchant_id, core.week_of(min(least(requested_at, received_at))), count(*) "
        "from ledger.unit as unit where case_id is not null and least(requested_at, received_at) is not null "
        "and not exists (select 1 from core.discrepancy as open where open.status = 'open' "
        "and (open.unit_id = unit.unit_id or open.case_id = unit.case_id)) group by 1, 2 order by 3 desc, 1 limit 1",
    )

    def reconciled() -> int:
        ((found,),) = ask(
            dsn, "select sum(reconciled)::integer from mart.expected_weekly where merchant_id = %s and week_start = %s",
            merchant_id, week,
        )  # fmt: skip
        return int(found)

    before = reconciled()
    change(
        dsn, "insert into core.decision_clock (case_id, merchant_id, started_at, due_at) values (%s, %s, %s, %s)",
        case_id, merchant_id, NOW - DAY, NOW + 2 * DAY,
    )  # fmt: skip
    told = []
    for days in (1, 3, 4):
        if days == 4:
            change(dsn, "update core.decision_clock set settled_at = %s", NOW + 4 * DAY)
        refresh(dsn, NOW + days * DAY)
        assert differences(dsn, NOW + days * DAY) == []
        told.append(reconciled())
    assert told == [before, before - units, before]
