-- Catalog.

create table module (
  n          bigint generated always as identity unique,
  id         text        primary key,
  name       text        not null unique,
  created_at timestamptz not null
);

create table module_version (
  n               bigint generated always as identity unique,
  id              text        primary key,
  module_id       text        not null references module,
  version         text        not null,
  digest          text        not null,
  lifecycle_state text        not null,
  artifact_url    text,
  notes           text,
  created_at      timestamptz not null,
  unique (module_id, version)
);

create table template (
  n          bigint generated always as identity unique,
  id         text        primary key,
  name       text        not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table assignment (
  template_id text not null references template,
  module_id   text not null references module,
  version_id  text not null references module_version,
  primary key (template_id, module_id)
);

-- Plans. A row for each rollout; its revisions; their members in chunks, in plan order.

create table plan (
  n            bigint generated always as identity unique,
  rollout_id   text        primary key,
  template_id  text        not null references template,
  module_id    text        not null references module,
  revision     int         not null,
  made_at      timestamptz not null,
  requested    boolean     not null default false,
  opened       boolean     not null default false,
  withdrawn_at timestamptz,
  moved        boolean     not null default false,
  moved_from   text,
  moved_to     text
);

create index plan_pair on plan (template_id, module_id, n);

create table plan_revision (
  rollout_id  text  not null references plan,
  revision    int   not null,
  plan_hash   text  not null,
  header      jsonb not null,
  shown       jsonb not null,
  -- the versions that it targets or would go back to, the template's before it among them
  version_ids text[] not null,
  counts      boolean not null,
  primary key (rollout_id, revision, plan_hash)
);

create unique index plan_revision_that_counts on plan_revision (rollout_id, revision) where counts;

create table plan_members (
  rollout_id    text     not null,
  revision      int      not null,
  plan_hash     text     not null,
  first_ordinal int      not null,
  size          int      not null,
  instance_ids  text[]   not null,
  primary key (rollout_id, revision, plan_hash, first_ordinal),
  foreign key (rollout_id, revision, plan_hash) references plan_revision
);

create table plan_excluded (
  rollout_id   text   not null,
  revision     int    not null,
  plan_hash    text   not null,
  first_place  int    not null,
  size         int    not null,
  instance_ids text[] not null,
  reasons      text[] not null,
  primary key (rollout_id, revision, plan_hash, first_place),
  foreign key (rollout_id, revision, plan_hash) references plan_revision
);

-- One open rollout for each pair of template and module. A claim is open while the rollout is under way (held), and for a while after a rollback of it was asked for
-- (reclaimed); a rollback that starts holds it again, one that never starts lets it fall.

create table claim (
  rollout_id        text primary key references plan,
  template_id       text not null,
  module_id         text not null,
  open              boolean not null,
  held              boolean not null,
  reclaimed_until   timestamptz
);

create unique index claim_open on claim (template_id, module_id) where open;

-- How far each rollout has come, from the facts that are told of it.

create table progress (
  rollout_id   text primary key references plan,
  state        text not null,
  before_pause text,
  started_at   timestamptz,
  healthy      int  not null default 0,
  trips        int  not null default 0,
  failures     jsonb not null default '{}'
);

create table batch_phase (
  rollout_id  text not null references plan,
  batch_index int  not null,
  phase       text not null,
  primary key (rollout_id, batch_index)
);

-- Seconds from instruction to healthy, in the buckets of HealthySeconds.

create table healthy_seconds (
  module_id text   not null references module,
  bucket    int    not null,
  count     bigint not null,
  primary key (module_id, bucket)
);

create table healthy_rollout (
  module_id  text not null references module,
  rollout_id text not null,
  primary key (module_id, rollout_id)
);

-- Learnings. A twin is the learning that finished rollouts of one kind share.

create table learning (
  n           bigint generated always as identity unique,
  id          text        primary key,
  title       text        not null,
  content     text        not null,
  category    text        not null,
  tags        text[]      not null,
  module_id   text        references module,
  template_id text        references template,
  source      text        not null,
  twin        text        unique,
  lesson      jsonb,
  rollouts    int         not null,
  created_by  text        not null,
  created_at  timestamptz not null,
  updated_at  timestamptz not null,
  words       tsvector    not null
);

create index learning_words on learning using gin (words);
create index learning_module on learning (module_id);
create index learning_template on learning (template_id);
