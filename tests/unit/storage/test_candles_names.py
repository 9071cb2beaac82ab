from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from aitrader.storage.candles_names import Subject, files_below, format_of, subject_of


@pytest.mark.parametrize(
    ("name", "symbol", "interval"),
    [
        ("BTCUSDT-5m-2025-01.zip", "BTCUSDT", "5m"),
        ("BTCUSDT-1d-2025-01-31.csv", "BTCUSDT", "1d"),
        ("BTC_USDT-5m.feather", "BTCUSDT", "5m"),
        ("eth_btc-1h.json.gz", "ETHBTC", "1h"),
        ("ETHUSDT_5m_2024-12.csv", "ETHUSDT", "5m"),
        ("1000SATSUSDT-15m.parquet", "1000SATSUSDT", "15m"),
        ("folder/1INCHUSDT-1w.csv.gz", "1INCHUSDT", "1w"),
        ("BTCUSDT_1h.csv", "BTCUSDT", "1h"),
    ],
)
def test_a_name_says_symbol_and_interval(name: str, symbol: str, interval: str) -> None:
    found = subject_of(name)
    assert (found.symbol, found.interval) == (symbol, interval)


@pytest.mark.parametrize(
    "name",
    [
        "BTC_USDT_USDT-5m-futures.feather",
        "BTC_USDT-1h-mark.feather",
        "BTC_USDT-8h-funding_rate.feather",
        "BTCUSDT-1M-2025-01.zip",
        "BTCUSDT-1s-2025-01.zip",
        "candles.csv",
        "2025.parquet",
        "",
    ],
)
def test_a_name_that_means_no_spot_candles_says_nothing(name: str) -> None:
    assert subject_of(name).symbol == ""


def test_a_day_in_a_name_is_found() -> None:
    assert subject_of("20221213_btcbusd_minute_trade.csv") == Subject(day=date(2022, 12, 13))
    assert subject_of("BTCBUSD_1m_2022-12-13.zip").day == date(2022, 12, 13)
    assert subject_of("BTCBUSD_1m_2022-13-13.zip").day is None
    assert subject_of("BTCBUSD-1m-2022-12.zip").day is None


def test_what_is_told_comes_before_what_is_found() -> None:
    told = Subject("ETHUSDT").or_else(Subject("BTCUSDT", "5m", date(2025, 1, 1)))
    assert told == Subject("ETHUSDT", "5m", date(2025, 1, 1))


def test_an_ending_says_the_format() -> None:
    assert format_of("a.CSV.gz") == ".csv.gz"
    assert format_of("a.json") == ".json"
    assert format_of("a.txt") == ""


def test_a_folder_stands_for_its_candle_files(tmp_path: Path) -> None:
    names = ["b/ETHUSDT-5m.csv", "a/BTC_USDT-5m.feather", "a/pairs.json", "a/notes.txt"]
    for name in [*names, "b/BTC_USDT_USDT-5m-futures.feather"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    found = files_below(tmp_path)
    assert [path.name for path in found] == ["BTC_USDT-5m.feather", "ETHUSDT-5m.csv"]
    assert files_below(tmp_path / "a/notes.txt") == [tmp_path / "a/notes.txt"]
