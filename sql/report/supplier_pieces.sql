-- Inspected pieces of one supplier's goods, the newest first: inspected in [%(since)s, %(until)s), or for
-- %(which)s = found those behind the defects found among what was sold in the mature weeks between two days.
select
    piece.unit_id,
    piece.merchant_id,
    piece.category,
    piece.sku,
    piece.product_name,
    piece.batch,
    piece.unit_label,
    piece.return_order_no,
    piece.order_code,
    piece.return_kind,
    piece.stated_reason,
    piece.received_at,
    piece.inspected_at,
    piece.finding,
    piece.defects,
    piece.packaging_intact,
    piece.signs_of_use,
    piece.second_finding,
    piece.cause,
    piece.grade,
    piece.state,
    piece.route,
    piece.fault,
    piece.unit_cost,
    piece.photos,
    piece.claim_id,
    count(*) over ()::integer as listed
from mart.supplier_piece as piece
where
    piece.merchant_id = %(merchant_id)s
    and piece.supplier = %(supplier)s
    and piece.counted
    and piece.unit_id <> all(%(hidden)s::uuid[])
    and (%(category)s::text is null or piece.category = %(category)s)
    and (%(sku)s::text is null or coalesce(piece.sku, 'unknown') = %(sku)s)
    and (%(batch)s::text is null or piece.batch = %(batch)s)
    and (%(finding)s::text is null or coalesce(piece.finding, 'unknown') = %(finding)s)
    and case %(which)s
        when 'found'
            then
                piece.fault is not null
                and piece.return_kind = 'customer_return'
                and piece.inspected_at >= %(first_day)s::timestamp at time zone 'Asia/Almaty'
                and exists (
                    select 1
                    from mart.cohort_weekly as week
                    where
                        week.merchant_id = piece.merchant_id
                        and week.cohort_week = piece.cohort_week
                        and week.horizon_days = 30
                        and week.mature
                        and week.supplier = piece.supplier
                        and (%(category)s::text is null or week.category = %(category)s)
                        and week.cohort_week >= %(first_day)s
                        and week.cohort_week + 6 <= %(last_day)s
                )
        else
            piece.inspected_at >= %(since)s
            and piece.inspected_at < %(until)s
            and case %(which)s
                when 'faults' then piece.fault is not null
                when 'claimed' then piece.claim_id is not null
                when 'open'
                    then
                        piece.fault is not null
                        and piece.claim_id is null
                        and piece.state not in ('resold', 'returned_to_buyer')
                        and piece.supplier <> 'unknown'
                else true
            end
    end
order by piece.inspected_at desc, piece.unit_id asc
limit %(shown)s offset %(passed)s;
