"""A warehouse with half a year of two merchants, their dashboard counted, and something of all that it shows."""

import datetime as dt
from pathlib import Path

import psycopg
from lxml import html

from include.db.connection import connect
from include.domain import kpi
from include.flows.dashboard import rebuild
from tests.console.surroundings import NOW

STORY = Path(__file__).parents[1] / "db" / "story" / "weekly_returns.sql"
WEEK = dt.date(2026, 11, 9)
MORE = """
insert into mart.kpi_weekly (merchant_id, category, week_start, kpi, version, known_on, value, lo, hi, n)
select
    merchant_id, category, date '2026-11-09' - 7 * back, kpi, %(version)s, '2026-11-16', value + back, null, null, 20
from (values (null, null), ('alpha', null), ('alpha', 'Смартфоны')) as whose (merchant_id, category)
cross join (
    values ('processing_time_p50', 5), ('processing_time_p90', 40), ('time_to_sellable_p50', 70),
        ('time_to_sellable_p90', 200), ('reverse_logistics_cost', 2500), ('net_recovery', 9000)
) as told (kpi, value)
cross join generate_series(0, 11) as back;
insert into mart.kpi_weekly (
    merchant_id, category, sku, supplier, week_start, kpi, horizon_days, version, known_on, value, lo, hi, n
)
select
    goods.merchant_id, goods.category, goods.sku, goods.supplier, date '2026-10-05' - 7 * back, 'return_rate', 30,
    %(version)s, '2026-11-16', (place + back) %% 4 / 10.0, null, null, 10
from (
    select distinct on (category, sku) merchant_id, category, sku, null as supplier, row_number() over () as place
    from core.product
    union all
    select merchant_id, category, null, supplier, 1 from core.product group by merchant_id, category, supplier
) as goods
cross join generate_series(0, 13) as back;
insert into mart.kpi_weekly (
    merchant_id, category, sku, supplier, week_start, kpi, horizon_days, version, known_on, value, lo, hi, n
)
select
    merchant_id, category, sku, supplier, date '2026-10-05' - 7 * back, 'return_rate_shrunk', 30, %(version)s,
    '2026-11-16', 0.1 + ascii(coalesce(sku, supplier)) / 1000.0, 0.05 + length(coalesce(sku, supplier)) / 1000.0, 0.4,
    120
from mart.kpi_weekly
cross join generate_series(0, 1) as back
where kpi = 'return_rate' and week_start = '2026-10-05' and (sku is not null or supplier is not null);
insert into mart.signal (merchant_id, week_start, supplier, batch, reason, rate, baseline, q_value, direction, evidence)
values
('alpha', '2026-11-09', 'Nomad <b>', 'B7', 'defective', 0.17, 0.008, 0.001, 'up',
    '{"returned": 8, "sold": 60, "could_be_back": 47.2, "expected": 0.4, "returned_before": 1,
      "could_be_back_before": 130.0, "recent_weeks": 8, "before_weeks": 12, "cells_tested": 321, "role": "explains"}'),
('alpha', '2026-11-09', 'Nomad <b>', null, 'defective', 0.10, 0.008, 0.004, 'up',
    '{"returned": 9, "sold": 90, "role": "explained", "explained_by": {"supplier": "Nomad <b>", "batch": "B7"}}');
insert into mart.action_effect (
    action_id, merchant_id, scope, started_on, effect, lo, hi, verdict, kind, owner, hypothesis, reason, evidence
)
values
('00000000-0000-0000-0000-00000000000a', 'alpha', '{"category": "Смартфоны"}', '2026-10-05', 0.7, 0.5, 0.95, 'helped',
    'description', 'Aliya', 'Fewer wrong sizes', 'not_as_described', '{}'),
('00000000-0000-0000-0000-00000000000b', 'beta', '{"supplier": "Tulpar"}', '2026-11-01', null, null, null,
    'not_enough_data', 'supplier_instruction', 'Beket', '=1+1', null, '{"because": "one side shows no returns"}');
insert into mart.reason_worth (merchant_id, week_start, reason, inspected, confirmed, share, lo, hi)
values ('alpha', '2026-11-02', 'defective', 20, 15, 0.75, 0.53, 0.89);
insert into mart.cause_share (merchant_id, week_start, cause, received, inspected, stated, value, lo, hi)
values ('alpha', '2026-11-02', 'defective', 40, 30, 0.5, 0.4, 0.3, 0.55),
    ('alpha', '2026-11-02', 'does_not_fit', 40, 30, 0.5, 0.6, 0.45, 0.7),
    ('alpha', '2026-10-26', 'defective', 50, 50, 0.9, 0.9, 0.9, 0.9);
insert into core.claim (
    claim_id, unit_id, merchant_id, seq, status, tier, amount, due_at, opened_at, changed_at, why, missing, notes,
    lost_because
)
select
    gen_random_uuid(), unit_id, merchant_id, 1, case when place %% 2 = 0 then 'draft' else 'expired' end, 30, 6000,
    %(now)s::timestamptz + interval '3 days', %(now)s, %(now)s, '{}', '{}', '{}',
    case when place %% 2 = 1 then 'found_too_late' end
from (
    select *, row_number() over (order by unit_id) as place from ledger.unit where received_at is not null
) as received
where place <= 7;
update ledger.unit set channel = 'off_kaspi' where channel is not null and unit_id::text like '%%7';
update ledger.unit set zone = case when unit_id::text < '8' then 'resellable' else 'quarantine' end
where received_at is not null and closed_at is null;
insert into core.unit_cost (event_id, term, code, kind, unit_id, merchant_id, amount, booked_at)
select
    event_id, term, '', case when dice %% 17 = 0 then 'unknown' else 'cost' end, unit_id, merchant_id,
    case when dice %% 17 <> 0 then 100 + dice %% 400 end, %(now)s
from (
    select event.*, step.term, ('x' || substr(md5(event.event_id::text), 1, 6))::bit(24)::integer as dice
    from ledger.unit_event as event
    inner join core.cost_step as step on event.type = step.type
) as stepped;
"""


