"""What every request passes first: headers that protect, a limit on bodies, no foreign pages.

A page of another site in the person's own browser can reach a server on loopback. It is kept out
twice: a request whose `Origin` is not this server is refused, and without a token only the names of
this computer are taken as `Host`, so that a site cannot point its own name here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aitrader.api.problems import Failure, answer_failure

MAX_BODY_BYTES = 64 * 1024
"""A trader file of 10 KB, every character escaped, with room to spare."""

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")

LOOKED_AT = frozenset({b"host", b"origin", b"content-length"})

STARTS = frozenset({"http.response.start", "websocket.http.response.start"})

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guarded:
    """Which requests are not even looked at; `is_open` says whether no token is needed."""

    def __init__(self, is_open: Callable[[], bool]) -> None:
        self._is_open = is_open

    def refusal(self, scope: Mapping[str, Any]) -> Failure | None:
        """Return why a request is refused, None if it may go on."""
        host, origin, length = _seen(scope["headers"])
        if origin is not None and _place_of(origin) != host.lower():
            return Failure(403, "a page of another site may not ask")
        if _name_of(host) not in LOOPBACK_NAMES and self._is_open():
            return Failure(403, f"without a token this server is only localhost, not {host[:60]}")
        if not length.isdecimal() or int(length[:12]) > MAX_BODY_BYTES:
            return _too_large()
        return None


class Guard:
    """An ASGI layer around the whole application."""

    def __init__(self, app: ASGIApp, guarded: Guarded) -> None:
        self._app = app
        self._guarded = guarded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        refusal = self._guarded.refusal(scope)
        protected = _protecting(send)
        if refusal is not None:  # a WebSocket is not opened then: it gets the same answer
            await answer_failure(refusal)(scope, receive, protected)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, protected)
            return
        await self._app(scope, _Body(receive).receive, protected)


class _Body:
    """A body that may not go on for ever."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def receive(self) -> Message:
        """Return the next piece."""
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > MAX_BODY_BYTES:
            raise _too_large()  # through the route that reads, which answers with it
        return message


def _seen(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str | None, str]:
    """Return the first Host, Origin and Content-Length of a request."""
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in LOOKED_AT and name not in found:
            found[name] = value.decode("latin-1")
    return found.get(b"host", ""), found.get(b"origin"), found.get(b"content-length", "0")


def _place_of(origin: str) -> str | None:
    """Return the name and port of an Origin header, None if it is no address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _too_large() -> Failure:
    return Failure(413, f"at most {MAX_BODY_BYTES} bytes")


def _protecting(send: Send) -> Send:
    async def protected(message: Message) -> None:
        if message["type"] in STARTS:
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return protected


def _name_of(host: str) -> str:
    """Return a Host header's name without its port."""
    if (plain := host.partition(":")[0]) in LOOPBACK_NAMES:
        return plain
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
