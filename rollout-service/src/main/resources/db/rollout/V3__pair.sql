-- Whether a later rollout of the pair was made.
create index rollout_pair on rollout (template_id, module_id, place);
