-- Orders whose ids were not legible when they came, and are now: they are known by them, and asked for by their own
-- path. Where one is put aside under its id for the same reason already, that is the record.
with told as (
    select *
    from unnest(%(ids)s::bigint[], %(order_ids)s::text[]) as told (id, order_id)
),

named as (
    select
        told.id,
        told.order_id,
        quarantine.merchant_id,
        quarantine.source,
        quarantine.record_key,
        exists (
            select 1
            from ops.quarantine as namesake
            where
                namesake.merchant_id = quarantine.merchant_id
                and namesake.source = quarantine.source
                and namesake.record_key = told.order_id
                and namesake.reason = quarantine.reason
        )
        or row_number() over (partition by told.order_id, quarantine.reason order by quarantine.id desc) > 1 as is_known
    from told
    inner join ops.quarantine on told.id = quarantine.id
    where quarantine.status = 'replayed'
),

renamed as (
    update ops.quarantine
    set record_key = named.order_id
    from named
    where quarantine.id = named.id and not named.is_known
),

settled as (
    update ops.quarantine
    set status = 'resolved'
    from named
    where quarantine.id = named.id and named.is_known
),

forgotten as (
    delete from core.contact
    where (merchant_id, order_id) in (
        select
            named.merchant_id,
            named.source || ' ' || named.record_key
        from named
    )
),

asked as (
    insert into ops.reread (merchant_id, order_id, asked_at, asked_by)
    select distinct
        merchant_id,
        order_id,
        %(now)s::timestamptz,
        %(actor)s
    from named
    on conflict (merchant_id, order_id) do nothing
)

insert into ops.quarantine_action (quarantine_id, action, actor, at)
select
    id,
    'resolved',
    %(actor)s,
    %(now)s
from named
where is_known;
