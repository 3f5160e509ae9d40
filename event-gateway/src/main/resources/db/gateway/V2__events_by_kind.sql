-- A filter that takes little of the log finds it without reading the rest. Kinds are compared byte by byte, so that a prefix is a range of them.

alter table event_log alter column kind type text collate "C";
create index event_log_kind on event_log (kind, id);
create index event_log_rollout_kind on event_log (rollout_id, kind, id) where rollout_id is not null;
drop index event_log_rollout;
