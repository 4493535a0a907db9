-- Units that the staged list of a run would sell on Kaspi and that stand behind their offer no more.
select
    carried.unit_id,
    carried.offer_sku
from channel.stage_addition as carried
where
    carried.merchant_id = %(merchant_id)s
    and carried.dag_id = %(dag_id)s
    and carried.run_id = %(run_id)s
    and carried.channel <> 'off_kaspi'
    and (
        not exists (
            select 1
            from channel.addition
            where
                addition.unit_id = carried.unit_id
                and addition.decision_seq = carried.decision_seq
                and addition.withdrawn_at is null
        )
        or exists (
            select 1
            from ledger.event_inbox as early
            where early.unit_id = carried.unit_id and early.type = any(ledger.off_the_shelf())
        )
        or ledger.forbidden_on_kaspi(carried.unit_id) is not null
    )
order by carried.offer_sku, carried.unit_id;
