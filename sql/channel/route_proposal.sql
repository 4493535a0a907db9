-- channel.route_proposal: proposals that are new. Returns their ids.
insert into channel.route_proposal (
    proposal_id, merchant_id, unit_id, seq, model, known_on, proposed_at, plain, proposed, why
)
select
    told.proposal_id,
    told.merchant_id,
    told.unit_id,
    told.seq,
    told.model,
    told.known_on,
    %(now)s,
    told.plain,
    told.proposed,
    told.why
from
    unnest(
        %(proposal_ids)s::uuid[], %(merchants)s::text[], %(unit_ids)s::uuid[], %(seqs)s::integer[], %(models)s::text[],
        %(days)s::date[], %(plains)s::text[], %(routes)s::text[], %(whys)s::text[]
    ) as told (proposal_id, merchant_id, unit_id, seq, model, known_on, plain, proposed, why)
order by told.proposal_id
on conflict (proposal_id) do nothing
returning proposal_id;
