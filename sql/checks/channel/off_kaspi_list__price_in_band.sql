-- Off-Kaspi goods are 5 to 10 percent below the main offer, where that is listed.
select
    merchant_id,
    unit_id::text as record_key,
    'price ' || coalesce(price::text, 'none') || ', main offer ' || main_price as detail
from channel.batch_addition
where
    channel = 'off_kaspi'
    and main_price is not null
    and (price is null or price * 100 < main_price * 90 or price * 100 > main_price * 95)
