-- What the measures of a bucket add up to, and how many of them were added: those that the release before counts are not.
alter table healthy_seconds add column summed bigint not null default 0, add column seconds double precision not null default 0;
