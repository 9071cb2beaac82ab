from __future__ import annotations

from tests.unit.exchange.binance.stub import ManualClock

from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.order_pace import OrderPace
from aitrader.exchange.binance.wire_orders import OrderLimit

START_MS = 1_700_000_000_000


def a_pace(*, used: int = 0) -> tuple[OrderPace, ManualClock]:
    clock = ManualClock(START_MS)
    pace = OrderPace(ExchangeTime(clock))
    pace.set_limits(
        [
            OrderLimit("ORDERS", "SECOND", 10, 10, used),
            OrderLimit("ORDERS", "DAY", 1, 100, used),
            OrderLimit("REQUEST_WEIGHT", "MINUTE", 1, 1),
        ]
    )
    return pace, clock


def test_without_stated_limits_nothing_waits() -> None:
    assert OrderPace(ExchangeTime(ManualClock())).wait_ms(5, is_urgent=False) == 0


def test_entries_stop_before_exits_do() -> None:
    pace, _ = a_pace()
    pace.sent(8)
    assert pace.wait_ms(1, is_urgent=False) == 10_000
    assert pace.wait_ms(2, is_urgent=True) == 0
    assert pace.wait_ms(3, is_urgent=True) == 10_000


def test_a_window_ends_with_the_calendar() -> None:
    pace, clock = a_pace(used=10)
    clock.ms += 9_999
    assert pace.wait_ms(1, is_urgent=True) == 1
    clock.ms += 1
    assert pace.wait_ms(1, is_urgent=True) == 0
    pace.sent(1)
    clock.ms += 10_000
    pace.sent(9)
    assert pace.wait_ms(1, is_urgent=True) == 0


def test_the_exchanges_own_count_is_believed() -> None:
    pace, _ = a_pace()
    pace.learn({"x-mbx-order-count-10s": "10", "x-mbx-order-count-1d": "none"})
    assert pace.wait_ms(1, is_urgent=True) == 10_000
    pace.learn({"x-mbx-order-count-10s": "1"})
    assert pace.wait_ms(1, is_urgent=True) == 0


def test_a_unit_nobody_knows_is_taken_for_the_longest() -> None:
    clock = ManualClock(START_MS)
    pace = OrderPace(ExchangeTime(clock))
    pace.set_limits([OrderLimit("ORDERS", "FORTNIGHT", 1, 1, 1)])
    assert pace.wait_ms(1, is_urgent=True) > 0
