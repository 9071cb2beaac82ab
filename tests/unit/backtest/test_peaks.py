"""The closes at which an account is worth more than ever."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from tests.builders import AT_MS
from tests.unit.backtest.worlds import FREE, MINUTES_5, a_job, a_series, a_trader, flat

from aitrader.backtest.equity import Marks
from aitrader.backtest.history import History
from aitrader.backtest.peaks import Peaks
from aitrader.backtest.record import Move
from aitrader.backtest.run import run
from aitrader.model.events import EquityMarked
from aitrader.model.trader import Brakes

PRICES = (100, 101, 104, 103, 90, 95)


def close(number: int) -> int:
    """When candle `number` ends."""
    return AT_MS + (number + 1) * MINUTES_5


def some_peaks(*moves: Move, prices: tuple[float, ...] = PRICES) -> Peaks:
    """Over these closes, from a worth of 1,000."""
    history = History([a_series([flat(row) for row in prices])])
    marks = Marks(history, interval="5m", from_ms=AT_MS, to_ms=close(len(prices) - 1))
    return Peaks(marks, moves, start_cash=Decimal(1000))


def a_move(base: int, quote: int, *, symbol: str = "BTCUSDT") -> Move:
    return Move(AT_MS, symbol, Decimal(base), Decimal(quote))


def test_with_nothing_held_there_is_no_new_best() -> None:
    assert some_peaks().find(after_ms=AT_MS, until_ms=close(5)) is None


def test_the_highest_close_of_what_is_held_is_a_new_best() -> None:
    peaks = some_peaks(a_move(2, -200))
    assert peaks.find(after_ms=AT_MS, until_ms=close(5)) == close(2)
    assert peaks.find(after_ms=close(2), until_ms=close(5)) == close(3)


def test_a_short_is_worth_most_where_the_price_is_lowest() -> None:
    peaks = some_peaks(a_move(-2, 200))
    assert peaks.find(after_ms=AT_MS, until_ms=close(5)) == close(4)


def test_only_what_is_above_the_best_so_far_counts() -> None:
    peaks = some_peaks(a_move(2, -200))
    peaks.observe(
        EquityMarked(
            at_ms=AT_MS, equity=Decimal(9), cash=Decimal(0), open_positions=1, peak=Decimal(1007)
        )
    )
    assert peaks.find(after_ms=AT_MS, until_ms=close(5)) == close(2)
    assert peaks.find(after_ms=close(2), until_ms=close(5)) is None


def test_what_was_sold_again_follows_no_price() -> None:
    peaks = some_peaks(a_move(2, -200), a_move(-2, 190))
    assert peaks.find(after_ms=AT_MS, until_ms=close(5)) is None


def test_where_no_close_lies_between_or_no_candles_are_nothing_is_found() -> None:
    peaks = some_peaks(a_move(2, -200), a_move(5, 0, symbol="ETHUSDT"))
    assert peaks.find(after_ms=close(1), until_ms=close(1)) is None
    assert peaks.find(after_ms=close(5), until_ms=close(9)) is None
    assert peaks.find(after_ms=close(0), until_ms=close(1)) == close(1)


def test_a_run_counts_from_a_best_at_which_nothing_else_happened() -> None:
    first = a_series([flat(row) for row in (100, 100, 101, 101, 130, 101, 101, 101)])
    second = a_series([flat(row) for row in (100, 100, 100, 100, 100, 100, 101, 101)], "ETHUSDT")
    trader = a_trader('{"stop_loss": "50%"}', condition="m.close > 100.5")
    job, history = a_job([first, second], trader)
    assert not run(job, history).refusals
    terms = msgspec.structs.replace(FREE, brakes=Brakes(max_drawdown_pct=Decimal("0.1")))
    found = run(msgspec.structs.replace(job, terms=terms), history)
    (reason,) = found.refusals
    assert reason.startswith("the account is 0.3% below its best")
