-- channel.stage_addition: units that are not free any more leave the staged list.
delete from channel.stage_addition as carried
using unnest(%(unit_ids)s::uuid[], %(seqs)s::integer[]) as gone (unit_id, decision_seq)
where
    carried.merchant_id = %(merchant_id)s
    and carried.dag_id = %(dag_id)s
    and carried.run_id = %(run_id)s
    and carried.unit_id = gone.unit_id
    and carried.decision_seq = gone.decision_seq;
