"""`aitrader data download`: history from Binance's archive files, or over REST, into the store.

What is stored is not fetched again: of the archive, files whose span was noted; over REST, candles
that are there. Each step ends with whole files on disk, so an interrupted download goes on where
it was.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import msgspec
import numpy as np

from aitrader.config import Settings
from aitrader.engine.clock import SystemClock
from aitrader.exchange.binance.history import (
    ArchiveFile,
    ArchiveTiming,
    BinanceArchive,
    Fetched,
    files_for,
)
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.rest import BinanceRest, RestTiming
from aitrader.model.candle import INTERVAL_MS, open_of
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.model.instrument import Instrument
from aitrader.model.ports import Clock
from aitrader.modes.data import (
    FOLDER_NAME,
    instant,
    instant_ms,
    known_interval,
    known_symbol,
    meter,
    say,
    say_json,
    store_of,
)
from aitrader.storage.candles import CandleStore
from aitrader.storage.candles_archive import arrow
from aitrader.storage.candles_import import read_content
from aitrader.storage.candles_names import Subject
from aitrader.storage.candles_notes import CandleNotes
from aitrader.storage.candles_table import CLOSE, a_table, cleaned, merged_all

AT_ONCE = 4
"""So many archive files are fetched side by side."""

SAME = "same"
"""Found instead of a file: the archive's is the one we have."""

REST_BARS = 10_000
"""Candles between two writes; ten requests."""


class DownloadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to fetch; `to_text` "" is now. `is_refresh`: look for replaced archive files too."""

    symbols: tuple[str, ...]
    intervals: tuple[str, ...]
    from_text: str
    to_text: str = ""
    source: str = "archive"
    is_refresh: bool = False
    as_json: bool = False
    archive_timing: ArchiveTiming = ArchiveTiming()
    rest_timing: RestTiming = RestTiming()


class Wanted(msgspec.Struct, frozen=True):
    """One symbol's candles of one interval that open in [from_ms, to_ms)."""

    symbol: str
    interval: str
    from_ms: int
    to_ms: int


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one of them, and what is stored now; times are None when nothing is.

    `fetched`, `kept` and `absent` count files of the archive, or stretches asked for over REST;
    `dropped` counts rows that cannot be candles.
    """

    symbol: str
    interval: str
    fetched: int
    kept: int
    absent: int
    added: int
    dropped: int
    first_ms: int | None
    end_ms: int | None
    missing: int


class Count(msgspec.Struct):
    """A download so far, in the words of `Download`."""

    fetched: int = 0
    kept: int = 0
    absent: int = 0
    added: int = 0
    dropped: int = 0


class Source(Protocol):
    """Where candles come from."""

    def steps(self, wanted: Wanted) -> int:
        """Return how many fetches are to be made."""
        ...

    async def fill(self, wanted: Wanted, count: Count, *, done: Callable[[int], object]) -> None:
        """Bring what is not stored yet into the store; `done` is told of each step."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


def run_download(settings: Settings, options: DownloadOptions, clock: Clock | None = None) -> None:
    """Fetch history into the store and say what is there now.

    Args:
        settings: Where the store is and where the sources are.
        options: What to fetch.
        clock: What time it is; the computer's when not given.

    Raises:
        ConfigError: What was asked makes no sense, the source cannot be reached or gave something
            wrong, or there is nothing; what was fetched before is stored.
    """
    arrow()  # without it nothing could be kept: said before anything is fetched
    now_ms = (clock or SystemClock()).now_ms()
    results = asyncio.run(_download(settings, options, now_ms))
    if options.as_json:
        say_json(results)
    else:
        for result in results:
            say(_line(result))
    for result in results:
        if result.first_ms is None:
            raise ConfigError(
                f"the {options.source} has no {result.interval} candles of {result.symbol} "
                f"from {options.from_text} on"
            )


async def _download(settings: Settings, options: DownloadOptions, now_ms: int) -> list[Download]:
    store = store_of(settings)
    jobs = list(_wanted(options, now_ms))
    source: Source
    if options.source == "rest":
        source = RestSource(store, settings, options)
    else:
        source = ArchiveSource(store, settings, options, now_ms=now_ms)
    results = []
    try:
        with meter(sum(source.steps(job) for job in jobs), "Downloading") as done:
            for job in jobs:
                results.append(await _fill(store, source, job, done=done))
    except (Transient, Refused) as error:
        raise ConfigError(
            f"{error}; what was fetched is stored, the same command goes on from there"
        ) from error
    finally:
        await source.close()
    return results


