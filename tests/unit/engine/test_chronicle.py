"""The chronicle tells a person what happened, one line per fact that matters."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest
from tests.builders import a_position, a_signal, a_trader

from aitrader.engine.chronicle import Chronicle
from aitrader.model.events import (
    CandlesClosed,
    EntriesPaused,
    Event,
    FeedChanged,
    FilterFailed,
    MoneyMoved,
    OrderRejected,
    PositionClosed,
    PositionOpened,
    Quarantined,
    SignalRaised,
    SignalUpdated,
    TraderRemoved,
    TraderSaved,
    UniverseChanged,
)
from aitrader.model.ids import ClientOrderId, TraderId
from aitrader.model.order import ExitReason
from aitrader.model.position import PositionStatus
from aitrader.model.signal import Finding, SignalStatus
from aitrader.model.trader import Universe

WHO = TraderId("dips")


class Lines(logging.Handler):
    """Keeps what was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append((record.levelname, record.getMessage()))


@pytest.fixture
def lines() -> Iterator[Lines]:
    logger = logging.getLogger("aitrader.engine.chronicle")
    handler, level = Lines(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


SIGNAL = a_signal(symbol="BTCUSDT", price=Decimal("50000.10"), findings=(Finding("RSI < 30"),))
SKIPPED = a_signal(symbol="BTCUSDT", status=SignalStatus.SKIPPED, note="no cash")
OPEN = a_position(symbol="BTCUSDT", entry_quantity=Decimal("0.010"), entry_price=Decimal(50000))
CLOSED = a_position(
    symbol="BTCUSDT",
    status=PositionStatus.CLOSED,
    quantity=Decimal(0),
    exit_reason=ExitReason.STOP_LOSS,
    realized_pnl=Decimal("-5.1"),
)


UNSAID = msgspec.structs.replace(OPEN, quantity=Decimal(0))


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (SignalRaised(SIGNAL, at_ms=1), ("INFO", "signal on BTCUSDT at 50000.1: RSI < 30")),
        (SignalUpdated(SKIPPED, at_ms=1), ("INFO", "skipped BTCUSDT: no cash")),
        (PositionOpened(OPEN, at_ms=1), ("INFO", "BTCUSDT long opened: 0.01 at 50000")),
        (PositionClosed(CLOSED, at_ms=1), ("INFO", "BTCUSDT long closed by stop loss: -5.10")),
        (PositionClosed(UNSAID, at_ms=1), ("INFO", "BTCUSDT long closed by ?: -0.10")),
        (
            OrderRejected(ClientOrderId("at1-x"), -2010, "insufficient balance", at_ms=1),
            ("WARNING", "the venue rejected an order: insufficient balance (-2010)"),
        ),
        (FeedChanged(True, "connected", at_ms=1), ("INFO", "the market stream is up: connected")),
        (FeedChanged(False, "quiet", at_ms=1), ("WARNING", "the market stream is down: quiet")),
        (FilterFailed(WHO, "too slow", at_ms=1), ("ERROR", "a filter failed: too slow")),
        (
            Quarantined(WHO, "BTCUSDT", "overfilled", at_ms=1),
            ("ERROR", "BTCUSDT is left alone from now on: overfilled"),
        ),
        (TraderRemoved(WHO, at_ms=1), ("INFO", "a trader was removed")),
        (EntriesPaused(True, at_ms=1), ("INFO", "no new entries")),
        (EntriesPaused(False, at_ms=1), ("INFO", "entries again")),
        (
            MoneyMoved(Decimal(-250), at_ms=1),
            ("INFO", "-250.00 moved without an order of ours: neither won nor lost"),
        ),
        (
            UniverseChanged(Universe(symbols=("XUSDT",)), (), left_out=("XUSDT",), at_ms=1),
            ("WARNING", "not traded here and left out: XUSDT"),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else "",
)
def test_a_fact_is_told_in_plain_words(lines: Lines, fact: Event, line: tuple[str, str]) -> None:
    Chronicle().update([fact])
    assert lines.told == [line]


@pytest.mark.parametrize("is_enabled", [True, False])
def test_a_trader_is_told_by_its_name_and_version(lines: Lines, is_enabled: bool) -> None:
    trader = a_trader(version=2, is_enabled=is_enabled)
    Chronicle().update([TraderSaved(trader, at_ms=1)])
    state = "watching" if is_enabled else "off"
    assert lines.told == [("INFO", f"{trader.plan.name}, version 2: {state}")]


def test_what_is_of_no_interest_to_an_owner_is_not_told(lines: Lines) -> None:
    waiting = SignalUpdated(a_signal(status=SignalStatus.WAITING), at_ms=1)
    whole = UniverseChanged(Universe(quote="USDT", top=5), ("BTCUSDT",), at_ms=1)
    Chronicle().update([CandlesClosed(("1m",), at_ms=1), waiting, whole])
    assert lines.told == []


def test_what_is_left_over_is_told(lines: Lines) -> None:
    Chronicle().update([PositionClosed(OPEN, at_ms=1)])
    assert lines.told[1:] == [
        ("WARNING", "BTCUSDT: 1 are left over, too little for an order; they stay where they are")
    ]
