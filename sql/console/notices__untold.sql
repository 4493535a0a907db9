-- Cases of merchants with notices on that received something since a week and have no notice: nobody knew whom to tell.
select count(distinct unit.case_id)::integer as cases
from ledger.unit_event as event
inner join ledger.unit on event.unit_id = unit.unit_id
inner join core.merchant on event.merchant_id = merchant.merchant_id
where
    merchant.notices
    and (event.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
    and event.recorded_at >= %(now)s::timestamptz - interval '7 days'
    and event.type in ('received', 'adopted')
    and unit.received_at >= %(now)s::timestamptz - interval '7 days'
    and unit.case_id is not null
    and not exists (
        select 1
        from ops.notice
        where notice.case_id = unit.case_id
    );
