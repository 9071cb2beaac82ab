from __future__ import annotations

from tests.builders import TRADER

from aitrader.model.ids import TraderId
from aitrader.screening.quarantine import Quarantine


def test_a_fault_is_news_once_until_the_trader_is_freed() -> None:
    quarantine = Quarantine()
    assert quarantine.put_trader(TRADER, "division by zero")
    assert not quarantine.put_trader(TRADER, "again")
    assert quarantine.has_trader(TRADER)

    quarantine.free_trader(TRADER)

    assert not quarantine.has_trader(TRADER)
    assert quarantine.put_trader(TRADER, "once more")


def test_a_symbol_is_out_for_its_trader_alone() -> None:
    quarantine = Quarantine()
    quarantine.put_symbol(TRADER, "BTCUSDT")
    assert quarantine.has_symbol(TRADER, "BTCUSDT")
    assert not quarantine.has_symbol(TRADER, "ETHUSDT")


def test_saving_a_trader_gives_it_its_symbols_back() -> None:
    quarantine = Quarantine()
    quarantine.put_symbol(TRADER, "BTCUSDT")
    quarantine.put_symbol(TraderId("other"), "BTCUSDT")

    quarantine.free_trader(TRADER)

    assert not quarantine.has_symbol(TRADER, "BTCUSDT")
    assert quarantine.has_symbol(TraderId("other"), "BTCUSDT")
