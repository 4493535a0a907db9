-- The weekly marts are staged, judged, then published. 'all' is the batch of the whole house's numbers.

insert into ops.setting (name, value, meaning) values
('team_email', '"data-team@example.kz"', 'who gets the weekly mail about the whole house'),
('team_locale', '"ru"', 'the language of that mail: ru | kk | en');

alter table mart.signal add column batch text;
alter table mart.signal drop constraint signal_merchant_id_week_start_category_sku_supplier_reason__key;
alter table mart.signal add constraint signal_cell
unique nulls not distinct (merchant_id, week_start, category, sku, supplier, batch, reason, city, carrier);
comment on column mart.signal.batch is 'The supplier''s batch, where the cell is one batch.';

-- One row a returned piece (or unquantified case) and horizon: what the two cohort marts are counted from.
create unlogged table mart.stage_cohort_return (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    order_id text not null,
    entry_id text not null,
    horizon_days integer not null,
    return_kind text not null,
    reason text not null,
    finding text not null,
    cause text not null,
    returned integer not null,
    returned_lo integer not null,
    returned_hi integer not null
);
create index stage_cohort_return_batch on mart.stage_cohort_return (dag_id, run_id, merchant_id);

create unlogged table mart.stage_cohort_weekly (
    dag_id text not null,
    run_id text not null,
    like mart.cohort_weekly
);
create index stage_cohort_weekly_batch on mart.stage_cohort_weekly (dag_id, run_id, merchant_id);

create unlogged table mart.stage_cause_weekly (
    dag_id text not null,
    run_id text not null,
    like mart.cause_weekly
);
create index stage_cause_weekly_batch on mart.stage_cause_weekly (dag_id, run_id, merchant_id);

create unlogged table mart.stage_kpi_weekly (
    dag_id text not null,
    run_id text not null,
    like mart.kpi_weekly
);
create index stage_kpi_weekly_batch on mart.stage_kpi_weekly (dag_id, run_id, merchant_id);

create unlogged table mart.stage_signal (
    dag_id text not null,
    run_id text not null,
    like mart.signal
);
create index stage_signal_batch on mart.stage_signal (dag_id, run_id, merchant_id);

-- What the gate reads: the rows of the run that the session names.
create view mart.batch_cohort_weekly as
select
    merchant_id,
    cohort_week,
    horizon_days,
    category,
    sku,
    supplier,
    city,
    carrier,
    sold,
    returned,
    returned_lo,
    returned_hi,
    mature,
    backfilled
from mart.stage_cohort_weekly
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view mart.batch_cause_weekly as
select
    merchant_id,
    cohort_week,
    horizon_days,
    category,
    sku,
    supplier,
    city,
    carrier,
    reason,
    finding,
    cause,
    returned
from mart.stage_cause_weekly
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view mart.batch_kpi_weekly as
select
    coalesce(merchant_id, 'all') as merchant_id,
    category,
    week_start,
    kpi,
    horizon_days,
    version,
    value,
    lo,
    hi,
    n,
    kpi || ' ' || week_start || coalesce(' ' || category, '') as cell
from mart.stage_kpi_weekly
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view mart.batch_signal as
select
    merchant_id,
    week_start,
    category,
    sku,
    supplier,
    batch,
    reason,
    city,
    carrier,
    rate,
    baseline,
    q_value,
    direction,
    evidence
from mart.stage_signal
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

-- The newest known number of every KPI; mart.kpi_weekly keeps what was known before.
create view mart.kpi_current as
select distinct on (merchant_id, category, sku, supplier, week_start, kpi, horizon_days, version)
    merchant_id,
    category,
    sku,
    supplier,
    week_start,
    kpi,
    horizon_days,
    version,
    known_on,
    value,
    lo,
    hi,
    n,
    note,
    restated_because
from mart.kpi_weekly
order by
    merchant_id asc,
    category asc,
    sku asc,
    supplier asc,
    week_start asc,
    kpi asc,
    horizon_days asc,
    version asc,
    known_on desc;
comment on view mart.kpi_current is 'The newest known number of every KPI of mart.kpi_weekly.';
