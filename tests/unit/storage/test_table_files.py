from pathlib import Path

import pytest

from aitrader.model.errors import ConfigError
from aitrader.storage.table_files import write_rows


def test_rows_come_back_with_their_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    write_rows(path, ("name", "pnl", "count"), [("a", 1.5, 3), ("b", None, 4)])
    assert parquet.read_table(path).to_pylist() == [
        {"name": "a", "pnl": 1.5, "count": 3},
        {"name": "b", "pnl": None, "count": 4},
    ]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_rows(tmp_path / "file" / "rows.parquet", ("name",), [("a",)])
