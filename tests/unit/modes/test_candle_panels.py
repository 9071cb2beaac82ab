"""Candle files as panels: found by name, added up to slower intervals, cut at an instant."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import ConfigError
from aitrader.modes.candle_panels import CandleFiles, read_candles

MONDAY_MS = 1_704_067_200_000
NEVER_MS = 4_000_000_000_000


def candle_file(folder: Path, name: str, bars: int, *, first_ms: int = MONDAY_MS) -> Path:
    """Write a file whose n-th candle closes at n + 1."""
    interval = name.split(".", maxsplit=1)[0].split("_")[1]
    rows = ["open_time,open,high,low,close,volume"]
    for n in range(bars):
        at_ms = first_ms + n * INTERVAL_MS[interval]
        rows.append(f"{at_ms},{n + 1},{n + 2},{n + 0.5},{n + 1},{10}")
    path = folder / name
    path.write_text("\n".join(rows))
    return path


def read(path: Path, *symbols: str) -> CandleFiles:
    return read_candles(path, symbols=symbols or None, now_ms=NEVER_MS)


def test_a_folder_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    candle_file(tmp_path, "AAAUSDT_5m.csv", 24)
    candle_file(tmp_path, "BBBUSDT_1h.csv", 2)
    (tmp_path / "README.csv").write_text("nothing")
    found = read(tmp_path)
    assert found.symbols == ("AAAUSDT", "BBBUSDT")
    assert found.newest_close_ms() == MONDAY_MS + 2 * 3_600_000
    assert read(tmp_path, "AAAUSDT").symbols == ("AAAUSDT",)


def test_a_panel_ends_with_the_candle_that_had_closed(tmp_path: Path) -> None:
    found = read(candle_file(tmp_path, "AAAUSDT_5m.csv", 24))
    panel = found.panel("5m", symbols=("AAAUSDT",), closed_ms=MONDAY_MS + 610_000, bars=3)
    assert panel.open_ms.tolist() == [MONDAY_MS - 300_000, MONDAY_MS, MONDAY_MS + 300_000]
    assert np.array_equal(panel.values["close"][0], [np.nan, 1, 2], equal_nan=True)


def test_a_slower_interval_is_added_up_and_a_file_of_it_wins(tmp_path: Path) -> None:
    candle_file(tmp_path, "AAAUSDT_5m.csv", 24)
    end_ms = MONDAY_MS + 2 * 3_600_000
    made = read(tmp_path).panel("1h", symbols=("AAAUSDT",), closed_ms=end_ms, bars=2)
    assert made.values["close"][0].tolist() == [12, 24]
    assert made.values["volume"][0].tolist() == [120, 120]
    candle_file(tmp_path, "AAAUSDT_1h.csv", 2)
    given = read(tmp_path).panel("1h", symbols=("AAAUSDT",), closed_ms=end_ms, bars=2)
    assert given.values["close"][0].tolist() == [1, 2]


def test_what_no_file_has_is_missing(tmp_path: Path) -> None:
    candle_file(tmp_path, "AAAUSDT_1h.csv", 5)
    found = read(tmp_path)
    for symbol, interval in (("AAAUSDT", "5m"), ("BBBUSDT", "1h")):
        panel = found.panel(interval, symbols=(symbol,), closed_ms=MONDAY_MS + 10**7, bars=3)
        assert np.isnan(panel.values["close"]).all()


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        read(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="found no candles in"):
        read(tmp_path)
    with pytest.raises(ConfigError, match="found no candles of BBBUSDT in"):
        read(candle_file(tmp_path, "AAAUSDT_5m.csv", 4), "BBBUSDT")
