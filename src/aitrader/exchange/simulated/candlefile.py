"""Candle files for a replay: CSV as Binance publishes it or with a header, and Parquet.

The file's name says what is in it: `SYMBOL_INTERVAL*.csv` (or `-` between, as in Binance's own
archive). Times may be seconds, milliseconds or microseconds since the epoch, or ISO dates in UTC.
A file is refused whole, with the row that is wrong; nothing is guessed. A candle that comes twice
counts once.
"""

from __future__ import annotations

import csv
import importlib
import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from aitrader.exchange.simulated.source import Rows
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import ConfigError

NAME = re.compile(r"^(?P<symbol>[A-Z0-9]+)[_-](?P<interval>[0-9]+[mhdw])(?![a-zA-Z0-9])")
SUFFIXES = (".csv", ".parquet")
MAX_DECIMALS = 8

COLUMNS: tuple[tuple[str, ...], ...] = (
    ("open_time", "time", "timestamp", "date", "datetime", "open_ms", "t"),
    ("open", "o"),
    ("high", "h"),
    ("low", "l"),
    ("close", "c"),
    ("volume", "v"),
    ("quote_volume", "quote_asset_volume", "q"),
    ("trades", "number_of_trades", "count", "num_trades", "n"),
    ("taker_buy_volume", "taker_base_volume", "taker_buy_base_asset_volume", "taker_base"),
)
"""The names a header may give to what we need: time, then ROW_FIELDS. The last three may lack."""
REQUIRED = 6
BINANCE_ORDER = (0, 1, 2, 3, 4, 5, 7, 8, 9)
"""Where the same numbers stand in a file without a header."""


class CandleFile(msgspec.Struct, frozen=True):
    """One symbol's candles as a file has them, in time order: `open_ms` (n,) and `rows` (n, 8)."""

    symbol: str
    interval: str
    open_ms: tuple[int, ...]
    rows: Rows
    price_decimals: int
    quantity_decimals: int


def read(path: Path) -> CandleFile:
    """Return a candle file's content.

    Raises:
        ConfigError: The file cannot be read or is wrong, in one sentence.
    """
    named = NAME.match(path.name)
    if named is None or named["interval"] not in INTERVAL_MS or path.suffix not in SUFFIXES:
        raise ConfigError(
            f"{path.name}: expected a name like ETHUSDT_5m_2024-12.csv, with a symbol, an interval "
            f"and one of {', '.join(SUFFIXES)}"
        )
    try:
        records = _csv_records(path) if path.suffix == ".csv" else _parquet_records(path)
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise ConfigError(f"{path.name} cannot be read: {exc}") from exc
    if not records:
        raise ConfigError(f"{path.name} has no candles")
    return _checked(path.name, named["symbol"], named["interval"], records)


def _checked(name: str, symbol: str, interval: str, records: Sequence[Sequence[str]]) -> CandleFile:
    length = INTERVAL_MS[interval]
    found: dict[int, list[float]] = {}
    for number, record in enumerate(records, start=1):
        try:
            open_ms = as_ms(record[0])
            row = [float(text) if text else 0.0 for text in record[1:]]
        except ValueError as exc:
            raise ConfigError(f"{name}, candle {number}: {exc}") from exc
        if open_ms % length:
            raise ConfigError(f"{name}, candle {number}: {open_ms} is not on the {interval} grid")
        if not is_sound(row):
            raise ConfigError(f"{name}, candle {number}: {record[1:6]} is no candle")
        found[open_ms] = row
    times = sorted(found)
    return CandleFile(
        symbol=symbol,
        interval=interval,
        open_ms=tuple(times),
        rows=np.array([found[time] for time in times]),
        price_decimals=_decimals(text for record in records for text in record[1:5]),
        quantity_decimals=_decimals(record[5] for record in records),
    )


def as_ms(text: str) -> int:
    """Return an instant in UTC epoch ms from a number of s, ms or us, or from an ISO date.

    Raises:
        ValueError: It is neither.
    """
    digits = text.strip().removesuffix(".0")
    if not digits.isdecimal():
        instant = datetime.fromisoformat(text.strip())
        aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000)
    number = int(digits)
    if number > 10**14:
        return number // 1000
    return number if number > 10**11 else number * 1000


def is_sound(row: Sequence[float]) -> bool:
    """Return whether eight numbers can be one candle."""
    opened, high, low, close = row[:4]
    if not all(math.isfinite(number) for number in row) or min(row[4:]) < 0 or low <= 0:
        return False
    return low <= min(opened, close) and max(opened, close) <= high


def _csv_records(path: Path) -> list[list[str]]:
    """Return time and ROW_FIELDS of every line as text, "" where the file has none."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        raw = [line for line in csv.reader(lines) if line]
    if not raw:
        return []
    places: Sequence[int] = BINANCE_ORDER
    if not raw[0][0].strip().replace(".", "").isdecimal():
        places = _places(path.name, [cell.strip().lower() for cell in raw.pop(0)])
    return [_picked(path.name, line, places) for line in raw]


def _picked(name: str, line: Sequence[str], places: Sequence[int]) -> list[str]:
    if len(line) <= max(places[:REQUIRED]):
        raise ConfigError(f"{name}: expected at least {REQUIRED} columns, found {line}")
    return [line[place] if 0 <= place < len(line) else "" for place in places]


def _places(name: str, header: Sequence[str]) -> list[int]:
    places = []
    for number, names in enumerate(COLUMNS):
        known = [header.index(each) for each in names if each in header]
        if not known and number < REQUIRED:
            raise ConfigError(f"{name}: expected a column {names[0]}, found {', '.join(header)}")
        places.append(known[0] if known else -1)
    return places


def _parquet_records(path: Path) -> list[list[str]]:
    try:
        arrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as exc:
        raise ConfigError("a Parquet file needs pyarrow: pip install 'aitrader[data]'") from exc
    try:
        table = parquet.read_table(path)
    except arrow.ArrowException as exc:
        raise ConfigError(f"{path.name} cannot be read: {exc}") from exc
    header = [str(column).lower() for column in table.column_names]
    columns = [
        [_as_text(value) for value in table.column(place).to_pylist()] if place >= 0 else None
        for place in _places(path.name, header)
    ]
    return [
        [column[number] if column else "" for column in columns] for number in range(table.num_rows)
    ]


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else repr(value)


def _decimals(texts: Iterable[str]) -> int:
    """Return how many decimals the numbers have at most, as far as an exchange goes."""
    longest = 0
    for text in set(texts):
        plain = f"{float(text or 0):.10f}" if "e" in text.lower() else text
        longest = max(longest, len(plain.partition(".")[2].rstrip("0")))
    return min(longest, MAX_DECIMALS)
