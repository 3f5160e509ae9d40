-- Rollouts for reading, beside their streams in the journal: what a list, a tick or the health-service asks for without loading a stream.

create table rollout (
  place                   bigint generated always as identity unique,
  id                      text        primary key,
  template_id             text        not null,
  module_id               text        not null,
  state                   text        not null,
  delivers                text,                    -- what may be handed out now: upgrade, rollback; null: nothing
  released                boolean     not null,    -- the pair of template and module is free
  seq                     bigint      not null,    -- the end of the stream
  view                    text        not null,    -- the answer of a list, as JSON
  created_at              timestamptz not null,
  started_at              timestamptz,
  ended_at                timestamptz,
  since                   timestamptz not null,    -- when it came into its state
  due_at                  timestamptz not null     -- when the reconciler looks at it next
);

create index rollout_due on rollout (due_at) where not released;
create index rollout_state on rollout (state, place);

-- When each batch that was started began and ended.
create table rollout_batch (
  rollout_id  text        not null,
  batch_index int         not null,
  started_at  timestamptz not null,
  ended_at    timestamptz,
  primary key (rollout_id, batch_index)
);

-- Of each member that was instructed, what the state does not remember: the times and words of its latest attempt.
create table rollout_member (
  rollout_id    text        not null,
  ordinal       int         not null,
  instructed_at timestamptz not null,
  handed_out_at timestamptz,
  verdict_at    timestamptz,
  seconds       double precision,
  detail        text,
  primary key (rollout_id, ordinal)
);

-- The members of plan revisions, in chunks as they were told.
create table plan_members (
  rollout_id text not null,
  plan_hash  text not null,
  first      int  not null,
  size       int  not null,
  members    text not null,
  primary key (rollout_id, plan_hash, first)
);

-- Where no batch may start: an empty template means everywhere.
create table reconciler_pause (
  template_id text        primary key,
  actor       text        not null,
  at          timestamptz not null
);

create table reconciler_replica (
  id           text        primary key,
  last_tick_at timestamptz not null
);
