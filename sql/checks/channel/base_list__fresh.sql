-- The merchant's own list was read not long ago; an old one would publish counts that are no longer true. A list that
-- goes out in doubt raises none.
select
    batch.merchant_id,
    coalesce(newest.base_version::text, '0') as record_key,
    'last read ' || coalesce(newest.last_checked_at::text, 'never') as detail
from ops.batch as batch
inner join ops.run as this_run on batch.dag_id = this_run.dag_id and batch.run_id = this_run.run_id
inner join channel.batch_feed_version as staged on batch.merchant_id = staged.merchant_id and not staged.cautious
inner join ops.setting as setting on setting.name = 'base_list_stale_hours'
left join lateral (
    select
        base_list.base_version,
        base_list.last_checked_at
    from channel.base_list
    where base_list.merchant_id = batch.merchant_id
    order by base_list.base_version desc
    limit 1
) as newest on true
where
    batch.dag_id = current_setting('qaitarym.dag_id', true)
    and batch.run_id = current_setting('qaitarym.run_id', true)
    and batch.status in ('staged', 'passed', 'held')
    and (
        newest.last_checked_at is null
        or newest.last_checked_at < this_run.now_at - make_interval(hours => setting.value::text::integer)
    )
