"""The peer: DuckDB reads the tables through its Postgres extension, judges, and writes the result back through it.

What is small is asked for by a query of the database's own, as DuckDB's guide advises; only the columns that are needed
are read, and the two large tables once.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import duckdb
import duckdb_extension_postgres_scanner

from bench.ours import peak_mib

WAITS = "('requested', 'in_transit', 'at_pickup_point')"
READ = """
create temp table unit as
select unit_id, state, case_id, order_id, entry_id, sku, piece, unit_label, finding, unexpected,
    epoch_us(requested_at) as requested, epoch_us(received_at) as received, epoch_us(inspected_at) as inspected,
    epoch_us(closed_at) as closed
from pg.ledger.unit where merchant_id = '{merchant}';
create temp table scan as
select unit_id, outcome, epoch_us(occurred_at) as moment
from pg.core.warehouse_event
where merchant_id = '{merchant}' and type = 'received' and outcome in ('booked', 'waiting', 'duplicate_scan');
create temp table report as
select * from postgres_query('pg', $$
    select event.source, event.event_id, event.payload ->> 'order_code' as code, event.payload ->> 'sku' as sku,
        placed.order_id, (extract(epoch from event.occurred_at) * 1000000)::bigint as moment
    from core.warehouse_event as event
    left join core.customer_order as placed
        on event.merchant_id = placed.merchant_id and placed.code = event.payload ->> 'order_code'
    where event.merchant_id = '{merchant}' and event.type = 'missing_from_parcel' and event.outcome = 'finding'
$$);
create temp table named as
select * from postgres_query('pg', $$
    select unit.unit_id
    from ledger.unit
    inner join core.warehouse_event as dock on unit.unit_id = dock.unit_id and dock.type = 'received'
    inner join core.customer_order as placed
        on dock.merchant_id = placed.merchant_id
        and placed.code = coalesce(dock.payload ->> 'order_code', split_part(dock.payload ->> 'return_label', '-', 1))
    inner join core.order_line as line
        on placed.merchant_id = line.merchant_id and placed.order_id = line.order_id and line.sku = unit.sku
    where unit.merchant_id = '{merchant}' and unit.unexpected and unit.order_id is null
$$);
create temp table return_case as
select case_id, entry_id, quantity, status, application_number is not null as applied,
    bool_or(signal_status is not null) over (partition by order_id) as told
from pg.core.return_case where merchant_id = '{merchant}';
create temp table application as select case_id from pg.core.application where merchant_id = '{merchant}';
"""
DAY = 86_400_000_000
JUDGE = """
create temp table verdict as
with seen as (
    select unit_id, bool_or(outcome = 'booked') as booked, bool_or(outcome <> 'duplicate_scan') as accepted,
        count(*) filter (where outcome = 'duplicate_scan')::integer as repeats
    from scan where unit_id is not null group by unit_id
), part as (
    select case_id, min(received) as first_came from unit
    where received is not null and case_id in (select case_id from unit where state in {waits})
    group by case_id
), reported as (
    select order_id, sku, count(*) as reports, min(moment) as reported from report group by all
), absent as (
    select unit_id, min(reported) as reported from (
        select unit_id, reported, reports, waits,
            count(*) filter (where received > reported) over (partition by order_id, goods) as came,
            row_number() over (partition by order_id, goods, waits order by requested, unit_id) as place
        from (
            select unit.unit_id, unit.received, unit.requested, reported.order_id, reported.sku as goods,
                reported.reported, reported.reports,
                unit.received is null and unit.state in ({names}, 'lost') as waits
            from reported inner join unit
                on reported.order_id = unit.order_id and (reported.sku is null or reported.sku = unit.sku)
        )
    ) where waits and place <= reports - came group by unit_id
), crowded as (
    select entry_id, sum(quantity) as asked from return_case
    where status <> 'cancelled' and entry_id in (
        select unit.entry_id from unit inner join return_case as own using (case_id)
        where unit.received is not null and unit.piece > 1 and unit.piece > own.quantity and own.applied
    ) group by entry_id having bool_and(quantity is not null)
), crowd as (
    select unit.unit_id, asked, row_number() over (partition by unit.entry_id order by received, unit_id) as place
    from crowded inner join unit using (entry_id) where received is not null
), silent as (
    select case_id from return_case where not told and case_id not in (select case_id from application)
), judged as (
    select unit.*, case when unit.state in {waits} then part.first_came end as first_came, reported,
        coalesce(repeats, 0) as repeats,
        case
            when received is null then case
                when booked then 'unproven'
                when state = 'cancelled' then 'cancelled'
                when state not in ({names}, 'lost') then 'unproven'
                when reported is not null then 'missing_from_parcel'
                when state = 'lost' then 'lost'
                when unit.state in {waits} and part.first_came + 3 * {day} <= {now} then 'short'
                when requested + 14 * {day} <= {now} then 'overdue'
                else 'expected' end
            when accepted is not true then 'unproven'
            when unexpected and order_id is null
                then case when named.unit_id is not null then 'over' else 'unexpected' end
            when finding = 'wrong_item' and state in ('wrong_item', 'to_supplier', 'disposed', 'returned_to_buyer')
                then 'wrong_item'
            when crowd.place > crowd.asked then 'over'
            when requested is null and silent.case_id is not null then 'no_request'
            when received > requested + 14 * {day} then 'late'
            else 'matched' end as verdict
    from unit
    left join seen using (unit_id)
    left join part on unit.case_id = part.case_id -- a condition on the left side alone would not be hashed
    left join absent using (unit_id)
    left join crowd using (unit_id)
    left join named using (unit_id)
    left join silent on unit.case_id = silent.case_id
)
select *,
    case verdict
        when 'expected' then requested
        when 'overdue' then requested + 14 * {day}
        when 'lost' then least(requested + 45 * {day}, closed)
        when 'short' then first_came + 3 * {day}
        when 'missing_from_parcel' then reported
        when 'cancelled' then closed
        when 'wrong_item' then inspected
        else coalesce(received, requested) end as since,
    case when verdict = 'expected' then first_came + 3 * {day} end as turns,
    closed is not null and verdict in ('unexpected', 'over', 'wrong_item', 'no_request', 'unproven') as settled
