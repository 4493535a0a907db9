-- core.discrepancy: settled by a person, or open again because that was a mistake. The event names him.
select set_config('qaitarym.actor', %(actor)s, true);

update core.discrepancy
set
    status = case when %(resolution)s::text is null then 'open' else 'resolved' end,
    resolved_at = case when %(resolution)s::text is null then null else %(now)s::timestamptz end,
    reopened_at = case when %(resolution)s::text is null then %(now)s::timestamptz else reopened_at end,
    resolution = %(resolution)s,
    resolved_by = case when %(resolution)s::text is null then null else %(actor)s end,
    note = %(note)s
where discrepancy_id = %(discrepancy_id)s;

select set_config('qaitarym.actor', '', true);
