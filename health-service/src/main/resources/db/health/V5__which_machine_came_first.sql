-- Whether a machine was enrolled before a rollout began, or took the id of one of its members later: told by numbers, since clocks differ. What was there before this
-- was counted is older than all; a rollout that began before has none, and does not ask.
create sequence enrolment;
alter table instance add column enrolment bigint not null default 0;
alter table instance alter column enrolment set default nextval('enrolment');
alter table gate add column began bigint;