from judged;
"""
WRITE = """
insert into pg.core.unit_verdict (unit_id, merchant_id, verdict, since, turns_at, repeats, settled)
select unit_id, '{merchant}', verdict, make_timestamptz(since), make_timestamptz(turns), repeats, settled from verdict;
create temp table differing as
select verdict.*, rule.* from verdict inner join (
    values ('overdue', 'carrier', null), ('short', 'carrier', null), ('lost', 'carrier', 7),
        ('unexpected', 'warehouse', 7), ('over', 'merchant', 7), ('wrong_item', 'merchant', 3),
        ('no_request', 'merchant', 14), ('unproven', 'team', 1)
) as rule (kind, owner, days) on verdict.verdict = rule.kind where not settled
union all
select verdict.* replace (again.first_at as since), 'duplicate_scan', 'warehouse', 3 from verdict inner join (
    select unit_id, min(moment) as first_at from scan where outcome = 'duplicate_scan' group by unit_id
) as again using (unit_id) where closed is null;
create temp table price as
select entry_id, base_price from pg.core.order_line where merchant_id = '{merchant}';
create temp table placed as
select order_id, code from pg.core.customer_order where merchant_id = '{merchant}';
create temp table product as select sku, cost from pg.core.product where merchant_id = '{merchant}';
create temp table missing as
select told.*, piece.unit_id, piece.case_id, piece.base_price, lines.price
from (
    select report.*, row_number() over goods as place,
        (select count(*) from unit where unit.order_id = report.order_id and unit.sku = report.sku
            and unit.received > (select min(first.moment) from report as first
                where first.order_id = report.order_id and first.sku = report.sku)) as came
    from report window goods as (partition by code, sku order by moment, event_id)
) as told
left join (
    select verdict.unit_id, verdict.case_id, verdict.order_id, verdict.sku, price.base_price,
        row_number() over (partition by verdict.order_id, verdict.sku order by requested, unit_id) as place
    from verdict left join price using (entry_id) where verdict = 'missing_from_parcel'
) as piece on told.order_id = piece.order_id and told.sku = piece.sku and told.place - told.came = piece.place
left join (
    select verdict.order_id, verdict.sku, max(base_price) as price from verdict inner join price using (entry_id)
    where verdict.order_id in (select order_id from report) group by all
) as lines on told.order_id = lines.order_id and told.sku = lines.sku
where told.came < told.place;
insert into pg.core.discrepancy (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at, due_at,
    money_at_risk, owner, status
)
select md5(kind || '/{merchant}/' || unit_id)::uuid, '{merchant}', case_id, unit_id, placed.code, kind,
    coalesce(unit_label, unit_id::varchar), make_timestamptz(since), make_timestamptz({now}),
    make_timestamptz(case when days is null then requested + 45 * {day} else {now} + days * {day} end),
    case when kind in ('over', 'no_request', 'duplicate_scan') then 0 else coalesce(base_price, cost, 0) end,
    owner, 'open'
from differing
left join placed using (order_id)
left join price using (entry_id)
left join product using (sku)
union all
select md5('missing_from_parcel/{merchant}/' || source || '/' || event_id)::uuid, '{merchant}', case_id, unit_id, code,
    'missing_from_parcel', source || '/' || event_id, make_timestamptz(moment), make_timestamptz({now}),
    make_timestamptz({now} + 3 * {day}), coalesce(base_price, price, 0), 'carrier', 'open'
from missing;
"""


def main() -> int:
    """Reconcile once; print the report."""
    bare = peak_mib()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--merchant", required=True)
    parser.add_argument("--now-us", required=True, type=int)
    chosen = parser.parse_args()
    # the extension is a package of its own, of DuckDB's version: nothing is downloaded when it is asked for
    folder = Path(duckdb_extension_postgres_scanner.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    conn = duckdb.connect()
    conn.execute(f"load '{folder / 'postgres_scanner.duckdb_extension'}'")
    names = "'requested', 'in_transit', 'at_pickup_point'"
    values = {"merchant": chosen.merchant, "now": chosen.now_us, "day": DAY, "waits": WAITS, "names": names}
    conn.execute("set timezone = 'UTC'")
    began = time.perf_counter()
    conn.execute(f"attach '{chosen.dsn}' as pg (type postgres)")
    steps = {}
    conn.execute("begin")
    for name, statements in (("read", READ), ("judge", JUDGE), ("write", WRITE)):
        at = time.perf_counter()
        conn.execute(statements.format(**values))
        steps[name] = time.perf_counter() - at
    conn.execute("commit")
    seconds = time.perf_counter() - began
    report = {
        "seconds": seconds,
        "steps": steps,
        "bare_mib": bare,
        "peak_mib": peak_mib(),
        "version": duckdb.__version__,
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
