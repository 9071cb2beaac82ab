"""All rows of the view: made from the board and the market, and kept with their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from aitrader.engine.board import Board
from aitrader.engine.rows import (
    Ticker,
    finite,
    mark_of,
    market_row,
    position_row,
    signal_row,
    trader_row,
)
from aitrader.engine.shelf import Shelf
from aitrader.model.position import PositionStatus
from aitrader.model.view import AnalysisRow, MarketRow, PositionRow, SignalRow, TraderRow

TREND_BARS = 30


class MarketReader(Protocol):
    """What the market edge lets readers see, in memory."""

    @property
    def messages(self) -> int:
        """Frames of the stream taken since the start."""
        ...

    @property
    def candles(self) -> int:
        """Closed candles taken from the stream, or fetched in their place, since the start."""
        ...

    def feed_age_ms(self) -> int:
        """Return how long ago the last frame came, wall time."""
        ...

    def tickers(self) -> Mapping[str, Ticker]:
        """Return the watched symbols and their tickers; read at once, not kept."""
        ...

    def closes(self, symbol: str, bars: int) -> Sequence[float]:
        """Return the newest closes of a symbol's fastest interval, oldest first."""
        ...


class Seen(msgspec.Struct):
    """What one reader has had: versions of the shelves, lines of the log, frames."""

    markets: int = 0
    traders: int = 0
    signals: int = 0
    positions: int = 0
    analyses: int = 0
    logs: int = 0
    frames: int = 0


class Shelves:
    """One shelf per kind of row; `refresh` makes all rows anew and only what differs changes."""

    def __init__(self, board: Board, market: MarketReader) -> None:
        self.markets: Shelf[MarketRow] = Shelf()
        self.traders: Shelf[TraderRow] = Shelf()
        self.signals: Shelf[SignalRow] = Shelf()
        self.positions: Shelf[PositionRow] = Shelf()
        self.analyses: Shelf[AnalysisRow] = Shelf()
        self._board = board
        self._market = market
        self._trends: dict[str, tuple[float, ...]] = {}
        self._candles = 0

    def refresh(self) -> None:
        """Make the rows of what is true now."""
        if self._candles != self._market.candles:
            self._candles = self._market.candles
            self._trends.clear()
        self._refresh_markets()
        self._refresh_traders()
        self._refresh_signals()
        self._refresh_positions()
        for key, row in self._board.analyses.items():
            self.analyses.put(key, row)
        self.analyses.keep(self._board.analyses)

    def mark(self, seen: Seen) -> None:
        """Note that a reader has had everything up to now."""
        seen.markets, seen.traders = self.markets.version, self.traders.version
        seen.signals, seen.positions = self.signals.version, self.positions.version
        seen.analyses = self.analyses.version

    def gone(self, seen: Seen) -> tuple[str, ...]:
        """Return the traders and symbols a reader has and that are no longer shown."""
        return self.markets.gone_since(seen.markets) + self.traders.gone_since(seen.traders)

    def _refresh_markets(self) -> None:
        tickers = self._market.tickers()
        for symbol, ticker in tickers.items():
            self.markets.put(symbol, market_row(symbol, ticker, self._trend(symbol)))
        self.markets.keep(tickers)

    def _refresh_traders(self) -> None:
        board = self._board
        for trader_id, trader in board.traders.items():
            tally, around = board.tally_of(trader_id), board.around(trader)
            self.traders.put(trader_id, trader_row(trader, tally, around))
        self.traders.keep(board.traders)

    def _refresh_signals(self) -> None:
        for signal_id, signal in self._board.signals.items():
            self.signals.put(signal_id, signal_row(signal, self._board.name_of(signal.trader_id)))
        self.signals.keep(self._board.signals)

    def _refresh_positions(self) -> None:
        """A closed position's row stays as it was made when it closed."""
        tickers = self._market.tickers()
        for key, position in self._board.positions.items():
            found = self.positions.find(key)
            if found is not None and found.status == PositionStatus.CLOSED.value:
                continue
            row = position_row(
                position,
                self._board.name_of(position.trader_id),
                mark=mark_of(position, tickers.get(position.symbol)),
                trend=self._trend(position.symbol),
            )
            self.positions.put(key, row)
        self.positions.keep(self._board.positions)

    def _trend(self, symbol: str) -> tuple[float, ...]:
        trend = self._trends.get(symbol, ())
        if not trend:  # none yet: its history may still be on its way
            trend = self._trends[symbol] = finite(self._market.closes(symbol, TREND_BARS))
        return trend
