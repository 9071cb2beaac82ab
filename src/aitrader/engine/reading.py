"""What `Control` reads for a person: files, candles, lines, signals, reasons; nothing changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar, cast

from aitrader.engine.board import Board
from aitrader.model import ids
from aitrader.model.candle import INTERVAL_MS, Candle
from aitrader.model.control import (
    Answer,
    AnyRequest,
    ExplainTrader,
    ExplanationRow,
    LineRow,
    ReadCandles,
    ReadLines,
    ReadSignal,
    ReadTrader,
)
from aitrader.model.errors import FilterFault
from aitrader.model.ports import Clock
from aitrader.model.trader import Trader

MOST_BARS = 1000

Handler = Callable[[AnyRequest], Awaitable[Answer]]
Q = TypeVar("Q")


class CandleReader(Protocol):
    """Closed candles of watched symbols, read in memory."""

    def candles(self, symbol: str, interval: str, bars: int) -> Sequence[Candle]:
        """Return the newest closed ones, oldest first; none where the symbol is not watched."""
        ...


class Explainer(Protocol):
    """Who says why a trader did not signal, and what its filter looks at."""

    async def explain(
        self, trader: Trader, symbols: Sequence[str], now_ms: int
    ) -> tuple[ExplanationRow, ...]:
        """Return a row per symbol that is watched; raises FilterFault."""
        ...

    async def lines(
        self, trader: Trader, symbol: str, *, bars: int, now_ms: int
    ) -> tuple[LineRow, ...] | None:
        """Return what its filter compares, None where it is not watched; raises FilterFault."""
        ...


class Reading:
    """Answers what is read in memory; `handlers` has one per request."""

    def __init__(
        self, board: Board, *, clock: Clock, candles: CandleReader, explainer: Explainer
    ) -> None:
        self._board = board
        self._clock = clock
        self._candles = candles
        self._explainer = explainer
        self.handlers: Mapping[type, Handler] = dict(
            (
                on(ReadTrader, self._trader),
                on(ReadCandles, self._candles_of),
                on(ReadLines, self._lines),
                on(ReadSignal, self._signal),
                on(ExplainTrader, self._explain),
            )
        )

    async def _trader(self, request: ReadTrader) -> Answer:
        trader = find_trader(self._board, request.trader_id)
        return no_trader(self._board, request.trader_id) if trader is None else yes(trader.source)

    async def _candles_of(self, request: ReadCandles) -> Answer:
        if request.interval not in INTERVAL_MS:
            return no(
                f"interval: expected one of {' '.join(INTERVAL_MS)}, found {request.interval}"
            )
        if not 1 <= request.bars <= MOST_BARS:
            return no(_wrong_bars(request.bars))
        candles = self._candles.candles(request.symbol, request.interval, request.bars)
        if not candles:
            return no(f"{request.symbol} {request.interval} is not watched or has no candles yet")
        return Answer(ask_id=0, is_ok=True, text="", candles=tuple(candles))

    async def _lines(self, request: ReadLines) -> Answer:
        trader = find_trader(self._board, request.trader_id)
        if trader is None:
            return no_trader(self._board, request.trader_id)
        if not 1 <= request.bars <= MOST_BARS:
            return no(_wrong_bars(request.bars))
        try:
            lines = await self._explainer.lines(
                trader, request.symbol, bars=request.bars, now_ms=self._clock.now_ms()
            )
        except FilterFault as exc:
            return no(str(exc))
        if lines is None:
            return no(f"{trader.plan.name} does not watch {request.symbol}")
        return Answer(ask_id=0, is_ok=True, text="", lines=lines)

    async def _signal(self, request: ReadSignal) -> Answer:
        signal = self._board.signals.get(ids.SignalId(request.signal_id))
        if signal is None:
            return no(f"signal {request.signal_id} is too old: it is in the database alone")
        return Answer(ask_id=0, is_ok=True, text="", signal=signal)

    async def _explain(self, request: ExplainTrader) -> Answer:
        trader = find_trader(self._board, request.trader_id)
        if trader is None:
            return no_trader(self._board, request.trader_id)
        symbols = request.symbols or self._board.symbols_of(trader)
        try:
            rows = await self._explainer.explain(trader, symbols, self._clock.now_ms())
        except FilterFault as exc:
            return no(str(exc))
        if not rows:
            return no(f"{trader.plan.name} has no candles to look at yet")
        return Answer(ask_id=0, is_ok=True, text="", explanations=rows)


def find_trader(board: Board, trader_id: str) -> Trader | None:
    """Return a trader of the board."""
    return board.traders.get(ids.TraderId(trader_id))


def no_trader(board: Board, trader_id: str) -> Answer:
    """Return the refusal of a trader that there is not."""
    known = " ".join(board.traders) or "none"
    return no(f"there is no trader {trader_id}; there are: {known}")


def _wrong_bars(bars: int) -> str:
    return f"bars: expected 1 to {MOST_BARS}, found {bars}"


def yes(text: str) -> Answer:
    """Return that it was done, in a sentence."""
    return Answer(ask_id=0, is_ok=True, text=text)


def no(text: str) -> Answer:
    """Return that it was not done, and why."""
    return Answer(ask_id=0, is_ok=False, text=text)


def on(kind: type[Q], handle: Callable[[Q], Awaitable[Answer]]) -> tuple[type, Handler]:
    """Return a handler by the request it answers."""
    return kind, cast(Handler, handle)
