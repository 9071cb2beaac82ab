from decimal import Decimal

import msgspec
from tests.builders import AT_MS
from tests.unit.backtest.worlds import FREE, MINUTES_5, Candle, a_job, a_series, a_trader, flat

from aitrader.backtest.record import Recorder
from aitrader.backtest.run import run, run_in_stages
from aitrader.backtest.timers import VirtualClock
from aitrader.model.trader import Brakes

CANDLES: list[Candle] = [
    *[flat(100.0)] * 3,
    (100.0, 101.0, 100.0, 101.0),
    (101.0, 101.5, 100.5, 101.0),
    (101.0, 106.0, 101.0, 105.0),
]
EVEN = '{"stop_loss": "2%", "take_profit": "4%", "break_even": "1%"}'
AT_A_LIMIT = '\nENTRY = {"limit": "0.1%", "good_for": "15m"}\n'


def is_staged(record: object) -> bool:
    """Whether signals and positions are known by name, as stages know them."""
    return isinstance(record, Recorder)


def test_what_can_be_done_directly_is() -> None:
    record = run(*a_job([a_series(CANDLES)]))
    assert not is_staged(record)
    assert [row.exit_reason for row in record.trades] == ["TAKE_PROFIT"]


def test_what_a_file_says_that_only_stages_can_do_is_done_in_stages() -> None:
    assert is_staged(run(*a_job([a_series(CANDLES)], a_trader(more=AT_A_LIMIT))))
    terms = msgspec.structs.replace(FREE, brakes=Brakes(max_exposure_pct=Decimal(50)))
    assert is_staged(run(*a_job([a_series(CANDLES)], terms=terms)))


def test_a_run_that_turns_out_to_need_stages_begins_anew() -> None:
    clock = VirtualClock(AT_MS)
    record = run(*a_job([a_series(CANDLES)], a_trader(EVEN)), clock=clock)
    assert is_staged(record)
    assert [row.exit_reason for row in record.trades] == ["TAKE_PROFIT"]
    assert clock.at_ms == AT_MS + 6 * MINUTES_5


def test_a_run_in_stages_knows_its_signals_and_positions_by_name() -> None:
    record = run_in_stages(*a_job([a_series(CANDLES)]))
    (position,) = record.closed
    assert record.raised.keys() == {position.signal_id}
