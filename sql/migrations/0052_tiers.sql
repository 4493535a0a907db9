-- Rows of before are not looked at: what somebody wrote by hand into them counts as standard.
alter table core.merchant
add constraint merchant_tier_check check (tier in ('priority', 'standard')) not valid;
comment on column core.merchant.tier is 'priority: his orders are fetched before those of the others; standard.';
comment on column core.merchant.time_zone is
'Where he is, a name of the tz database. Days and weeks of reports are those of Almaty for everybody.';
