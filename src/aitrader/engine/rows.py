"""Rows for the eye, made from the engine's values. Pure; the only place that turns them to float.

A row never holds a number that is not finite: JSON cannot say it and no face could show it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from aitrader.model.decision import Decision
from aitrader.model.money import ZERO, trimmed
from aitrader.model.position import Position, PositionStatus
from aitrader.model.signal import Signal
from aitrader.model.trader import PositionSide, Trader
from aitrader.model.view import AnalysisRow, MarketRow, PositionRow, SignalRow, TraderRow

CENT = Decimal("0.01")


class Ticker(Protocol):
    """One symbol's last 24 hours as the stream tells them."""

    @property
    def last(self) -> float:
        """The last price, in quote; 0.0 before the first."""
        ...

    @property
    def change_24h_pct(self) -> float:
        """The change over 24 h, in percent."""
        ...

    @property
    def volume_24h(self) -> float:
        """The volume over 24 h, in quote."""
        ...

    @property
    def at_ms(self) -> int:
        """When this was true."""
        ...


class Tally(msgspec.Struct, frozen=True):
    """What a trader has done so far and how its screening stands.

    `warming` is (bars there, bars needed) of the symbol that is furthest behind, None when all
    are ready. `fault` is why its filter does not run, "" while it does.
    """

    signals: int = 0
    realized_pnl: Decimal = ZERO
    open_positions: int = 0
    warming: tuple[int, int] | None = None
    fault: str = ""
    last_check_ms: int = 0


class Surroundings(msgspec.Struct, frozen=True):
    """What a trader's state depends on besides itself; `symbols`: how many it looks at."""

    symbols: int
    is_paused: bool
    has_candles: bool


def money(amount: Decimal) -> str:
    """Return an amount of quote to two decimals, as text."""
    return str(amount.quantize(CENT))


def finite(values: Iterable[float]) -> tuple[float, ...]:
    """Return the numbers among these that are finite."""
    return tuple(float(value) for value in values if math.isfinite(value))


def finite_or_zero(value: float) -> float:
    """Return a number, 0 where it is none."""
    return float(value) if math.isfinite(value) else 0.0


def market_row(symbol: str, ticker: Ticker, trend: tuple[float, ...]) -> MarketRow:
    """Return one symbol's row."""
    return MarketRow(
        symbol=symbol,
        price=finite_or_zero(ticker.last),
        change_24h_pct=finite_or_zero(ticker.change_24h_pct),
        volume_24h=finite_or_zero(ticker.volume_24h),
        trend=trend,
        at_ms=ticker.at_ms,
    )


def state_of(trader: Trader, tally: Tally, around: Surroundings) -> str:
    """Return in words what a trader is doing: the first that is true of what would stop it."""
    if tally.fault:
        return f"fault: {tally.fault}"
    if not trader.is_enabled:
        return "off"
    if around.is_paused:
        return "paused"
    if not around.has_candles:
        return "no candles"
    if tally.warming is not None:
        return f"warming up {tally.warming[0]}/{tally.warming[1]}"
    return "watching"


def trader_row(trader: Trader, tally: Tally, around: Surroundings) -> TraderRow:
    """Return one trader's row."""
    return TraderRow(
        trader_id=trader.trader_id,
        name=trader.plan.name,
        mode=trader.mode.value,
        is_enabled=trader.is_enabled,
        state=state_of(trader, tally, around),
        interval=trader.plan.interval,
        symbols=around.symbols,
        signals=tally.signals,
        open_positions=tally.open_positions,
        pnl=money(tally.realized_pnl),
        last_check_ms=tally.last_check_ms,
        version=trader.version,
    )


def signal_row(signal: Signal, trader: str) -> SignalRow:
    """Return one signal's row; `trader` is the name to show."""
    return SignalRow(
        signal_id=signal.signal_id,
        at_ms=signal.raised_ms,
        trader=trader,
        symbol=signal.symbol,
        price=float(signal.price),
        conditions=tuple(finding.condition for finding in signal.findings),
        status=signal.status.value,
        note=signal.note,
    )


def analysis_row(decision: Decision, signal: Signal, trader: str, at_ms: int) -> AnalysisRow:
    """Return what was decided about a signal; `trader` is the name to show."""
    return AnalysisRow(
        signal_id=signal.signal_id,
        at_ms=at_ms,
        trader=trader,
        symbol=signal.symbol,
        choice=decision.choice.value,
        reason=decision.reason,
        cost_usd=decision.cost_usd,
    )


def mark_of(position: Position, ticker: Ticker | None) -> float:
    """Return the price a position is valued at: its exit once closed, else the last one seen."""
    if position.status is PositionStatus.CLOSED:
        return float(position.exit_price)
    if ticker is None or not 0.0 < ticker.last < math.inf:
        return float(position.entry_price)
    return float(ticker.last)


def unrealized(position: Position, mark: float) -> float:
    """Return what the held part would gain at `mark`, in quote and before fees."""
    gain = (mark - float(position.entry_price)) * float(position.quantity)
    return gain if position.side is PositionSide.LONG else -gain


def unrealized_fees(position: Position) -> float:
    """Return the entry's fees that belong to the held part, in quote.

    A position knows its fees in all. Both legs pay the same share of what is exchanged, so they are
    divided by that.
    """
    received, left = position.entry_quantity, position.quantity
    entered = received * position.entry_price
    exchanged = entered + (received - left) * position.exit_price
    if not exchanged:
        return 0.0
    return float(position.fees * entered / exchanged * left / received)


def worth(position: Position, mark: float) -> Decimal:
    """Return what the held part adds to the account's cash at `mark`; a short takes away."""
    value = position.quantity * Decimal(repr(mark))
    return value if position.side is PositionSide.LONG else -value


def position_row(
    position: Position, trader: str, *, mark: float, trend: Sequence[float]
) -> PositionRow:
    """Return one position's row at a mark price; `trader` is the name to show."""
    cost = float(position.entry_price * position.entry_quantity)
    gain = unrealized(position, mark) - unrealized_fees(position)
    pnl = float(position.realized_pnl) + gain
    return PositionRow(
        position_id=position.position_id,
        trader=trader,
        symbol=position.symbol,
        side=position.side.value,
        status=position.status.value,
        quantity=trimmed(position.quantity),
        entry_price=float(position.entry_price),
        mark_price=mark,
        stop_price=None if position.stop_price is None else float(position.stop_price),
        target_price=float(position.targets[0].price) if position.targets else None,
        pnl=pnl,
        pnl_pct=100 * pnl / cost if cost else 0.0,
        opened_ms=position.opened_ms,
        closed_ms=position.closed_ms,
        exit_reason=position.exit_reason.value if position.exit_reason else "",
        trend=tuple(trend),
        account=position.account,
    )
