"""`aitrader data`: candles on disk. Takes files in, shows, checks and gives out what is stored."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click
import msgspec

from aitrader.config import Settings
from aitrader.engine.clock import SystemClock
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import ConfigError
from aitrader.storage.candles import CandleStore, Holding, is_symbol
from aitrader.storage.candles_export import write_export
from aitrader.storage.candles_import import FileCandles, read_file
from aitrader.storage.candles_names import files_below
from aitrader.storage.candles_table import CandleTable, Faults, cleaned, merged_all
from aitrader.storage.candles_verify import Disagreement, Report, verify_symbol

FOLDER_NAME = "candles"

MOST_PENDING_ROWS = 1_500_000
"""About 110 MB of rows wait in memory for the write of their year."""

SHOWN_GAPS = 5


class ImportedFile(msgspec.Struct, frozen=True):
    """What one file had: rows, and what was wrong with some of them."""

    file: str
    symbol: str
    interval: str
    rows: int
    faults: Faults


class Import(msgspec.Struct, frozen=True):
    """What an import did; `added`: candles that were not stored before."""

    files: tuple[ImportedFile, ...]
    rows: int
    added: int


class Verification(msgspec.Struct, frozen=True):
    """Everything `verify` found; `is_sound` is False when a stored number may be wrong."""

    is_sound: bool
    reports: tuple[Report, ...]
    disagreements: tuple[Disagreement, ...]


def store_of(settings: Settings) -> CandleStore:
    """Return the candle store of a data folder."""
    return CandleStore(settings.data_folder / FOLDER_NAME)


# -- import ---------------------------------------------------------------------------------------


def run_import(
    settings: Settings,
    paths: Iterable[Path],
    *,
    symbol: str,
    interval: str,
    as_json: bool,
    most_pending: int = MOST_PENDING_ROWS,
) -> None:
    """Read candle files, and folders of them, into the store; say what came of each.

    Rows of one symbol and interval are gathered, `most_pending` at most, and written together.

    Raises:
        ConfigError: A file cannot be used; what was read before it is stored.
    """
    if interval:
        known_interval(interval)
    if symbol:
        known_symbol(symbol)
    files = [file for path in paths for file in files_below(path)]
    if not files:
        raise ConfigError("found no candle file there: see aitrader data import --help")
    taker = _Taker(store_of(settings), now_ms=SystemClock().now_ms(), most_pending=most_pending)
    try:
        with meter(len(files), "Importing") as done:
            for file in files:
                for found in read_file(file, symbol=symbol, interval=interval):
                    taker.take(found)
                done(1)
    finally:
        taker.finish()
    result = Import(tuple(taker.files), sum(file.rows for file in taker.files), taker.added)
    if as_json:
        say_json(result)
        return
    for entry in result.files:
        if entry.faults != Faults():
            say(f"{entry.file}: {_fault_words(entry.faults)}")
    say(f"{len(result.files):,} files, {result.rows:,} candles, {result.added:,} of them new")


class _Taker:
    """Gathers the rows of one symbol and interval until another one comes, then writes them."""

    def __init__(self, store: CandleStore, *, now_ms: int, most_pending: int) -> None:
        self._store, self._now_ms, self._most_pending = store, now_ms, most_pending
        self._key = ("", "")
        self._pending: list[CandleTable] = []
        self._written: set[tuple[str, str]] = set()
        self.files: list[ImportedFile] = []
        self.added = 0

    def take(self, found: FileCandles) -> None:
        """Check one file's rows and keep the sound ones."""
        key = (found.symbol, found.interval)
        if key != self._key or sum(map(len, self._pending)) > self._most_pending:
            self._write()
        self._key = key
        table, faults = cleaned(found.table, found.interval, now_ms=self._now_ms)
        self._pending.append(table)
        self.files.append(ImportedFile(found.source, *key, len(table), faults))

    def finish(self) -> None:
        """Write what is pending and make the caches."""
        self._write()
        for symbol, interval in sorted(self._written):
            self._store.refresh(symbol, interval)

    def _write(self) -> None:
        rows = merged_all(self._pending)
        self._pending = []
        if len(rows):
            self.added += self._store.write(*self._key, rows)
            self._written.add(self._key)


def _fault_words(faults: Faults) -> str:
    words = {
        "out_of_time": "not of a past time",
        "off_grid": "not on the interval's grid",
        "wrong_numbers": "with impossible numbers",
        "repeated": "repeated (the last one counts)",
        "out_of_order": "out of order (put in order)",
    }
    counts = msgspec.structs.asdict(faults)
    said = [f"{counts[name]:,} {text}" for name, text in words.items() if counts[name]]
    return f"rows {', '.join(said)}"


# -- list, verify, export -------------------------------------------------------------------------


def run_list(settings: Settings, *, as_json: bool) -> None:
    """Show what is stored.

    Raises:
        ConfigError: A stored file is damaged.
    """
    holdings = store_of(settings).holdings()
    if as_json:
        say_json(holdings)
        return
    if not holdings:
        say("no candles are stored: aitrader data download BTCUSDT --interval 5m --from 2025-01-01")
        return
    say(f"{'symbol':<16} {'interval':<8} {'from':<16}  {'to':<16} {'candles':>10} {'missing':>8}")
    for holding in holdings:
        say(_holding_line(holding))


