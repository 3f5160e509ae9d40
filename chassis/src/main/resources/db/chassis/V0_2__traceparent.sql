-- The trace that a fact belongs to, as W3C's traceparent; null where no request began it.
alter table journal add column traceparent text;
