-- What was put aside and nobody can be asked for again is judged again from the record as it came, which is kept sealed
-- in core.contact under its source and key, and erased with the contacts of its age.
create function ops.is_at_hand(merchant text, origin text, record text) returns boolean
language sql
stable
as $body$
    select case
        when origin like 'wms/%' or record like 'unnamed %' or record = 'None' then exists (
            select 1
            from core.contact
            where merchant_id = merchant and order_id = origin || ' ' || record
        )
        else true
    end
$body$;
comment on function ops.is_at_hand(text, text, text) is
'Whether a record of the quarantine can be asked for again by its key, or is kept as it came.';
comment on table core.contact is
'Sealed: name and phone of a buyer by his order, bodies nobody could read, records put aside by their source and key.';

create function ops.judged_in_vain(record bigint, moment timestamptz) returns boolean
language sql
stable
as $body$
    select exists (
        select 1
        from ops.quarantine_action as reopened
        where
            reopened.quarantine_id = record
            and reopened.action = 'reopened'
            and reopened.at = moment
            and (
                select earlier.action
                from ops.quarantine_action as earlier
                where earlier.quarantine_id = record and earlier.action_id < reopened.action_id
                order by earlier.action_id desc
                limit 1
            ) = 'replayed'
    )
$body$;
comment on function ops.judged_in_vain(bigint, timestamptz) is
'Whether a record was judged again at a person''s wish and failed again: no news, and no reason to hold a part back.';