async def _fill(
    store: CandleStore, source: Source, job: Wanted, *, done: Callable[[int], object]
) -> Download:
    count = Count()
    await source.fill(job, count, done=done)
    if count.fetched:
        store.refresh(job.symbol, job.interval)
    return _result(store, job, count)


def _wanted(options: DownloadOptions, now_ms: int) -> Iterator[Wanted]:
    from_ms = instant_ms(options.from_text)
    to_ms = instant_ms(options.to_text) if options.to_text else now_ms
    to_ms = min(to_ms, now_ms)
    if from_ms >= to_ms:
        raise ConfigError(
            f"expected a start before the end, found {instant(from_ms)} and {instant(to_ms)} UTC"
        )
    for symbol in options.symbols:
        for interval in options.intervals:
            yield Wanted(known_symbol(symbol), known_interval(interval), from_ms, to_ms)


def _result(store: CandleStore, job: Wanted, count: Count) -> Download:
    grid = store.find_grid(job.symbol, job.interval)
    step = INTERVAL_MS[job.interval]
    return Download(
        symbol=job.symbol,
        interval=job.interval,
        fetched=count.fetched,
        kept=count.kept,
        absent=count.absent,
        added=count.added,
        dropped=count.dropped,
        first_ms=grid.first_ms if grid else None,
        end_ms=grid.first_ms + grid.bars * step if grid else None,
        missing=int(np.count_nonzero(np.isnan(grid.values[CLOSE]))) if grid else 0,
    )


def _line(result: Download) -> str:
    about = f"{result.symbol} {result.interval}"
    if result.first_ms is None or result.end_ms is None:
        return f"{about}: nothing"
    dropped = f", {result.dropped:,} rows were no candles" if result.dropped else ""
    return (
        f"{about}: {result.added:,} new candles; stored from {instant(result.first_ms)} to "
        f"{instant(result.end_ms)} UTC, {result.missing:,} missing "
        f"({result.fetched} fetched, {result.kept} were there, {result.absent} do not exist"
        f"{dropped})"
    )


class ArchiveSource:
    """Files of the public archive."""

    def __init__(
        self, store: CandleStore, settings: Settings, options: DownloadOptions, *, now_ms: int
    ) -> None:
        self._store = store
        self._notes = CandleNotes(settings.data_folder / FOLDER_NAME)
        self._archive = BinanceArchive(settings.archive_url, options.archive_timing)
        self._is_refresh = options.is_refresh
        self._now_ms = now_ms

    async def close(self) -> None:
        """Close all connections."""
        await self._archive.close()

    def steps(self, wanted: Wanted) -> int:
        """Return how many files are to be looked at."""
        return len(self._files(wanted, Count()))

    async def fill(self, wanted: Wanted, count: Count, *, done: Callable[[int], object]) -> None:
        """Fetch the files that were not fetched yet, a few at a time.

        Raises:
            Transient: The archive is not reachable, unwell, or a file is never whole.
            Refused: It said no.
            ConfigError: A whole file has no candles that can be read, or the disk refused.
        """
        known = self._known(wanted)
        queue = deque(self._files(wanted, count))
        while queue:
            batch = [queue.popleft() for _ in range(min(AT_ONCE, len(queue)))]
            found = await asyncio.gather(
                *(self._find(file, known.get(file.span, "")) for file in batch),
                return_exceptions=True,
            )
            self._keep(wanted, count, [each for each in found if isinstance(each, Fetched)])
            for each in found:
                if isinstance(each, BaseException):
                    raise each
            count.kept += found.count(SAME)
            absent = [file for file, each in zip(batch, found, strict=True) if each is None]
            instead = [day for file in absent if file.may_lack for day in file.days]
            count.absent += sum(not file.may_lack for file in absent)
            queue.extendleft(reversed(instead))
            done(len(batch))

    async def _find(self, file: ArchiveFile, known: str) -> Fetched | str | None:
        """Return the file, SAME when it is the one we know, None when there is none."""
        if known and await self._archive.find_checksum(file) == known:
            return SAME
        return await self._archive.find_file(file)

    def _keep(self, wanted: Wanted, count: Count, fetched: list[Fetched]) -> None:
        """Write the candles of these files, then note that we have them."""
        told = Subject(wanted.symbol, wanted.interval)
        tables = []
        for each in fetched:
            for part in read_content(each.file.name, each.content, told=told):
                table, faults = cleaned(part.table, wanted.interval, now_ms=self._now_ms)
                count.dropped += faults.dropped
                tables.append(table)
        rows = merged_all(tables)
        if len(rows):
            count.added += self._store.write(wanted.symbol, wanted.interval, rows)
            spans = {each.file.span: each.sha256 for each in fetched}
            self._notes.note_fetched(wanted.symbol, wanted.interval, spans)
        count.fetched += len(fetched)

    def _files(self, wanted: Wanted, count: Count) -> list[ArchiveFile]:
        """Return the files to look at; what needs no look is counted as kept."""
        files = files_for(
            wanted.symbol,
            wanted.interval,
            from_ms=wanted.from_ms,
            to_ms=wanted.to_ms,
            now_ms=self._now_ms,
        )
        if self._is_refresh:
            return list(files)
        known = self._known(wanted)
        missing = [file for file in files if not _is_known(file, known)]
        count.kept += len(files) - len(missing)
        return missing

    def _known(self, wanted: Wanted) -> Mapping[str, str]:
        """Return what was fetched into years that are still there."""
        years = self._store.year_files(wanted.symbol, wanted.interval)
        spans = self._notes.fetched(wanted.symbol, wanted.interval)
        return {span: sha256 for span, sha256 in spans.items() if int(span[:4]) in years}


