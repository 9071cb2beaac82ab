"""The money of each account for readers: cash, what the day brought, what all days brought."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import islice

from aitrader.model.account import PAPER
from aitrader.model.candle import DAY_MS
from aitrader.model.events import Saved
from aitrader.model.found import Balance
from aitrader.model.money import ZERO, trimmed
from aitrader.model.position import Position
from aitrader.model.view import CoinRow

MOST_COINS = 30
"""They are in every frame of the view."""


class Accounts:
    """What accounts have and what they earned, as the facts told so far."""

    def __init__(self, start_cash: Decimal) -> None:
        """Begin with new accounts; `start_cash` is the paper account's."""
        self._cash = {PAPER: start_cash}
        self._day = 0
        self._day_pnl: dict[str, Decimal] = {}
        self._realized: dict[str, Decimal] = {}
        self._coins: dict[str, dict[str, Decimal]] = {}

    def start(self, saved: Saved) -> None:
        """Go on from what was saved."""
        self._cash.update((row.account, row.cash) for row in saved.accounts if row.cash is not None)
        self._day = saved.last_event_ms // DAY_MS
        self._day_pnl = {row.account: row.day_pnl for row in saved.accounts}
        self._realized = {row.account: row.realized_pnl for row in saved.accounts}

    def set_cash(self, account: str, cash: Decimal) -> None:
        """Take an account's balance."""
        self._cash[account] = cash

    def report(self, account: str, balances: Iterable[Balance], *, is_whole: bool) -> None:
        """Take what the exchange says an account has; what a whole report lacks is nothing."""
        before = {} if is_whole else self._coins.get(account, {})
        self._coins[account] = {**before, **{row.asset: row.total for row in balances}}

    def coins_beside(
        self, account: str, positions: Iterable[Position], *, quote: str
    ) -> tuple[CoinRow, ...]:
        """Return the coins of an account that these positions do not hold, at most MOST_COINS."""
        left = dict(self._coins.get(account, {}))
        left.pop(quote, None)
        for position in positions:
            base = position.symbol.removesuffix(quote)
            left[base] = left.get(base, ZERO) - position.quantity
        rows = (CoinRow(name, trimmed(left[name])) for name in sorted(left) if left[name] > 0)
        return tuple(islice(rows, MOST_COINS))

    def gain(self, account: str, amount: Decimal, *, at_ms: int) -> None:
        """Count what a position of an account realized."""
        if at_ms // DAY_MS > self._day:
            self._day, self._day_pnl = at_ms // DAY_MS, {}
        self._day_pnl[account] = self._day_pnl.get(account, ZERO) + amount
        self._realized[account] = self.realized(account) + amount

    def cash(self, account: str = PAPER) -> Decimal:
        """Return an account's quote balance, 0 before it is known."""
        return self._cash.get(account, ZERO)

    def day_pnl(self, now_ms: int, account: str = PAPER) -> Decimal:
        """Return what an account realized since 00:00 UTC of the day of `now_ms`."""
        return self._day_pnl.get(account, ZERO) if now_ms // DAY_MS <= self._day else ZERO

    def realized(self, account: str) -> Decimal:
        """Return what an account's positions ever realized."""
        return self._realized.get(account, ZERO)
