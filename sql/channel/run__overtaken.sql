-- A row when a later run has already dealt with the merchant: an older run then changes nothing.
-- Later by the business clock; of two runs at the same moment, the one that was opened later.
-- Who composes gives way to a later run that has composed; who publishes, only to one that has published. Else runs
-- that follow each other closely would all give way and nothing would be published.
select later.run_id
from ops.run as mine
inner join ops.run as later on mine.dag_id = later.dag_id
inner join ops.batch as batch on later.dag_id = batch.dag_id and later.run_id = batch.run_id
where
    mine.dag_id = %(dag_id)s
    and mine.run_id = %(run_id)s
    and batch.merchant_id = %(merchant_id)s
    and (later.now_at, later.opened_at) > (mine.now_at, mine.opened_at)
    and (batch.status = 'published' or (not %(publishing)s and batch.status in ('staged', 'passed')))
order by later.now_at desc, later.opened_at desc
limit 1;
