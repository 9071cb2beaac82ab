from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from aitrader.exchange.simulated.candlefile import as_ms, read
from aitrader.model.errors import ConfigError

AT_MS = 1_733_011_200_000
BINANCE = (
    "1733011200000,100,110.5,95,105,1.25,1733011499999,130,7,0.5,52,0\n"
    "1733011500000,105,106,104,104.25,2,1733011799999,210,9,1.1,115,0\n"
)


def a_file(folder: Path, text: str, name: str = "ETHUSDT_5m_2024-12.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_file_as_the_exchange_publishes_it_is_read(tmp_path: Path) -> None:
    found = read(a_file(tmp_path, BINANCE))
    assert (found.symbol, found.interval) == ("ETHUSDT", "5m")
    assert found.open_ms == (AT_MS, AT_MS + 300_000)
    assert found.rows[0].tolist() == [100, 110.5, 95, 105, 1.25, 130, 7, 0.5]
    assert (found.price_decimals, found.quantity_decimals) == (2, 2)


def test_microseconds_and_the_archives_own_names_are_understood(tmp_path: Path) -> None:
    text = BINANCE.replace("1733011200000,", "1733011200000000,").replace(
        "1733011500000,", "1733011500000000,"
    )
    assert read(a_file(tmp_path, text, "ETHUSDT-5m-2025-01.csv")).open_ms[0] == AT_MS


def test_a_header_names_the_columns_in_any_order(tmp_path: Path) -> None:
    text = (
        "date,volume,open,high,low,close\n"
        "2024-12-01 00:00:00+00:00,3,1e-05,2.5e-05,1e-05,2e-05\n"
        "2024-12-01 00:05:00,3,0.00002,0.00003,0.00002,0.00002\n"
    )
    found = read(a_file(tmp_path, text))
    assert found.open_ms == (AT_MS, AT_MS + 300_000)
    assert found.rows[0].tolist() == [1e-05, 2.5e-05, 1e-05, 2e-05, 3, 0, 0, 0]
    assert (found.price_decimals, found.quantity_decimals) == (6, 0)


def test_rows_out_of_order_or_twice_are_put_right(tmp_path: Path) -> None:
    lines = BINANCE.splitlines(keepends=True)
    found = read(a_file(tmp_path, lines[1] + lines[0] + lines[1] + "\n"))
    assert found.open_ms == (AT_MS, AT_MS + 300_000)


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT_5m.parquet"
    columns = {
        "timestamp": pa.array([AT_MS, AT_MS + 300_000], pa.timestamp("ms", tz="UTC")),
        **{name: [100.0, 101.5] for name in ("open", "high", "low", "close")},
        "volume": [1.5, None],
    }
    parquet.write_table(pa.table(columns), path)
    found = read(path)
    assert found.open_ms == (AT_MS, AT_MS + 300_000)
    assert found.rows[1].tolist() == [101.5] * 4 + [0.0] * 4
    assert found.price_decimals == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1733011200", AT_MS),
        ("1733011200000.0", AT_MS),
        ("1733011200000000", AT_MS),
        ("2024-12-01", AT_MS),
        ("2024-12-01T01:00:00+01:00", AT_MS),
    ],
)
def test_an_instant_is_read_in_any_of_its_spellings(text: str, seconds: int) -> None:
    assert as_ms(text) == seconds


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("candles.csv", BINANCE, "expected a name like ETHUSDT_5m_2024-12.csv"),
        ("ETHUSDT_7m.csv", BINANCE, "expected a name like"),
        ("ETHUSDT_5m.xlsx", BINANCE, "expected a name like"),
        ("ETHUSDT_5m.csv", "", "has no candles"),
        ("ETHUSDT_5m.csv", "date,open\n", "expected a column high"),
        ("ETHUSDT_5m.csv", "1733011200000,1,1,1\n", "expected at least 6 columns"),
        ("ETHUSDT_5m.csv", "1733011200001,1,1,1,1,1\n", "not on the 5m grid"),
        ("ETHUSDT_5m.csv", "1733011200000,1,1,1,x,1\n", "candle 1: could not convert"),
        ("ETHUSDT_5m.csv", "date,open,high,low,close,volume\nsoon,1,1,1,1,1\n", "candle 1"),
        ("ETHUSDT_5m.csv", "1733011200000,1,2,0,1,1\n", "is no candle"),
        ("ETHUSDT_5m.csv", "1733011200000,1,2,1,nan,1\n", "is no candle"),
        ("ETHUSDT_5m.csv", "1733011200000,3,2,1,1,1\n", "is no candle"),
        ("ETHUSDT_5m.parquet", "PAR0", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_sentence(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read(a_file(tmp_path, text, name))


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "ETHUSDT_5m.csv")