def furnish(dsn: str) -> None:
    with connect(dsn) as conn:
        facts = {"now": NOW, "version": kpi.VERSION}
        psycopg.ClientCursor(conn).execute(STORY.read_bytes(), facts)
        psycopg.ClientCursor(conn).execute(MORE.encode(), facts)
        conn.execute(
            "insert into ops.mart_state (part, refreshed_at, counted_by, times) "
            "select unnest(array['alpha', 'beta']), %s, 'story', 1",
            (NOW,),
        )
    for merchant_id in ("alpha", "beta"):
        rebuild(dsn, NOW, "test", merchant_id)


Table = dict[str, dict[str, tuple[str, str | None]]]


def tables(page: str) -> dict[str, Table]:
    """The tables of the figures of a page: by figure, line and column what stands there and where it leads."""
    found = {}
    for section in html.fromstring(page).xpath("//section[@id and .//table[contains(@class, 'grown')]]"):
        head = [cell.text_content().strip() for cell in section.xpath(".//thead/tr/th")][1:]
        lines: Table = {}
        for line in section.xpath(".//tbody/tr | .//tfoot/tr"):
            cells = [
                (cell.text_content().strip(), next(iter(cell.xpath("./a/@href")), None)) for cell in line.xpath("./td")
            ]
            lines[line.xpath("string(./th)").strip()] = dict(zip(head, cells, strict=True))
        found[section.get("id")] = lines
    return found


def plain(text: str) -> float | None:
    """The number that a page in English shows."""
    text = text.replace(",", "").replace("\u00a0", "").replace("₸", "").replace("−", "-").strip()
    if text == "—" or not text:
        return None
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
