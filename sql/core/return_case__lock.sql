-- Whoever works on the cases and pieces of an order holds its lines, so that the dock and this batch take turns. All of
-- them by one statement, in one order; what counts them must be a statement that begins after it, and asks of no other
-- order: what comes meanwhile is the next batch's.
with locked as materialized (
    select line.order_id
    from core.order_line as line
    where
        line.merchant_id = %(merchant_id)s
        and line.order_id in (
            -- the batch's orders that a status says are coming back: what was just published is what is staged
            select staged.order_id
            from raw.stage_order as staged
            where
                staged.dag_id = %(dag_id)s
                and staged.run_id = %(run_id)s
                and staged.merchant_id = %(merchant_id)s
                and (staged.status = any(%(return_statuses)s) or staged.status = any(%(cancel_statuses)s))
            union all
            select older.order_id
            from raw.stage_older_read as older
            where
                older.dag_id = %(dag_id)s
                and older.run_id = %(run_id)s
                and older.merchant_id = %(merchant_id)s
            union all
            -- those with an application that has something new
            select placed.order_id
            from raw.application as unpublished
            inner join core.customer_order as placed
                on unpublished.merchant_id = placed.merchant_id and unpublished.order_code = placed.code
            where
                unpublished.merchant_id = %(merchant_id)s
                and unpublished.published_at is null
                and not unpublished.quarantined
            union all
            select application.order_id
            from core.application
            where
                application.merchant_id = %(merchant_id)s
                and (
                    application.entry_id is null
                    or application.order_id in (
                        select staged.order_id
                        from raw.stage_order as staged
                        where
                            staged.dag_id = %(dag_id)s
                            and staged.run_id = %(run_id)s
                            and staged.merchant_id = %(merchant_id)s
                    )
                )
            union all
            -- those whose certain pieces are not all born
            select return_case.order_id
            from core.return_case
            where
                return_case.merchant_id = %(merchant_id)s
                and return_case.entry_id is not null
                and return_case.closed_at is null
                and return_case.status <> 'cancelled'
                and return_case.quantity > (
                    select count(*)
                    from ledger.unit
                    where
                        unit.case_id = return_case.case_id
                        and unit.entry_id = return_case.entry_id
                        and unit.state <> 'cancelled'
                )
            union all
            -- those that goods which nobody expected have named
            select placed.order_id
            from ledger.unit
            inner join core.warehouse_event as scan on unit.unit_id = scan.unit_id and scan.type = 'received'
            inner join core.customer_order as placed
                on
                    unit.merchant_id = placed.merchant_id
                    and placed.code in (
                        scan.payload ->> 'order_code', split_part(scan.payload ->> 'return_label', '-', 1)
                    )
            where unit.merchant_id = %(merchant_id)s and unit.state = 'unexpected'
            union all
            select placed.order_id
            from ledger.unit
            inner join core.warehouse_event as scan on unit.unit_id = scan.unit_id and scan.type = 'received'
            inner join core.customer_order as placed
                on unit.merchant_id = placed.merchant_id and placed.waybill = scan.payload ->> 'waybill'
            where unit.merchant_id = %(merchant_id)s and unit.state = 'unexpected'
        )
    order by line.entry_id
    for update of line
)

insert into locked_order (order_id)
select distinct locked.order_id
from locked
on conflict do nothing;
