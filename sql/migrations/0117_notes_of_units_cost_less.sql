-- Most events of a unit change nothing that its cohort or its first sign is counted by: these two are noted, and the
-- order looked up, only where something does. What a unit was before is noted where it was counted elsewhere.
create or replace function ops.note_units() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, week_start, because)
    with moved as materialized (
        select
            after.merchant_id,
            after.case_id,
            after.order_id,
            after.requested_at,
            after.received_at,
            before.case_id as case_before,
            before.order_id as order_before,
            before.requested_at as requested_before,
            before.received_at as received_before,
            (
                after.case_id, after.order_id, after.entry_id, after.received_at, after.stated_reason, after.finding,
                after.cause, after.state = 'cancelled'
            ) is distinct from (
                before.case_id, before.order_id, before.entry_id, before.received_at, before.stated_reason,
                before.finding, before.cause, before.state = 'cancelled'
            ) as in_cohort,
            (after.case_id, after.sku, after.requested_at, after.received_at)
            is distinct from (before.case_id, before.sku, before.requested_at, before.received_at) as in_signal,
            case
                when
                    num_nulls(
                        after.received_at, after.inspected_at, after.routed_at, after.qc_at, after.restocked_at,
                        after.on_sale_at, after.resold_at, after.finding, after.route
                    ) > num_nulls(
                        before.received_at, before.inspected_at, before.routed_at, before.qc_at, before.restocked_at,
                        before.on_sale_at, before.resold_at, before.finding, before.route
                    )
                    then 'voided event'
                else 'late facts'
            end as because
        from unit_after as after
        inner join unit_before as before on after.unit_id = before.unit_id
    )

    select
        moved.merchant_id,
        'receipt',
        core.week_of(moved.received_at),
        moved.because
    from moved
    where moved.received_at is not null
    union
    select
        moved.merchant_id,
        'receipt',
        core.week_of(moved.received_before),
        moved.because
    from moved
    where moved.received_before is not null and moved.received_before is distinct from moved.received_at
    union
    select
        moved.merchant_id,
        'signal',
        core.week_of(sign.at),
        moved.because
    from moved
    cross join lateral (
        values
        (least(moved.requested_at, moved.received_at)),
        (least(moved.requested_before, moved.received_before))
    ) as sign (at)
    where moved.in_signal and sign.at is not null
    union
    select
        placed.merchant_id,
        'cohort',
        core.week_of(placed.created_at),
        moved.because
    from moved
    cross join lateral (
        values
        (moved.case_id, moved.order_id),
        (moved.case_before, moved.order_before)
    ) as side (case_id, order_id)
    left join core.return_case as return_case on side.case_id = return_case.case_id
    inner join core.customer_order as placed
        on
            moved.merchant_id = placed.merchant_id
            and placed.order_id = coalesce(return_case.order_id, side.order_id)
    where moved.in_cohort;
    return null;
end
$$;
