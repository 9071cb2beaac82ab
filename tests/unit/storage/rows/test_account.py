"""The account as rows."""

from __future__ import annotations

from decimal import Decimal

from tests.builders import AT_MS

from aitrader.model.events import CashChanged, CloseAllAsked, EntriesPaused, EquityMarked
from aitrader.storage.rows.account import save_cash, save_closing, save_equity, save_pause
from aitrader.storage.rows.statement import Owner

ME = Owner("me", "paper")


def test_cash_is_written_as_text_to_the_last_digit() -> None:
    (written,) = save_cash(CashChanged(at_ms=AT_MS, cash=Decimal("0.00000001")), ME)
    assert Decimal(str(written.values["cash"])) == Decimal("0.00000001")


def test_a_pause_touches_no_cash() -> None:
    (written,) = save_pause(EntriesPaused(at_ms=AT_MS, is_paused=True), ME)
    assert written.values["is_paused"] == 1
    assert "cash" not in written.values


def test_closing_all_is_written_beside_the_pause() -> None:
    (written,) = save_closing(CloseAllAsked(at_ms=AT_MS), ME)
    assert written.values == {"user_id": "me", "account_id": "paper", "updated_ms": AT_MS}


def test_equity_is_one_row_per_instant() -> None:
    fact = EquityMarked(at_ms=AT_MS, equity=Decimal(3), cash=Decimal(1), open_positions=2)
    (written,) = save_equity(fact, ME)
    assert (written.values["at_ms"], written.values["open_positions"]) == (AT_MS, 2)
