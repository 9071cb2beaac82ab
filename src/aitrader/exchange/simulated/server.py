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
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from aitrader.exchange.simulated.market import SeededMarket
from aitrader.exchange.simulated.options import (
    DEFAULT_START_MS,
    LOCKSTEP,
    Address,
    ExchangeOptions,
)
from aitrader.exchange.simulated.pace import (
    Broadcaster,
    PacedClock,
    run_lockstep,
    run_paced,
)
from aitrader.exchange.simulated.replay import ReplayMarket
from aitrader.exchange.simulated.rest import Rest
from aitrader.exchange.simulated.source import MarketSource
from aitrader.exchange.simulated.streams import Connection, Hub
from aitrader.exchange.simulated.tape import Tape
from aitrader.exchange.simulated.trading import Trading
from aitrader.exchange.simulated.venue import Venue
from aitrader.exchange.simulated.websocket import ENCODED, EncodedFrames
from aitrader.model.errors import ConfigError

__all__ = ["Address", "ExchangeOptions", "open_source", "run", "running", "serve"]

HOST = "127.0.0.1"


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
            ws=EncodedFrames,
            ws_per_message_deflate=False,
            ws_ping_interval=20.0,
            ws_ping_timeout=60.0,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve([sock]), name="simulated exchange")
            pacing = group.create_task(market.run(), name="simulated market")
            try:
                async with asyncio.timeout(10):
                    await server.is_listening.wait()
                port = sock.getsockname()[1]
                yield Address(f"http://{HOST}:{port}", f"ws://{HOST}:{port}", market.now_ms())
            finally:
                pacing.cancel()
                server.should_exit = True
                await asyncio.wait([serving])


class _Running:
    """One exchange's parts, joined."""

    def __init__(self, source: MarketSource, options: ExchangeOptions) -> None:
        start_ms = _start_of(source, options.start_ms)
        self._speed = options.speed
        self._tape = Tape(source, at_ms=start_ms, is_stepped=options.speed == LOCKSTEP)
        self._hub = Hub()
        self._clock = PacedClock(start_ms, options.speed)
        self._venue = Venue(
            source.listings,
            last_price=lambda rank: float(self._tape.prices()[rank]),
            now_ms=self.now_ms,
        )
        self._broadcaster = Broadcaster(self._tape, self._hub, self._venue)
        self._rest = Rest(self._tape, now_ms=self.now_ms)
        self._trading = Trading(
            self._rest,
            self._venue,
            now_ms=self.now_ms,
            key=options.api_key,
            secret=options.api_secret,
        )

    def now_ms(self) -> int:
        """Return the exchange's time: the clock's while paced, the tape's otherwise."""
        if self._speed == LOCKSTEP or self._tape.is_over:
            return self._tape.at_ms
        return max(self._clock.now_ms(), self._tape.at_ms)

    async def run(self) -> None:
        """Move time until the source is over, then say so; the rest stays up."""
        if self._speed == LOCKSTEP:
            await run_lockstep(self._tape, self._broadcaster, self._hub)
        else:
            await run_paced(self._tape, self._broadcaster, clock=self._clock, speed=self._speed)
        self._hub.end(self._tape.at_ms)

    def routes(self) -> list[BaseRoute]:
        """Return every route of the exchange."""
        return [
            *self._rest.routes(),
            *self._trading.routes(),
            WebSocketRoute("/stream", _StreamApp(self._hub, is_combined=True)),
            WebSocketRoute("/ws", _StreamApp(self._hub, is_combined=False)),
            WebSocketRoute("/ws/{names:path}", _StreamApp(self._hub, is_combined=False)),
        ]


class _StreamApp:
    """The ASGI end of one stream path: one reader and one writer per connection."""

    def __init__(self, hub: Hub, *, is_combined: bool) -> None:
        self._hub = hub
        self._is_combined = is_combined

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        connection = Connection(is_combined=self._is_combined)
        self._hub.open(connection, _names(scope))
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(_write(connection, send), name="stream writer")
                await self._read(connection, receive)
                writer.cancel()
        finally:
            self._hub.drop(connection)

    async def _read(self, connection: Connection, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            self._hub.receive(connection, message.get("text") or message.get("bytes") or "")


async def _write(connection: Connection, send: Send) -> None:
    """Send what is queued, piece by piece, then close if that was asked for."""
    with contextlib.suppress(ClientDisconnected):
        while True:
            await connection.wake.wait()
            piece = connection.take()
            if piece:
                await send({"type": ENCODED, "bytes": piece})
            if connection.close_code is not None:
                await send({"type": "websocket.close", "code": connection.close_code})
                return


def _names(scope: Scope) -> list[str]:
    """Stream names of an address: `/ws/a/b` or `/stream?streams=a/b`."""
    path = scope.get("path_params", {}).get("names", "")
    query = scope["query_string"].decode()
    asked = [pair[8:] for pair in query.split("&") if pair.startswith("streams=")]
    listed = "/".join([path, *asked]).replace("%40", "@").replace("%2F", "/").split("/")
    return [name for name in listed if "@" in name or name.startswith("!")]


class _Server(uvicorn.Server):
    """uvicorn that says when it listens and keeps its hands off the process's signals."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
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
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
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
