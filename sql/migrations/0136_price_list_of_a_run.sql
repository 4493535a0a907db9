-- The gate looks for the lists of its run a dozen times; without this it reads every version there ever was.
create index feed_version_of_run on channel.feed_version (dag_id, run_id);
