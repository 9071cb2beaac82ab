"""The transport under the streams: whole text messages over one WebSocket, by picows.

picows hands over raw frames and promises little else, so this is where fragments are put together,
reserved bits are refused (nothing was negotiated), pings and close frames are answered and a
message that grows without end is cut off. picows could answer pings too, but would not show them,
and they are what tells a quiet connection from a dead one. Whoever wants another library under the
streams writes another `Connect`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, runtime_checkable

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSInvalidStatusError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)
from python_socks import ProxyError

from aitrader.model.errors import Transient

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""All tickers of all symbols are 0.3 MB; beyond this a message is an attack or a fault."""

_AWAY_S = {429: 60.0, 418: 120.0}
"""How long to stay away when the exchange says so without a number."""

_TEXT, _CONTINUATION, _CLOSE = WSMsgType.TEXT, WSMsgType.CONTINUATION, WSMsgType.CLOSE
_BINARY, _PING = WSMsgType.BINARY, WSMsgType.PING


class Socket(Protocol):
    """An open connection as its user holds it."""

    def send(self, payload: bytes) -> None:
        """Send one text message; nothing happens on a closed connection."""
        ...

    def close(self) -> None:
        """End the connection; `on_closed` follows."""
        ...


class SocketUser(Protocol):
    """Who is told what arrives, on the loop's own callbacks; must not raise."""

    def on_frame(self) -> None:
        """Called for every frame that brings no whole message: pings, fragments."""
        ...

    def on_text(self, payload: bytes) -> None:
        """Called for each whole text message."""
        ...

    def on_closed(self, reason: str) -> None:
        """Called once, when the connection is gone for whatever reason."""
        ...


@runtime_checkable
class DataUser(SocketUser, Protocol):
    """A user to whom data come so fast that they are offered before anything else is looked at."""

    def take(self, payload: bytes) -> bool:
        """Take in the payload of one frame if it is data; else change nothing and say False."""
        ...


Connect: TypeAlias = Callable[[str, SocketUser], Awaitable[Socket]]
"""Opens a connection to a URL; raises `Transient` when it cannot."""


async def connect(
    url: str, user: SocketUser, *, handshake_timeout_s: float = 10.0, proxy_url: str = ""
) -> Socket:
    """Return an open connection to `url` whose frames go to `user`; "" is no proxy.

    Raises:
        Transient: Refused, unreachable, no answer in time, or an answer that is no upgrade.
    """
    try:
        _, listener = await ws_connect(
            lambda: _Listener(user),
            url,
            websocket_handshake_timeout=handshake_timeout_s,
            max_frame_size=MAX_MESSAGE_BYTES,
            enable_auto_pong=False,
            proxy=proxy_url or None,
        )
    except WSInvalidStatusError as error:
        status = int(error.response.status) if error.response else 0
        told = error.response.headers.get("Retry-After", "") if error.response else ""
        away_s = float(told) if told.isdigit() else _AWAY_S.get(status)
        raise Transient(f"{url} answered {status}", retry_after_s=away_s) from error
    except (WSError, ProxyError, OSError, TimeoutError, EOFError, ValueError) as error:
        raise Transient(f"{url} did not accept a stream: {_words(error)}") from error
    if not isinstance(listener, _Listener):
        # What was cut in the middle of the handshake may come back without a listener.
        raise Transient(f"{url} did not accept a stream: it was cut")
    return listener


class _Listener(WSListener):
    """One connection's frames, put together."""

    def __init__(self, user: SocketUser) -> None:
        self._user = user
        self._take = user.take if isinstance(user, DataUser) else _take_nothing
        self._transport: WSTransport | None = None
        self._parts: list[bytes] | None = None
        self._size_bytes = 0
        self._reason = "the connection was lost"

    # -- Socket

    def send(self, payload: bytes) -> None:
        if self._transport is not None:
            self._transport.send(_TEXT, payload)

    def close(self) -> None:
        if self._transport is not None:
            self._reason = "we closed the connection"
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect(graceful=False)

    # -- picows

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        self._user.on_closed(self._reason)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        # To ask picows for a frame's kind and reserved bits costs a tenth of all that a message
        # costs (bench/stream.py), so they are asked for only where the payload is not plain data.
        is_whole = frame.fin and self._parts is None
        if is_whole and self._take(frame.get_payload_as_bytes()):
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._end(WSCloseCode.PROTOCOL_ERROR, "a frame had reserved bits set")
        elif is_whole and frame.msg_type is _TEXT:
            self._user.on_text(frame.get_payload_as_bytes())
        else:
            self._user.on_frame()
            self._on_part(transport, frame)

    def _on_part(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take in what is no whole message."""
        kind = frame.msg_type
        if kind == _PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind in {_TEXT, _CONTINUATION}:
            self._gather(frame, is_first=kind == _TEXT)
        elif kind == _CLOSE:
            code = frame.get_close_code()
            words = frame.get_close_message() or b""
            self._reason = f"the server closed ({code}) {bytes(words)[:80]!r}"
            self._end(WSCloseCode.OK, self._reason)
        elif kind == _BINARY:
            self._end(WSCloseCode.UNSUPPORTED_DATA, "a binary frame came")

    def _gather(self, frame: WSFrame, *, is_first: bool) -> None:
        """Put a fragment to its message; hand the message over when it is whole."""
        if is_first != (self._parts is None):
            self._end(WSCloseCode.PROTOCOL_ERROR, "fragments came out of order")
            return
        parts = self._parts if self._parts is not None else []
        parts.append(frame.get_payload_as_bytes())
        self._parts = parts
        self._size_bytes += frame.payload_size
        if self._size_bytes > MAX_MESSAGE_BYTES:
            self._end(WSCloseCode.MESSAGE_TOO_BIG, "a message had no end")
        elif frame.fin:
            self._parts, self._size_bytes = None, 0
            self._user.on_text(b"".join(parts))

    def _end(self, code: WSCloseCode, reason: str) -> None:
        if self._transport is not None:
            self._reason = reason
            self._transport.send_close(code)
            self._transport.disconnect(graceful=False)


def _take_nothing(payload: bytes) -> bool:
    return False


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
