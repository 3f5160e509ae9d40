-- What every service keeps: its journal (history, state and outbox in one), where its inboxes stand, and the answers to repeatable posts.

create table journal_epoch (epoch int not null);
insert into journal_epoch values (1);

create table journal (
  position     bigint generated always as identity primary key,
  epoch        int         not null,
  stream       text        not null,
  seq          bigint      not null,
  told_to      bigint      not null,
  topic        text        not null,
  key          text        not null,
  kind         text        not null,
  at           timestamptz not null,
  actor        text,
  scope        text        not null,
  data         text        not null,
  published_at timestamptz,
  unique (stream, seq)
);

create index journal_unpublished on journal (position) where published_at is null;

create table inbox_position (
  topic  text   not null,
  stream text   not null,
  epoch  int    not null,
  seq    bigint not null,
  primary key (topic, stream)
);

create table idempotency (
  caller     text        not null,
  path       text        not null,
  key        text        not null,
  body_hash  bytea       not null,
  at         timestamptz not null,
  status     int,
  location   text,
  body       text,
  primary key (caller, path, key)
);

create index idempotency_at on idempotency (at);
