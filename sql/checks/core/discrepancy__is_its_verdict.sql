-- A difference of a unit is open while its verdict says so, unless a person settled it; and no verdict goes without.
with kind as (
    select
        found.unit_id,
        found.merchant_id,
        found.verdict
    from core.unit_verdict as found
    where
        found.verdict in ('overdue', 'lost', 'short', 'unexpected', 'over', 'wrong_item', 'no_request', 'unproven')
        and not found.settled
)

select
    kind.merchant_id,
    kind.unit_id::text as record_key,
    'it is ' || kind.verdict || ', and no case stands for it' as detail
from kind
where
    not exists (
        select 1
        from core.discrepancy
        where
            discrepancy.unit_id = kind.unit_id
            and discrepancy.kind = kind.verdict
            and (discrepancy.status = 'open' or discrepancy.resolved_by is not null)
    )
union all
select
    discrepancy.merchant_id,
    discrepancy.discrepancy_id::text as record_key,
    'the case ' || discrepancy.kind || ' is open, and its unit is not so any more' as detail
from core.discrepancy
where
    discrepancy.status = 'open'
    and discrepancy.kind in ('overdue', 'lost', 'short', 'unexpected', 'over', 'wrong_item', 'no_request', 'unproven')
    and not exists (
        select 1
        from kind
        where kind.unit_id = discrepancy.unit_id and kind.verdict = discrepancy.kind
    )
union all
select
    discrepancy.merchant_id,
    discrepancy.discrepancy_id::text as record_key,
    'it is ' || discrepancy.status || ', and its newest event says otherwise' as detail
from core.discrepancy
where
    discrepancy.status <> coalesce(
        (
            select event.status
            from core.discrepancy_event as event
            where event.discrepancy_id = discrepancy.discrepancy_id
            order by event.seq desc
            limit 1
        ),
        'open'
    )
