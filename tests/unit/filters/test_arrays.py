"""Operations on rows: causal, and honest about what is not known."""

from __future__ import annotations

import numpy as np
import pytest

from aitrader.filters import arrays
from aitrader.model.candle import DAY_MS

T, F = True, False
NAN = np.nan


def rows(*values: float) -> np.ndarray:
    return np.array([values], float)


def flags(*values: bool) -> np.ndarray:
    return np.array([values], bool)


def same(found: np.ndarray, *expected: float) -> bool:
    return np.array_equal(np.asarray(found, float), np.array([expected], float), equal_nan=True)


def test_a_lag_starts_unknown() -> None:
    assert same(arrays.lag(rows(1, 2, 3), 1), NAN, 1, 2)
    assert same(arrays.lag(flags(T, T, F), 2), F, F, T)
    assert same(arrays.lag(rows(1, 2), 5), NAN, NAN)


def test_dividing_by_zero_is_undefined() -> None:
    with np.errstate(all="ignore"):
        assert same(arrays.divide(rows(1, 4), rows(0, 2)), NAN, 2)
        assert same(arrays.modulo(rows(5, -5, 5), rows(3, 3, 0)), 2, 1, NAN)
        assert same(arrays.power(rows(2, 0), rows(3, -1)), 8, NAN)
        assert same(arrays.ELEMENTWISE["log"](rows(1, 0, -1)), 0, NAN, NAN)
        assert same(arrays.ELEMENTWISE["exp"](rows(0, 1e6)), 1, NAN)


def test_unknown_is_neither_equal_nor_different() -> None:
    assert same(arrays.not_equal(rows(1, NAN, 2), rows(1, 1, 1)), F, F, T)


def test_windows_count_what_is_there() -> None:
    given = flags(T, F, T, T)
    assert same(arrays.window_any(given, 2), T, T, T, T)
    assert same(arrays.window_all(given, 2), F, F, F, T)
    assert same(arrays.known_count(given, ~given, 2), NAN, 1, 1, 2)
    assert same(arrays.known_count(given, flags(F, F, F, F), 1), 1, NAN, 1, 1)


def test_bars_since_counts_to_its_limit_and_stops_at_the_unknown() -> None:
    yes, no = flags(F, F, F, T, F, F, F, F), flags(T, T, T, F, T, T, T, T)
    assert same(arrays.bars_since(yes, no, 3), NAN, NAN, 3, 0, 1, 2, 3, 3)
    unknown_at_5 = flags(T, T, T, F, T, F, T, T)
    assert same(arrays.bars_since(yes, unknown_at_5, 3), NAN, NAN, 3, 0, 1, NAN, NAN, NAN)


def test_value_when_looks_back_to_the_right_occurrence() -> None:
    yes = flags(F, T, F, T, F, F)
    values = rows(1, 2, 3, 4, 5, 6)
    found = arrays.value_when(yes, ~yes, values, occurrence=0, limit=10)
    assert same(found, NAN, 2, 2, 4, 4, 4)
    assert same(
        arrays.value_when(yes, ~yes, values, occurrence=1, limit=10), NAN, NAN, NAN, 2, 2, 2
    )
    assert same(arrays.value_when(yes, ~yes, values, occurrence=0, limit=2), NAN, 2, 2, 4, 4, NAN)
    never = arrays.value_when(yes, ~yes, values, occurrence=5, limit=10)
    assert np.isnan(never).all()
    assert same(
        arrays.value_when(yes, flags(T, F, T, F, F, T), values, occurrence=0, limit=10),
        NAN,
        2,
        2,
        4,
        NAN,
        NAN,
    )


def test_the_days_average_price_starts_anew_each_day() -> None:
    times = np.array([0, DAY_MS // 2, DAY_MS, DAY_MS + DAY_MS // 2], np.int64)
    found = arrays.session_vwap(rows(10, 20, 30, 50), rows(1, 1, 1, 3), times)
    assert same(found, 10, 15, 30, 45)


def test_a_day_that_was_not_seen_from_its_start_has_no_average() -> None:
    times = np.array([DAY_MS // 2, DAY_MS, DAY_MS + DAY_MS // 2], np.int64)
    assert same(arrays.session_vwap(rows(10, 20, 30), rows(1, 1, 1), times), NAN, 20, 25)


def test_a_hole_hides_the_average_until_the_day_ends() -> None:
    times = np.arange(4, dtype=np.int64) * (DAY_MS // 2)
    with np.errstate(all="ignore"):
        found = arrays.session_vwap(rows(NAN, 20, 30, 30), rows(1, 1, 1, 1), times)
    assert same(found, NAN, NAN, 30, 30)


def test_aligned_rows_show_closed_bars_only() -> None:
    place = np.array([-1, 0, 0, 1])
    assert same(arrays.aligned(rows(7, 8), place), NAN, 7, 7, 8)
    assert same(arrays.aligned(flags(T, F), place), F, T, T, F)
    assert same(arrays.aligned(np.empty((1, 0)), place), NAN, NAN, NAN, NAN)
    assert same(arrays.aligned(np.empty((1, 0), bool), place), F, F, F, F)


@pytest.mark.parametrize(("unit", "value"), [("minute", 35), ("hour", 22), ("weekday", 0)])
def test_time_is_the_candles_opening_in_utc(unit: str, value: float) -> None:
    monday_night = 1_704_067_200_000 + 22 * 3_600_000 + 35 * 60_000
    assert arrays.time_values(unit, np.array([monday_night]))[0, 0] == value


def test_pick_needs_to_know() -> None:
    assert same(
        arrays.pick(flags(T, F, F), flags(F, T, F), rows(1, 1, 1), rows(2, 2, 2)), 1, 2, NAN
    )


def test_fill_replaces_only_what_is_undefined_and_present() -> None:
    assert same(arrays.fill(rows(1, NAN, NAN), flags(T, T, F), value=0.0), 1, 0, NAN)


def test_a_running_sum_begins_anew_after_the_unknown() -> None:
    assert same(arrays.running_sum(rows(1, 2, 3)), 1, 3, 6)
    assert same(arrays.running_sum(rows(1, 2, NAN, 4, 5)), 1, 3, NAN, 4, 9)
