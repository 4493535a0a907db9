create temporary table if not exists stage_decision_clock (like core.decision_clock) on commit drop;
truncate stage_decision_clock;
