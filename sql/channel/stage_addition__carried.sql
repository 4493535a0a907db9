-- The units that the staged list of a run sells on Kaspi, and their prices there.
select
    unit_id,
    decision_seq,
    price,
    main_price
from channel.stage_addition
where
    merchant_id = %(merchant_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and channel <> 'off_kaspi';
