"""The simulated exchange as a server: REST and streams on one loopback port.

`running` starts everything inside the caller's loop and stops it again; `serve` runs it as a
process does: it announces itself by one line of JSON on stdout and ends with a signal or, if asked
to, when its stdin closes, so that it dies with its parent.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, WebSocketRoute

from aitrader.exchange.simulated.exposure import Exposure
from aitrader.exchange.simulated.faults import AnyFault, EndUserStream, Faults, Silence
from aitrader.exchange.simulated.gate import Gate, Operation
from aitrader.exchange.simulated.keys import ApiKey, Keyring
from aitrader.exchange.simulated.limits import Limits
from aitrader.exchange.simulated.mangle import Mangler
from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.options import (
    DEFAULT_START_MS,
    LOCKSTEP,
    Address,
    ExchangeOptions,
)
from aitrader.exchange.simulated.orderlists import OrderLists
from aitrader.exchange.simulated.pace import (
    Broadcaster,
    PacedClock,
    run_lockstep,
    run_paced,
)
from aitrader.exchange.simulated.path import SECOND_MS
from aitrader.exchange.simulated.reading import Reader
from aitrader.exchange.simulated.replay import ReplayMarket
from aitrader.exchange.simulated.rest import Rest
from aitrader.exchange.simulated.socketapi import SocketApi
from aitrader.exchange.simulated.sockets import Doorman, SocketApiApp, StreamApp, Strikes
from aitrader.exchange.simulated.source import MarketSource
from aitrader.exchange.simulated.statements import Statements
from aitrader.exchange.simulated.streams import Hub
from aitrader.exchange.simulated.tape import Tape
from aitrader.exchange.simulated.trading import Trading
from aitrader.exchange.simulated.userdata import UserData
from aitrader.exchange.simulated.venue import Venue
from aitrader.exchange.simulated.web import book_routes, control_routes, operation_routes
from aitrader.exchange.simulated.websocket import CuttableHttp, frames_protocol
from aitrader.inner_server import serving
from aitrader.model.errors import ConfigError

__all__ = ["Address", "ExchangeOptions", "open_source", "run", "running", "serve"]

HOST = "127.0.0.1"
NO_SIGNALS = (NotImplementedError, RuntimeError, ValueError)  # said on Windows and in a thread


def open_source(options: ExchangeOptions) -> MarketSource:
    """Return the market these options name.

    Raises:
        ConfigError: They name none, in one sentence.
    """
    if options.replay is not None:
        return ReplayMarket.read(options.replay, seed=options.seed)
    try:
        return SeededMarket.of_size(options.symbols, seed=options.seed)
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc


@contextlib.asynccontextmanager
async def running(options: ExchangeOptions) -> AsyncIterator[Address]:
    """Run an exchange inside this loop until the block is left.

    Raises:
        ConfigError: The port is taken or the options make no market, in one sentence.
    """
    if options.speed < 0:
        raise ConfigError(f"expected a speed above zero or max, found {options.speed}")
    source = open_source(options)
    with contextlib.closing(_bound(options.port)) as sock:
        market = _Running(source, options)
        config = uvicorn.Config(
            Starlette(routes=market.routes()),
            log_config=None,
            access_log=False,
            lifespan="off",
            http=CuttableHttp,
            ws=frames_protocol(market.is_mute),
            ws_per_message_deflate=False,
            ws_ping_interval=20.0,
            ws_ping_timeout=60.0,
            timeout_graceful_shutdown=1,
        )
        async with (
            asyncio.TaskGroup() as group,
            serving(config, sock, name="simulated exchange"),
        ):
            pacing = group.create_task(market.run(), name="simulated market")
            try:
                port = sock.getsockname()[1]
                yield Address(f"http://{HOST}:{port}", f"ws://{HOST}:{port}", market.now_ms())
            finally:
                pacing.cancel()


class _Running:
    """One exchange's parts, joined."""

    def __init__(self, source: MarketSource, options: ExchangeOptions) -> None:
        start_ms, loop = _start_of(source, options.start_ms), asyncio.get_running_loop()
        self._speed, self._time_s = options.speed, loop.time
        self._tape = Tape(source, at_ms=start_ms, is_stepped=options.speed == LOCKSTEP)
        self.faults = Faults(loop.time, seed=options.seed)
        self._mangler = Mangler(self.faults)
        self._hub = Hub(self._mangler)
        self._clock = PacedClock(start_ms, options.speed)
        self._venue = Venue(
            source.listings,
            last_price=lambda rank: float(self._tape.prices()[rank]),
            now_ms=self.now_ms,
        )
        self._venue.halted = self.faults.halted
        self._venue.matching.fill_share = self.faults.fill_share
        self._broadcaster = Broadcaster(self._tape, self._hub, self._venue)
        began_s = loop.time()
        self._limits = Limits(
            lambda: start_ms + int((loop.time() - began_s) * 1000), options.limits
        )
        self._keyring = Keyring(self.told_ms, ApiKey(options.api_key, secret=options.api_secret))
        self._gate = Gate(self._limits, self.faults, self._keyring.check_time)
        self._exposure = Exposure(self._venue, now_ms=self.now_ms)
        self._gate.on_unclear = lambda asked: self._exposure.note_unclear(asked, self.told_ms())
        self._user_data = UserData(self._venue, self.faults, now_ms=self.told_ms)
        self._operations = self._all_operations()
        self._doorman = Doorman(self.faults, loop.time)
        api = SocketApi(
            self._gate,
            self._keyring,
            self._user_data,
            operations=self._operations,
            now_ms=self.told_ms,
        )
        self._api_app = SocketApiApp(api, self._doorman)
        self._strikes = Strikes(self._hub, self._api_app, now_ms=self.told_ms)
        self.faults.on_change = self._on_fault

    def now_ms(self) -> int:
        """Return the exchange's time: the clock's while paced, the tape's otherwise.

        It never passes what the tape will show next, or a candle would be over by the clock
        while its row still changes.
        """
        tape = self._tape
        if self._speed == LOCKSTEP or tape.is_over:
            return tape.at_ms
        last_ms = tape.at_ms + SECOND_MS if tape.is_candle_over else tape.next_ms
        return max(min(self._clock.now_ms(), last_ms - 1), tape.at_ms)

    def told_ms(self) -> int:
        """Return the exchange's time as requests meet it."""
        return self.now_ms() + self.faults.offset_ms()

    async def run(self) -> None:
        """Move time until the source is over, then say so; the rest stays up."""
        if self._speed == LOCKSTEP:
            await run_lockstep(self._tape, self._broadcaster, self._hub)
        else:
            await run_paced(self._tape, self._broadcaster, clock=self._clock, speed=self._speed)
        self._hub.end(self._tape.at_ms)

    def is_mute(self) -> bool:
        """Return whether connections do not even answer pings."""
        found = self.faults.standing(Silence) if self.faults.is_any else None
        return found is not None and not found.pings

    def routes(self) -> list[BaseRoute]:
        """Return every route of the exchange."""
        doorman, time_s = self._doorman, self._time_s
        combined = StreamApp(self._hub, doorman, is_combined=True, time_s=time_s)
        raw = StreamApp(self._hub, doorman, is_combined=False, time_s=time_s)
        return [
            *operation_routes(self._gate, self._keyring, self._operations),
            *control_routes(self.faults, self._keyring, self._gate),
            *book_routes(self._venue, self._exposure, self.now_ms),
            WebSocketRoute("/stream", combined),
            WebSocketRoute("/ws", raw),
            WebSocketRoute("/ws/{names:path}", raw),
            WebSocketRoute("/ws-api/v3", self._api_app),
        ]

    def _all_operations(self) -> list[Operation]:
        reader = Reader()
        rest = Rest(self._tape, self._venue, limits=self._limits, now_ms=self.told_ms)
        trading = Trading(self._venue, self._limits, reader)
        lists = OrderLists(self._venue, reader)
        statements = Statements(self._venue, self._limits, now_ms=self.told_ms)
        rooms = (rest, trading, lists, statements)
        return [operation for room in rooms for operation in room.operations()]

    def _on_fault(self, fault: AnyFault | None) -> None:
        self._mangler.update()
        self._strikes.strike(fault)
        if isinstance(fault, EndUserStream):
            self._user_data.end_all()


