"""Candle files of other programs, read into tables. The edge where foreign bytes become numbers.

CSV with a header or in Binance's own order, zipped or not; freqtrade's feather, JSON and Parquet;
our own exports. A file that cannot be read as a whole is refused as a whole: nothing of it is
guessed. What is wrong with single rows is for `candles_table.cleaned` to say.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from aitrader.model.candle import DAY_MS, INTERVAL_MS, ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.storage.candles_archive import arrow
from aitrader.storage.candles_names import FORMATS, Subject, format_of, subject_of
from aitrader.storage.candles_table import CandleTable, Floats, Times

_NOT_READ = (NotImplementedError, RuntimeError)  # an unknown compression, a password
MOST_BYTES = 2**31
"""A larger member of a zip file is refused: no candle file is that long."""

FEWEST_STEPS = 3
"""With fewer steps between its rows a file's interval cannot be told from its gaps."""

SECONDS_BELOW, MILLISECONDS_BELOW, MICROSECONDS_BELOW = 1e11, 1e14, 1e17
"""A time below it is in that unit: a year 5138 in seconds is a 1973 in milliseconds."""

BINANCE_COLUMNS = (
    "open_time",
    *ROW_FIELDS[:5],
    "close_time",
    "quote_volume",
    "trades",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
_TIME_NAMES = ("open_time", "open_ms", "opentime", "date", "datetime", "timestamp", "time", "ts")
_OTHER_NAMES = {
    "o": "open",
    "h": "high",
    "l": "low",
    "c": "close",
    "v": "volume",
    "vol": "volume",
    "base_volume": "volume",
    "quote_asset_volume": "quote_volume",
    "quotevolume": "quote_volume",
    "count": "trades",
    "number_of_trades": "trades",
    "num_trades": "trades",
    "tradecount": "trades",
    "taker_base_volume": "taker_buy_volume",
    "taker_buy_base_volume": "taker_buy_volume",
    "taker_buy_base_asset_volume": "taker_buy_volume",
}
"""What other programs call our fields."""


class FileCandles(msgspec.Struct, frozen=True):
    """The rows of one file as it had them, and whose they are."""

    source: str
    symbol: str
    interval: str
    table: CandleTable


Columns = Mapping[str, npt.NDArray[Any]]
"""A file's columns by the names of its own header; times as numbers or as datetime64."""


def read_file(path: Path, *, symbol: str = "", interval: str = "") -> Iterator[FileCandles]:
    """Yield the candles of a file, of each member of a zip file.

    Args:
        path: Its ending says its format (FORMATS).
        symbol: Whose candles; "" takes it from the name.
        interval: Likewise; "" takes it from the name.

    Raises:
        ConfigError: Not there, of no known format, damaged, or nobody says whose candles it has.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    yield from read_content(path.name, content, told=Subject(symbol.upper(), interval))


def read_content(name: str, content: bytes, *, told: Subject) -> Iterator[FileCandles]:
    """Yield the candles of a file's bytes; `told` is believed before any name.

    Raises:
        ConfigError: As `read_file`.
    """
    if format_of(name) != ".zip":
        yield _one_file(name, content, told.or_else(subject_of(name)))
        return
    for member, inner in _members(name, content):
        subject = told.or_else(subject_of(member)).or_else(subject_of(name))
        yield _one_file(f"{name}:{member}", inner, subject)


def _one_file(name: str, content: bytes, subject: Subject) -> FileCandles:
    reader = _READERS.get(format_of(name))
    if reader is None:
        known = " ".join(FORMATS)
        raise ConfigError(f"{name}: expected a file that ends in one of {known}")
    if not subject.symbol or subject.interval not in INTERVAL_MS:
        raise ConfigError(
            f"{name}: its name does not say a symbol and an interval of the spot market "
            "(such as BTCUSDT-5m): give --symbol and --interval"
        )
    columns = _named(name, reader(name, content))
    open_ms = _milliseconds(columns.pop("time"), subject)
    rows = [columns.get(field, np.full(len(open_ms), np.nan)) for field in ROW_FIELDS]
    table = CandleTable(open_ms, np.array(rows, dtype=np.float64))
    _check_step(name, open_ms, subject.interval)
    return FileCandles(name, subject.symbol, subject.interval, table)


def _named(name: str, columns: Columns) -> dict[str, npt.NDArray[Any]]:
    """Return columns by our own names, the time as "time"."""
    found: dict[str, npt.NDArray[Any]] = {}
    for header, column in columns.items():
        field = field_of(header)
        if field and field not in found:
            found[field] = column
    missing = [field for field in ("time", *ROW_FIELDS[:5]) if field not in found]
    if missing:
        raise ConfigError(f"{name}: found no column for {missing[0]} among {', '.join(columns)}")
    return found


def field_of(header: str) -> str:
    """Return which of ROW_FIELDS a column's header means, "time" for when it opens, "" for none."""
    plain = header.strip().lower().replace(" ", "_")
    if plain in _TIME_NAMES:
        return "time"
    plain = _OTHER_NAMES.get(plain, plain)
    return plain if plain in ROW_FIELDS else ""


def _milliseconds(times: npt.NDArray[Any], subject: Subject) -> Times:
    """Return epoch ms of times in s, ms, us or ns, of dates, or of ms since a file's midnight."""
    if times.dtype.kind == "M":
        return times.astype("datetime64[ms]").astype(np.int64)
    numbers = np.nan_to_num(times.astype(np.float64), nan=-1.0)
    largest = float(numbers.max(initial=0.0))
    if subject.day is not None and largest < DAY_MS:
        midnight = int(np.datetime64(subject.day, "ms").astype(np.int64))
        return midnight + times.astype(np.int64)
    whole = numbers.astype(np.int64) if times.dtype.kind == "f" else times.astype(np.int64)
    if largest < SECONDS_BELOW:
        return (numbers * 1000.0).astype(np.int64)
    return whole // (1 if largest < MILLISECONDS_BELOW else _fraction(largest))


def _fraction(largest: float) -> int:
    return 1_000 if largest < MICROSECONDS_BELOW else 1_000_000


def _check_step(name: str, open_ms: Times, interval: str) -> None:
    """Refuse a file whose rows are of a faster or a slower interval than it should have."""
    steps = np.diff(open_ms)
    steps = steps[steps > 0]
    if len(steps) < FEWEST_STEPS:
        return
    usual, least, expected = int(np.median(steps)), int(steps.min()), INTERVAL_MS[interval]
    if usual < expected or least > expected:
        raise ConfigError(
            f"{name}: expected {interval} candles, found one every {usual // 1000} seconds"
        )


# -- formats ------------------------------------------------------------------------------------


def _members(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for member in archive.infolist():
                if format_of(member.filename) in _READERS:
                    if member.file_size > MOST_BYTES:
                        raise ConfigError(f"{name}: {member.filename} is too large")
                    yield member.filename, archive.read(member)
    except (*_NOT_READ, zipfile.BadZipFile, zlib.error, EOFError) as exc:
        raise ConfigError(f"{name} is not a whole zip file ({exc})") from exc


def _read_csv(name: str, content: bytes) -> Columns:
    first = content[:4096].split(b"\n", 1)[0].decode("utf-8", "replace").strip("\ufeff\r ")
    delimiter = max(",;\t", key=first.count)
    fields = [field.strip(' "') for field in first.split(delimiter)]
    names = fields if _is_header(fields) else list(BINANCE_COLUMNS[: len(fields)])
    if len(names) < 6 or len(names) < len(fields):
        raise ConfigError(
            f"{name}: expected a header, or the 6 or 12 columns of Binance, found {first[:80]!r}"
        )
    pyarrow, csv = arrow(), arrow("csv")
    kinds = {field: field_of(field) for field in names}
    options = {
        "read_options": csv.ReadOptions(
            column_names=names, skip_rows=int(names is fields), use_threads=False
        ),
        "parse_options": csv.ParseOptions(delimiter=delimiter),
        "convert_options": csv.ConvertOptions(
            include_columns=[field for field, kind in kinds.items() if kind],
            column_types={
                field: pyarrow.float64()
                for field, kind in kinds.items()
                if kind not in {"", "time"}
            },
        ),
    }
    try:
        return _columns(name, csv.read_csv(pyarrow.BufferReader(content), **options))
    except pyarrow.ArrowException as exc:
        raise ConfigError(f"{name} is not a readable CSV file ({_words(exc)})") from exc


def _is_header(fields: list[str]) -> bool:
    """Tell a header from a row: no header's second field is a number, every row's is."""
    try:
        float(fields[1])
    except (ValueError, IndexError):
        return True
    return False


def _read_json(name: str, content: bytes) -> Columns:
    """Read freqtrade's JSON: [[ms, open, high, low, close, volume], ...]."""
    try:
        rows = msgspec.json.decode(
            content, type=list[tuple[float, float, float, float, float, float]]
        )
    except msgspec.DecodeError as exc:
        raise ConfigError(
            f"{name}: expected rows of time, open, high, low, close, volume ({exc})"
        ) from exc
    numbers: Floats = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return dict(zip(BINANCE_COLUMNS[:6], numbers.T, strict=True))


def _read_feather(name: str, content: bytes) -> Columns:
    pyarrow, feather = arrow(), arrow("feather")
    return _arrow_columns(name, lambda: feather.read_table(BytesIO(content)), pyarrow)


def _read_parquet(name: str, content: bytes) -> Columns:
    pyarrow, parquet = arrow(), arrow("parquet")
    return _arrow_columns(name, lambda: parquet.ParquetFile(BytesIO(content)).read(), pyarrow)


def _arrow_columns(name: str, read: Callable[[], Any], pyarrow: ModuleType) -> Columns:
    try:
        return _columns(name, read())
    except (pyarrow.ArrowException, ValueError, OSError) as exc:
        raise ConfigError(f"{name} is not readable ({_words(exc)})") from exc


def _columns(name: str, table: Any) -> Columns:  # noqa: ANN401 - pyarrow ships no types
    """Return the columns of an Arrow table that we know, as numpy arrays."""
    found: dict[str, npt.NDArray[Any]] = {}
    for header in table.column_names:
        if not field_of(header):
            continue
        column = table.column(header).to_numpy()
        if column.dtype.kind not in "iufM":
            raise ConfigError(f"{name}: expected numbers or dates in {header}, found text")
        found[header] = column
    return found


def _gunzipped(reader: Callable[[str, bytes], Columns]) -> Callable[[str, bytes], Columns]:
    def read(name: str, content: bytes) -> Columns:
        try:
            return reader(name, gzip.decompress(content))
        except (OSError, EOFError, zlib.error) as exc:
            raise ConfigError(f"{name} is not a whole gzip file ({exc})") from exc

    return read


def _words(exc: Exception) -> str:
    return (str(exc) or type(exc).__name__).splitlines()[0][:200]


_READERS: Mapping[str, Callable[[str, bytes], Columns]] = {
    ".csv": _read_csv,
    ".csv.gz": _gunzipped(_read_csv),
    ".json": _read_json,
    ".json.gz": _gunzipped(_read_json),
    ".feather": _read_feather,
    ".arrow": _read_feather,
    ".parquet": _read_parquet,
}
