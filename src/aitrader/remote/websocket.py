"""The client's end of one WebSocket: text messages to and from an engine, here or far away.

Written out because a terminal must be on screen before it has spent 500 ms of CPU: a WebSocket
library costs it 30-45 ms to import, this costs none. It speaks RFC 6455 to a server that we wrote
too: no extensions, no proxies. To a distant engine it speaks TLS with a checked certificate.

Reading is the only flow control: what is not read stays in the socket, and the engine stops
sending. A message longer than `MESSAGE_LIMIT_BYTES` ends the connection.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import ssl
from typing import NamedTuple

from aitrader.model.errors import Refused, Transient

MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
READ_BUFFER_BYTES = 64 * 1024
OPEN_S = 5.0
CLOSE_S = 1.0
ENDED = "the engine has ended"

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_FINAL = 0x80
_CONTINUATION, _TEXT, _CLOSE, _PING = 0x0, 0x1, 0x8, 0x9
_PONG = 0xA
_POLICY_VIOLATION = 1008
_INVALID_DATA = 1003
_TRY_AGAIN = 1013


class WebSocket:
    """One open connection; one reader at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.latency_ms: float | None = None
        """The way there and back, as the newest answered `ping` has it; None before the first."""

    async def ping(self) -> None:
        """Ask for an answer at once; `receive` takes it and measures.

        Raises:
            Transient: The connection is gone.
        """
        await self._send(_PING, str(asyncio.get_running_loop().time()).encode())

    async def send(self, payload: bytes) -> None:
        """Send one text message.

        Raises:
            Transient: The connection is gone.
        """
        await self._send(_TEXT, payload)

    async def _send(self, kind: int, payload: bytes) -> None:
        try:
            self._writer.write(masked_frame(kind, payload, os.urandom(4)))
            await self._writer.drain()
        except OSError as exc:
            raise Transient(ENDED) from exc

    async def receive(self) -> bytes:
        """Return the next whole message.

        Raises:
            Transient: The connection is gone.
            Refused: The server does not want us; the reason is its own.
        """
        message = bytearray()
        try:
            while True:
                is_final, kind, payload = await self._read_frame(MESSAGE_LIMIT_BYTES - len(message))
                if kind == _CLOSE:
                    raise _farewell(payload)
                if kind == _PING:
                    self._writer.write(masked_frame(_PONG, payload, os.urandom(4)))
                elif kind == _PONG:
                    self._measure(payload)
                elif kind in (_CONTINUATION, _TEXT):
                    message += payload
                    if is_final:
                        return bytes(message)
        except (OSError, EOFError) as exc:
            raise Transient(ENDED) from exc

    def _measure(self, payload: bytes) -> None:
        """Take the answer to a ping; one that is not ours says nothing."""
        with contextlib.suppress(ValueError):
            self.latency_ms = 1000 * (asyncio.get_running_loop().time() - float(payload))

    async def _read_frame(self, limit: int) -> tuple[bool, int, bytes]:
        head = await self._reader.readexactly(2)
        size = head[1] & 0x7F
        if size == 126:
            size = int.from_bytes(await self._reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await self._reader.readexactly(8), "big")
        if size > limit:
            raise Transient(f"a message of {size} bytes came, at most {limit} were expected")
        return bool(head[0] & _FINAL), head[0] & 0x0F, await self._reader.readexactly(size)

    async def close(self) -> None:
        """Say goodbye and drop the connection; may be called twice."""
        with contextlib.suppress(OSError, TimeoutError):
            if not self._writer.is_closing():
                self._writer.write(masked_frame(_CLOSE, b"\x03\xe8", os.urandom(4)))
            self._writer.close()
            async with asyncio.timeout(CLOSE_S):
                await self._writer.wait_closed()


def _farewell(payload: bytes) -> Exception:
    """Return what a closing frame means to the caller."""
    code = int.from_bytes(payload[:2], "big")
    reason = payload[2:].decode(errors="replace")
    if code in (_POLICY_VIOLATION, _INVALID_DATA):
        return Refused(code, reason)
    return Transient(reason if code == _TRY_AGAIN and reason else ENDED)


def masked_frame(kind: int, payload: bytes, mask: bytes) -> bytes:
    """Return one whole client frame; `mask` is 4 random bytes."""
    size = len(payload)
    if size < 126:
        head = bytes((_FINAL | kind, _FINAL | size))
    elif size < 1 << 16:
        head = bytes((_FINAL | kind, _FINAL | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((_FINAL | kind, _FINAL | 127)) + size.to_bytes(8, "big")
    key = (mask * (size // 4 + 1))[:size]
    body = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + mask + body.to_bytes(size, "big")


class Place(NamedTuple):
    """Where an engine is reached: a Unix socket if `socket_path` is not empty, else host and port.

    `path` is the address asked for there; `tls` is how the server is known, None without TLS.
    """

    socket_path: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    path: str = "/"
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.socket_path or f"{host}:{self.port}"


async def connect(place: Place, *, token: str = "") -> WebSocket:
    """Return an open connection.

    Args:
        place: Where.
        token: Shown with the request, so that strangers who crowd the door cannot keep us out.

    Raises:
        Transient: Nobody answers there, or not as a WebSocket does.
        Refused: The server's certificate is not one to trust.
    """
    try:
        async with asyncio.timeout(OPEN_S):
            if place.socket_path:
                streams = await asyncio.open_unix_connection(
                    place.socket_path, limit=READ_BUFFER_BYTES
                )
            else:
                streams = await asyncio.open_connection(
                    place.host, place.port, limit=READ_BUFFER_BYTES, ssl=place.tls
                )
            try:
                await _shake_hands(*streams, place, token)
            except BaseException:
                streams[1].close()
                raise
    except TimeoutError as exc:
        raise Transient(f"the engine at {place} did not answer within {OPEN_S:.0f} s") from exc
    except ssl.SSLCertVerificationError as exc:
        raise Refused(0, f"the certificate of {place} is not valid: {exc.verify_message}") from exc
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as exc:
        raise Transient(f"no engine answers at {place}: {_reason_of(exc)}") from exc
    return WebSocket(*streams)


def _reason_of(error: Exception) -> str:
    """Return the system's own words for its errors; asyncio's repeat the address."""
    if isinstance(error, ssl.SSLError):  # its numbers are not the system's
        return f"it does not speak TLS ({error.reason or error})"
    if isinstance(error, OSError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)
    return str(getattr(error, "strerror", None) or error)


async def _shake_hands(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: Place, token: str
) -> None:
    key = base64.b64encode(os.urandom(16))
    host = "localhost" if place.socket_path else str(place)
    shown = f"Authorization: Bearer {token}\r\n" if token.isascii() and token.isprintable() else ""
    writer.write(
        f"GET {place.path} HTTP/1.1\r\nHost: {host}\r\n{shown if token else ''}".encode()
        + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        + key
        + b"\r\n\r\n"
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    answers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in head)}
    expected = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
    if " 101 " not in head[0] or answers.get("sec-websocket-accept") != expected:
        raise ValueError(f"expected a WebSocket, found {head[0][:60]!r}")
