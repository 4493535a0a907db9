-- How old each active merchant's data are: what the newest complete and published sweep can know. A sweep of a past
-- range makes nothing fresh, so its end counts where it lies before its begin. What is over a week old is just stale.
create temporary table if not exists stage_freshness (
    merchant_id text primary key,
    known_to timestamptz,
    ever boolean not null,
    stale boolean not null
) on commit drop;
truncate stage_freshness;

insert into stage_freshness (merchant_id, known_to, ever, stale)
select
    merchant.merchant_id,
    newest.known_to,
    last_one.started_at is not null,
    coalesce(
        %(now)s::timestamptz - newest.known_to > make_interval(mins => (setting.value #>> '{}')::integer), true
    )
from core.merchant
inner join ops.setting on setting.name = 'freshness_minutes'
left join lateral (
    select max(least(sweep.started_at, sweep.created_to)) as known_to
    from ops.sweep
    where
        sweep.merchant_id = merchant.merchant_id
        and sweep.published
        and sweep.started_at >= %(now)s::timestamptz - interval '8 days'
) as newest on true
left join lateral (
    select sweep.started_at
    from ops.sweep
    where sweep.merchant_id = merchant.merchant_id and sweep.published
    order by sweep.started_at desc
    limit 1
) as last_one on true
where merchant.active;

insert into ops.alert as known (alert_key, merchant_id, kind, message, raised_at)
select
    'stale/' || merchant_id,
    merchant_id,
    'stale',
    merchant_id || ': ' || case
        when known_to is not null
            then
                'its orders are known as of '
                || to_char(known_to at time zone 'Asia/Almaty', 'YYYY-MM-DD HH24:MI')
                || ' Almaty time, no complete sweep was published since'
        when ever then 'no complete sweep of its orders was published for over a week'
        else 'no complete sweep of its orders was ever published'
    end,
    %(now)s
from stage_freshness
where stale
order by merchant_id
on conflict (alert_key) do update
    set
        message = excluded.message,
        raised_at = excluded.raised_at,
        cleared_at = null,
        told_at = null
    where known.cleared_at is not null;

-- also of a merchant who is not active any more
update ops.alert
set cleared_at = %(now)s
where
    cleared_at is null
    and kind = 'stale'
    and not exists (
        select 1
        from stage_freshness
        where stage_freshness.merchant_id = alert.merchant_id and stage_freshness.stale
    );

select merchant_id
from stage_freshness
where stale
order by merchant_id;
