-- The planner's statistics of every table the role may read.
analyze;
