-- How often the rollout was paused and tripped, as far as its facts are known here; null for those that were open when this was not counted yet.
alter table gate add column pauses int, add column trips int;