def _holding_line(holding: Holding) -> str:
    span = f"{instant(holding.first_ms)}  {instant(holding.end_ms)}"
    counts = f"{holding.candles:>10,} {holding.missing:>8,}"
    return f"{holding.symbol:<16} {holding.interval:<8} {span} {counts}"


def run_verify(settings: Settings, symbols: tuple[str, ...], *, as_json: bool) -> bool:
    """Check what is stored of these symbols, of all when none is named; True when it is sound.

    Raises:
        ConfigError: Nothing is stored of a named symbol.
    """
    store = store_of(settings)
    stored = store.symbols()
    wanted = tuple(symbol.upper() for symbol in symbols) or stored
    for symbol in wanted:
        if symbol not in stored:
            raise ConfigError(f"no candles of {symbol} are stored: see aitrader data list")
    reports: list[Report] = []
    disagreements: list[Disagreement] = []
    with meter(len(wanted), "Verifying") as done:
        for symbol in wanted:
            some, others = verify_symbol(store, symbol)
            reports.extend(some)
            disagreements.extend(others)
            done(1)
    is_sound = all(report.is_sound for report in reports) and not disagreements
    result = Verification(is_sound, tuple(reports), tuple(disagreements))
    if as_json:
        say_json(result)
    else:
        _say_verification(result)
    return is_sound


def _say_verification(result: Verification) -> None:
    for report in result.reports:
        about = f"{report.symbol} {report.interval}: "
        for problem in report.damaged:
            say(f"{about}{problem}")
        if report.faults != Faults():
            say(f"{about}{_fault_words(report.faults)}")
        if report.misplaced:
            say(f"{about}{report.misplaced:,} rows in another year's file")
        for gap in report.gaps[:SHOWN_GAPS]:
            say(f"{about}gap of {gap.bars:,} candles from {instant(gap.from_ms)}")
        if len(report.gaps) > SHOWN_GAPS:
            say(f"{about}{report.missing:,} missing in all")
    for found in result.disagreements:
        say(
            f"{found.symbol} {found.slower}: {found.candles:,} of {found.compared:,} candles "
            f"differ from the {found.interval} candles in {', '.join(found.fields)}, "
            f"first at {instant(found.from_ms)}"
        )
    candles = sum(report.candles for report in result.reports)
    missing = sum(report.missing for report in result.reports)
    verdict = "sound" if result.is_sound else "NOT sound"
    say(f"{candles:,} candles in {len(result.reports):,} series: {verdict}, {missing:,} missing")


def run_export(
    settings: Settings, symbol: str, interval: str, *, path: Path, from_text: str, to_text: str
) -> None:
    """Write stored candles to a CSV or Parquet file, by its ending; an old file is replaced.

    Raises:
        ConfigError: Nothing is stored of it, an unknown ending, or the disk refused.
    """
    known_interval(interval)
    symbol = known_symbol(symbol)
    panel = store_of(settings).open(
        symbol,
        interval,
        from_ms=instant_ms(from_text) if from_text else None,
        to_ms=instant_ms(to_text) if to_text else None,
    )
    rows = write_export(path, panel)
    say(f"{rows:,} candles of {symbol} {interval} in {path}")


# -- words ----------------------------------------------------------------------------------------


def known_interval(text: str) -> str:
    """Return the interval.

    Raises:
        ConfigError: There is no such interval.
    """
    if text not in INTERVAL_MS:
        raise ConfigError(f"expected an interval of {' '.join(INTERVAL_MS)}, found {text!r}")
    return text


def known_symbol(text: str) -> str:
    """Return the symbol in capitals.

    Raises:
        ConfigError: It cannot be one.
    """
    if not is_symbol(text):
        raise ConfigError(f"expected a symbol such as BTCUSDT, found {text!r}")
    return text.upper()


def instant_ms(text: str) -> int:
    """Return a date or a time as the person writes it (UTC unless it says otherwise).

    Raises:
        ConfigError: It is neither.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ConfigError(f"expected a date such as 2025-01-31, found {text!r}") from exc
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def instant(at_ms: int) -> str:
    """Return an instant as a person reads it, in UTC to the minute."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def say(text: str) -> None:
    """Print one line for the person."""
    click.echo(text)


def say_json(result: object) -> None:
    """Print one JSON object for a program."""
    click.echo(msgspec.json.encode(result))


@contextmanager
def meter(
    steps: int, label: str, *, stream: TextIO | None = None
) -> Iterator[Callable[[int], object]]:
    """Give a function to call with the number of steps done, which moves a bar on a terminal.

    The bar is on stderr unless another `stream` is told; what is no terminal sees nothing.
    """
    shown_on = stream or sys.stderr
    if not shown_on.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=steps, label=label, file=shown_on, show_pos=True) as bar:
        yield bar.update
