"""Binance's public archive of candles: which files a span needs, and fetching them whole.

The archive has a zip per month, published days after the month ended, and one per day, published
the next day. Beside each lies its sha256, and a file counts only when it agrees with that. A file
may be replaced later, so the sha256 is what says whether we have it. What Binance does not have
(a symbol not yet listed, a day not yet published) is a 404 and no failure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

import httpx2
import msgspec

from aitrader.exchange.binance.retries import ask_again
from aitrader.model.errors import Refused, Transient

MONTH_IS_PUBLISHED_DAYS = 14
"""A month's file appears on the first Monday of the next month; until then its days are asked."""

T = TypeVar("T")

_UNWELL = frozenset({403, 408, 418, 425, 429})
"""Besides 5xx: may be answered otherwise later."""


class ArchiveTiming(msgspec.Struct, frozen=True, kw_only=True):
    """How patient requests are; `attempts` counts the first one."""

    timeout_s: float = 30.0
    attempts: int = 5
    backoff_first_s: float = 0.5
    backoff_most_s: float = 20.0


class ArchiveFile(msgspec.Struct, frozen=True):
    """One zip of the archive; `span` is its month ("2025-01") or its day ("2025-01-31").

    `days`: a month's wanted days. `may_lack`: the month is so young that they may be there alone.
    """

    symbol: str
    interval: str
    span: str
    days: tuple[ArchiveFile, ...] = ()
    may_lack: bool = False

    @property
    def name(self) -> str:
        """The file's name, as the archive calls it."""
        return f"{self.symbol}-{self.interval}-{self.span}.zip"

    @property
    def path(self) -> str:
        """Where it lies below the archive's address."""
        period = "monthly" if len(self.span) == len("2025-01") else "daily"
        folder = f"/data/spot/{period}/klines/{quote(self.symbol)}/{self.interval}"
        return f"{folder}/{quote(self.name)}"


class Fetched(msgspec.Struct, frozen=True):
    """A whole file, and the sha256 of its bytes."""

    file: ArchiveFile
    content: bytes
    sha256: str


def files_for(
    symbol: str, interval: str, *, from_ms: int, to_ms: int, now_ms: int
) -> tuple[ArchiveFile, ...]:
    """Return the files that hold [from_ms, to_ms), oldest first, each whole.

    A month that has ended is one file, the running one is day by day, so far as a day can have
    been published.
    """
    first, last = _day_of(from_ms), _day_of(to_ms - 1)
    last = min(last, _day_of(now_ms) - timedelta(days=1))
    found: list[ArchiveFile] = []
    for start, end in _months(first, last):
        wanted = (max(first, start), min(last, end))
        days = tuple(
            ArchiveFile(symbol, interval, day.isoformat()) for day in _days_between(*wanted)
        )
        age = _day_of(now_ms) - end
        if age <= timedelta(0):
            found.extend(days)
            continue
        may_lack = age < timedelta(days=MONTH_IS_PUBLISHED_DAYS)
        found.append(ArchiveFile(symbol, interval, start.isoformat()[:7], days, may_lack))
    return tuple(found)


class BinanceArchive:
    """A client of one archive."""

    def __init__(self, base_url: str, timing: ArchiveTiming | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._timing = timing or ArchiveTiming()
        self._client = httpx2.AsyncClient(timeout=self._timing.timeout_s, follow_redirects=True)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def find_checksum(self, file: ArchiveFile) -> str | None:
        """Return the sha256 that the archive states for a file, None when it has no such file.

        Raises:
            Transient: Not reachable, or unwell, after all attempts.
            Refused: The answer was no checksum.
        """
        return await self._patiently(lambda: self._checksum(file))

    async def find_file(self, file: ArchiveFile) -> Fetched | None:
        """Return a file whose sha256 agrees; None when there is no such file.

        Raises:
            Transient: Not reachable, unwell, cut off, or never agreed, after all attempts.
            Refused: The archive said no, or its checksum was none.
        """
        return await self._patiently(lambda: self._file(file))

    async def _file(self, file: ArchiveFile) -> Fetched | None:
        stated = await self._checksum(file)
        content = await self._get(file.path) if stated is not None else None
        if stated is None or content is None:
            return None
        found = hashlib.sha256(content).hexdigest()
        if found != stated:
            raise Transient(
                f"{file.name} is not what the archive says it is: "
                f"expected sha256 {stated}, found {found}"
            )
        return Fetched(file, content, found)

    async def _checksum(self, file: ArchiveFile) -> str | None:
        """Return what the file beside it says: the sha256 in hex, then the name."""
        content = await self._get(f"{file.path}.CHECKSUM")
        if content is None:
            return None
        stated = content[:64].decode("ascii", "replace").lower()
        if len(stated) != 64 or not set(stated) <= set("0123456789abcdef"):
            raise Refused(0, f"{file.name}.CHECKSUM was no sha256: {content[:80]!r}")
        return stated

    async def _get(self, path: str) -> bytes | None:
        try:
            answer = await self._client.get(self._base_url + path)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            words = str(error) or type(error).__name__
            raise Transient(f"{self._base_url} is not reachable: {words}") from error
        if answer.status_code == 404:
            return None
        if answer.status_code == 200:
            return answer.content
        reason = f"{self._base_url}{path} was answered {answer.status_code}"
        if answer.status_code in _UNWELL or answer.status_code >= 500:
            raise Transient(reason)
        raise Refused(0, reason)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        return await ask_again(ask, self._timing, on=Transient)


def _day_of(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield each month's first and last day, from the month of `first` to that of `last`."""
    start = first.replace(day=1)
    while start <= last:
        following = (start + timedelta(days=31)).replace(day=1)
        yield start, following - timedelta(days=1)
        start = following


def _days_between(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
