"""`aitrader doctor`: what is wrong with settings, keys, notices, clock, network, database, disk.

Each check looks at one thing and says what it found and, where something is wrong, what to do.
A check never changes anything and never stops another one from looking.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from aitrader.api.guard import LOOPBACK_NAMES
from aitrader.api.tokens import FILE_NAME as TOKEN_FILE
from aitrader.api.tokens import TokenFile
from aitrader.config import FILE_NAME, Settings, read_settings
from aitrader.engine.clock import SystemClock
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.rest import BinanceRest, RestTiming
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.model.view import Status
from aitrader.modes.data import say, say_json
from aitrader.modes.live import examine_key
from aitrader.modes.local import find_engine
from aitrader.modes.notices import find_notifier
from aitrader.remote.client import RemoteEngine
from aitrader.storage.backup import find_fault

LITTLE_BYTES, LEAST_BYTES = 1 << 30, 200 << 20
"""Free space under which a person should know, and under which it will not do."""

LATE_MS, TOO_LATE_MS = 500, 1_000
"""Clock offsets: the engine corrects them; a whole second says that the computer is not set."""

CONNECT_S = 5.0
NEAR = RestTiming(timeout_s=CONNECT_S, attempts=1)


class Health(Enum):
    """How one thing is."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "BAD"


class Finding(msgspec.Struct, frozen=True):
    """What a check found: the thing, how it is, and a sentence."""

    thing: str
    health: Health
    text: str


def run_doctor(data_folder: Path | None, *, as_json: bool) -> bool:
    """Look at everything and say how it is; True when nothing is bad."""
    findings = asyncio.run(_examined(data_folder))
    if as_json:
        say_json(findings)
    else:
        for found in findings:
            say(f"{found.health.value:<5} {found.thing:<12} {found.text}")
    return all(found.health is not Health.BAD for found in findings)


async def _examined(data_folder: Path | None) -> list[Finding]:
    try:
        settings = read_settings(data_folder=data_folder)
    except ConfigError as error:
        return [_bad("settings", str(error))]
    findings = [
        _good("settings", "every value can be used"),
        *_folder(settings),
        *_disk(settings),
        *_database(settings),
        *_http(settings),
        *_notices(settings),
        await _orders(settings),
    ]
    async for found in _engine(settings):
        findings.append(found)
    async for found in _market(settings):
        findings.append(found)
    return findings


# -- this computer --------------------------------------------------------------------------------


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_folder
    if not folder.exists():
        yield _note("data folder", f"{folder} does not exist yet; the first start makes it")
        return
    try:
        mode = folder.stat().st_mode
        is_writable = bool(mode & stat.S_IWUSR) and folder.is_dir()
    except OSError as exc:
        yield _bad("data folder", f"{folder} cannot be read: {exc.strerror}")
        return
    if not is_writable:
        yield _bad("data folder", f"{folder} cannot be written: make it yours")
        return
    yield _good("data folder", str(folder))
    for name in (FILE_NAME, TOKEN_FILE):
        path = folder / name
        if path.exists() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            yield _note("secrets", f"others on this computer can read {path}: chmod 600 {path}")


def _disk(settings: Settings) -> Iterator[Finding]:
    place = next(p for p in (settings.sqlite_path, *settings.sqlite_path.parents) if p.exists())
    yield disk_finding(shutil.disk_usage(place).free)


def disk_finding(free: int) -> Finding:
    """Return how so many free bytes are."""
    text = f"{free / (1 << 30):,.1f} GB free"
    if free < LEAST_BYTES:
        return _bad("disk space", f"{text}: entries stop when a write fails; make room")
    if free < LITTLE_BYTES:
        return _note("disk space", f"{text}: make room soon")
    return _good("disk space", text)


def _database(settings: Settings) -> Iterator[Finding]:
    path = settings.sqlite_path
    if not path.exists():
        yield _note("database", f"{path} does not exist yet; the first start makes it")
        return
    try:
        fault = find_fault(path)
    except sqlite3.Error as exc:
        fault = str(exc)
    if fault:
        yield _bad("database", f"{path} is damaged ({fault}): put the newest backup in its place")
    else:
        yield _good("database", f"sound, {path.stat().st_size / (1 << 20):,.1f} MB")


