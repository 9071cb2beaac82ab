from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tests.candle_history import JANUARY_MS, a_history, same, without

from aitrader.filters.panel import Panel
from aitrader.model.candle import DAY_MS, INTERVAL_MS, ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.storage.candles import CandleStore, Holding, divides
from aitrader.storage.candles_archive import write_table
from aitrader.storage.candles_table import CLOSE, CandleTable, joined

STEP_MS = INTERVAL_MS["5m"]


def a_store(folder: Path, table: CandleTable | None = None) -> CandleStore:
    store = CandleStore(folder)
    store.write("BTCUSDT", "5m", a_history() if table is None else table)
    return store


def numbers(panel: Panel) -> CandleTable:
    return CandleTable(panel.open_ms, np.array([panel.values[name][0] for name in ROW_FIELDS]))


# -- writing --------------------------------------------------------------------------------------


def test_what_is_written_is_there_in_a_file_per_year(tmp_path: Path) -> None:
    table = a_history(6, first_ms=JANUARY_MS - 2 * STEP_MS)
    store = CandleStore(tmp_path)
    assert store.write("BTCUSDT", "5m", table) == 6
    assert list(store.year_files("BTCUSDT", "5m")) == [2024, 2025]
    assert same(store.rows("BTCUSDT", "5m"), table)


