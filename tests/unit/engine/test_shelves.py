"""All rows of the view."""

from __future__ import annotations

from decimal import Decimal

from tests.builders import AT_MS, POSITION, a_position, a_signal, a_trader
from tests.unit.engine.fakes import ATicker, FakeMarket

from aitrader.engine.board import Board
from aitrader.engine.shelves import Seen, Shelves
from aitrader.model.events import (
    PositionClosed,
    PositionOpened,
    SignalRaised,
    TraderRemoved,
    TraderSaved,
)
from aitrader.model.position import PositionStatus


class Bench:
    """Shelves with one trader, one signal and one position on BTCUSDT."""

    def __init__(self) -> None:
        self.market = FakeMarket(BTCUSDT=101.0, ETHUSDT=5.0)
        self.board = Board(Decimal(10_000))
        self.board.update(
            [
                TraderSaved(at_ms=AT_MS, trader=a_trader()),
                SignalRaised(at_ms=AT_MS, signal=a_signal()),
                PositionOpened(at_ms=AT_MS, position=a_position()),
            ]
        )
        self.shelves = Shelves(self.board, self.market)
        self.shelves.refresh()


def test_rows_are_made_of_what_is_true_now() -> None:
    shelves = Bench().shelves
    assert [row.symbol for row in shelves.markets.since(0)] == ["BTCUSDT", "ETHUSDT"]
    assert [row.name for row in shelves.traders.since(0)] == ["Dip"]
    assert [row.trader for row in shelves.signals.since(0)] == ["Dip"]
    assert [row.mark_price for row in shelves.positions.since(0)] == [101.0]


def test_only_what_differs_changes() -> None:
    bench, seen = Bench(), Seen()
    bench.shelves.mark(seen)
    bench.market.table["BTCUSDT"] = ATicker(102.0)
    bench.shelves.refresh()
    assert [row.price for row in bench.shelves.markets.since(seen.markets)] == [102.0]
    assert [row.mark_price for row in bench.shelves.positions.since(seen.positions)] == [102.0]
    assert bench.shelves.traders.since(seen.traders) == ()
    assert bench.shelves.signals.since(seen.signals) == ()


def test_a_trend_is_read_again_when_a_candle_has_closed() -> None:
    bench = Bench()
    bench.market.trend = (7.0,)
    bench.shelves.refresh()
    assert bench.shelves.markets.since(0)[0].trend == (1.0, 2.0)
    bench.market.candles_closed += 1
    bench.shelves.refresh()
    assert bench.shelves.markets.since(0)[0].trend == (7.0,)


def test_an_empty_trend_is_asked_for_until_its_history_is_there() -> None:
    market = FakeMarket(BTCUSDT=1.0)
    market.trend = ()
    shelves = Shelves(Board(Decimal(0)), market)
    shelves.refresh()
    market.trend = (3.0,)
    shelves.refresh()
    assert shelves.markets.since(0)[0].trend == (3.0,)


def test_a_closed_positions_row_stays_as_it_closed() -> None:
    bench = Bench()
    done = a_position(status=PositionStatus.CLOSED, exit_price=Decimal(103), quantity=Decimal(0))
    bench.board.update([PositionClosed(at_ms=AT_MS, position=done)])
    bench.shelves.refresh()
    version = bench.shelves.positions.version
    bench.market.trend, bench.market.candles_closed = (9.0,), 1
    bench.shelves.refresh()
    assert bench.shelves.positions.version == version
    row = bench.shelves.positions.find(POSITION)
    assert row is not None
    assert (row.mark_price, row.trend) == (103.0, (1.0, 2.0))


def test_symbols_and_traders_that_are_gone_are_told() -> None:
    bench, seen = Bench(), Seen()
    bench.shelves.mark(seen)
    del bench.market.table["ETHUSDT"]
    bench.board.update([TraderRemoved(at_ms=AT_MS, trader_id=a_trader().trader_id)])
    bench.shelves.refresh()
    assert bench.shelves.gone(seen) == ("ETHUSDT", "dip")
