-- Plans that are not known to those who must know them: their maker died, or the database went away, before he could withdraw them.
create index plan_unknown on plan (made_at) where withdrawn_at is null and not (requested and opened);
