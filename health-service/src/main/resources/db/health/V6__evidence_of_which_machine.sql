-- Which machine under the id a heartbeat is of, by the number of its enrolment: it may be committed after another one was enrolled. Null where the release before
-- wrote it.
alter table evidence add column enrolment bigint;
