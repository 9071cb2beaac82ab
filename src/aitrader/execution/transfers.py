"""Money that comes and goes without an order of ours: it is neither won nor lost.

Theory of operation. What the exchange reports of a live account's cash, less what was counted, is
*unexplained*: a deposit, a withdrawal, a trade by hand, or a fill of ours that is in the report and
not heard of yet. A fill that comes late explains its part again. What no fill has explained for a
while is taken for a transfer and said as `MoneyMoved`.

Drawdown counts from the best worth, so that best is carried along: it changes in the proportion in
which the transfer changed the worth. Who takes out nine tenths of an account that is 5 % below its
best leaves one that is 5 % below its best. Were a transfer wrongly believed, the fill that comes
after all is a transfer the other way and mends it. Coins of a position that are given up because
somebody sold or moved them leave the account the same way, at their price.

What is unexplained is saved with the cash, so a crash in between forgets nothing.
"""

from __future__ import annotations

from decimal import Decimal

from aitrader.execution.desk import Desk, Messages
from aitrader.model.events import CashChanged, MoneyMoved
from aitrader.model.money import ZERO

SETTLED_MS = 10_000
"""A fill that no report of the account brought within this has not happened."""


def noticed(desk: Desk, amount: Decimal, *, at_ms: int) -> None:
    """Take in that the account changed by an amount of quote that no fill explains."""
    desk.unexplained += amount
    desk.unexplained_ms = at_ms


def settled(desk: Desk, *, at_ms: int) -> Messages:
    """Return the transfer that is certain by now, with the best worth carried along."""
    amount = desk.unexplained
    if not amount or at_ms < desk.unexplained_ms + SETTLED_MS:
        return []
    desk.peak = desk.best()
    desk.unexplained = ZERO
    account = desk.settings.account
    return [
        MoneyMoved(at_ms=at_ms, account=account, amount=amount),
        cash_changed(desk, at_ms=at_ms),
    ]


def cash_changed(desk: Desk, *, at_ms: int) -> CashChanged:
    """Return the fact that the cash, or what of it is unexplained, is another now."""
    return CashChanged(
        at_ms=at_ms,
        cash=desk.account.cash,
        account=desk.settings.account,
        unexplained=desk.unexplained,
    )
