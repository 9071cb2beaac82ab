"""Values for tests: each builder gives a whole, plausible value and takes what the story needs."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from aitrader.model.ids import FillId, PositionId, SignalId, TraderId, client_order_id
from aitrader.model.instrument import Instrument
from aitrader.model.job import BacktestResult, JobRow, JobState
from aitrader.model.order import Fill, Leg, Order, OrderKind, OrderStatus, Side
from aitrader.model.position import Position, PositionStatus
from aitrader.model.signal import Finding, Match, Signal, SignalStatus
from aitrader.model.trader import (
    Exits,
    Level,
    LevelKind,
    Limits,
    Mode,
    PositionSide,
    SizeKind,
    Target,
    Trader,
    TraderPlan,
    Universe,
)

AT_MS = 1_735_689_600_000
"""2025-01-01 00:00 UTC: the instant stories begin at."""

TRADER = TraderId("dip")
SIGNAL = SignalId("s-one")
POSITION = PositionId("p-one")


def a_plan(**changes: object) -> TraderPlan:
    """A long 5m trader on BTCUSDT that buys for 100 USDT, one position at a time."""
    plan = TraderPlan(
        name="Dip",
        universe=Universe(symbols=("BTCUSDT",)),
        interval="5m",
        side=PositionSide.LONG,
        limits=Limits(kind=SizeKind.AMOUNT, value=Decimal(100)),
        analyst=None,
        description="Buys a dip.",
    )
    return msgspec.structs.replace(plan, **changes)


def a_trader(**changes: object) -> Trader:
    """An enabled paper trader of `a_plan`."""
    trader = Trader(
        trader_id=TRADER,
        source="NAME = 'Dip'\n",
        plan=a_plan(),
        mode=Mode.PAPER,
        is_enabled=True,
        rank=1,
        version=1,
        created_ms=AT_MS,
    )
    return msgspec.structs.replace(trader, **changes)


def some_exits(**changes: object) -> Exits:
    """A stop 1 % under and one target 2 % over the fill price."""
    exits = Exits(
        stop_loss=Level(LevelKind.PERCENT, Decimal(1)),
        take_profit=(Target(level=Level(LevelKind.PERCENT, Decimal(2)), share=Decimal(1)),),
    )
    return msgspec.structs.replace(exits, **changes)


def a_match(**changes: object) -> Match:
    """A match of that trader on the candle that closes at AT_MS."""
    match = Match(
        trader_id=TRADER,
        symbol="BTCUSDT",
        interval="5m",
        candle_open_ms=AT_MS - 300_000,
        close=100.0,
        findings=(Finding(condition="price dipped", values=(("rsi(14)", 28.5),)),),
        exits=some_exits(),
    )
    return msgspec.structs.replace(match, **changes)


def a_signal(**changes: object) -> Signal:
    """A signal just raised at 100."""
    signal = Signal(
        signal_id=SIGNAL,
        trader_id=TRADER,
        symbol="BTCUSDT",
        interval="5m",
        candle_open_ms=AT_MS - 300_000,
        raised_ms=AT_MS,
        price=Decimal(100),
        findings=(Finding(condition="price dipped", values=(("rsi(14)", 28.5),)),),
        exits=some_exits(),
        status=SignalStatus.RAISED,
    )
    return msgspec.structs.replace(signal, **changes)


def a_fill(number: int = 1, **changes: object) -> Fill:
    """One base unit at 100 with a fee of 0.1 USDT."""
    fill = Fill(
        fill_id=FillId(f"f-{number}"),
        at_ms=AT_MS + number,
        quantity=Decimal(1),
        price=Decimal(100),
        fee=Decimal("0.1"),
        fee_asset="USDT",
    )
    return msgspec.structs.replace(fill, **changes)


def an_order(leg: Leg = Leg.ENTRY, attempt: int = 1, **changes: object) -> Order:
    """A market order for one base unit that is planned and not yet answered."""
    order = Order(
        client_order_id=client_order_id(POSITION, leg.value, attempt),
        trader_id=TRADER,
        position_id=POSITION,
        leg=leg,
        symbol="BTCUSDT",
        side=Side.BUY if leg is Leg.ENTRY else Side.SELL,
        kind=OrderKind.MARKET,
        quantity=Decimal(1),
        planned_ms=AT_MS,
        not_after_ms=AT_MS + 5000,
    )
    return msgspec.structs.replace(order, **changes)


def a_filled_order(leg: Leg = Leg.ENTRY, attempt: int = 1, **changes: object) -> Order:
    """`an_order` that the venue has filled in one go."""
    filled = {"status": OrderStatus.FILLED, "fills": (a_fill(attempt),), "venue_order_id": "7"}
    return an_order(leg, attempt, **{**filled, **changes})


def a_position(**changes: object) -> Position:
    """An open long of one base unit from 100."""
    position = Position(
        position_id=POSITION,
        trader_id=TRADER,
        signal_id=SIGNAL,
        symbol="BTCUSDT",
        side=PositionSide.LONG,
        status=PositionStatus.OPEN,
        exits=some_exits(),
        opened_ms=AT_MS,
        entry_quantity=Decimal(1),
        quantity=Decimal(1),
        entry_price=Decimal(100),
        stop_price=Decimal(99),
        realized_pnl=Decimal("-0.1"),
        fees=Decimal("0.1"),
    )
    return msgspec.structs.replace(position, **changes)


def an_instrument(symbol: str = "BTCUSDT", **changes: object) -> Instrument:
    """A symbol quoted in USDT: ticks of 0.01, steps of 0.001, at least 5 USDT an order."""
    instrument = Instrument(
        symbol=symbol,
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        tick_size=Decimal("0.01"),
        step_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        max_quantity=Decimal(0),
        min_notional=Decimal(5),
    )
    return msgspec.structs.replace(instrument, **changes)


def a_result(**changes: object) -> BacktestResult:
    """A backtest of a month that gained an eighth."""
    result = BacktestResult(
        from_time="2025-01-01 00:00",
        to_time="2025-02-01 00:00",
        interval="5m",
        symbols=1,
        candles=8928,
        signals=44,
        trades=40,
        start_cash=10_000.0,
        final_equity=11_250.0,
        return_pct=12.5,
        buy_and_hold_pct=3.0,
        max_drawdown_pct=6.25,
        report="report.html",
    )
    return msgspec.structs.replace(result, **changes)


def a_job(**changes: object) -> JobRow:
    """A backtest that runs."""
    row = JobRow(job_id="job-1", name="Dip", state=JobState.RUNNING, asked_ms=AT_MS, done_ratio=0.5)
    return msgspec.structs.replace(row, **changes)
