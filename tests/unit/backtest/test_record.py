from decimal import Decimal

import msgspec
from tests.builders import AT_MS, a_fill, a_position, an_order

from aitrader.backtest.record import Recorder
from aitrader.model.events import (
    EntryRefused,
    FilterFailed,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
    Quarantined,
    UniverseChanged,
)
from aitrader.model.ids import SignalId, TraderId
from aitrader.model.order import ExitReason
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Universe


def test_a_closed_position_is_a_trade() -> None:
    record, position = Recorder(), a_position(entry_quantity=Decimal(2), entry_price=Decimal(100))
    record.observe(PositionOpened(at_ms=AT_MS, position=position))
    assert list(record.open) == [position.position_id]
    assert record.held == {(position.trader_id, position.symbol): position.position_id}
    closed = msgspec.structs.replace(
        position,
        status=PositionStatus.CLOSED,
        closed_ms=AT_MS + 5,
        realized_pnl=Decimal(4),
        exit_reason=ExitReason.TAKE_PROFIT,
    )
    record.observe(PositionClosed(at_ms=AT_MS + 5, position=closed))
    (trade,) = record.trades
    assert record.open == {}
    assert (trade.exit_ms, trade.exit_reason, trade.pnl_pct) == (AT_MS + 5, "TAKE_PROFIT", 2.0)


def test_fills_at_an_open_count_from_the_close_after_it() -> None:
    record = Recorder()
    update = OrderUpdated(at_ms=AT_MS, order=an_order(), fill=a_fill())
    record.observe(update)
    record.is_opening = True
    record.observe(update)
    record.observe(OrderUpdated(at_ms=AT_MS, order=an_order()))
    assert [move.from_ms for move in record.moves] == [AT_MS, AT_MS + 1]
    assert record.moves[0].quote == Decimal("-100.1")
    assert (record.fees, record.turnover) == (Decimal("0.2"), Decimal(200))


def test_refusals_are_counted_and_faults_are_told() -> None:
    record, name = Recorder(), TraderId("dip")
    for _ in range(2):
        record.observe(EntryRefused(at_ms=AT_MS, signal_id=SignalId("s"), reason="no cash"))
    record.observe(Quarantined(at_ms=AT_MS, trader_id=name, symbol="BTCUSDT", reason="odd"))
    record.observe(FilterFailed(at_ms=AT_MS, trader_id=name, reason="broken"))
    record.observe(UniverseChanged(at_ms=AT_MS, universe=Universe(quote="USDT"), symbols=("A",)))
    assert record.refusals == {"no cash": 2}
    assert record.faults == ["dip on BTCUSDT: odd", "dip: broken"]
    assert record.universes == {Universe(quote="USDT"): {"A"}}
