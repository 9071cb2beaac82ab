"""The candle archive: one Parquet file per symbol, interval and UTC year, written whole.

A file is replaced by renaming a finished one over it, so a reader or a crash sees the old year or
the new one, never half of it. Numbers are split into byte streams before zstd: it writes several
times faster than a dictionary of doubles, for a sixth more bytes (`bench/candles.py`).

pyarrow is the optional extra `data`. It is loaded here, by name, when the first file is touched.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np

from aitrader.model.candle import ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.storage.candles_files import replace_file
from aitrader.storage.candles_table import CandleTable, empty_table, joined

TIME_FIELD = "open_ms"
SUFFIX = ".parquet"
COMPRESSION_LEVEL = 1


def arrow(module: str = "") -> ModuleType:
    """Return pyarrow, or its module of this name.

    Raises:
        ConfigError: It is not installed; says how to get it.
    """
    try:
        return import_module(f"pyarrow.{module}" if module else "pyarrow")
    except ImportError as exc:
        raise ConfigError("candle files need pyarrow: pip install 'aitrader[data]'") from exc


def write_table(path: Path, table: CandleTable) -> None:
    """Write an ordered, clean table as one Parquet file, atomically.

    Raises:
        ConfigError: pyarrow is missing, or the disk refused.
    """
    pyarrow, parquet = arrow(), arrow("parquet")
    columns = pyarrow.table(
        [pyarrow.array(table.open_ms), *(pyarrow.array(row) for row in table.values)],
        names=[TIME_FIELD, *ROW_FIELDS],
    )
    encodings = dict.fromkeys(ROW_FIELDS, "BYTE_STREAM_SPLIT")

    def write(unfinished: Path) -> None:
        parquet.write_table(
            columns,
            unfinished,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=False,
            column_encoding={TIME_FIELD: "DELTA_BINARY_PACKED", **encodings},
            write_statistics=False,
        )

    replace_file(path, write)


def read_table(path: Path) -> CandleTable:
    """Return one file's rows as they stand in it, not checked.

    Raises:
        ConfigError: pyarrow is missing, or the file is not one of ours or damaged.
    """
    pyarrow, parquet = arrow(), arrow("parquet")
    try:
        file = parquet.ParquetFile(path, memory_map=True)
        found = file.read(columns=[TIME_FIELD, *ROW_FIELDS], use_threads=False)
        values = np.empty((len(ROW_FIELDS), found.num_rows))
        for place, name in enumerate(ROW_FIELDS):
            values[place] = found.column(name).to_numpy()
        return CandleTable(found.column(TIME_FIELD).to_numpy().astype(np.int64), values)
    except (pyarrow.ArrowException, KeyError, ValueError, OSError) as exc:
        raise ConfigError(
            f"{path} is not a readable candle file ({_first_line(exc)}): "
            "remove it and fetch or import that year again"
        ) from exc


def read_years(paths: list[Path]) -> CandleTable:
    """Return the rows of several files, in the order of the files."""
    return joined([read_table(path) for path in paths]) if paths else empty_table()


def _first_line(exc: Exception) -> str:
    return (str(exc) or type(exc).__name__).splitlines()[0][:200]
