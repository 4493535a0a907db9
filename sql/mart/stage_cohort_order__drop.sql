drop table cohort_order;
