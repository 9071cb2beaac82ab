-- Symbols that a trader must not enter any more, until it is saved anew.
create table quarantines (
    user_id text not null,
    account_id text not null,
    trader_id text not null,
    symbol text not null,
    at_ms bigint not null,
    reason text not null,
    lease_token bigint not null,
    primary key (user_id, account_id, trader_id, symbol)
);
