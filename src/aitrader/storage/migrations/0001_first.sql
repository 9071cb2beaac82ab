-- Every row belongs to a user; money belongs to an account (paper and live are two accounts).
-- Ids are text, times are UTC epoch milliseconds, exact numbers are decimal text, JSON is text.
-- `lease_token` is the fencing token of the runner that wrote the row, 0 on one computer.

create table traders (
    user_id text not null,
    trader_id text not null,
    name text not null,
    source text not null,
    plan text not null,
    mode text not null,
    is_enabled integer not null,
    rank integer not null,
    version integer not null,
    created_ms bigint not null,
    updated_ms bigint not null,
    removed_ms bigint,
    lease_token bigint not null,
    primary key (user_id, trader_id)
);

create table universes (
    user_id text not null,
    universe text not null,
    at_ms bigint not null,
    symbols text not null,
    primary key (user_id, universe, at_ms)
);

create table signals (
    user_id text not null,
    account_id text not null,
    signal_id text not null,
    trader_id text not null,
    symbol text not null,
    interval text not null,
    candle_open_ms bigint not null,
    raised_ms bigint not null,
    price text not null,
    findings text not null,
    exits text not null,
    status text not null,
    note text not null,
    decision text,
    updated_ms bigint not null,
    lease_token bigint not null,
    primary key (user_id, account_id, signal_id)
);
create index signals_by_status on signals (user_id, account_id, status, raised_ms);
create index signals_by_trader on signals (user_id, account_id, trader_id, raised_ms);

create table orders (
    user_id text not null,
    account_id text not null,
    client_order_id text not null,
    trader_id text not null,
    position_id text not null,
    leg text not null,
    symbol text not null,
    side text not null,
    kind text not null,
    quantity text not null,
    price text,
    stop_price text,
    list_id text not null,
    reason text,
    status text not null,
    filled text not null,
    venue_order_id text not null,
    note text not null,
    planned_ms bigint not null,
    not_after_ms bigint not null,
    updated_ms bigint not null,
    lease_token bigint not null,
    primary key (user_id, account_id, client_order_id)
);
create index orders_by_position on orders (user_id, account_id, position_id);
create index orders_by_status on orders (user_id, account_id, status, planned_ms);

create table fills (
    user_id text not null,
    account_id text not null,
    client_order_id text not null,
    fill_id text not null,
    number integer not null,
    at_ms bigint not null,
    quantity text not null,
    price text not null,
    fee text not null,
    fee_asset text not null,
    lease_token bigint not null,
    primary key (user_id, account_id, client_order_id, fill_id)
);

create table positions (
    user_id text not null,
    account_id text not null,
    position_id text not null,
    trader_id text not null,
    signal_id text not null,
    symbol text not null,
    side text not null,
    status text not null,
    exits text not null,
    opened_ms bigint not null,
    entry_quantity text not null,
    quantity text not null,
    entry_price text not null,
    exit_price text not null,
    stop_price text,
    targets text not null,
    trail_price text,
    realized_pnl text not null,
    fees text not null,
    exit_reason text,
    closed_ms bigint,
    updated_ms bigint not null,
    lease_token bigint not null,
    primary key (user_id, account_id, position_id)
);
create index positions_by_status on positions (user_id, account_id, status, opened_ms);

-- What a position had realized in all at an instant: the day's pnl is a difference of two rows.
create table realized (
    user_id text not null,
    account_id text not null,
    position_id text not null,
    at_ms bigint not null,
    realized_pnl text not null,
    primary key (user_id, account_id, position_id, at_ms)
);
create index realized_by_time on realized (user_id, account_id, at_ms);

create table accounts (
    user_id text not null,
    account_id text not null,
    cash text,
    is_paused integer not null,
    updated_ms bigint not null,
    primary key (user_id, account_id)
);

create table equity (
    user_id text not null,
    account_id text not null,
    at_ms bigint not null,
    equity text not null,
    cash text not null,
    open_positions integer not null,
    primary key (user_id, account_id, at_ms)
);

create table events (
    seq integer primary key,
    user_id text not null,
    account_id text not null,
    at_ms bigint not null,
    kind text not null,
    body text not null
);
