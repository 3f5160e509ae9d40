-- When a rollout let go of its pair last: a plan that was drafted before that is of a fleet as it is no more.
alter table claim add column freed_at timestamptz;

create index claim_freed on claim (template_id, module_id, freed_at);
