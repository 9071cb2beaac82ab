"""A recorded span beside a backtest of it: which trades both made, which only one, and why.

Trades are paired by their position's id, which is computed from the trader, its file, the symbol
and the candle: the same decision has the same id on both sides. Each difference gets the first
reason that the records and the candles can prove; one that nothing proves says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec
import numpy as np

from aitrader.backtest.answers import AnswerBook
from aitrader.backtest.history import History
from aitrader.backtest.record import Recorder
from aitrader.backtest.report import iso
from aitrader.filters.panel import Times
from aitrader.model import ids
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.events import CandlesClosed
from aitrader.model.ids import TraderId
from aitrader.model.order import ExitReason
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.model.trader import Trader, Universe
from aitrader.storage.recorded import Recorded

UNPROVEN = "nothing in the records says why"
BPS = Decimal(10_000)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One trade on both sides, None where it is missing; `why`: every difference explained.

    `is_explained` is False when a reason could not be proven.
    """

    trader: str
    symbol: str
    recorded: Position | None
    tested: Position | None
    why: tuple[str, ...]
    is_explained: bool = True

    @property
    def is_same(self) -> bool:
        """Whether both entered and left for the same reasons, whatever the prices."""
        if self.recorded is None or self.tested is None:
            return False
        return self.recorded.exit_reason is self.tested.exit_reason


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared: the records, the run, and what both were made of."""

    recorded: Recorded
    tested: Recorder
    traders: tuple[Trader, ...]
    answers: AnswerBook
    history: History
    detail: str
    from_ms: int
    to_ms: int


def compared(sides: Sides) -> tuple[Row, ...]:
    """Return all trades that either side entered in the span, in the order of their entry."""
    theirs = {
        row.position_id: row
        for row in sides.recorded.positions
        if row.opened_ms >= sides.from_ms and row.entry_quantity
    }
    ours = {row.position_id: row for row in (*sides.tested.closed, *sides.tested.open.values())}
    reasons = _Reasons(sides)
    rows = []
    for key in theirs | ours:
        recorded, tested = theirs.get(key), ours.get(key)
        either = recorded or tested
        assert either is not None
        why: tuple[str, ...]
        if recorded is None:
            why = (reasons.only_tested(either),)
        elif tested is None:
            why = (reasons.only_recorded(either),)
        else:
            why = tuple(reasons.apart(recorded, tested))
        rows.append(
            Row(
                trader=either.trader_id,
                symbol=either.symbol,
                recorded=recorded,
                tested=tested,
                why=why,
                is_explained=UNPROVEN not in why,
            )
        )
    return tuple(sorted(rows, key=_entered_ms))


def _entered_ms(row: Row) -> tuple[int, str, str]:
    either = row.tested or row.recorded
    assert either is not None
    return either.opened_ms, row.symbol, row.trader


class _Reasons:
    """Looks for what the records and the candles prove."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._traders: Mapping[TraderId, Trader] = {row.trader_id: row for row in sides.traders}
        self._signals = {row.signal_id: row for row in sides.recorded.signals}
        self._ready: dict[TraderId, Mapping[str, Times]] = {}
        self._closes: Mapping[int, CandlesClosed] = {
            row.at_ms: row for row in sides.recorded.closes
        }

    def only_recorded(self, position: Position) -> str:
        """Return why the backtest has not this recorded trade."""
        trader = self._traders.get(position.trader_id)
        signal = self._signals.get(position.signal_id)
        if trader is None:
            return "its trader has no candles here and was not run again"
        if signal is None:
            return "its signal was raised before the span"
        if self._is_of_another_file(signal, trader):
            return "the trader's file was another one then"
        refused = self._sides.tested.refused.get(position.signal_id)
        if refused is not None:
            return f"the backtest refused it: {refused}"
        found = self._candle(signal) or self._unready(signal)
        if found:
            return found
        ours = (*self._sides.tested.closed, *self._sides.tested.open.values())
        held = _holder(ours, position, signal.raised_ms)
        if held is not None:
            return f"the backtest still held the symbol, since {iso(held.opened_ms)}"
        return "on the stored candles the conditions do not become true there"

    def only_tested(self, position: Position) -> str:
        """Return why the record has not this trade of the backtest."""
        signal = self._sides.tested.raised.get(position.signal_id)
        if signal is None:
            return UNPROVEN
        live = self._signals.get(position.signal_id)
        if live is not None:
            return f"live the signal was {live.status.value}: {live.note or 'no order filled'}"
        at_ms = signal.candle_open_ms + INTERVAL_MS[signal.interval]
        found = (
            self._off(signal.trader_id, at_ms)
            or self._missed(signal, at_ms)
            or self._outside(signal, at_ms)
        )
        if found:
            return found
        held = _holder(self._sides.recorded.positions, position, at_ms)
        if held is not None:
            return f"live still held the symbol, since {iso(held.opened_ms)}"
        return UNPROVEN

    def apart(self, recorded: Position, tested: Position) -> Iterable[str]:
        """Yield every difference between two sides of one trade."""
        if recorded.entry_price != tested.entry_price:
            late_s = (recorded.opened_ms - tested.opened_ms) / 1000
            yield (
                f"entered {late_s:.1f} s after the open at {recorded.entry_price}, the open gave "
                f"{tested.entry_price} ({_bps(recorded.entry_price, tested.entry_price)})"
            )
        if recorded.entry_quantity != tested.entry_quantity:
            yield (
                f"bought {recorded.entry_quantity}, the backtest {tested.entry_quantity}: sized by "
                "another price or equity"
            )
        yield from self._exits_apart(recorded, tested)

    def _exits_apart(self, recorded: Position, tested: Position) -> Iterable[str]:
        if recorded.exit_reason is not tested.exit_reason:
            if recorded.exit_reason is ExitReason.MANUAL:
                yield f"a person closed it at {_when(recorded)}"
            else:
                yield f"left by {_exit(recorded)}; the backtest by {_exit(tested)}"
            return
        if recorded.closed_ms is None or tested.closed_ms is None:
            return
        step_ms = INTERVAL_MS[self._sides.detail]
        if abs(recorded.closed_ms - tested.closed_ms) > step_ms:
            yield f"left at {_when(recorded)}; the backtest at {_when(tested)}"
        if recorded.exit_price != tested.exit_price:
            yield (
                f"left at {recorded.exit_price}, the backtest at {tested.exit_price} "
                f"({_bps(recorded.exit_price, tested.exit_price)})"
            )

    # -- what can be proven ---------------------------------------------------------------------

    def _is_of_another_file(self, signal: Signal, trader: Trader) -> bool:
        again = ids.signal_id(
            signal.trader_id,
            signal.symbol,
            candle_open_ms=signal.candle_open_ms,
            source=trader.source,
        )
        return again != signal.signal_id

    def _candle(self, signal: Signal) -> str:
        """Return what is wrong with the stored candle of a recorded signal, "" when nothing."""
        series = self._sides.history.find(signal.symbol, signal.interval)
        place = -1 if series is None else series.place(signal.candle_open_ms)
        at = iso(signal.candle_open_ms)
        if series is None or place >= len(series) or np.isnan(series.values["close"][place]):
            return f"the stored candles lack the one of {at}"
        stored = float(series.values["close"][place])
        if stored != float(signal.price):
            return f"the candle of {at} closed at {signal.price} live and at {stored} as stored"
        return ""

    def _unready(self, signal: Signal) -> str:
        """Return that the stored candles before a signal are too few, "" when they are enough."""
        key = signal.trader_id
        if key not in self._ready:
            self._ready[key] = self._sides.answers.answerable(key)
        at_ms = signal.candle_open_ms + INTERVAL_MS[signal.interval]
        ready = self._ready[key].get(signal.symbol)
        if ready is None or not len(ready) or at_ms not in ready:
            return "the stored candles before it are too few, or have gaps, for the trader's filter"
        return ""

    def _off(self, trader_id: TraderId, at_ms: int) -> str:
        """Return that a trader, or all, made no entries at an instant, "" otherwise."""
        before = [
            row
            for row in self._sides.recorded.saved
            if row.trader.trader_id == trader_id and row.at_ms <= at_ms
        ]
        trader = self._traders[trader_id]
        if self._sides.recorded.saved and not before:
            return "the trader did not exist yet"
        if before and not before[-1].trader.is_enabled:
            return "the trader was switched off"
        if before and before[-1].trader.source != trader.source:
            return "the trader's file was another one then"
        pauses = [row for row in self._sides.recorded.pauses if row.at_ms <= at_ms]
        return "entries were paused" if pauses and pauses[-1].is_paused else ""

    def _missed(self, signal: Signal, at_ms: int) -> str:
        """Return that a close was not, or not wholly, seen live, "" otherwise."""
        close = self._closes.get(at_ms)
        if close is None or signal.interval not in close.intervals:
            return f"the engine recorded no close at {iso(at_ms)}: it was not running"
        if (signal.symbol, signal.interval) in close.missed:
            return "its candle came too late live, and was missed"
        return ""

    def _outside(self, signal: Signal, at_ms: int) -> str:
        """Return that a symbol was not in the trader's universe at an instant, "" otherwise."""
        # as it was recorded: the run has each trader's symbols written out
        rows = [*self._sides.recorded.traders, *(row.trader for row in self._sides.recorded.saved)]
        plans = [row.plan for row in rows if row.trader_id == signal.trader_id]
        known = symbols_at(self._sides.recorded, plans[-1].universe, at_ms) if plans else None
        if known is not None and signal.symbol not in known:
            return f"{signal.symbol} was not among the trader's symbols then"
        return ""


def symbols_at(recorded: Recorded, universe: Universe, at_ms: int) -> tuple[str, ...] | None:
    """Return what a universe meant at an instant, None when nothing was recorded."""
    found = [row[2] for row in recorded.universes if row[1] == universe and row[0] <= at_ms]
    return found[-1] if found else None


def _holder(positions: Iterable[Position], like: Position, at_ms: int) -> Position | None:
    """Return a position of the same trader and symbol that was held at an instant."""
    for row in positions:
        if (
            row.position_id != like.position_id
            and (row.trader_id, row.symbol) == (like.trader_id, like.symbol)
            and row.opened_ms <= at_ms
            and (row.closed_ms is None or row.closed_ms >= at_ms)
        ):
            return row
    return None


def _when(position: Position) -> str:
    return "the end" if position.closed_ms is None else iso(position.closed_ms)


def _exit(position: Position) -> str:
    if position.exit_reason is None:
        return "nothing, it is still open"
    return f"{position.exit_reason.value} at {_when(position)}"


def _bps(recorded: Decimal, tested: Decimal) -> str:
    return f"{(recorded - tested) / tested * BPS:+.1f} bps"
