"""Rows of a result as a Parquet file, for other programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from aitrader.storage.candles_archive import arrow
from aitrader.storage.candles_files import replace_file

Cell = str | float | int | None


def write_rows(path: Path, names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows under these names; an old file is replaced, or left as it was.

    A column's type is that of its cells; None is a missing value.

    Raises:
        ConfigError: pyarrow is missing, or the disk refused.
    """
    pyarrow, parquet = arrow(), arrow("parquet")
    found = list(rows)
    columns = [pyarrow.array([row[place] for row in found]) for place in range(len(names))]
    table = pyarrow.table(columns, names=list(names))
    replace_file(path, lambda unfinished: parquet.write_table(table, str(unfinished)))
