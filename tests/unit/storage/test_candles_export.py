from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.candle_history import JANUARY_MS, a_history, same, without

from aitrader.model.errors import ConfigError
from aitrader.storage.candles import CandleStore
from aitrader.storage.candles_export import write_export
from aitrader.storage.candles_import import read_file
from aitrader.storage.candles_table import QUOTE_VOLUME


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_an_export_can_be_imported_again(tmp_path: Path, ending: str) -> None:
    table = without(a_history(), 4)
    table.values[QUOTE_VOLUME:, 2] = np.nan
    store, path = CandleStore(tmp_path / "candles"), tmp_path / f"BTCUSDT-5m{ending}"
    store.write("BTCUSDT", "5m", table)
    assert write_export(path, store.open("BTCUSDT", "5m")) == 11
    (found,) = read_file(path)
    assert same(found.table, table)


def test_a_csv_has_plain_numbers_under_a_header(tmp_path: Path) -> None:
    store, path = CandleStore(tmp_path / "candles"), tmp_path / "out.csv"
    table = a_history(1)
    table.values[QUOTE_VOLUME:] = np.nan
    store.write("BTCUSDT", "5m", table)
    write_export(path, store.open("BTCUSDT", "5m"))
    head, row = path.read_text().splitlines()
    assert head == "open_ms,open,high,low,close,volume,quote_volume,trades,taker_buy_volume"
    assert row.startswith(f"{JANUARY_MS},100,")
    assert row.endswith(",,,")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    store = CandleStore(tmp_path / "candles")
    store.write("BTCUSDT", "5m", a_history())
    with pytest.raises(ConfigError, match=r"ends in \.csv or \.parquet, found .*out\.xls"):
        write_export(tmp_path / "out.xls", store.open("BTCUSDT", "5m"))


def test_a_disk_that_refuses_leaves_the_old_export(tmp_path: Path) -> None:
    store = CandleStore(tmp_path / "candles")
    store.write("BTCUSDT", "5m", a_history())
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_export(tmp_path / "out.csv", store.open("BTCUSDT", "5m"))