def _bound(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer on a kept
    # connection waits 40 ms for an acknowledgement.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError as exc:
        sock.close()
        if exc.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {port} is in use; choose another with --port") from exc
        raise ConfigError(f"cannot listen on port {port}: {exc.strerror}") from exc
    return sock


def _start_of(source: MarketSource, asked_ms: int | None) -> int:
    """Return when to start: as asked, within what the source has."""
    first = source.start_ms
    start_ms = asked_ms if asked_ms is not None else first or DEFAULT_START_MS
    if first is not None and start_ms < first:
        return first
    if source.end_ms is not None and start_ms >= source.end_ms:
        raise ConfigError(f"the replay ends before the start that was asked for ({start_ms} ms)")
    return start_ms


async def serve(options: ExchangeOptions, announce: Callable[[str], object] = print) -> None:
    """Run an exchange as a process does, until a signal or the end of its parent."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(*NO_SIGNALS):  # there a kill, or the parent's end, ends it
            loop.add_signal_handler(number, stop.set)
    async with running(options) as address:
        announce(msgspec.json.encode(address).decode())
        sys.stdout.flush()
        if options.parent_pipe:
            await _watch_parent(stop)
        await stop.wait()


async def _watch_parent(stop: asyncio.Event) -> None:
    """Set `stop` when stdin closes."""

    class Pipe(asyncio.Protocol):
        def eof_received(self) -> None:
            stop.set()

        def connection_lost(self, exc: Exception | None) -> None:
            stop.set()

    await asyncio.get_running_loop().connect_read_pipe(Pipe, sys.stdin)


def run(options: ExchangeOptions) -> None:
    """Run an exchange as this process, on uvloop where there is one.

    Raises:
        ConfigError: It cannot start, in one sentence.
    """
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 - not there on Windows
    except ImportError:
        asyncio.run(serve(options))
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(options))
