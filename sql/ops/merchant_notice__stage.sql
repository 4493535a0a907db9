create temporary table if not exists stage_merchant_notice (like ops.merchant_notice) on commit drop;
truncate stage_merchant_notice;
