"""The accounts as rows: cash and worth over time of each; and whether entries are paused."""

from __future__ import annotations

from collections.abc import Iterator

from aitrader.model.events import CashChanged, CloseAllAsked, EntriesPaused, EquityMarked
from aitrader.storage.rows.statement import Owner, Statement, on, upsert

SAVE_CASH = """
insert into accounts (user_id, account_id, cash, unexplained, is_paused, updated_ms)
values (:user_id, :account_id, :cash, :unexplained, 0, :updated_ms)
on conflict (user_id, account_id)
do update set cash = excluded.cash, unexplained = excluded.unexplained,
              updated_ms = excluded.updated_ms
"""
SAVE_PAUSE = """
insert into accounts (user_id, account_id, cash, is_paused, resumed_ms, updated_ms)
values (:user_id, :account_id, null, :is_paused, :resumed_ms, :updated_ms)
on conflict (user_id, account_id)
do update set is_paused = excluded.is_paused, updated_ms = excluded.updated_ms,
              is_closing = accounts.is_closing * excluded.is_paused,
              resumed_ms = case excluded.is_paused when 1 then accounts.resumed_ms
                           else excluded.resumed_ms end
"""
SAVE_CLOSING = """
insert into accounts (user_id, account_id, cash, is_paused, is_closing, updated_ms)
values (:user_id, :account_id, null, 1, 1, :updated_ms)
on conflict (user_id, account_id)
do update set is_paused = 1, is_closing = 1, updated_ms = excluded.updated_ms
"""
SAVE_EQUITY = upsert(
    "equity",
    keys=("user_id", "account_id", "at_ms"),
    columns=("equity", "cash", "open_positions", "peak"),
)
PEAK = """
select peak from equity where user_id = :user_id and account_id = :account_id
order by at_ms desc limit 1
"""
ACCOUNT = """
select cash, unexplained, is_paused, is_closing, resumed_ms from accounts
where user_id = :user_id and account_id = :account_id
"""


def save_cash(event: CashChanged, owner: Owner) -> Iterator[Statement]:
    """Yield the write of an account's cash."""
    yield Statement(
        SAVE_CASH,
        {
            "user_id": owner.user_id,
            "account_id": event.account,
            "cash": str(event.cash),
            "unexplained": str(event.unexplained) if event.unexplained else None,
            "updated_ms": event.at_ms,
        },
    )


def save_pause(event: EntriesPaused, owner: Owner) -> Iterator[Statement]:
    """Yield the write of the person's word on new entries."""
    yield Statement(
        SAVE_PAUSE,
        {
            "user_id": owner.user_id,
            "account_id": owner.account_id,
            "is_paused": int(event.is_paused),
            "resumed_ms": 0 if event.is_paused else event.at_ms,
            "updated_ms": event.at_ms,
        },
    )


def save_closing(event: CloseAllAsked, owner: Owner) -> Iterator[Statement]:
    """Yield the write of the wish to close everything; resuming entries ends it."""
    yield Statement(
        SAVE_CLOSING,
        {"user_id": owner.user_id, "account_id": owner.account_id, "updated_ms": event.at_ms},
    )


def save_equity(event: EquityMarked, owner: Owner) -> Iterator[Statement]:
    """Yield the write of an account's worth at one instant."""
    yield Statement(
        SAVE_EQUITY,
        {
            "user_id": owner.user_id,
            "account_id": event.account,
            "at_ms": event.at_ms,
            "equity": str(event.equity),
            "cash": str(event.cash),
            "open_positions": event.open_positions,
            "peak": str(event.peak),
        },
    )


WRITERS = (
    on(CashChanged, save_cash),
    on(EntriesPaused, save_pause),
    on(CloseAllAsked, save_closing),
    on(EquityMarked, save_equity),
)
