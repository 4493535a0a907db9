-- What a mart that is replaced said before: each row has the day since which it is said; one that is said otherwise, or
-- not any more, goes to <table>_past with the day on which that began. mart.<table>_known(day) asks both, as
-- mart.kpi_known does of the KPIs. The table itself holds what is known now, and nothing else.

-- Of rows of before, the last day on which they can have been written: of a week, the last day of the run's week.
do $$
declare
    here text;
    newest date;
begin
    select coalesce(max((state.refreshed_at at time zone 'Asia/Almaty')::date), (now() at time zone 'Asia/Almaty')::date)
    into newest
    from ops.mart_state as state;
    foreach here in array array['signal', 'reason_worth', 'cause_share', 'cohort_weekly', 'cause_weekly'] loop
        execute format('alter table mart.%I add column known_on date not null default %L', here, newest);
        execute format('alter table mart.%I alter column known_on drop default', here);
    end loop;
    foreach here in array array['signal', 'reason_worth', 'cause_share'] loop
        execute format(
            'update mart.%I set known_on = week_start + 13 where week_start + 13 < known_on', here
        );
    end loop;
    update mart.action_effect
    set known_on = newest
    where action_effect.known_on is null;
end
$$;
alter table mart.action_effect alter column known_on set not null;

do $$
declare
    told record;
begin
    for told in
        select
            mart.name,
            mart.key,
            (
                select string_agg(quote_ident(columns.column_name), ', ' order by columns.ordinal_position)
                from information_schema.columns
                where columns.table_schema = 'mart' and columns.table_name = mart.name
            ) as columns
        from (
            values
            ('signal', 'merchant_id, week_start, category, sku, supplier, batch, reason, city, carrier'),
            ('reason_worth', 'merchant_id, week_start, reason'),
            ('cause_share', 'merchant_id, week_start, cause'),
            ('action_effect', 'action_id'),
            ('cohort_weekly', 'merchant_id, cohort_week, horizon_days, sku, supplier, city, carrier, category'),
            (
                'cause_weekly',
                'merchant_id, cohort_week, horizon_days, sku, supplier, city, carrier, category, reason, finding, cause'
            )
        ) as mart (name, key)
    loop
        execute format(
            'create table mart.%1$I (like mart.%2$I, known_until date not null check (known_on < known_until))',
            told.name || '_past', told.name
        );
        execute format(
            'create unique index %1$I on mart.%2$I (%3$s, known_on) nulls not distinct',
            told.name || '_said_once_a_day', told.name || '_past', told.key
        );
        execute format(
            'create trigger append_only before update or delete or truncate on mart.%I '
            || 'for each statement execute function core.refuse_change()',
            told.name || '_past'
        );
        execute format(
            'comment on table mart.%I is %L',
            told.name || '_past',
            'Append-only: what mart.' || told.name || ' said from the Almaty day known_on on, until known_until.'
        );
        execute format(
            $function$
            create function mart.%1$I(day date)
            returns setof mart.%2$I
            language sql stable parallel safe
            as $body$
                select %4$s
                from mart.%2$I
                where known_on <= day
                union all
                select %4$s
                from mart.%3$I
                where known_on <= day and day < known_until
            $body$
            $function$,
            told.name || '_known', told.name, told.name || '_past', told.columns
        );
        execute format(
            'comment on function mart.%I is %L',
            told.name || '_known',
            'The rows of mart.' || told.name || ' as they were known at the end of an Almaty day.'
        );
    end loop;
end
$$;

-- Since when an effect is said is known when it is published.
alter table mart.stage_action_effect drop column known_on;
