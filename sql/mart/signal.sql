-- mart.signal: one merchant's week as it is said now; what was said otherwise goes to its past, what stays is not
-- written again.
with superseded as (
    delete from mart.signal as old
    where
        old.merchant_id = %(merchant_id)s
        and old.week_start = %(week_start)s
        and not exists (
            select 1
            from mart.stage_signal as new
            where
                new.dag_id = %(dag_id)s
                and new.run_id = %(run_id)s
                and (
                    old.merchant_id, old.week_start, old.category, old.sku, old.supplier, old.batch, old.reason,
                    old.city, old.carrier, old.rate, old.baseline, old.q_value, old.direction, old.evidence
                ) is not distinct from (
                    new.merchant_id, new.week_start, new.category, new.sku, new.supplier, new.batch, new.reason,
                    new.city, new.carrier, new.rate, new.baseline, new.q_value, new.direction, new.evidence
                )
        )
    returning old.*
)

insert into mart.signal_past (
    merchant_id, week_start, category, sku, supplier, batch, reason, city, carrier, rate, baseline, q_value,
    direction, evidence, known_on, known_until
)
select
    merchant_id,
    week_start,
    category,
    sku,
    supplier,
    batch,
    reason,
    city,
    carrier,
    rate,
    baseline,
    q_value,
    direction,
    evidence,
    known_on,
    %(known_on)s as known_until
from superseded
where known_on < %(known_on)s;

insert into mart.signal (
    merchant_id, week_start, category, sku, supplier, batch, reason, city, carrier, rate, baseline, q_value,
    direction, evidence, known_on
)
select
    merchant_id,
    week_start,
    category,
    sku,
    supplier,
    batch,
    reason,
    city,
    carrier,
    rate,
    baseline,
    q_value,
    direction,
    evidence,
    %(known_on)s
from mart.stage_signal
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict do nothing;
