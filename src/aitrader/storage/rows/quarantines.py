"""Which trader must not enter which symbol, as rows; saving or removing the trader ends them."""

from __future__ import annotations

from collections.abc import Iterator

from aitrader.model.events import Quarantined, TraderRemoved, TraderSaved
from aitrader.storage.rows.statement import Owner, Statement, on, upsert

SAVE_QUARANTINE = upsert(
    "quarantines",
    keys=("user_id", "account_id", "trader_id", "symbol"),
    columns=("at_ms", "reason", "lease_token"),
)
LIFT_QUARANTINES = """
delete from quarantines
where user_id = :user_id and account_id = :account_id and trader_id = :trader_id
"""
QUARANTINES = """
select trader_id, symbol from quarantines where user_id = :user_id and account_id = :account_id
order by trader_id, symbol
"""


def save_quarantine(event: Quarantined, owner: Owner) -> Iterator[Statement]:
    """Yield the write of one symbol that a trader must not enter."""
    yield Statement(
        SAVE_QUARANTINE,
        {
            "user_id": owner.user_id,
            "account_id": owner.account_id,
            "trader_id": event.trader_id,
            "symbol": event.symbol,
            "at_ms": event.at_ms,
            "reason": event.reason,
            "lease_token": owner.lease_token,
        },
    )


def lift_quarantines(event: TraderSaved | TraderRemoved, owner: Owner) -> Iterator[Statement]:
    """Yield the write that ends all quarantines of a trader."""
    trader_id = event.trader.trader_id if isinstance(event, TraderSaved) else event.trader_id
    yield Statement(
        LIFT_QUARANTINES,
        {"user_id": owner.user_id, "account_id": owner.account_id, "trader_id": trader_id},
    )


WRITERS = (
    on(Quarantined, save_quarantine),
    on(TraderSaved, lift_quarantines),
    on(TraderRemoved, lift_quarantines),
)
