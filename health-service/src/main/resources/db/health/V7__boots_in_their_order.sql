-- In which order boots were replaced, so that the oldest of very many can be forgotten. Those that were there before are older than all.
create sequence replacement;
alter table boot add column replacement bigint not null default 0;
alter table boot alter column replacement set default nextval('replacement');
