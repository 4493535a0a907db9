-- The rates of goods are one KPI of many in a week of kpi_weekly; the dashboard reads only them.
create index kpi_weekly_of_goods on mart.kpi_weekly (merchant_id, week_start) where kpi = 'return_rate_shrunk';
