-- Whether everything is to be closed, also what is still on its way, until entries are resumed, and
-- when they were resumed last; what of the cash no fill has explained yet.
alter table accounts add column is_closing integer not null default 0;
alter table accounts add column resumed_ms bigint not null default 0;
alter table accounts add column unexplained text;
-- What a fee in a third coin was worth in quote when it was paid, null if nobody knew.
alter table fills add column fee_quote text;
