-- The best worth of an account that drawdown counts from, as it was known at that instant.
alter table equity add column peak text;
