-- What the gate said of these parts before: a part that it does not judge this time keeps its verdicts.
delete from ops.dq_result
where dag_id = %(dag_id)s and run_id = %(run_id)s and suite = %(suite)s and merchant_id = any(%(merchants)s);
