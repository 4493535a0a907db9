-- The daily comparison says what each number is made of, and each difference by its cause.

alter table mart.offer_sync
add column compared_at timestamptz,
add column base_qty integer,
add column returned_qty integer,
add column reserved_qty integer,
add column waiting_qty integer,
add column expected_lo integer,
add column expected_hi integer,
add column shelf_qty integer,
add column counted_at timestamptz;
comment on column mart.offer_sync.returned_qty is
'The returned units that are free; 0 each where the merchant''s own list counts them already.';
comment on column mart.offer_sync.expected_lo is
'What buyers should see: what Kaspi took, less what was ordered since. A cancellation that fell into the sweep in which
Kaspi took the list makes it an interval, to expected_hi.';
comment on column mart.offer_sync.shelf_qty is
'The returned units that lay on the shelf at counted_at, when the warehouse counted wms_qty.';

create table mart.offer_difference (
    merchant_id text not null,
    store_id text not null,
    offer_sku text not null,
    cause text not null check (
        cause in (
            'waiting', 'published_fewer', 'published_more', 'no_list', 'not_fetched', 'buyers_see_fewer',
            'buyers_see_more', 'price', 'warehouse_has_fewer', 'warehouse_has_more'
        )
    ),
    expected bigint,
    found bigint,
    pieces integer not null check (pieces >= 0),
    money bigint not null check (money >= 0),
    detail text,
    since timestamptz not null,
    primary key (merchant_id, store_id, offer_sku, cause),
    foreign key (merchant_id, store_id, offer_sku) references mart.offer_sync on delete cascade
);
comment on column mart.offer_difference.pieces is
'How many pieces are wrong: not on sale, seen at another price, not on the shelf. 0 where none is, but may be next.';
comment on column mart.offer_difference.money is 'Tenge at stake: the pieces at the price of the offer.';
comment on column mart.offer_difference.expected is 'Pieces, of the cause price tenge, of not_fetched the version.';

-- Staged anew by every run; what is staged now is of no use to the new comparison.
drop view mart.batch_offer_sync;
drop table mart.stage_offer_sync;
create table mart.stage_offer_sync (
    dag_id text not null,
    run_id text not null,
    like mart.offer_sync,
    resale boolean not null,
    recounted_qty integer not null,
    kept_back integer not null,
    waiting_reasons text,
    held_version bigint,
    held_qty integer,
    held_price bigint,
    watched boolean not null,
    on_sale boolean
);
create index stage_offer_sync_batch on mart.stage_offer_sync (dag_id, run_id, merchant_id);
comment on column mart.stage_offer_sync.recounted_qty is
'returned_qty, counted by another way in the same moment: from the states of the units.';
comment on column mart.stage_offer_sync.watched is
'What buyers see can be compared: Kaspi has the offer on sale, with a count.';

create table mart.stage_offer_difference (
    dag_id text not null,
    run_id text not null,
    like mart.offer_difference including constraints
);
create index stage_offer_difference_batch on mart.stage_offer_difference (dag_id, run_id, merchant_id);

create view mart.batch_offer_sync as
select *
from mart.stage_offer_sync
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view mart.batch_offer_difference as
select *
from mart.stage_offer_difference
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);
