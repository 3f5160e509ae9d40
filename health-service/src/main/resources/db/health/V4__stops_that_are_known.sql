-- How often the rollout was paused and tripped, as far as its facts are known here; null for those that were open when this was not counted yet. Counted here, so
-- that a process of the release before, which runs on beside this one for a while, counts too.
alter table gate add column pauses int, add column trips int;
alter table gate alter column pauses set default 0, alter column trips set default 0;

create function count_stops() returns trigger language plpgsql as $$
begin
  if old.paused_since is null and new.paused_since is not null then new.pauses := new.pauses + 1; end if;
  if old.tripped_since is null and new.tripped_since is not null then new.trips := new.trips + 1; end if;
  return new;
end $$;

create trigger count_stops before update of paused_since, tripped_since on gate for each row execute function count_stops();
