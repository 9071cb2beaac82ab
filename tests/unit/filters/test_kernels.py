"""TA-Lib answers to the bit, and never a number where nothing is known."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from tests.filter_worlds import DATA, walk

from aitrader.filters.indicators import ALL_INDICATORS, PATTERN_INDICATORS, Indicator
from aitrader.filters.kernels import TALIB, indicator_rows, runs, warmup

PAIRS = {"MACD": (12, 26, 9), "TSI": (25, 13), "MASSI": (9, 25), "ADOSC": (3, 10)}


def parameters(name: str, indicator: Indicator) -> tuple[float, ...]:
    plain = tuple(14 if b.is_whole else 0.5 * (b.low + b.high) for b in indicator.bounds)
    return PAIRS.get(name, plain)


def inputs_of(indicator: Indicator, bars: int = 300) -> list[np.ndarray]:
    values = walk(("AAAUSDT", "BBBUSDT"), bars).values
    names = {1: ("close",), 2: ("high", "low"), 3: ("high", "low", "close")}
    return [values[n] for n in names.get(indicator.inputs, ("open", "high", "low", "close"))]


@pytest.mark.parametrize("name", ALL_INDICATORS)
def test_rows_equal_the_array_call_to_the_bit(name: str) -> None:
    indicator = ALL_INDICATORS[name]
    numbers = indicator.arguments(parameters(name, indicator))
    rows = inputs_of(indicator)
    outputs = indicator_rows(name, numbers, rows)
    assert len(outputs) == indicator.outputs
    skipped = warmup(name, numbers)
    for row in range(2):
        direct = getattr(TALIB, name)(*[x[row] for x in rows], *numbers)
        for ours, theirs in zip(
            outputs, direct if isinstance(direct, tuple) else (direct,), strict=True
        ):
            assert np.isnan(ours[row, :skipped]).all()
            assert (ours[row, skipped:] == np.asarray(theirs, float)[skipped:]).all()


@pytest.mark.parametrize(
    "name", [n for n in ALL_INDICATORS if n not in PATTERN_INDICATORS] + ["CDLDOJI"]
)
def test_after_a_gap_an_indicator_begins_anew(name: str) -> None:
    indicator = ALL_INDICATORS[name]
    numbers = indicator.arguments(parameters(name, indicator))
    rows = [x.copy() for x in inputs_of(indicator)]
    rows[0][0, 100] = np.nan
    torn = indicator_rows(name, numbers, rows)
    fresh = indicator_rows(name, numbers, [x[:, 101:] for x in rows])
    for ours, theirs in zip(torn, fresh, strict=True):
        assert np.isnan(ours[0, 100])
        assert np.array_equal(ours[0, 101:], theirs[0], equal_nan=True)


def test_an_unknown_start_is_only_late() -> None:
    close = walk(bars=100).values["close"].copy()
    close[0, :30] = np.nan
    late = indicator_rows("EMA", (9,), [close])[0]
    assert np.array_equal(
        late[0, 30:], indicator_rows("EMA", (9,), [close[:, 30:]])[0][0], equal_nan=True
    )
    assert np.isnan(late[0, :30]).all()


def test_an_infinite_start_is_unknown_too() -> None:
    close = walk(bars=60).values["close"].copy()
    close[0, 0] = np.inf
    assert np.isfinite(indicator_rows("EMA", (9,), [close])[0][0, -1])


def test_a_row_for_all_symbols_is_spread() -> None:
    values = walk(("AAAUSDT", "BBBUSDT"), 80).values
    mixed = indicator_rows("CORREL", (10,), [values["close"], values["open"][:1]])[0]
    assert mixed.shape == (2, 80)


def test_strided_rows_are_made_contiguous() -> None:
    close = walk(bars=100).values["close"]
    every_second = close[:, ::2]
    assert np.isfinite(indicator_rows("EMA", (9,), [every_second])[0][0, -1])


def test_no_rows_give_no_answers() -> None:
    assert indicator_rows("MACD", (12, 26, 9), [np.empty((3, 0))])[2].shape == (3, 0)
    assert indicator_rows("CDLDOJI", (), [np.empty((0, 5))] * 4)[0].shape == (0, 5)


def test_runs_are_found_at_both_ends() -> None:
    assert runs(np.array([True, False, True, True])) == [(0, 1), (2, 4)]
    assert runs(np.zeros(3, bool)) == []


def test_pandas_and_polars_stay_out_of_the_process() -> None:
    code = (
        "import sys; from aitrader.filters import kernels; "
        "assert not {'pandas', 'polars'} & set(sys.modules), 'a guest came in'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src"}, timeout=50)


def test_a_guest_that_was_there_before_stays() -> None:
    code = (
        "import sys, types; sys.modules['pandas'] = guest = types.ModuleType('pandas'); "
        "from aitrader.filters import kernels; assert sys.modules['pandas'] is guest"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src"}, timeout=50)


def third_party(file: str, columns: tuple[str, ...]) -> list[np.ndarray]:
    """Return columns of a file of another program's indicator values."""
    path = DATA / "indicators" / file
    if not path.exists():
        pytest.skip("the shared indicator files are not on this machine")
    with path.open() as lines:
        rows = list(csv.DictReader(lines))
    return [np.array([float(row[c] or "nan") for row in rows]) for c in columns]