def _is_known(file: ArchiveFile, known: Mapping[str, str]) -> bool:
    is_whole = bool(file.days) and all(day.span in known for day in file.days)
    return file.span in known or is_whole


class RestSource:
    """The exchange's REST interface: slower, but up to the last closed candle."""

    def __init__(self, store: CandleStore, settings: Settings, options: DownloadOptions) -> None:
        self._store = store
        self._notes = CandleNotes(settings.data_folder / FOLDER_NAME)
        self._rest = BinanceRest(settings.market_rest_url, WeightLimiter(), options.rest_timing)
        self._instruments: dict[str, Instrument] = {}

    async def close(self) -> None:
        """Close all connections."""
        await self._rest.close()

    def steps(self, wanted: Wanted) -> int:
        """Return how many stretches are to be asked for."""
        return len(self._stretches(wanted))

    async def fill(self, wanted: Wanted, count: Count, *, done: Callable[[int], object]) -> None:
        """Ask for every stretch of candles that is not stored.

        Raises:
            Transient: The exchange is not reachable, or unwell.
            Refused: It does not know the symbol.
            ConfigError: The disk refused.
        """
        now_ms = await self._rest.fetch_time()
        await self._note_rules(wanted.symbol, now_ms)
        for start_ms, end_ms in self._stretches(wanted):
            found = await self._rest.fetch_rows(
                wanted.symbol,
                wanted.interval,
                start_ms=start_ms,
                closed_by_ms=min(end_ms, now_ms),
            )
            if found:
                table = a_table([row[0] for row in found], [row[1] for row in found])
                rows, faults = cleaned(table, wanted.interval, now_ms=now_ms)
                count.dropped += faults.dropped
                count.added += self._store.write(wanted.symbol, wanted.interval, rows)
            count.fetched += bool(found)
            count.absent += not found
            done(1)

    async def _note_rules(self, symbol: str, now_ms: int) -> None:
        """Keep the symbol's rules of today beside its candles."""
        if not self._instruments:
            found = await self._rest.fetch_instruments()
            self._instruments = {instrument.symbol: instrument for instrument in found}
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise Refused(0, f"the exchange does not know {symbol}")
        self._notes.note_instruments([instrument], now_ms)

    def _stretches(self, wanted: Wanted) -> list[tuple[int, int]]:
        """Return [start, end) of what is missing, none longer than REST_BARS."""
        step = INTERVAL_MS[wanted.interval]
        first_ms = open_of(wanted.from_ms + step - 1, wanted.interval)
        end_ms = open_of(wanted.to_ms, wanted.interval)
        found: list[tuple[int, int]] = []
        for start_ms, stop_ms in self._store.missing(
            wanted.symbol, wanted.interval, from_ms=first_ms, to_ms=end_ms
        ):
            starts = range(start_ms, stop_ms, REST_BARS * step)
            found.extend((start, min(start + REST_BARS * step, stop_ms)) for start in starts)
        return found
