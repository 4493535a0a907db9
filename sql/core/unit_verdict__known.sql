-- Whether anything was said of the merchant's receipts before there were verdicts.
select
    exists(
        select 1
        from core.discrepancy
        where
            discrepancy.merchant_id = %(merchant_id)s
            and discrepancy.kind in ('overdue', 'lost', 'no_request', 'missing_from_parcel')
    ) as cases;
