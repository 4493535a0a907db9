-- What was staged a moment ago is not in the statistics yet; the gate and publishing would be planned for empty tables.
select ops.analyze_table(staged.relation)
from unnest('{raw.stage_order,raw.stage_order_line,ops.fetch_seen}'::regclass[]) as staged (relation);
