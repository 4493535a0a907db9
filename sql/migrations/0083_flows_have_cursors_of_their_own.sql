-- A warehouse source may have any name: what a flow has seen is kept under one that no source has.
update ops.cursor set source = 'flow/' || source
where
    source in ('claims', 'desk_qc', 'receipts')
    and not exists (
        select 1
        from core.warehouse_source
        where warehouse_source.source = cursor.source
    );
alter table core.warehouse_source add constraint not_a_flow check (source not like 'flow/%');

-- Whether what is missing was lost on the way can be known long after the inspection.
create index unit_incomplete on ledger.unit (merchant_id) where finding = 'incomplete' and closed_at is null;
