-- What a run has to publish of a part ('all' is the whole house): the kinds of cells it touched, and estimates.
select distinct kind
from mart.stage_touch
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s
union
select 'estimate' as kind
where
    exists (
        select 1
        from mart.stage_kpi_weekly as staged
        where
            staged.dag_id = %(dag_id)s
            and staged.run_id = %(run_id)s
            and (staged.merchant_id = nullif(%(part)s, 'all') or (%(part)s = 'all' and staged.merchant_id is null))
    );
