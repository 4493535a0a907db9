-- Whether anything is known of the merchant: verdicts, or cases, which stand where the verdicts are lost.
select
    exists (
        select 1
        from core.unit_verdict
        where unit_verdict.merchant_id = %(merchant_id)s
    )
    or exists (
        select 1
        from core.discrepancy
        where discrepancy.merchant_id = %(merchant_id)s
    ) as anything;
