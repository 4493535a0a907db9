-- core.order_observation: a row when a status is first seen, in the order in which they were read, whichever run is
-- published first. The change lies between the last complete reading that covered the order and did not see it, and
-- the moment its page was read. A reading is one that showed another status, a published sweep over its creation date,
-- or a published one by its own path. What was asked for while the order was put aside saw nothing of it, nor did a
-- sweep that showed a record without a readable id: it may have been this order.
-- An order that nobody has seen before, read once, needs none of this but its first row.
with batch as materialized (
    select
        read.order_id,
        read.status,
        read.state,
        read.created_at,
        read.fetched_at,
        read.read_number,
        read.window_id,
        not exists (
            select 1
            from core.order_observation as known
            where known.merchant_id = %(merchant_id)s and known.order_id = read.order_id
        )
        and not exists (
            select 1
            from raw.stage_older_read as older
            where
                older.dag_id = %(dag_id)s
                and older.run_id = %(run_id)s
                and older.merchant_id = %(merchant_id)s
                and older.order_id = read.order_id
        ) as fresh
    from raw.stage_order as read
    where read.dag_id = %(dag_id)s and read.run_id = %(run_id)s and read.merchant_id = %(merchant_id)s
),

staged as (
    select
        order_id,
        status,
        state,
        created_at,
        fetched_at,
        read_number,
        window_id
    from batch
    where not fresh
    union all
    select
        order_id,
        status,
        state,
        created_at,
        fetched_at,
        read_number,
        window_id
    from raw.stage_older_read
    where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
),

reading as (
    select
        staged.order_id,
        staged.status,
        staged.state,
        staged.created_at,
        null::timestamptz as seen_from,
        staged.fetched_at as seen_to,
        coalesce(fetch_window.started_at, '-infinity') as asked_at,
        null::integer as episode,
        staged.read_number
    from staged
    left join ops.fetch_window on staged.window_id = fetch_window.window_id
    union all
    select
        known.order_id,
        known.status,
        known.state,
        null,
        known.seen_from,
        known.seen_to,
        known.asked_at,
        known.episode,
        null
    from core.order_observation as known
    where known.merchant_id = %(merchant_id)s and known.order_id in (select staged.order_id from staged)
),

in_turn as (
    select
        reading.*,
        lag(reading.status) over turn as status_before,
        lag(reading.seen_to) over turn as seen_before,
        greatest(lag(reading.seen_from) over turn, lag(reading.asked_at) over turn) as asked_before
    from reading
    window turn as (
        partition by reading.order_id
        order by reading.seen_to asc, reading.episode asc nulls last, reading.read_number asc
    )
),

-- a status that was there before is no change, but where a sweep between the two is known to have seen another one
change as (
    select
        in_turn.*,
        row_number() over (
            partition by in_turn.order_id
            order by in_turn.seen_to asc, in_turn.episode asc nulls last, in_turn.read_number asc
        ) as place
    from in_turn
    where in_turn.status is distinct from in_turn.status_before or in_turn.seen_from >= in_turn.seen_before
),

aside as (
    select
        quarantine.record_key as order_id,
        min(quarantine.first_seen) as since
    from ops.quarantine
    where
        quarantine.merchant_id = %(merchant_id)s
        and quarantine.source in ('kaspi/order', 'kaspi_returns_ingest')
        and (
            quarantine.status in ('open', 'replayed')
            -- a dismissed one stays dismissed when a good version follows: then it hides nothing any more
            or (
                quarantine.status = 'dismissed'
                and (
                    exists (
                        select 1
                        from raw.refused_order
                        where
                            refused_order.merchant_id = %(merchant_id)s
                            and refused_order.order_id = quarantine.record_key
                    )
                    or quarantine.last_seen >= coalesce(
                        (
                            select max(known.seen_to)
                            from core.order_observation as known
                            where known.merchant_id = %(merchant_id)s and known.order_id = quarantine.record_key
                        ),
                        '-infinity'
                    )
                )
            )
        )
    group by quarantine.record_key
),

first_seen as (
    insert into core.order_observation (
        merchant_id, order_id, status, state, seen_from, seen_to, asked_at, episode
    )
    select
        %(merchant_id)s,
        batch.order_id,
        batch.status,
        batch.state,
        least(batch.fetched_at, greatest(batch.created_at, swept.started_at)),
        batch.fetched_at,
        coalesce(fetch_window.started_at, '-infinity'),
        1
    from batch
    left join ops.fetch_window on batch.window_id = fetch_window.window_id
    left join aside on batch.order_id = aside.order_id
    left join lateral (
        select sweep.started_at
        from ops.sweep
        where
            sweep.merchant_id = %(merchant_id)s
            and sweep.published
            and not sweep.nameless
            and sweep.completed_at <= batch.fetched_at
            and sweep.started_at < coalesce(aside.since, 'infinity')
            and batch.created_at between sweep.created_from and sweep.created_to
        order by sweep.started_at desc
        limit 1
    ) as swept on true
    where batch.fresh
)

insert into core.order_observation as known (
    merchant_id, order_id, status, state, seen_from, seen_to, asked_at, episode
)
select
    %(merchant_id)s,
    change.order_id,
    change.status,
    change.state,
    least(
        change.seen_to,
        greatest(change.created_at, change.seen_from, change.asked_before, swept.started_at, by_code.asked_at)
    ),
    change.seen_to,
    change.asked_at,
    change.place
from change
left join aside on change.order_id = aside.order_id
left join lateral (
    select sweep.started_at
    from ops.sweep
    where
        change.episode is null
        and sweep.merchant_id = %(merchant_id)s
        and sweep.published
        and not sweep.nameless
        and sweep.completed_at <= change.seen_to
        and sweep.started_at < coalesce(aside.since, 'infinity')
        and change.created_at between sweep.created_from and sweep.created_to
    order by sweep.started_at desc
    limit 1
) as swept on true
left join lateral (
    select max(code_read.asked_at) as asked_at
    from ops.code_read
    inner join ops.fetch_window on code_read.window_id = fetch_window.window_id
    inner join ops.batch
        on
            fetch_window.dag_id = batch.dag_id
            and fetch_window.run_id = batch.run_id
            and fetch_window.merchant_id = batch.merchant_id
            and batch.status = 'published'
    where
        change.episode is null
        and change.asked_before is not null
        and code_read.merchant_id = %(merchant_id)s
        and code_read.order_id = change.order_id
        and code_read.asked_at <= change.seen_to
        and code_read.asked_at < coalesce(aside.since, 'infinity')
) as by_code on true
where
    change.episode is null
    or change.episode <> change.place
    or change.seen_from < least(change.seen_to, change.asked_before)
on conflict (merchant_id, order_id, episode) do update
    set
        status = excluded.status,
        state = excluded.state,
        seen_from = excluded.seen_from,
        seen_to = excluded.seen_to,
        asked_at = excluded.asked_at;
