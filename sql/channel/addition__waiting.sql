-- channel.addition: why units are not in the list; an unchanged row is not written.
update channel.addition
set waiting_reason = told.reason
from unnest(%(unit_ids)s::uuid[], %(seqs)s::integer[], %(reasons)s::text[]) as told (unit_id, decision_seq, reason)
where
    addition.unit_id = told.unit_id
    and addition.decision_seq = told.decision_seq
    and addition.waiting_reason is distinct from told.reason;
