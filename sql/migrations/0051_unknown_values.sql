-- Values of open lists (statuses, states, reasons) that nobody has met yet wait for a person like changed fields do.
alter table ops.schema_drift drop constraint schema_drift_kind_check;
alter table ops.schema_drift
add constraint schema_drift_kind_check check (kind in ('new', 'missing', 'retyped', 'unknown'));
comment on table ops.schema_drift is
'What differs from what is known of payloads and files: fields that are new, missing or of another type (names and JSON
types, never a value), and unknown values of fields that hold a code (kind unknown; detail is the value).';
comment on column ops.schema_drift.example_order_id is 'An order that had it; of a file the application''s number.';
