"""Stored candles as a file for other programs: CSV with a header, or Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aitrader.filters.panel import Panel
from aitrader.model.candle import ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.storage.candles_archive import TIME_FIELD, arrow, write_table
from aitrader.storage.candles_files import replace_file
from aitrader.storage.candles_table import CLOSE, CandleTable


def write_export(path: Path, panel: Panel) -> int:
    """Write a panel's first symbol, without missing candles; returns how many rows it has.

    The CSV has `open_ms` (UTC epoch ms) and the fields of ROW_FIELDS; an unknown number is empty.

    Raises:
        ConfigError: pyarrow is missing, the ending is neither .csv nor .parquet, or the disk
            refused; an old file is as it was.
    """
    rows = np.array([panel.values[name][0] for name in ROW_FIELDS])
    table = CandleTable(panel.open_ms, rows).take(~np.isnan(rows[CLOSE]))
    ending = path.suffix.lower()
    if ending == ".csv":
        _write_csv(path, table)
    elif ending == ".parquet":
        write_table(path, table)
    else:
        raise ConfigError(f"expected a path that ends in .csv or .parquet, found {path}")
    return len(table)


def _write_csv(path: Path, table: CandleTable) -> None:
    pyarrow, csv = arrow(), arrow("csv")
    columns = pyarrow.table(
        [
            pyarrow.array(table.open_ms),
            *(pyarrow.array(row, from_pandas=True) for row in table.values),
        ],
        names=[TIME_FIELD, *ROW_FIELDS],
    )
    options = csv.WriteOptions(quoting_header="none")
    replace_file(path, lambda unfinished: csv.write_csv(columns, str(unfinished), options))
