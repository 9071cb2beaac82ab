"""Quarantines as rows."""

from __future__ import annotations

from tests.builders import AT_MS, TRADER, a_trader

from aitrader.model.events import Quarantined, TraderRemoved, TraderSaved
from aitrader.storage.rows.quarantines import lift_quarantines, save_quarantine
from aitrader.storage.rows.statement import Owner

ME = Owner("me", "paper")


def test_a_quarantine_keeps_its_reason() -> None:
    fact = Quarantined(at_ms=AT_MS, trader_id=TRADER, symbol="BTCUSDT", reason="overfill")
    (written,) = save_quarantine(fact, ME)
    assert (written.values["symbol"], written.values["reason"]) == ("BTCUSDT", "overfill")


def test_saving_and_removing_a_trader_end_its_quarantines_alike() -> None:
    (saved,) = lift_quarantines(TraderSaved(at_ms=AT_MS, trader=a_trader()), ME)
    (removed,) = lift_quarantines(TraderRemoved(at_ms=AT_MS, trader_id=TRADER), ME)
    assert saved == removed
    assert saved.values["trader_id"] == TRADER
