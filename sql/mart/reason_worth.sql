-- mart.reason_worth: one merchant's week as it is said now; what was said otherwise goes to its past.
with superseded as (
    delete from mart.reason_worth as old
    where
        old.merchant_id = %(merchant_id)s
        and old.week_start = %(week_start)s
        and not exists (
            select 1
            from mart.stage_reason_worth as new
            where
                new.dag_id = %(dag_id)s
                and new.run_id = %(run_id)s
                and (
                    old.merchant_id, old.week_start, old.reason, old.inspected, old.confirmed, old.share, old.lo,
                    old.hi, old.mostly
                ) is not distinct from (
                    new.merchant_id, new.week_start, new.reason, new.inspected, new.confirmed, new.share, new.lo,
                    new.hi, new.mostly
                )
        )
    returning old.*
)

insert into mart.reason_worth_past (
    merchant_id, week_start, reason, inspected, confirmed, share, lo, hi, mostly, known_on, known_until
)
select
    merchant_id,
    week_start,
    reason,
    inspected,
    confirmed,
    share,
    lo,
    hi,
    mostly,
    known_on,
    %(known_on)s as known_until
from superseded
where known_on < %(known_on)s;

insert into mart.reason_worth (
    merchant_id, week_start, reason, inspected, confirmed, share, lo, hi, mostly, known_on
)
select
    merchant_id,
    week_start,
    reason,
    inspected,
    confirmed,
    share,
    lo,
    hi,
    mostly,
    %(known_on)s
from mart.stage_reason_worth
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict do nothing;
