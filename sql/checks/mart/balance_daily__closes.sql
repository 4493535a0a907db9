-- closing = opening + entered - left, for every state and day, as known today.
select
    balance.merchant_id,
    balance.as_of || '/' || balance.state as record_key,
    balance.opening || ' + ' || balance.entered || ' - ' || balance."left" || ' is not ' || balance.closing as detail
from mart.balance_daily as balance
inner join ops.run as run
    on
        run.dag_id = current_setting('qaitarym.dag_id', true)
        and run.run_id = current_setting('qaitarym.run_id', true)
where
    balance.known_on = (run.now_at at time zone 'Asia/Almaty')::date
    and balance.opening + balance.entered - balance."left" <> balance.closing
