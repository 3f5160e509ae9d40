-- Requests, their revisions and votes, and policies, as rows for reading. The journal is the truth; these are written in the append's transaction.

create table approval_request (
  place              bigint generated always as identity primary key, -- order of asking, for lists and cursors
  id                 text        not null unique,
  type               text        not null,
  status             text        not null,
  rollout_id         text        not null,
  template_id        text,
  module_id          text,
  revision           int         not null,
  requested_by       text        not null,
  required_approvals int         not null,
  trip               text,                                            -- JSON; null for a plan
  created_at         timestamptz not null,
  expires_at         timestamptz not null,
  sweep_at           timestamptz not null,                            -- when the sweep looks at it next
  decided_at         timestamptz,
  decided_by         text,
  decision           text,
  comment            text,
  outcome            text
);

create index approval_request_rollout on approval_request (rollout_id, place);
create index approval_request_status on approval_request (status, place);
create index approval_request_due on approval_request (sweep_at) where status = 'pending';

create table approval_revision (
  request_id text not null references approval_request (id),
  revision   int  not null,
  plan       text not null,                                           -- JSON of the plan's header
  primary key (request_id, revision)
);

create table approval_vote (
  place      bigint generated always as identity primary key,
  request_id text        not null references approval_request (id),
  revision   int         not null,
  decision   text        not null,
  actor      text        not null,
  comment    text,
  at         timestamptz not null,
  counts     boolean     not null                                     -- false: fell at an edit, or the person named another option later
);

create index approval_vote_request on approval_vote (request_id, place);

create table intervention_policy (
  place                         bigint generated always as identity primary key,
  action                        text        not null,
  template_id                   text        not null,                 -- '' for the action as a whole
  policy                        text        not null,
  required_approvals            int         not null,
  separation_of_duties          boolean     not null,
  expires_after_sec             bigint      not null,
  continuation_expires_after_sec bigint     not null,
  changed_by                    text        not null,
  changed_at                    timestamptz not null,
  unique (action, template_id)
);
