-- Weeks begin on Mondays and are over; a return rate is written only when its cohort is older than its horizon.
select
    kpi.merchant_id,
    kpi.cell as record_key,
    'week ' || kpi.week_start || ' of a run on ' || (this_run.now_at at time zone 'Asia/Almaty')::date as detail
from mart.batch_kpi_weekly as kpi
inner join ops.run as this_run
    on
        this_run.dag_id = current_setting('qaitarym.dag_id', true)
        and this_run.run_id = current_setting('qaitarym.run_id', true)
where
    extract(isodow from kpi.week_start) <> 1
    or kpi.week_start + 7 > (this_run.now_at at time zone 'Asia/Almaty')::date
    or (
        kpi.kpi = 'return_rate'
        and kpi.week_start + 7 + kpi.horizon_days > (this_run.now_at at time zone 'Asia/Almaty')::date
    )
