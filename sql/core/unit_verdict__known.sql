-- Whether anything is known of the merchant's receipts: verdicts, or cases of before there were verdicts.
select
    exists (
        select 1
        from core.unit_verdict
        where unit_verdict.merchant_id = %(merchant_id)s
    )
    or exists (
        select 1
        from core.discrepancy
        where
            discrepancy.merchant_id = %(merchant_id)s
            and discrepancy.kind in ('overdue', 'lost', 'no_request', 'missing_from_parcel')
    ) as anything;
