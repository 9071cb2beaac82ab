"""Show an engine to faces in other processes: View and Control as WebSocket messages.

Theory of operation. Each connection begins with `Hello`, which carries the token of a loopback
socket and the rate the face wants. Then two things run side by side until either side ends: frames
go out as fast as the face reads them and no faster than its rate, and its `Ask`s are answered one
after the other. `Hello.hz` 0 asks for no frames at all.

A face that does not read is simply not sent to: its sender waits in `send`, stops taking frames
from the view, and the view merges what changed meanwhile. It holds at most `WRITE_LIMIT_BYTES` and
one frame, slows nobody, and is dropped after `UNREAD_S`. Bytes that are not a message close the
connection that sent them. A web page cannot connect: a request with an `Origin` is refused.

The tasks here are those of the WebSocket server, one per connection, and children of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import TypedDict

import msgspec
from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.asyncio.server import serve as tcp_serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.typing import Origin

from aitrader.api.audit import LOCAL_NAME, Witness, ask_witnessed
from aitrader.api.decoding import decoded
from aitrader.model.control import Ask, Control, Hello
from aitrader.model.errors import ConfigError
from aitrader.model.view import Frame, View

LOOPBACK = "127.0.0.1"
HELLO_S = 5.0
"""A connection that has not said hello by then is closed."""

UNREAD_S = 60.0
"""A face that has read nothing for so long is dropped; it may come back."""

WRITE_LIMIT_BYTES = 64 * 1024
MESSAGE_LIMIT_BYTES = 256 * 1024
"""Far above the largest request: a trader file of 10 KB, every character escaped."""

MIN_HZ, MAX_HZ = 1.0, 10.0

log = logging.getLogger(__name__)


class _Options(TypedDict):
    """What both kinds of socket are opened with."""

    origins: list[Origin | None]
    compression: None
    open_timeout: float
    ping_interval: None
    close_timeout: float
    max_size: int
    write_limit: int
    server_header: None
    logger: logging.Logger


_OPTIONS: _Options = {
    "origins": [None],
    "compression": None,
    "open_timeout": HELLO_S,
    "ping_interval": None,
    "close_timeout": 1.0,
    "max_size": MESSAGE_LIMIT_BYTES,
    "write_limit": WRITE_LIMIT_BYTES,
    "server_header": None,
    "logger": logging.getLogger("websockets.server"),
}


class StreamServer:
    """An open door; `close()` it before the process ends."""

    def __init__(self, server: Server, socket_path: Path | None) -> None:
        self._server = server
        self._socket_path = socket_path

    @property
    def port(self) -> int:
        """The loopback port, 0 for a Unix socket."""
        if self._socket_path is not None:
            return 0
        number: int = next(iter(self._server.sockets)).getsockname()[1]
        return number

    async def close(self) -> None:
        """Send every face away and take the socket down."""
        self._server.close()
        await self._server.wait_closed()
        if self._socket_path is not None:
            self._socket_path.unlink(missing_ok=True)


async def serve(
    view: View,
    control: Control,
    *,
    socket_path: Path | None = None,
    port: int = 0,
    token: str = "",
    witness: Witness | None = None,
) -> StreamServer:
    """Return the open door to this engine, on a Unix socket or on a loopback port.

    Args:
        view: Asked for frames once per face.
        control: Asked what the faces ask.
        socket_path: Where the Unix socket stands, open to this user alone; what a dead engine
            left there is replaced. Some systems refuse more than 100 bytes: use `port` then.
        port: The loopback port, 0 for any free one.
        token: What a face on the loopback must show; needed there.
        witness: Told of each change that is asked for, before it is done.

    Raises:
        ConfigError: The socket cannot be opened, in one sentence.
    """
    if socket_path is None and not token:
        raise ValueError("a loopback port needs a token: any process of this machine may connect")
    door = _Door(view, control, token, witness)
    try:
        if socket_path is not None:
            server = await unix_serve(door.receive, sock=_bound(socket_path), **_OPTIONS)
        else:
            server = await tcp_serve(door.receive, LOOPBACK, port, **_OPTIONS)
    except OSError as exc:
        place = socket_path or f"{LOOPBACK}:{port}"
        raise ConfigError(f"cannot open {place} for the terminal app: {exc}") from exc
    return StreamServer(server, socket_path)


def _bound(path: Path) -> socket.socket:
    """Return a Unix socket bound at `path` that only this user may connect to."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
    except OSError:
        sock.close()
        raise
    return sock


class _Door:
    """What happens on one connection after the other."""

    def __init__(self, view: View, control: Control, token: str, witness: Witness | None) -> None:
        self._view = view
        self._control = control
        self._witness = witness
        self._token = token.encode()
        self._encoder = msgspec.json.Encoder()
        self._hello = msgspec.json.Decoder(Hello)
        self._ask = msgspec.json.Decoder(Ask)

    async def receive(self, connection: ServerConnection) -> None:
        """Serve one face until it leaves or the engine ends."""
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            try:
                async with asyncio.timeout(HELLO_S):
                    hello = decoded(self._hello, await connection.recv())
                if not hmac.compare_digest(hello.token.encode(), self._token):
                    await connection.close(CloseCode.POLICY_VIOLATION, "the token is wrong")
                    return
                await self._serve(connection, hello.hz)
            except msgspec.DecodeError as exc:
                log.warning("a face sent what is not a message: %s", exc)
                await connection.close(CloseCode.INVALID_DATA, "this is not a message")

    async def _serve(self, connection: ServerConnection, hz: float) -> None:
        if hz <= 0:
            await self._answer(connection)
            return
        async with asyncio.TaskGroup() as group:
            frames = self._view.frames(min(max(hz, MIN_HZ), MAX_HZ))
            sender = group.create_task(self._send(connection, frames))
            try:
                await self._answer(connection)
            except msgspec.DecodeError:
                await connection.close(CloseCode.INVALID_DATA, "this is not a message")
            finally:
                sender.cancel()

    async def _send(self, connection: ServerConnection, frames: AsyncIterator[Frame]) -> None:
        """Send frames until the view ends, which ends the connection, or the face is gone."""
        try:
            async for frame in frames:
                async with asyncio.timeout(UNREAD_S):
                    await connection.send(self._encoder.encode(frame), text=True)
            await connection.close(CloseCode.GOING_AWAY, "the engine has ended")
        except ConnectionClosed:
            return
        except TimeoutError:
            log.warning("a face read nothing for %.0f s and was dropped", UNREAD_S)
            connection.transport.abort()
        finally:
            if isinstance(frames, AsyncGenerator):
                await frames.aclose()

    async def _answer(self, connection: ServerConnection) -> None:
        """Answer what the face asks, in its order, until it leaves."""
        with contextlib.suppress(ConnectionClosed):
            async for data in connection:
                ask = decoded(self._ask, data)
                answer = await ask_witnessed(
                    self._control, ask.request, who=LOCAL_NAME, witness=self._witness
                )
                answer = msgspec.structs.replace(answer, ask_id=ask.ask_id)
                await connection.send(self._encoder.encode(answer), text=True)
