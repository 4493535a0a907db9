select
    set_config('qaitarym.dag_id', %(dag_id)s, false) as dag_id,
    set_config('qaitarym.run_id', %(run_id)s, false) as run_id;
