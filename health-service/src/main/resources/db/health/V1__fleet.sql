-- The fleet: who there is, what each runs, what each must run, and the evidence in between.

-- What changes seldom. Replicas follow it by `changed_xid`.
create table instance (
  id                text        primary key,
  name              text        not null,
  template_id       text        not null,
  labels            jsonb       not null default '{}',
  token_hash        bytea       not null,
  status            text        not null default 'starting' check (status in ('starting', 'running', 'stopped', 'decommissioned')),
  enrolled_at       timestamptz not null,
  decommissioned_at timestamptz,
  changed_xid       xid8        not null default pg_current_xact_id()
);
create index instance_template on instance (template_id, id);
create index instance_labels on instance using gin (labels jsonb_path_ops);
create index instance_changed on instance (changed_xid);

-- What heartbeats say; written at each flush, so it is narrow and has no index but its key. `hash` stands for all that the newest heartbeat said: a
-- heartbeat with the same one only moves the time. `watched`: an attempt waits for evidence, so each heartbeat is kept as such.
create table pulse (
  instance_id   text    primary key references instance,
  last_at       timestamptz,
  boot_id       text,
  sequence      bigint  not null default 0,
  hash          bigint  not null default 0,
  silent        boolean not null default false,
  watched       boolean not null default false,
  rival_boot    text,
  rivals_told   boolean not null default false,
  said          text,
  agent_version text,
  digests       jsonb,
  statuses      jsonb   not null default '{}'
) with (fillfactor = 70);

-- Boots that were replaced: late for ever.
create table boot (
  instance_id text   not null references instance,
  boot_id     text   not null,
  sequence    bigint not null,
  primary key (instance_id, boot_id)
);

-- Heartbeats that may change something, until they are judged in the order of their receipt.
create table evidence (
  at            timestamptz not null,
  instance_id   text        not null,
  boot_id       text        not null,
  sequence      bigint      not null,
  hash          bigint      not null,
  said          text        not null,
  agent_version text,
  digests       jsonb,
  statuses      jsonb       not null
);
create index evidence_at on evidence (at);

-- The desired version of each instance and module, and the attempt that set it. `rollout_id` null: nobody withholds it.
create table assignment (
  instance_id       text    not null references instance,
  module_id         text    not null,
  version_id        text    not null,
  version           text    not null,
  digest            text    not null,
  artifact_url      text,
  generation        bigint  not null,
  rollout_id        text,
  ordinal           int,
  batch_index       int,
  purpose           text    check (purpose in ('upgrade', 'rollback')),
  instructed_at     timestamptz,
  deadline_at       timestamptz,
  min_healthy_sec   int,
  handed_out_at     timestamptz,
  echoed_at         timestamptz,
  standing          text    check (standing in ('awaited', 'soaking', 'healthy', 'regressed', 'failed', 'late_healthy', 'closed')),
  reason            text,
  good_since        timestamptz,
  timed_out         boolean not null default false,
  verdict_recorded  boolean not null default false,
  due_at            timestamptz,
  changed_xid       xid8    not null default pg_current_xact_id(),
  primary key (instance_id, module_id)
);
create index assignment_changed on assignment (changed_xid);
create index assignment_due on assignment (due_at) where due_at is not null;
create index assignment_rollout on assignment (rollout_id, ordinal) where rollout_id is not null;

-- What each rollout delivers now, as far as we heard, and which of its clocks stand still. `seq` is the place in the rollout's stream that this is as of.
create table gate (
  rollout_id          text        primary key,
  seq                 bigint      not null,
  purpose             text        check (purpose in ('upgrade', 'rollback')),
  heard_at            timestamptz not null,
  upgrading           boolean     not null default false,
  rolling_back        boolean     not null default false,
  paused_since        timestamptz,
  tripped_since       timestamptz,
  ended               boolean     not null default false
);
create index gate_open on gate (rollout_id) where not ended;

-- The replicas of this service. All that a replica received before `flushed_through` is committed.
create table replica (
  id              text        primary key,
  beat_at         timestamptz not null,
  flushed_through timestamptz not null,
  stopped         boolean     not null default false
);

-- Times in which a heartbeat could not be heard.
create table deaf (
  from_at timestamptz not null,
  to_at   timestamptz not null,
  why     text        not null
);
create index deaf_to on deaf (to_at);

-- All that was received before this is judged.
create table settled (through timestamptz not null);
insert into settled values ('1970-01-01');

-- Counters of the fleet, kept with each change, in shards so that writers do not wait for each other: the sum over the shards counts.
create table tally (
  template_id text   not null,
  kind        text   not null,
  key         text   not null,
  value       text   not null,
  shard       int    not null,
  n           bigint not null,
  primary key (template_id, kind, key, value, shard)
);

-- The names of the digests that this service has met.
create table known_version (
  module_id text not null,
  digest    text not null,
  version   text not null,
  primary key (module_id, digest)
);
