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
    divergence,
    compared_at,
    base_qty,
    returned_qty,
    reserved_qty,
    waiting_qty,
    expected_lo,
    expected_hi,
    shelf_qty,
    counted_at
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
    divergence,
    compared_at,
    base_qty,
    returned_qty,
    reserved_qty,
    waiting_qty,
    expected_lo,
    expected_hi,
    shelf_qty,
    counted_at
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
        divergence = excluded.divergence,
        compared_at = excluded.compared_at,
        base_qty = excluded.base_qty,
        returned_qty = excluded.returned_qty,
        reserved_qty = excluded.reserved_qty,
        waiting_qty = excluded.waiting_qty,
        expected_lo = excluded.expected_lo,
        expected_hi = excluded.expected_hi,
        shelf_qty = excluded.shelf_qty,
        counted_at = excluded.counted_at
    where known is distinct from excluded;

-- mart.offer_difference: the same by cause.
delete from mart.offer_difference as known
where
    known.merchant_id = %(merchant_id)s
    and not exists (
        select 1
        from mart.stage_offer_difference as staged
        where
            staged.dag_id = %(dag_id)s
            and staged.run_id = %(run_id)s
            and staged.merchant_id = known.merchant_id
            and staged.store_id = known.store_id
            and staged.offer_sku = known.offer_sku
            and staged.cause = known.cause
    );

insert into mart.offer_difference as known (
    merchant_id, store_id, offer_sku, cause, expected, found, pieces, money, detail, since
)
select
    merchant_id,
    store_id,
    offer_sku,
    cause,
    expected,
    found,
    pieces,
    money,
    detail,
    since
from mart.stage_offer_difference
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict (merchant_id, store_id, offer_sku, cause) do update
    set
        expected = excluded.expected,
        found = excluded.found,
        pieces = excluded.pieces,
        money = excluded.money,
        detail = excluded.detail,
        since = excluded.since
    where known is distinct from excluded;

-- Each offer that diverges is a difference with an age and money, of its worst cause and of a piece at least;
-- it closes when the offer agrees again.
with found as (
    select
        md5(concat_ws('/', 'stock_divergence', merchant_id, store_id, offer_sku, diverging_since))::uuid
            as discrepancy_id,
        merchant_id,
        offer_sku || ' at ' || store_id || ': ' || divergence as subject,
        diverging_since as opened_at,
        (
            select greatest(max(difference.money), coalesce(offer_sync.published_price, offer_sync.desired_price, 0))
            from mart.offer_difference as difference
            where
                difference.merchant_id = offer_sync.merchant_id
                and difference.store_id = offer_sync.store_id
                and difference.offer_sku = offer_sync.offer_sku
        ) as money_at_risk
    from mart.offer_sync
    where merchant_id = %(merchant_id)s and divergence is not null
),

-- what it was about until now
amount as (
    insert into core.discrepancy_amount (discrepancy_id, money_at_risk, known_until)
    select
        known.discrepancy_id,
        known.money_at_risk,
        %(now)s
    from core.discrepancy as known
    inner join found on known.discrepancy_id = found.discrepancy_id
    where known.money_at_risk <> found.money_at_risk
    on conflict (discrepancy_id, known_until) do nothing
)

insert into core.discrepancy as known (
    discrepancy_id, merchant_id, kind, subject, opened_at, found_at, money_at_risk, owner, status
)
select
    discrepancy_id,
    merchant_id,
    'stock_divergence' as kind,
    subject,
    opened_at,
    %(now)s as found_at,
    money_at_risk,
    'team' as owner,
    'open' as status
from found
on conflict (discrepancy_id) do update
    set
        subject = excluded.subject,
        money_at_risk = excluded.money_at_risk,
        owner = excluded.owner,
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
