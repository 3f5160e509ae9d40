-- How far this generation lies above the one that its rollout counts. Agents may have met higher generations than a restored backup knows of, and drop what is lower:
-- so what is told after a restore leaps above them.
alter table assignment add column leap bigint not null default 0;
