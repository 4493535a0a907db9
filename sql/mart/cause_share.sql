-- mart.cause_share: one merchant's week as it is said now; what was said otherwise goes to its past.
with superseded as (
    delete from mart.cause_share as old
    where
        old.merchant_id = %(merchant_id)s
        and old.week_start = %(week_start)s
        and not exists (
            select 1
            from mart.stage_cause_share as new
            where
                new.dag_id = %(dag_id)s
                and new.run_id = %(run_id)s
                and new.merchant_id = old.merchant_id
                and new.week_start = old.week_start
                and new.cause = old.cause
                and new.received = old.received
                and new.inspected = old.inspected
                and new.stated = old.stated
                and new.value = old.value
                and new.lo = old.lo
                and new.hi = old.hi
        )
    returning old.*
)

insert into mart.cause_share_past (
    merchant_id, week_start, cause, received, inspected, stated, value, lo, hi, known_on, known_until
)
select
    merchant_id,
    week_start,
    cause,
    received,
    inspected,
    stated,
    value,
    lo,
    hi,
    known_on,
    %(known_on)s as known_until
from superseded
where known_on < %(known_on)s;

insert into mart.cause_share (
    merchant_id, week_start, cause, received, inspected, stated, value, lo, hi, known_on
)
select
    merchant_id,
    week_start,
    cause,
    received,
    inspected,
    stated,
    value,
    lo,
    hi,
    %(known_on)s
from mart.stage_cause_share
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict do nothing;
