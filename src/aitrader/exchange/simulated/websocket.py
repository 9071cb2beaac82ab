"""What is added to uvicorn's protocols: frames already encoded, cuts and silence.

A burst of hundreds of small frames goes out in one write, and a frame that many connections share
is encoded once. Compression is never negotiated, so an encoded frame fits every connection. A cut
ends the connection as a crashed peer's kernel would, with RST; a mute connection stays open and
neither pings nor answers pings.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ENCODED = "websocket.encoded"
"""The type of an ASGI message whose `bytes` are whole WebSocket frames."""
CUT = "websocket.cut"
"""The type of an ASGI message that ends the connection with RST."""
TRANSPORT = "simulated.transport"
"""The extension under which an HTTP request's scope has its transport."""


class EncodedFrames(WebSocketsSansIOProtocol):
    """uvicorn's protocol that understands `ENCODED` and `CUT` besides everything else."""

    @staticmethod
    def is_mute() -> bool:
        """Return whether connections are silent to the last ping."""
        return False

    async def send(self, message: Any) -> None:  # noqa: ANN401 - ASGI messages are untyped
        """Write encoded frames once the client has read what was written before."""
        if message["type"] == CUT:
            cut(self.transport)
            return
        if message["type"] != ENCODED:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(message["bytes"])

    def handle_ping(self) -> None:
        """Answer a ping, unless mute."""
        if self.is_mute():
            self.conn.data_to_send()
        else:
            super().handle_ping()

    def send_keepalive_ping(self) -> None:
        """Send a ping when it is due, unless mute."""
        if self.is_mute():
            self.schedule_ping()
        else:
            super().send_keepalive_ping()


def frames_protocol(is_mute: Callable[[], bool]) -> type[EncodedFrames]:
    """Return the protocol of one exchange, which is mute when that says so."""
    return type("Frames", (EncodedFrames,), {"is_mute": staticmethod(is_mute)})


class CuttableHttp(HttpToolsProtocol):
    """uvicorn's protocol that lets the application cut the connection."""

    def on_message_begin(self) -> None:
        """Begin a request whose scope knows its transport."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


def cut(transport: asyncio.Transport) -> None:
    """End a connection with RST, whatever is still to be written."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # A client that has gone first leaves a socket of number -1: uvloop calls that a ValueError.
        with contextlib.suppress(OSError, ValueError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