Compute = Callable[..., np.ndarray]
HLC = ("High", "Low", "Close")
LEAN: Mapping[str, tuple[tuple[str, ...], str, str, tuple[float, ...], int]] = {
    "spy_ema.csv": (("close",), "EMA14", "EMA", (14,), 0),
    "spy_dema.txt": (("close",), "DEMA_5", "DEMA", (5,), 0),
    "spy_tema.txt": (("close",), "TEMA_5", "TEMA", (5,), 0),
    "spy_kama.txt": (("Close",), "KAMA_5", "KAMA", (5,), 0),
    "spy_max.txt": (("Close",), "MAX_5", "MAX", (5,), 0),
    "spy_min.txt": (("Close",), "MIN_5", "MIN", (5,), 0),
    "spy_hma.txt": (("Close",), "HMA_16", "HMA", (16,), 0),
    "spy_cmo.txt": (("Close",), "CMO_5", "CMO", (5,), 0),
    "spy_natr.txt": (HLC, "NATR_5", "NATR", (5,), 0),
    "spy_atr_wilder.txt": (HLC, "Average True Range 14", "ATR", (14,), 0),
    "spy_bop.txt": (("Open", *HLC), "BOP", "BOP", (), 0),
    "spy_cmf.txt": ((*HLC, "Volume"), "CMF_20", "CMF", (20,), 0),
    "spy_mfi.txt": ((*HLC, "Volume"), "Money Flow Index 20", "MFI", (20,), 0),
    "spy_ad.txt": ((*HLC, "Volume"), "AD", "AD", (), 0),
    "spy_bollinger_bands.txt": (
        ("Close",),
        "Bollinger Bands® 20 2 Top",
        "BBANDS",
        (20, 2.0, 2.0, 0),
        0,
    ),
    "spy_heikin_ashi.txt": (("Open", *HLC), "HA_Close", "HA", (), 3),
}
TOLERANCE = {"spy_mfi.txt": 2e-3}
"""The volumes of this file are rounded to six digits; the values are not."""


@pytest.mark.parametrize("file", LEAN)
def test_another_program_comes_to_the_same_values(file: str) -> None:
    columns, expected, name, numbers, output = LEAN[file]
    *inputs, theirs = third_party(file, (*columns, expected))
    ours = indicator_rows(name, numbers, [x[np.newaxis, :] for x in inputs])[output][0]
    seeded = warmup(name, numbers) + int(ALL_INDICATORS[name].seed_bars(numbers))
    both = np.isfinite(ours) & np.isfinite(theirs)
    both[: min(seeded, len(both) - 20)] = False
    assert both.sum() >= 10
    scale = np.maximum(np.abs(theirs[both]), 1e-3)
    assert np.max(np.abs(ours[both] - theirs[both]) / scale) < TOLERANCE.get(file, 1e-4)
