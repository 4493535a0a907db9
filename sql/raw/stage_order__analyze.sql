-- What was staged a moment ago is not in the statistics yet; the gate and publishing would be planned for empty tables.
analyze raw.stage_order, raw.stage_order_line, ops.fetch_seen;
