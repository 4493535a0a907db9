-- Every active merchant has a part: events that nobody published yet, and differences that age by themselves.
insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged)
select
    %(dag_id)s,
    %(run_id)s,
    merchant.merchant_id,
    'staged',
    count(batch_wms_event.event_id)
from core.merchant
left join raw.batch_wms_event using (merchant_id)
where merchant.active
group by merchant.merchant_id
on conflict (dag_id, run_id, merchant_id) do update
    set
        status = 'staged',
        rows_staged = excluded.rows_staged,
        rows_quarantined = 0,
        detail = null,
        changed_at = clock_timestamp();
