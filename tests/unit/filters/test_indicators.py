"""The table of indicators: the seed of every recursive one is forgotten in time."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filter_worlds import walk

from aitrader.filters.indicators import ALL_INDICATORS, INDICATORS, LevelRule, fading_bars
from aitrader.filters.kernels import indicator_rows, warmup

LENGTHS = {
    "MACD": (12, 26, 9), "TSI": (25, 13), "MASSI": (9, 25), "ADOSC": (3, 10), "PPO": (12, 26),
    "APO": (12, 26), "PVO": (12, 26), "RVI": (14, 10), "KC": (20, 10, 2.0), "T3": (5, 0.7),
    "SUPERTREND": (10, 3.0), "SAR": (0.02, 0.2),
}  # fmt: skip
RECURSIVE = [name for name, each in INDICATORS.items() if each.seed_bars((14.0, 14.0, 14.0)) > 0]


def test_an_average_of_200_wants_about_1400_bars_beyond_its_warm_up() -> None:
    assert 1375 <= fading_bars(2 / 201, 1) <= 1390


def test_chained_averages_forget_later() -> None:
    assert fading_bars(0.1, 1) < fading_bars(0.1, 2) < fading_bars(0.1, 3)
    assert fading_bars(1.0, 2) == 2


@pytest.mark.parametrize("name", RECURSIVE)
def test_the_seed_weighs_less_than_a_millionth_when_the_lookback_is_there(name: str) -> None:
    indicator = INDICATORS[name]
    fields = {1: ("close",), 2: ("high", "low"), 3: ("high", "low", "close")}
    wanted = fields.get(indicator.inputs, ("high", "low", "close", "volume"))
    values = walk(("AAAUSDT", "BBBUSDT", "CCCUSDT"), 2600, seed=4).values
    inputs = [values[field] for field in wanted]
    numbers = LENGTHS.get(name, tuple(14 if b.is_whole else 2.0 for b in indicator.bounds))
    arguments = indicator.arguments(numbers)
    bars = warmup(name, arguments) + indicator.seed_bars(numbers) + 1
    whole = indicator_rows(name, arguments, inputs)
    for stop in (1700, 2111, 2600):
        window = indicator_rows(name, arguments, [x[:, stop - bars : stop] for x in inputs])
        for seen, then in zip(whole, window, strict=True):
            spread = np.nanmax(seen, 1) - np.nanmin(seen, 1)
            assert (np.abs(seen[:, stop - 1] - then[:, -1]) <= 2e-6 * spread).all()


def test_every_pattern_has_its_depth() -> None:
    for name, indicator in ALL_INDICATORS.items():
        if name.startswith("CDL"):
            assert len(indicator.arguments(())) in (0, 1)


def test_accumulators_are_known_as_such() -> None:
    origins = {name for name, each in INDICATORS.items() if each.level is LevelRule.ORIGIN}
    assert origins == {"OBV", "AD", "PVT"}


@pytest.mark.parametrize("name", [n for n, i in INDICATORS.items() if i.level is LevelRule.LOST])
def test_an_indicator_that_loses_the_level_does_not_see_a_constant(name: str) -> None:
    indicator = INDICATORS[name]
    close = walk(bars=400).values["close"]
    numbers = LENGTHS.get(name, tuple(14 if b.is_whole else 2.0 for b in indicator.bounds))
    other = walk(bars=400, seed=9).values["close"]
    inputs = [close, other][: indicator.inputs]
    moved = [close + 64.0, other][: indicator.inputs]
    arguments = indicator.arguments(numbers)
    for a, b in zip(
        indicator_rows(name, arguments, inputs), indicator_rows(name, arguments, moved), strict=True
    ):
        assert np.allclose(a, b, rtol=1e-6, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("name", [n for n, i in INDICATORS.items() if i.level is LevelRule.KEPT])
def test_an_indicator_that_keeps_the_level_moves_with_a_constant(name: str) -> None:
    indicator = INDICATORS[name]
    close = walk(bars=400).values["close"]
    numbers = LENGTHS.get(name, tuple(14 if b.is_whole else 2.0 for b in indicator.bounds))
    arguments = indicator.arguments(numbers)
    if name == "T3":
        numbers = arguments = (5, 0.7)
    for a, b in zip(
        indicator_rows(name, arguments, [close]),
        indicator_rows(name, arguments, [close + 64.0]),
        strict=True,
    ):
        assert np.allclose(a + 64.0, b, rtol=1e-6, atol=1e-6, equal_nan=True)
