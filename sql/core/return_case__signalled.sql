-- The batch's orders whose goods come back, with the episode they belong to and the bounds of the first signal.
-- A status never opens a case beside those of the order's applications: they say better what comes back.
with coming as (
    select
        placed.merchant_id,
        placed.order_id,
        placed.status,
        placed.cancellation_reason,
        placed.handed_over_at
    from core.customer_order as placed
    where
        placed.merchant_id = %(merchant_id)s
        and placed.order_id in (
            select staged.order_id
            from raw.stage_order as staged
            where
                staged.dag_id = %(dag_id)s
                and staged.run_id = %(run_id)s
                and staged.merchant_id = %(merchant_id)s
            union all
            -- a status that was read before what is published can tell more of what came back
            select older.order_id
            from raw.stage_older_read as older
            where
                older.dag_id = %(dag_id)s
                and older.run_id = %(run_id)s
                and older.merchant_id = %(merchant_id)s
        )
        and (
            placed.status = any(%(return_statuses)s)
            or (placed.status = any(%(cancel_statuses)s) and placed.handed_over_at is not null)
        )
),

signal as (
    select
        coming.*,
        count(*) as line_count,
        min(line.entry_id) as entry_id,
        sum(line.quantity)::integer as pieces
    from coming
    inner join core.order_line as line on coming.merchant_id = line.merchant_id and coming.order_id = line.order_id
    group by
        coming.merchant_id, coming.order_id, coming.status, coming.cancellation_reason, coming.handed_over_at
),

seen as (
    select
        observed.*,
        observed.status = any(%(return_statuses)s) or observed.status = any(%(cancel_statuses)s) as signals,
        -- by these a return was called off, if there was one: what signalled it is no signal of the next one
        max(observed.episode) filter (
            where observed.status in ('COMPLETED', 'ACCEPTED_BY_MERCHANT', 'APPROVED_BY_BANK')
        ) over (partition by observed.order_id) as called_off
    from core.order_observation as observed
    inner join signal on observed.merchant_id = signal.merchant_id and observed.order_id = signal.order_id
),

first_signal as (
    select
        seen.order_id,
        (array_agg(seen.seen_from order by seen.episode) filter (where seen.begins))[1] as seen_from,
        (array_agg(seen.seen_to order by seen.episode) filter (where seen.begins))[1] as seen_to,
        bool_or(seen.status = 'COMPLETED') as completed_seen
    from (
        select
            seen.*,
            seen.signals and seen.episode > coalesce(seen.called_off, 0) as begins
        from seen
    ) as seen
    group by seen.order_id
)

select
    signal.order_id,
    signal.status,
    signal.cancellation_reason,
    known.application_number,
    case when signal.line_count = 1 and signal.pieces = 1 then 1 end as quantity,
    case when signal.line_count = 1 then signal.entry_id end as entry_id,
    1 as units_lo,
    signal.pieces as units_hi,
    coalesce(known.episode, 0) + case when known.status = 'cancelled' or known.episode is null then 1 else 0 end
        as episode,
    least(first_signal.seen_to, greatest(first_signal.seen_from, signal.handed_over_at)) as requested_from,
    first_signal.seen_to as requested_to,
    coalesce(first_signal.completed_seen, false) as completed_seen
from signal
left join lateral (
    select
        return_case.episode,
        return_case.status,
        return_case.application_number,
        return_case.requested_to
    from core.return_case
    where return_case.merchant_id = signal.merchant_id and return_case.order_id = signal.order_id
    order by
        (return_case.application_number is not null and return_case.status <> 'cancelled') desc,
        return_case.episode desc
    limit 1
) as known on true
inner join first_signal on signal.order_id = first_signal.order_id and first_signal.seen_to is not null;
