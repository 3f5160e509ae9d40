-- A filter that takes little of the log finds it without reading the rest. Kinds are compared byte by byte, so that a prefix is a range of them.

create index event_log_kind on event_log (kind collate "C", id);
create index event_log_rollout_kind on event_log (rollout_id, kind collate "C", id) where rollout_id is not null;
