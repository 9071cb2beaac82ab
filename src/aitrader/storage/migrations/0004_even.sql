-- The price at which a position's stop moves to break even.
alter table positions add column even_price text;
