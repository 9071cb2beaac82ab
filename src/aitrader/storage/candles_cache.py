"""The hot form of stored candles: one grid per symbol and interval, mapped into memory.

`<symbol>_<interval>.npy` holds (8, n) float64, each field in one piece; `<symbol>_<interval>.json`
says when its first column opens and which archive files it was made from. A cache is used only
while these files are untouched (name, bytes, time of change), else it is made again. The numbers
are renamed into place before their header: a crash between the two leaves a header that does not
fit the archive, and so a cache that is made again. Many processes share one mapping's pages.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS
from aitrader.storage.candles_files import replace_bytes, replace_file
from aitrader.storage.candles_table import CLOSE, Grid

VERSION = 1


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One archive file as it was when the cache was made."""

    name: str
    size_bytes: int
    changed_ns: int


class CacheHeader(msgspec.Struct, frozen=True):
    """What the numbers beside it are."""

    version: int
    symbol: str
    interval: str
    first_ms: int
    step_ms: int
    bars: int
    missing: int
    parts: tuple[Part, ...]


def parts_of(paths: list[Path]) -> tuple[Part, ...]:
    """Return what a cache made from these files now would note."""
    found = []
    for path in paths:
        state = path.stat()
        found.append(Part(path.name, state.st_size, state.st_mtime_ns))
    return tuple(found)


def find_header(path: Path, parts: tuple[Part, ...]) -> CacheHeader | None:
    """Return the header at `path` if it is there, readable and made from exactly `parts`."""
    try:
        header = msgspec.json.decode(path.read_bytes(), type=CacheHeader)
    except (OSError, msgspec.DecodeError):
        return None
    return header if header.version == VERSION and header.parts == parts else None


def write_cache(
    path: Path, grid: Grid, *, symbol: str, interval: str, parts: tuple[Part, ...]
) -> CacheHeader:
    """Write a grid and its header (`path`, .json); the numbers go beside it as .npy.

    Raises:
        ConfigError: The disk refused.
    """
    header = CacheHeader(
        version=VERSION,
        symbol=symbol,
        interval=interval,
        first_ms=grid.first_ms,
        step_ms=INTERVAL_MS[interval],
        bars=grid.bars,
        missing=int(np.count_nonzero(np.isnan(grid.values[CLOSE]))),
        parts=parts,
    )
    replace_file(path.with_suffix(".npy"), lambda unfinished: _save(unfinished, grid))
    replace_bytes(path, msgspec.json.encode(header))
    return header


def _save(path: Path, grid: Grid) -> None:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(grid.values), allow_pickle=False)


def find_grid(path: Path, header: CacheHeader) -> Grid | None:
    """Return the grid that a header describes as a read-only memory map, None if it is damaged."""
    try:
        values = np.load(path.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if values.dtype != np.float64 or values.shape != (len(ROW_FIELDS), header.bars):
        return None
    return Grid(header.first_ms, values.view(np.ndarray))
