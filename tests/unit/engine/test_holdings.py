from __future__ import annotations

from tests.builders import a_position

from aitrader.engine.holdings import Holdings
from aitrader.model.events import PositionClosed, PositionOpened, Saved, Started


def test_a_symbol_is_held_from_its_first_position_to_the_end_of_its_last() -> None:
    holdings = Holdings()
    first = a_position(position_id="a", symbol="BTCUSDT")
    second = a_position(position_id="b", symbol="BTCUSDT")
    holdings.update([Started(at_ms=0, saved=Saved(positions=(first,)))])
    holdings.update([PositionOpened(at_ms=1, position=second)])
    assert holdings.symbols() == {"BTCUSDT"}
    holdings.update([PositionClosed(at_ms=2, position=first)])
    holdings.update([PositionClosed(at_ms=2, position=first)])
    assert holdings.symbols() == {"BTCUSDT"}
    holdings.update([PositionClosed(at_ms=3, position=second)])
    assert holdings.symbols() == set()
