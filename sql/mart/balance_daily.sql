-- mart.balance_daily: for each day and state what was there, what came, what went, as known now; a check compares.
delete from mart.balance_daily
where merchant_id = %(merchant_id)s and known_on = %(known_on)s;

insert into mart.balance_daily (as_of, known_on, merchant_id, state, opening, entered, "left", closing, known_at)
select
    balance.as_of,
    %(known_on)s,
    %(merchant_id)s,
    balance.state,
    balance.opening,
    balance.entered,
    balance."left",
    balance.closing,
    %(now)s
from ledger.balance(%(merchant_id)s, null, %(known_on)s, %(now)s) as balance;