def test_writing_again_adds_nothing(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    assert store.write("BTCUSDT", "5m", a_history()) == 0
    assert same(store.rows("BTCUSDT", "5m"), a_history())


def test_the_newer_row_wins(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    newer = a_history(4, seed=2)
    assert store.write("BTCUSDT", "5m", newer) == 0
    assert same(store.rows("BTCUSDT", "5m").take(slice(0, 4)), newer)


@pytest.mark.parametrize("symbol", ["", "../BTC", "BTC/USDT", "B", "BTC USDT", ".cache"])
def test_a_name_that_is_no_symbol_is_refused(tmp_path: Path, symbol: str) -> None:
    with pytest.raises(ConfigError, match="expected a symbol such as BTCUSDT"):
        CandleStore(tmp_path / "candles").write(symbol, "5m", a_history())
    assert not list(tmp_path.iterdir())


def test_a_damaged_year_is_not_written_over(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    path = store.year_files("BTCUSDT", "5m")[2025]
    path.write_bytes(b"damaged")
    with pytest.raises(ConfigError, match="is not a readable candle file"):
        store.write("BTCUSDT", "5m", a_history())
    assert path.read_bytes() == b"damaged"


# -- opening --------------------------------------------------------------------------------------


def test_a_panel_is_the_stored_candles_mapped_into_memory(tmp_path: Path) -> None:
    panel = a_store(tmp_path).open("BTCUSDT", "5m")
    assert same(numbers(panel), a_history())
    assert (panel.interval, panel.symbols, panel.bars) == ("5m", ("BTCUSDT",), 12)
    closes = panel.values["close"]
    assert closes.shape == (1, 12)
    assert closes[0].flags.c_contiguous
    assert not closes.flags.writeable
    assert not closes.flags.owndata


def test_a_missing_candle_is_unknown_in_every_field(tmp_path: Path) -> None:
    panel = a_store(tmp_path, without(a_history(), 5)).open("BTCUSDT", "5m")
    assert panel.bars == 12
    assert all(np.isnan(row[0, 5]) for row in panel.values.values())


@pytest.mark.parametrize(
    ("from_bar", "to_bar", "expected"),
    [
        (0, 12, range(12)),
        (2, 5, range(2, 5)),
        (1.5, 4.5, range(2, 5)),
        (-9, 3, range(3)),
        (9, 99, range(9, 12)),
        (99, 120, range(0)),
        (-9, -3, range(0)),
        (5, 2, range(0)),
    ],
)
def test_a_span_is_cut_to_what_is_stored(
    tmp_path: Path, from_bar: float, to_bar: float, expected: range
) -> None:
    panel = a_store(tmp_path).open(
        "BTCUSDT",
        "5m",
        from_ms=JANUARY_MS + int(from_bar * STEP_MS),
        to_ms=JANUARY_MS + int(to_bar * STEP_MS),
    )
    places = np.array(expected, dtype=np.int64)
    assert same(numbers(panel), a_history().take(places))


def test_years_follow_one_another_without_a_seam(tmp_path: Path) -> None:
    table = a_history(600, first_ms=JANUARY_MS - DAY_MS)
    assert same(numbers(a_store(tmp_path, table).open("BTCUSDT", "5m")), table)


def test_a_panel_follows_the_archive(tmp_path: Path) -> None:
    store = a_store(tmp_path, a_history(8))
    before = store.open("BTCUSDT", "5m")
    store.write("BTCUSDT", "5m", a_history(12))
    assert same(numbers(store.open("BTCUSDT", "5m")), a_history(12))
    assert same(numbers(before), a_history(8))


def test_an_open_panel_outlives_its_files(tmp_path: Path) -> None:
    panel = a_store(tmp_path).open("BTCUSDT", "5m")
    for file in (tmp_path / ".cache").iterdir():
        file.unlink()
    assert same(numbers(panel), a_history())


@pytest.mark.parametrize("ending", [".npy", ".json"])
@pytest.mark.parametrize("content", [None, b"", b"damaged"])
def test_a_damaged_cache_is_made_again(tmp_path: Path, ending: str, content: bytes | None) -> None:
    store = a_store(tmp_path)
    store.refresh("BTCUSDT", "5m")
    path = tmp_path / ".cache" / f"BTCUSDT_5m{ending}"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert same(numbers(store.open("BTCUSDT", "5m")), a_history())


def test_a_good_cache_needs_no_archive_to_be_read(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    store.refresh("BTCUSDT", "5m")
    path = store.year_files("BTCUSDT", "5m")[2025]
    state = path.stat()
    path.write_bytes(b"x" * state.st_size)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert same(numbers(store.open("BTCUSDT", "5m")), a_history())


def test_rows_that_somebody_damaged_do_not_reach_a_panel(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    table = joined([a_history(), a_history().take(slice(0, 3))])
    table.values[CLOSE, 11] = -1.0
    write_table(tmp_path / "BTCUSDT" / "5m" / "2025.parquet", table)
    assert same(numbers(store.open("BTCUSDT", "5m")), without(a_history(), 11))


# -- slower intervals -----------------------------------------------------------------------------


def test_an_interval_that_is_not_stored_is_made_from_a_faster_one(tmp_path: Path) -> None:
    table = a_history(24)
    panel = a_store(tmp_path, table).open("BTCUSDT", "1h", from_ms=JANUARY_MS + 3_600_000)
    assert panel.open_ms.tolist() == [JANUARY_MS + 3_600_000]
    assert panel.values["close"].tolist() == [[table.values[CLOSE, 23]]]
    assert not panel.values["close"].flags.writeable


def test_what_is_stored_comes_before_what_can_be_made(tmp_path: Path) -> None:
    store = a_store(tmp_path, a_history(24))
    hours = a_history(2, interval="1h", seed=5)
    store.write("BTCUSDT", "1h", hours)
    assert same(numbers(store.open("BTCUSDT", "1h")), hours)


def test_intervals_divide_one_another_on_one_grid() -> None:
    assert divides("5m", "1h")
    assert divides("1d", "1w")
    assert not divides("1h", "5m")
    assert not divides("5m", "5m")
    assert not divides("8h", "12h")


def test_what_is_not_stored_is_said_with_its_remedy(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    for symbol, interval in [("BTCUSDT", "1m"), ("ETHUSDT", "5m"), ("../etc", "5m")]:
        with pytest.raises(ConfigError, match=f"no {interval} candles .*: aitrader data download"):
            store.open(symbol, interval)
    assert store.find_grid("ETHUSDT", "5m") is None


# -- what is there --------------------------------------------------------------------------------


def test_holdings_say_what_is_stored(tmp_path: Path) -> None:
    store = a_store(tmp_path, without(a_history(), 5))
    store.write("ADAUSDT", "1h", a_history(3, interval="1h"))
    store.write("ADAUSDT", "1m", a_history(3, interval="1m"))
    (tmp_path / "DOTUSDT").mkdir()
    found = store.holdings()
    assert [(each.symbol, each.interval) for each in found] == [
        ("ADAUSDT", "1m"),
        ("ADAUSDT", "1h"),
        ("BTCUSDT", "5m"),
    ]
    assert found[2] == Holding(
        symbol="BTCUSDT",
        interval="5m",
        first_ms=JANUARY_MS,
        end_ms=JANUARY_MS + 12 * STEP_MS,
        candles=11,
        missing=1,
        size_bytes=store.year_files("BTCUSDT", "5m")[2025].stat().st_size,
    )


def test_an_empty_store_has_nothing(tmp_path: Path) -> None:
    assert CandleStore(tmp_path / "none").holdings() == ()


def test_missing_stretches_are_found_around_and_inside(tmp_path: Path) -> None:
    store = a_store(tmp_path, without(a_history(12), 3, 4, 9))

    def missing(first: int, last: int) -> list[tuple[int, int]]:
        found = store.missing(
            "BTCUSDT", "5m", from_ms=JANUARY_MS + first * STEP_MS, to_ms=JANUARY_MS + last * STEP_MS
        )
        bars = [tuple((at - JANUARY_MS) // STEP_MS for at in pair) for pair in found]
        return [(start, stop) for start, stop in bars]

    assert missing(-2, 15) == [(-2, 0), (3, 5), (9, 10), (12, 15)]
    assert missing(4, 9) == [(4, 5)]
    assert missing(5, 9) == []
    assert missing(20, 22) == [(20, 22)]
    assert missing(-5, -2) == [(-5, -2)]
    assert missing(5, 5) == []
    assert missing(5, 2) == []


def test_of_a_symbol_without_candles_everything_is_missing(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    assert store.missing("BTCUSDT", "5m", from_ms=0, to_ms=STEP_MS) == ((0, STEP_MS),)
