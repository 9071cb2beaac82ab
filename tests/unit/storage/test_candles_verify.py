from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from tests.candle_history import JANUARY_MS, REAL, a_history, without

from aitrader.model.candle import INTERVAL_MS
from aitrader.storage.candles import CandleStore
from aitrader.storage.candles_archive import write_table
from aitrader.storage.candles_table import (
    CLOSE,
    HIGH,
    LOW,
    VOLUME,
    CandleTable,
    Faults,
    a_table,
    aggregated,
    cleaned,
    joined,
    to_grid,
)
from aitrader.storage.candles_verify import MOST_GAPS, Gap, verify_interval, verify_symbol

STEP_MS = INTERVAL_MS["5m"]


def a_store(folder: Path, table: CandleTable, *, year: int = 2025) -> CandleStore:
    """A store whose archive holds these rows as they stand, sound or not."""
    write_table(folder / "BTCUSDT" / "5m" / f"{year}.parquet", table)
    return CandleStore(folder)


def with_hours(folder: Path, change: float = 0.0, field: int = CLOSE) -> CandleStore:
    """A store of a day in 5m and in 1h candles; one number of the fourth hour is changed."""
    table = a_history(288)
    made = aggregated(to_grid(table, "5m"), "5m", "1h")
    made.values[field, 3] += change
    hours = JANUARY_MS + np.arange(24, dtype=np.int64) * INTERVAL_MS["1h"]
    store = CandleStore(folder)
    store.write("BTCUSDT", "5m", table)
    store.write("BTCUSDT", "1h", CandleTable(hours, made.values))
    return store


def test_sound_candles_have_nothing_to_say(tmp_path: Path) -> None:
    (report,), disagreements = verify_symbol(a_store(tmp_path, a_history()), "BTCUSDT")
    assert report.is_sound
    assert (report.candles, report.missing, report.gaps) == (12, 0, ())
    assert disagreements == ()


def test_gaps_are_found_and_are_no_fault(tmp_path: Path) -> None:
    store = a_store(tmp_path, without(a_history(), 2, 3, 7))
    report, rows = verify_interval(store, "BTCUSDT", "5m")
    assert report.gaps == (Gap(JANUARY_MS + 2 * STEP_MS, 2), Gap(JANUARY_MS + 7 * STEP_MS, 1))
    assert (report.missing, report.is_sound, len(rows)) == (3, True, 9)


def test_many_gaps_are_counted_and_not_all_listed(tmp_path: Path) -> None:
    holes = range(1, 2 * MOST_GAPS + 3, 2)
    report, _ = verify_interval(a_store(tmp_path, without(a_history(300), *holes)), "BTCUSDT", "5m")
    assert (len(report.gaps), report.missing) == (MOST_GAPS, MOST_GAPS + 1)


def test_repeats_and_disorder_are_found(tmp_path: Path) -> None:
    table = joined([a_history(), a_history(3)])
    report, _ = verify_interval(a_store(tmp_path, table), "BTCUSDT", "5m")
    assert report.faults == Faults(repeated=3, out_of_order=1)
    assert not report.is_sound


def test_impossible_numbers_are_found(tmp_path: Path) -> None:
    table = a_history()
    table.values[LOW, 3] = 1e6
    report, _ = verify_interval(a_store(tmp_path, table), "BTCUSDT", "5m")
    assert report.faults == Faults(wrong_numbers=1)


def test_rows_in_another_years_file_are_found(tmp_path: Path) -> None:
    report, _ = verify_interval(a_store(tmp_path, a_history(), year=2024), "BTCUSDT", "5m")
    assert report.misplaced == 12
    assert not report.is_sound


def test_a_damaged_file_is_said_and_the_others_are_read(tmp_path: Path) -> None:
    store = a_store(tmp_path, a_history())
    (tmp_path / "BTCUSDT" / "5m" / "2024.parquet").write_bytes(b"damaged")
    report, rows = verify_interval(store, "BTCUSDT", "5m")
    assert len(rows) == 12
    assert "2024.parquet is not a readable candle file" in report.damaged[0]
    assert not report.is_sound


def test_an_archive_that_is_all_damaged_is_said(tmp_path: Path) -> None:
    store = with_hours(tmp_path)
    for path in tmp_path.rglob("*.parquet"):
        path.write_bytes(b"damaged")
    reports, disagreements = verify_symbol(store, "BTCUSDT")
    assert [report.candles for report in reports] == [0, 0]
    assert disagreements == ()


def test_intervals_that_add_up_agree(tmp_path: Path) -> None:
    reports, disagreements = verify_symbol(with_hours(tmp_path), "BTCUSDT")
    assert [report.interval for report in reports] == ["5m", "1h"]
    assert disagreements == ()


@pytest.mark.parametrize(
    ("field", "name"), [(HIGH, "high"), (VOLUME, "volume"), (VOLUME + 2, "trades")]
)
def test_a_slower_candle_that_is_another_is_found(tmp_path: Path, field: int, name: str) -> None:
    _, (found,) = verify_symbol(with_hours(tmp_path, 1.0, field), "BTCUSDT")
    assert (found.interval, found.slower, found.candles, found.compared) == ("5m", "1h", 1, 24)
    assert found.fields == (name,)
    assert found.from_ms == JANUARY_MS + 3 * INTERVAL_MS["1h"]


def test_the_rounding_of_a_sum_is_no_disagreement(tmp_path: Path) -> None:
    assert verify_symbol(with_hours(tmp_path, 1e-9, VOLUME), "BTCUSDT")[1] == ()


def test_intervals_that_do_not_meet_cannot_disagree(tmp_path: Path) -> None:
    store = a_store(tmp_path, a_history(24))
    later_ms = JANUARY_MS + 30 * INTERVAL_MS["1h"]
    store.write("BTCUSDT", "1h", a_history(3, interval="1h", first_ms=later_ms))
    assert verify_symbol(store, "BTCUSDT")[1] == ()


@pytest.mark.skipif(not REAL.is_dir(), reason="the real candles are not beside the repository")
def test_real_intervals_that_were_captured_at_once_agree(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    names = []
    for interval, table in captured(REAL / "ADAUSDT_15_timeframes_2020-04.sqlite").items():
        rows, faults = cleaned(table, interval, now_ms=JANUARY_MS)
        assert faults == Faults()
        store.write("ADAUSDT", interval, rows.take(slice(0, len(rows) - 1)))
        names.append(interval)
    reports, disagreements = verify_symbol(store, "ADAUSDT")
    assert [report.interval for report in reports] == [
        name for name in INTERVAL_MS if name in names
    ]
    assert len(reports) >= 13
    assert all(report.is_sound for report in reports)
    assert disagreements == ()


def captured(path: Path) -> dict[str, CandleTable]:
    """Return the rows of each interval that has a grid; the last one was still forming."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        found = database.execute("select time_frame, candle from ohlcv order by timestamp")
        rows: dict[str, list[list[float]]] = {}
        for interval, candle in found:
            rows.setdefault(interval, []).append(json.loads(candle))
    finally:
        database.close()
    return {
        interval: a_table([row[0] * 1000 for row in some], [row[1:6] for row in some])
        for interval, some in rows.items()
        if interval in INTERVAL_MS
    }
