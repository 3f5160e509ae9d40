-- The last generation of each module that an instance has no more, as its rollouts counted: should the module come back, an agent that remembers a higher one would
-- drop what it is told.
create table used_generation (
  instance_id text   not null references instance,
  module_id   text   not null,
  generation  bigint not null,
  primary key (instance_id, module_id)
);
