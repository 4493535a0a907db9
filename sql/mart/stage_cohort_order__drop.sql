drop table cohort_order, cohort_case, cohort_unit;
