-- mart.offer_sync: the merchant's rows are replaced by the staged ones; an unchanged row is not written.
delete from mart.offer_sync as known
where
    known.merchant_id = %(merchant_id)s
    and not exists (
        select 1
        from mart.stage_offer_sync as staged
        where
            staged.dag_id = %(dag_id)s
            and staged.run_id = %(run_id)s
            and staged.merchant_id = known.merchant_id
            and staged.store_id = known.store_id
            and staged.offer_sku = known.offer_sku
    );

insert into mart.offer_sync as known (
    merchant_id,
    store_id,
    offer_sku,
    desired_qty,
    published_qty,
    observed_qty,
    wms_qty,
    desired_price,
    published_price,
    observed_price,
    version,
    published_at,
    fetched_at,
    observed_at,
    diverging_since,
    divergence
)
select
    merchant_id,
    store_id,
    offer_sku,
    desired_qty,
    published_qty,
    observed_qty,
    wms_qty,
    desired_price,
    published_price,
    observed_price,
    version,
    published_at,
    fetched_at,
    observed_at,
    diverging_since,
    divergence
from mart.stage_offer_sync
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict (merchant_id, store_id, offer_sku) do update
    set
        desired_qty = excluded.desired_qty,
        published_qty = excluded.published_qty,
        observed_qty = excluded.observed_qty,
        wms_qty = excluded.wms_qty,
        desired_price = excluded.desired_price,
        published_price = excluded.published_price,
        observed_price = excluded.observed_price,
        version = excluded.version,
        published_at = excluded.published_at,
        fetched_at = excluded.fetched_at,
        observed_at = excluded.observed_at,
        diverging_since = excluded.diverging_since,
        divergence = excluded.divergence
    where known is distinct from excluded;

-- Each divergence is a difference with an age and money; it closes when the offer agrees again.
insert into core.discrepancy as known (
    discrepancy_id, merchant_id, kind, subject, opened_at, money_at_risk, owner, status
)
select
    md5(concat_ws('/', 'stock_divergence', merchant_id, store_id, offer_sku, diverging_since))::uuid as discrepancy_id,
    merchant_id,
    'stock_divergence' as kind,
    offer_sku || ' at ' || store_id || ': ' || divergence as subject,
    diverging_since as opened_at,
    greatest(
        1,
        abs(coalesce(desired_qty, published_qty) - published_qty),
        abs(coalesce(observed_qty, published_qty) - published_qty)
    ) * coalesce(published_price, desired_price, 0) as money_at_risk,
    'data-team' as owner,
    'open' as status
from mart.offer_sync
where merchant_id = %(merchant_id)s and divergence is not null
on conflict (discrepancy_id) do update
    set
        subject = excluded.subject,
        money_at_risk = excluded.money_at_risk,
        status = 'open',
        resolved_at = null
    where
    (known.subject, known.money_at_risk, known.status)
    is distinct from (excluded.subject, excluded.money_at_risk, 'open');

update core.discrepancy
set
    status = 'resolved',
    resolved_at = %(now)s
where
    merchant_id = %(merchant_id)s
    and kind = 'stock_divergence'
    and status = 'open'
    and discrepancy_id not in (
        select
            md5(
                concat_ws(
                    '/', 'stock_divergence', sync.merchant_id, sync.store_id, sync.offer_sku, sync.diverging_since
                )
            )::uuid
        from mart.offer_sync as sync
        where sync.merchant_id = %(merchant_id)s and sync.divergence is not null
    );
