-- seed: what its ids and secrets are drawn from, sealed by the caller's key. holder: who tries it now. done: a try has committed.
alter table idempotency add column seed text, add column holder text, add column held_at timestamptz, add column done boolean not null default false;
