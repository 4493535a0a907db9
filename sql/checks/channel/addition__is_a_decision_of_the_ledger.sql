-- Restocked units are the additions in the channel: every decision that counts has its addition, every addition is such
-- a decision, on the same offer; one that was left or taken back stands no more; quantity is 0 exactly where the
-- merchant's own list counts returned goods already. What the ledger learned in the last hour before restock_sync
-- looked may come.
with looked as (
    select
        batch.merchant_id,
        max(run.now_at) as looked_at
    from ops.batch
    inner join ops.run using (dag_id, run_id)
    where batch.dag_id = 'restock_sync' and batch.status in ('staged', 'passed', 'held', 'published')
    group by batch.merchant_id
),

decided as (
    select
        effective_event.merchant_id,
        effective_event.unit_id,
        effective_event.seq,
        effective_event.payload ->> 'channel' as channel,
        effective_event.payload ->> 'offer_sku' as offer_sku
    from ledger.effective_event
    where effective_event.type = 'restock_pending'
)

select
    coalesce(addition.merchant_id, decided.merchant_id) as merchant_id,
    coalesce(addition.unit_id, decided.unit_id) as record_key,
    case
        when addition.unit_id is null then 'restocked by event ' || decided.seq || ', and not added to any offer'
        when decided.unit_id is null then 'added by event ' || addition.decision_seq || ', which decides nothing'
        when decided.channel <> addition.channel or decided.offer_sku <> addition.offer_sku
            then
                'decided for ' || decided.channel || ' ' || decided.offer_sku
                || ', added to ' || addition.channel || ' ' || addition.offer_sku
        when addition.withdrawn_at is not null then 'it is ' || unit.state || ', and its addition was withdrawn'
        when unit.state not in ('restock_pending', 'on_sale', 'resold')
            then 'it is ' || unit.state || ', and its addition stands'
        else
            'its addition counts ' || addition.quantity || ', and the merchant''s own list '
            || case when store.base_includes_returns then 'counts it, too' else 'does not count it' end
    end as detail
from decided
full join channel.addition as addition
    on decided.unit_id = addition.unit_id and decided.seq = addition.decision_seq
left join ledger.unit on coalesce(addition.unit_id, decided.unit_id) = unit.unit_id
left join looked on coalesce(addition.merchant_id, decided.merchant_id) = looked.merchant_id
left join core.store as store
    on addition.merchant_id = store.merchant_id and addition.store_id = store.store_id
where
    (
        addition.unit_id is null
        or (decided.unit_id is null and addition.withdrawn_at is null)
        or decided.channel <> addition.channel
        or decided.offer_sku <> addition.offer_sku
        or (addition.withdrawn_at is null and unit.state not in ('restock_pending', 'on_sale', 'resold'))
        or (
            addition.withdrawn_at is not null
            and unit.state in ('restock_pending', 'on_sale')
            and not exists (
                select 1
                from channel.addition as newer
                where newer.unit_id = addition.unit_id and newer.decision_seq > addition.decision_seq
            )
        )
        or (
            addition.withdrawn_at is null
            and unit.state in ('restock_pending', 'on_sale')
            and (addition.quantity = 0)
            <> (coalesce(store.base_includes_returns, false) and addition.channel <> 'off_kaspi')
        )
    )
    -- the channel follows the ledger within the hour in which restock_sync looks again
    and looked.looked_at is not null
    and not exists (
        select 1
        from ledger.unit_event as recent
        where
            recent.unit_id = coalesce(addition.unit_id, decided.unit_id)
            and recent.recorded_at > looked.looked_at - interval '1 hour'
    )
