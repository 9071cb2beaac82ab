from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.candle_history import JANUARY_MS, a_history, without

from aitrader.storage.candles_cache import (
    CacheHeader,
    Part,
    find_grid,
    find_header,
    parts_of,
    write_cache,
)
from aitrader.storage.candles_table import Grid, to_grid

PARTS = (Part("2025.parquet", 10, 20),)


def a_cache(path: Path) -> tuple[CacheHeader, Grid]:
    grid = to_grid(without(a_history(8), 3), "5m")
    return write_cache(path, grid, symbol="BTCUSDT", interval="5m", parts=PARTS), grid


def test_a_cache_comes_back_as_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_5m.json"
    header, grid = a_cache(path)
    found = find_header(path, PARTS)
    assert found == header
    assert (header.first_ms, header.bars, header.missing) == (JANUARY_MS, 8, 1)
    mapped = find_grid(path, header)
    assert mapped is not None
    assert np.array_equal(mapped.values, grid.values, equal_nan=True)


def test_mapped_numbers_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_5m.json"
    mapped = find_grid(path, a_cache(path)[0])
    assert mapped is not None
    assert not mapped.values.flags.writeable
    assert isinstance(mapped.values.base, np.memmap)


def test_a_cache_of_other_archive_files_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_5m.json"
    a_cache(path)
    assert find_header(path, (Part("2025.parquet", 11, 20),)) is None


def test_a_damaged_or_missing_header_is_none(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_5m.json"
    assert find_header(path, PARTS) is None
    path.write_bytes(b'{"version":')
    assert find_header(path, PARTS) is None


def test_damaged_or_missing_numbers_are_none(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_5m.json"
    header, _ = a_cache(path)
    numbers = path.with_suffix(".npy")
    whole = numbers.read_bytes()
    for content in (b"", whole[:60], whole[:-8], b"\x93NUMPY" + bytes(200)):
        numbers.write_bytes(content)
        assert find_grid(path, header) is None
    np.save(numbers, np.zeros((8, 9)))
    assert find_grid(path, header) is None
    numbers.unlink()
    assert find_grid(path, header) is None


def test_parts_follow_a_files_content(tmp_path: Path) -> None:
    file = tmp_path / "2025.parquet"
    file.write_bytes(b"one")
    before = parts_of([file])
    assert parts_of([file]) == before
    file.write_bytes(b"three")
    assert parts_of([file]) != before
