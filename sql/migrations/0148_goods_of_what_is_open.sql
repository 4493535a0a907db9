-- The pages of the dashboard ask which goods an open difference or claim is about. Looking each of them up among all
-- units costs the more the more units there are; the few that are in question lie together here.
create table mart.unit_in_question (
    unit_id uuid primary key,
    merchant_id text not null,
    category text not null,
    supplier text not null
);
comment on table mart.unit_in_question is 'Units with an open difference or claim: their goods, as in mart.unit_place.';
create index unit_in_question_goods on mart.unit_in_question (merchant_id, category, supplier) include (unit_id);

insert into mart.unit_in_question (unit_id, merchant_id, category, supplier)
select
    place.unit_id,
    place.merchant_id,
    place.category,
    place.supplier
from (
    select unit_id
    from core.discrepancy
    where status = 'open'
    union
    select unit_id
    from core.claim
    where status in ('draft', 'ready', 'sent', 'accepted')
) as asked
inner join mart.unit_place as place on asked.unit_id = place.unit_id;
