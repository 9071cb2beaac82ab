"""The money of the one account: what is free and what orders hold."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.model.money import ZERO


class Balance(msgspec.Struct):
    """What the account has of one asset."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


class Account:
    """Balances by asset; a hold moves an amount from free to locked under a name."""

    def __init__(self, start: dict[str, Decimal]) -> None:
        self.balances = {asset: Balance(free=amount) for asset, amount in start.items()}
        self._holds: dict[int, tuple[str, Decimal]] = {}
        self._touched: dict[str, None] = {}

    def free(self, asset: str) -> Decimal:
        """Return what could be spent."""
        return self._balance(asset).free

    def total(self, asset: str) -> Decimal:
        """Return free and locked together."""
        balance = self._balance(asset)
        return balance.free + balance.locked

    def add(self, asset: str, amount: Decimal) -> None:
        """Receive or, below zero, pay."""
        self._balance(asset).free += amount
        self._touched[asset] = None

    def hold(self, name: int, asset: str, amount: Decimal) -> None:
        """Lock so much under this name, whatever it held before; 0 lets go of it."""
        before_asset, before = self._holds.pop(name, (asset, ZERO))
        self._move(before_asset, -before)
        if amount > ZERO:
            self._move(asset, amount)
            self._holds[name] = (asset, amount)

    def held(self, name: int) -> Decimal:
        """Return what is locked under a name."""
        return self._holds.get(name, ("", ZERO))[1]

    def touched(self) -> tuple[str, ...]:
        """Return the assets that changed since the last call, in order."""
        found = tuple(self._touched)
        self._touched.clear()
        return found

    def _move(self, asset: str, amount: Decimal) -> None:
        if amount:
            balance = self._balance(asset)
            balance.free -= amount
            balance.locked += amount
            self._touched[asset] = None

    def _balance(self, asset: str) -> Balance:
        return self.balances.setdefault(asset, Balance())
