"""Accounts: whose money an order moves. One engine may hold two of them, each with its own cash.

A trader's mode decides which account answers its entries (`model.trader.account_of`); what an
account opened stays with it, whatever becomes of the trader's mode.
"""

from __future__ import annotations

PAPER = "paper"
LIVE = "live"
ACCOUNTS = (PAPER, LIVE)
"""Every account there can be, the one that there always is first."""

LIVE_IS_OFF = "live trading is off: PAPER_TRADING is true"
