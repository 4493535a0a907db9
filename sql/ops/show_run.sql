-- Tell the session which batch is meant; without a merchant all parts of the run are.
select
    set_config('qaitarym.dag_id', %(dag_id)s, false) as dag_id,
    set_config('qaitarym.run_id', %(run_id)s, false) as run_id,
    set_config('qaitarym.merchant_id', coalesce(%(merchant_id)s::text, ''), false) as merchant_id;
