-- A list that looks wrong waits for a person; meanwhile the last good one goes out with nothing raised.

insert into ops.setting (name, value, meaning) values
(
    'price_jump_percent',
    '50',
    'an offer whose price moved by more than so many percent of what it was counts as a price jump'
),
('price_jump_share_limit', '0.01', 'a list in which a larger share of the offers jumped waits for a person'),
('list_approval_hours', '12', 'an abnormal list that nobody answers for so long is rejected'),
('list_approvals_at_once', '8', 'so many abnormal lists wait for an answer at a time; others are asked about later');

update ops.setting
set meaning = 'a list that lost a larger share of the merchant''s own offers waits for a person'
where name = 'base_list_shrink_limit';
update ops.setting
set meaning = 'a merchant''s own list that could not be read for so long: nothing is raised any more, only lowered'
where name = 'base_list_stale_hours';

drop view channel.batch_own_offer, channel.batch_feed_offer, channel.batch_feed_version;
alter table channel.feed_version
drop constraint feed_version_status_check,
drop constraint feed_version_merchant_id_dag_id_run_id_key,
drop column approved,
add constraint feed_version_status_check
check (status in ('staged', 'published', 'held', 'pending', 'approved', 'rejected')),
add column cautious boolean not null default false,
add column diff jsonb,
add column abnormal text[] not null default '{}',
add column asked_at timestamptz,
add column settled_at timestamptz,
add column settled_by text,
add constraint feed_version_settled_by_somebody check ((settled_at is null) = (settled_by is null)),
add constraint feed_version_decided check (status not in ('approved', 'rejected') or settled_at is not null);
create unique index feed_version_one_of_a_run on channel.feed_version (merchant_id, dag_id, run_id)
where status in ('staged', 'published');
create unique index feed_version_one_pending on channel.feed_version (merchant_id) where status = 'pending';
comment on column channel.feed_version.cautious is
'The list served before, with what fell lowered, nothing raised or removed, no price changed.';
comment on column channel.feed_version.diff is
'Against the version ``against``: counts of offers, and the first of each kind.';
comment on column channel.feed_version.abnormal is 'Why it may not go out without a person''s word.';
comment on column channel.feed_version.asked_at is 'Since when a person is asked, by a run that waits for the answer.';
comment on column channel.feed_version.settled_by is 'Who approved or rejected it: a login, or timeout.';

-- As before, with the new columns.
create view channel.batch_feed_version as
select *
from channel.feed_version
where
    (status = 'staged' or (status = 'held' and abnormal = '{}'))
    and dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view channel.batch_feed_offer as
select feed_offer.*
from channel.feed_offer as feed_offer
inner join channel.batch_feed_version as staged
    on feed_offer.merchant_id = staged.merchant_id and feed_offer.version = staged.version;

create view channel.batch_own_offer as
select *
from channel.batch_feed_offer
where ours;
