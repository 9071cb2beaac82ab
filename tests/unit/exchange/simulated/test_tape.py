import numpy as np
import pytest

from aitrader.exchange.simulated import history
from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.source import HIGH, LOW, OPEN, VOLUME
from aitrader.exchange.simulated.tape import Tape
from aitrader.model.candle import DAY_MS, INTERVAL_MS, MINUTE_MS

AT_MS = 20_458 * DAY_MS + 3 * 3_600_000 + 57 * MINUTE_MS


def a_tape(at_ms: int = AT_MS, *, is_stepped: bool = False, count: int = 3) -> Tape:
    return Tape(SeededMarket.of_size(count, seed=6), at_ms=at_ms, is_stepped=is_stepped)


def close_candle(tape: Tape) -> None:
    tape.step_to(tape.open_ms + tape.base_ms)
    assert tape.is_candle_over


def test_it_stands_where_it_was_opened() -> None:
    tape = a_tape(AT_MS + 5_500)
    assert tape.at_ms == AT_MS + 5_000
    assert tape.next_ms == AT_MS + 6_000
    assert not tape.is_over


def test_a_stepped_tape_stands_at_the_open() -> None:
    tape = a_tape(AT_MS + 5_500, is_stepped=True)
    assert tape.at_ms == AT_MS
    assert tape.next_ms == AT_MS + 1000
    assert (tape.prices() == tape.rows[:, OPEN]).all()


def test_steps_are_told_as_the_columns_passed() -> None:
    tape = a_tape()
    assert tape.step_to(AT_MS + 3_500) == range(3)
    assert tape.step_to(AT_MS + 3_900) == range(3, 3)
    assert tape.at_ms == AT_MS + 3_000
    assert (tape.prices() == tape.path.prices[:, 2]).all()


def test_before_its_first_price_a_candle_is_flat() -> None:
    tape = a_tape()
    _, rows = tape.candles("1m")
    assert (rows[:, :4] == tape.rows[:, :1]).all()
    assert (rows[:, 4:] == 0).all()


def test_a_forming_candle_only_widens() -> None:
    tape = a_tape()
    tape.step_to(AT_MS + 20_000)
    _, early = tape.candles("1m")
    tape.step_to(AT_MS + 45_000)
    _, late = tape.candles("1m")
    assert (late[:, HIGH] >= early[:, HIGH]).all()
    assert (late[:, LOW] <= early[:, LOW]).all()
    assert (late[:, VOLUME] >= early[:, VOLUME]).all()


@pytest.mark.parametrize("is_stepped", [False, True])
def test_what_closes_is_what_history_says_for_every_interval(is_stepped: bool) -> None:
    tape = a_tape(is_stepped=is_stepped)
    for interval in INTERVAL_MS:
        tape.candles(interval)
    for _ in range(3):
        close_candle(tape)
        end_ms = tape.open_ms + tape.base_ms
        for interval, length in INTERVAL_MS.items():
            open_ms, rows = tape.candles(interval)
            if open_ms + length != end_ms:
                continue
            for index in range(3):
                (known,) = history.closed_candles(
                    tape.source, index, interval, first_ms=open_ms, end_ms=end_ms
                )
                assert rows[index].tolist() == known.tolist(), interval
        tape.enter_next()
    assert tape.open_ms == AT_MS + 3 * MINUTE_MS


def test_a_slow_candle_carries_what_it_had() -> None:
    walked = a_tape()
    walked.candles("1d")
    close_candle(walked)
    walked.enter_next()
    walked.step_to(walked.open_ms + 10_000)
    fresh = a_tape(AT_MS + MINUTE_MS + 10_000)
    assert np.array_equal(walked.candles("1d")[1], fresh.candles("1d")[1])


def test_the_day_is_the_last_24_hours() -> None:
    tape = a_tape()
    close_candle(tape)
    tape.enter_next()
    close_candle(tape)
    day = tape.day()
    end_ms = tape.at_ms
    for index in range(3):
        rows = tape.source.rows(index, end_ms - DAY_MS, end_ms)
        assert day[index, OPEN] == rows[0, OPEN]
        assert day[index, HIGH] == rows[:, HIGH].max()
        assert day[index, LOW] == rows[:, LOW].min()
        assert day[index, VOLUME] == pytest.approx(rows[:, VOLUME].sum(), rel=1e-5)
