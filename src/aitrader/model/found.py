"""What an exchange says that an account has: balances, and open orders nobody here remembers."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.model.ids import ClientOrderId
from aitrader.model.order import Side


class Balance(msgspec.Struct, frozen=True):
    """What an account has of one asset, in its own units; `locked` is bound by open orders."""

    asset: str
    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        """Free and locked together."""
        return self.free + self.locked


class FoundOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An open order of the account that nobody here remembers; `kind` is the exchange's word.

    `is_ours`: its id is one that we give, so an earlier run of ours may have sent it.
    """

    client_order_id: ClientOrderId
    symbol: str
    side: Side
    kind: str
    quantity: Decimal
    filled: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    is_ours: bool = False
