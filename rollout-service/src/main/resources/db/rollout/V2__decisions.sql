-- The decision record: a row for each command that was decided to at least one event, chained by hashes. Texts, not JSON types: the hash is over what was written.

create table decision (
  rollout_id    text        not null,
  position      bigint      not null,    -- from 1 without a gap in each rollout
  decided_at    timestamptz not null,
  actor         text,
  command_kind  text        not null,
  command       text        not null,    -- all that the decider was told, as JSON
  counters      text        not null,    -- the rollout in numbers before it, as JSON
  rule          text        not null,
  parameters    text        not null,    -- what the rule was measured by, as JSON
  outcome       text        not null,    -- kinds, places and hash of the events, as JSON
  previous_hash text        not null,
  hash          text        not null,
  primary key (rollout_id, position)
);

-- The head of each record, so that the next row needs no other look. A rollout that is older than the record begins one with its next decision.
alter table rollout add column decisions bigint not null default 0;
alter table rollout add column decision_hash text;
