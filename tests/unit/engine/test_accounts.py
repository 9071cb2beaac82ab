"""The money of each account for readers."""

from __future__ import annotations

from decimal import Decimal

from tests.builders import AT_MS

from aitrader.engine.accounts import Accounts
from aitrader.model.account import LIVE, PAPER
from aitrader.model.candle import DAY_MS
from aitrader.model.events import Saved, SavedAccount


def test_paper_begins_with_its_cash_and_live_with_nothing_known() -> None:
    accounts = Accounts(Decimal(10_000))
    assert (accounts.cash(), accounts.cash(LIVE)) == (Decimal(10_000), Decimal(0))
    accounts.set_cash(LIVE, Decimal(7))
    assert (accounts.cash(PAPER), accounts.cash(LIVE)) == (Decimal(10_000), Decimal(7))


def test_each_goes_on_from_what_was_saved_of_it() -> None:
    live = SavedAccount(LIVE, Decimal(8), Decimal(4), Decimal(40))
    accounts = Accounts(Decimal(10_000))
    accounts.start(Saved(accounts=(SavedAccount(PAPER), live), last_event_ms=AT_MS))
    assert accounts.cash() == Decimal(10_000)
    assert accounts.cash(LIVE) == Decimal(8)
    assert (accounts.day_pnl(AT_MS, LIVE), accounts.realized(LIVE)) == (Decimal(4), Decimal(40))


def test_a_new_day_begins_at_nothing_for_both_and_all_days_add_up() -> None:
    accounts = Accounts(Decimal(0))
    accounts.gain(PAPER, Decimal(3), at_ms=AT_MS)
    accounts.gain(LIVE, Decimal(-1), at_ms=AT_MS)
    accounts.gain(LIVE, Decimal(5), at_ms=AT_MS + DAY_MS)
    assert accounts.day_pnl(AT_MS + DAY_MS) == Decimal(0)
    assert accounts.day_pnl(AT_MS + DAY_MS, LIVE) == Decimal(5)
    assert accounts.day_pnl(AT_MS + 2 * DAY_MS, LIVE) == Decimal(0)
    assert (accounts.realized(PAPER), accounts.realized(LIVE)) == (Decimal(3), Decimal(4))