async def _orders(settings: Settings) -> Finding:
    if settings.paper_trading:
        return _good("orders", "paper: nothing is sent to an exchange, no key is needed")
    try:
        await examine_key(settings, SystemClock())
    except ConfigError as error:
        return _bad("orders", str(error))
    return _good("orders", f"live on {settings.market}: the key may trade")


def _http(settings: Settings) -> Iterator[Finding]:
    try:
        tokens = len(TokenFile(settings.data_folder / TOKEN_FILE).load())
    except ConfigError as error:
        yield _bad("tokens", str(error))
        return
    has_token = bool(settings.api_key) or tokens > 0
    where = f"{settings.api_host}:{settings.port}"
    if settings.api_host in LOOPBACK_NAMES or has_token:
        yield _good("http", f"a daemon would listen on {where}, {tokens} tokens made")
    else:
        yield _bad("http", f"a daemon on {where} needs a token: aitrader token create NAME")


def _notices(settings: Settings) -> Iterator[Finding]:
    try:
        notifier = find_notifier(settings, SystemClock())
    except ConfigError as error:
        yield _bad("notices", str(error))
        return
    if notifier is not None:
        yield _good("notices", "every place that is to be told can be used; none was tried")


async def _engine(settings: Settings) -> AsyncIterator[Finding]:
    engine = await asyncio.to_thread(find_engine, settings.data_folder)
    if engine is None:
        yield _note("engine", "none runs on this folder")
        return
    try:
        status = await _status(engine)
    except (Transient, Refused) as error:
        yield _bad("engine", f"it does not answer: {error}")
        return
    yield _good(
        "engine",
        f"version {status.version}, process {status.process_id}, up {status.uptime_s} s, "
        f"{status.open_positions} positions open",
    )
    if status.is_paused:
        yield _note("entries", "paused; aitrader resume lets traders enter again")
    if status.notice:
        yield _note("notice", status.notice)
    if status.feed != "live":
        yield _bad("feed", f"the market data is {status.feed}")


async def _status(engine: RemoteEngine) -> Status:
    async for frame in engine.frames(1.0):
        return frame.status
    raise Transient("it ended")


# -- the exchange ---------------------------------------------------------------------------------


async def _market(settings: Settings) -> AsyncIterator[Finding]:
    clock = SystemClock()
    rest = BinanceRest(
        settings.market_rest_url, WeightLimiter(), NEAR, proxy_url=settings.proxy_url
    )
    try:
        sent_ms = clock.now_ms()
        theirs_ms = await rest.fetch_time()
        came_ms = clock.now_ms()
    except (Transient, Refused) as error:
        yield _bad("market", str(error))
        return
    finally:
        await rest.close()
    yield _good("market", f"{settings.market_rest_url} answers in {came_ms - sent_ms} ms")
    yield clock_finding(theirs_ms - (sent_ms + came_ms) // 2)
    yield await _stream(settings)


def clock_finding(offset_ms: int) -> Finding:
    """Return how it is that the exchange is so many milliseconds ahead of this computer."""
    way = "behind" if offset_ms > 0 else "ahead of"
    text = f"this computer is {abs(offset_ms)} ms {way} the exchange"
    if abs(offset_ms) <= LATE_MS:
        return _good("clock", text)
    advice = "switch on time synchronisation (NTP)"
    if abs(offset_ms) <= TOO_LATE_MS:
        return _note("clock", f"{text}: the engine corrects it, but {advice}")
    return _bad("clock", f"{text}: {advice}")


async def _stream(settings: Settings) -> Finding:
    url = settings.market_stream_url
    parts = urlsplit(url)
    is_secure = parts.scheme == "wss"
    port = parts.port or (443 if is_secure else 80)
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(
                parts.hostname, port, ssl=True if is_secure else None
            )
    except (OSError, TimeoutError) as error:
        return _bad("stream", f"{url} cannot be reached: {error!s}".rstrip(": "))
    writer.close()
    return _good("stream", f"{url} can be reached")


def _good(thing: str, text: str) -> Finding:
    return Finding(thing, Health.GOOD, text)


def _note(thing: str, text: str) -> Finding:
    return Finding(thing, Health.NOTE, text)


def _bad(thing: str, text: str) -> Finding:
    return Finding(thing, Health.BAD, text)
