-- Every active merchant has a part: events that nobody published yet, and differences that age by themselves.
insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged, rows_rejected, judged_to)
select
    %(dag_id)s,
    %(run_id)s,
    merchant.merchant_id,
    'staged',
    count(batch_wms_event.event_id),
    (
        select count(*)
        from ops.quarantine
        inner join ops.run on quarantine.last_seen = run.now_at
        where
            run.dag_id = %(dag_id)s
            and run.run_id = %(run_id)s
            and quarantine.merchant_id = merchant.merchant_id
            and quarantine.source like 'wms/%%'
            and not ops.judged_in_vain(quarantine.id, run.now_at)
    ),
    coalesce((select max(wms_event."position") from raw.wms_event), 0)
from core.merchant
left join raw.batch_wms_event using (merchant_id)
where merchant.active
group by merchant.merchant_id
on conflict (dag_id, run_id, merchant_id) do update
    set
        status = 'staged',
        rows_staged = excluded.rows_staged,
        rows_rejected = excluded.rows_rejected,
        judged_to = excluded.judged_to,
        rows_quarantined = 0,
        detail = null,
        changed_at = clock_timestamp();
