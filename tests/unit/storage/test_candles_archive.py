from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.candle_history import a_history, same

from aitrader.model.errors import ConfigError
from aitrader.storage.candles_archive import arrow, read_table, read_years, write_table
from aitrader.storage.candles_table import QUOTE_VOLUME


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    table = a_history(500)
    table.values[QUOTE_VOLUME:, 7] = np.nan
    write_table(tmp_path / "2025.parquet", table)
    assert same(read_table(tmp_path / "2025.parquet"), table)


def test_rows_are_kept_as_they_stand(tmp_path: Path) -> None:
    table = a_history(5).take(np.array([4, 1, 1]))
    write_table(tmp_path / "2025.parquet", table)
    assert same(read_table(tmp_path / "2025.parquet"), table)


def test_years_are_read_one_after_the_other(tmp_path: Path) -> None:
    table = a_history(10)
    paths = [tmp_path / "2025.parquet", tmp_path / "2026.parquet"]
    write_table(paths[0], table.take(slice(0, 4)))
    write_table(paths[1], table.take(slice(4, 10)))
    assert same(read_years(paths), table)
    assert len(read_years([])) == 0


@pytest.mark.parametrize("size", [0, 100])
def test_a_damaged_file_is_said_with_its_remedy(tmp_path: Path, size: int) -> None:
    path = tmp_path / "2025.parquet"
    write_table(path, a_history())
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ConfigError, match=r"2025\.parquet is not a readable .*remove it and fetch"):
        read_table(path)


def test_another_parquet_file_is_refused(tmp_path: Path) -> None:
    pyarrow, parquet = arrow(), arrow("parquet")
    parquet.write_table(pyarrow.table({"x": [1]}), tmp_path / "2025.parquet")
    with pytest.raises(ConfigError, match="not a readable candle file"):
        read_table(tmp_path / "2025.parquet")


def test_without_pyarrow_it_says_how_to_get_it() -> None:
    with pytest.raises(ConfigError, match=r"pip install 'aitrader\[data\]'"):
        arrow("that_is_not_installed")
