-- One catalogue file on its way into core.product.
drop table if exists stage_product;
create temporary table stage_product (like core.product including defaults) on commit drop;
