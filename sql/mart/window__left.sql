-- Sums of receipts and of first signs are needed as long as their week is written.
delete from mart.receipt_weekly
where merchant_id = %(merchant_id)s and week_start < %(weeks_from)s;

delete from mart.expected_weekly
where merchant_id = %(merchant_id)s and week_start < %(weeks_from)s;
