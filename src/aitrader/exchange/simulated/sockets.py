"""The ASGI ends of the WebSocket paths: market streams and the WebSocket API.

One reader and one writer per connection. Binance's rules about connections are kept here: at most
five control messages a second (a lockstep acknowledgement is none), 300 new connections in five
minutes, and no connection for who asks while faults refuse it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from aitrader.exchange.simulated import frames
from aitrader.exchange.simulated.faults import (
    AnyFault,
    Faults,
    RefuseConnection,
    Reset,
    ShutdownNotice,
)
from aitrader.exchange.simulated.socketapi import SocketApi
from aitrader.exchange.simulated.streams import POLICY_CLOSE, Connection, Hub
from aitrader.exchange.simulated.websocket import CUT, ENCODED

MESSAGES_PER_S = 5
CONNECTIONS, CONNECTIONS_S = 300, 300.0
ACKNOWLEDGEMENT = "SIMULATED_CLOCK_ACK"


class Doorman:
    """Lets new connections in, or answers an HTTP status instead."""

    def __init__(self, faults: Faults, time_s: Callable[[], float]) -> None:
        self._faults = faults
        self._time_s = time_s
        self._opened: deque[float] = deque()

    async def is_let_in(self, receive: Receive, send: Send) -> bool:
        """Finish the handshake; False if the connection is refused and over."""
        await receive()
        fault = self._faults.strike(RefuseConnection)
        now_s = self._time_s()
        while self._opened and now_s - self._opened[0] >= CONNECTIONS_S:
            self._opened.popleft()
        if fault is None and len(self._opened) < CONNECTIONS:
            self._opened.append(now_s)
            await send({"type": "websocket.accept"})
            return True
        if fault is not None and not fault.status:
            await send({"type": CUT})
            await receive()
            return False
        status, wait_s = (429, None) if fault is None else (fault.status, fault.retry_after_s)
        headers = [] if wait_s is None else [(b"retry-after", str(wait_s).encode())]
        await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b""})
        return False


class StreamApp:
    """One path of the market streams."""

    def __init__(
        self, hub: Hub, doorman: Doorman, *, is_combined: bool, time_s: Callable[[], float]
    ) -> None:
        self._hub = hub
        self._doorman = doorman
        self._is_combined = is_combined
        self._time_s = time_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection to its end."""
        if not await self._doorman.is_let_in(receive, send):
            return
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
        recent: deque[float] = deque(maxlen=MESSAGES_PER_S)
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text") or message.get("bytes") or ""
            if not (isinstance(text, str) and ACKNOWLEDGEMENT in text):
                now_s = self._time_s()
                if len(recent) == MESSAGES_PER_S and now_s - recent[0] < 1.0:
                    connection.close(POLICY_CLOSE)
                    continue
                recent.append(now_s)
            self._hub.receive(connection, text)


class SocketApiApp:
    """The path of the WebSocket API."""

    def __init__(self, api: SocketApi, doorman: Doorman) -> None:
        self._api = api
        self._doorman = doorman
        self.connections: set[Connection] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection to its end."""
        if not await self._doorman.is_let_in(receive, send):
            return
        connection = Connection(is_combined=False)
        self.connections.add(connection)
        shows_limits = b"returnRateLimits=false" not in scope["query_string"]
        session = self._api.open(connection, with_limits=shows_limits)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(_write(connection, send), name="socket API writer")
                while (message := await receive())["type"] != "websocket.disconnect":
                    text = message.get("text") or message.get("bytes") or ""
                    await self._api.receive(session, text)
                writer.cancel()
        finally:
            self.connections.discard(connection)
            self._api.drop(session)


class Strikes:
    """Carries out the faults that strike connections at once."""

    def __init__(self, hub: Hub, api: SocketApiApp, *, now_ms: Callable[[], int]) -> None:
        self._hub = hub
        self._api = api
        self._now_ms = now_ms

    def strike(self, fault: AnyFault | None) -> None:
        """Cut, close or warn; other faults are not for here."""
        match fault:
            case Reset(close_code=None):
                self._cut()
            case Reset(close_code=int(code)):
                for connection in self._hub.connections:
                    connection.close(code)
            case ShutdownNotice(close_after_s=after_s):
                self._warn()
                if after_s is not None:
                    asyncio.get_running_loop().call_later(after_s, self._cut, self._everybody())

    def _everybody(self) -> list[Connection]:
        return [*self._hub.connections, *self._api.connections]

    def _cut(self, connections: list[Connection] | None = None) -> None:
        for connection in self._everybody() if connections is None else connections:
            connection.cut()

    def _warn(self) -> None:
        notice = frames.server_shutdown(self._now_ms())
        for connection in self._hub.connections:
            self._hub.tell(connection, "!serverShutdown", notice)
        for connection in self._api.connections:
            connection.add(frames.as_text_frame(f'{{"event":{notice}}}'), is_final=True)
            connection.flush()


async def _write(connection: Connection, send: Send) -> None:
    """Send what is queued, piece by piece, then close or cut if that was asked for."""
    with contextlib.suppress(ClientDisconnected):
        while True:
            await connection.wake.wait()
            if connection.is_cut:
                await send({"type": CUT})
                return
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
