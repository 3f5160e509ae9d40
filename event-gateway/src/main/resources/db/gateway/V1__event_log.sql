-- The event log. Its ids come from one row that the inserting transaction holds until it commits: the order of commits is the order of ids,
-- without a gap, so a reader at a cursor never misses a late one.

create table event_counter (last bigint not null);
insert into event_counter values (0);

create table event_log (
  id          bigint      primary key,
  topic       text        not null,
  stream      text        not null,
  epoch       int         not null,
  stream_seq  bigint      not null,
  kind        text        not null,
  severity    text        not null,
  occurred_at timestamptz not null,
  rollout_id  text,
  template_id text,
  module_id   text,
  actor       text,
  fields      text        not null,
  unique (topic, stream, epoch, stream_seq)
);

create index event_log_rollout on event_log (rollout_id, id) where rollout_id is not null;
