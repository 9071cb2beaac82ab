"""uvicorn's fast protocol, with limits on what a connection may cost before anybody looks at it.

A head that never ends, or what follows a body piece by piece, is kept in memory by the parser and
shown to nobody. Whoever sends more than `MAX_HEAD_BYTES` of it is sent away before any of it is
looked at. So is whoever says nothing, or does not come to the end of a request, or does not read
its answer, for longer than `Limits` allow, and whoever comes when there are too many.
"""

from __future__ import annotations

import asyncio

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 * 1024

FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 10\r\n"
    b"connection: close\r\n\r\n"
)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection may take; times are wall time.

    `whole_s`: from the first byte of a request (the connection itself for the first one) to its
    last. `unread_s`: for how long an answer may lie unread. `most`: connections at once, WebSockets
    apart.
    """

    whole_s: float = 15.0
    unread_s: float = 30.0
    most: int = 256


class ShortHeads(HttpToolsProtocol):
    """The protocol of one connection."""

    limits = Limits()
    _kept_bytes = 0
    """What came since the last whole head or piece of a body."""

    _is_whole = False
    """Whether the last request that began has come to its end."""

    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody comes."""
        super().connection_made(transport)
        if sum(isinstance(each, ShortHeads) for each in self.connections) > self.limits.most:
            transport.write(FULL)
            transport.close()
            return
        self._await_end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody is gone."""
        self._end_waits()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._kept_bytes += len(data)
        super().data_received(data)
        if self._kept_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"At most {MAX_HEAD_BYTES} bytes of headers.")
        if self._is_whole:
            if self._late is not None:
                self._late.cancel()
                self._late = None
        elif self._late is None:  # most requests come whole: no timer is made for them
            self._await_end()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._is_whole = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._kept_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body goes on to who reads it."""
        self._kept_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request has come to its end."""
        self._is_whole = True
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """The connection is a WebSocket from now on, which has limits of its own."""
        self._end_waits()
        self._is_whole = True
        super().handle_websocket_upgrade()

    def pause_writing(self) -> None:
        """More is written than is read."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.limits.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It is read again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _await_end(self) -> None:
        self._late = self.loop.call_later(self.limits.whole_s, self.transport.close)

    def _end_waits(self) -> None:
        for timer in (self._late, self._unread):
            if timer is not None:
                timer.cancel()
        self._late = self._unread = None
