"""What every request passes first: headers that protect, a limit on bodies, no foreign pages.

A page of another site in the person's own browser can reach a server on loopback. It is kept out
twice: a request whose `Origin` is not this server is refused, and without a token only the names of
this computer are taken as `Host`, so that a site cannot point its own name here.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aitrader.api.problems import Failure, answer_failure

MAX_BODY_BYTES = 64 * 1024
"""A trader file of 10 KB, every character escaped, with room to spare."""

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """An ASGI layer around the whole application; `is_open` says whether no token is needed."""

    def __init__(self, app: ASGIApp, is_open: Callable[[], bool]) -> None:
        self._app = app
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        refusal = self._refusal(scope)
        if scope["type"] == "websocket":
            if refusal is not None:
                await send({"type": "websocket.close", "code": 1008, "reason": str(refusal)})
                return
            await self._app(scope, receive, send)
            return
        protected = _protecting(send)
        if refusal is not None:
            await answer_failure(refusal)(scope, receive, protected)
            return
        await self._app(scope, _Body(receive).receive, protected)

    def _refusal(self, scope: Scope) -> Failure | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return Failure(403, "a page of another site may not ask")
        if self._is_open() and _name_of(host) not in LOOPBACK_NAMES:
            return Failure(403, f"without a token this server is only localhost, not {host[:60]}")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:12]) > MAX_BODY_BYTES:
            return _too_large()
        return None


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


def _too_large() -> Failure:
    return Failure(413, f"at most {MAX_BODY_BYTES} bytes")


def _protecting(send: Send) -> Send:
    async def protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return protected


def _name_of(host: str) -> str:
    """Return a Host header's name without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
