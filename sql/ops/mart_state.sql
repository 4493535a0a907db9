-- ops.mart_state: a part is counted up to the run's clock; the notes that the run has read are done with.
delete from ops.mart_touch as told
using mart.stage_touch_note as read
where
    read.dag_id = %(dag_id)s
    and read.run_id = %(run_id)s
    and read.merchant_id = %(part)s
    and told.note_id = read.note_id;

insert into ops.mart_state as known (part, refreshed_at, counted_by, times)
values (%(part)s, %(now)s, %(counted_by)s, 1)
on conflict (part) do update
    set refreshed_at = excluded.refreshed_at, counted_by = excluded.counted_by, times = known.times + 1;
