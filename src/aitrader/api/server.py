"""The HTTP server in the engine's own loop."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.types import ASGIApp

from aitrader.api.guard import LOOPBACK_NAMES
from aitrader.api.heads import Limits
from aitrader.api.quick import QuickAnswers, protocol_of
from aitrader.inner_server import serving
from aitrader.model.errors import ConfigError

USUAL = Limits()
STOP_S = 5
"""How long connections may take to end: the promise is 30 s to the process's end."""

MAX_MESSAGE_BYTES = 64 * 1024
PING_S = 10.0
"""A WebSocket that does not answer a ping within as many seconds is dropped."""


@contextlib.asynccontextmanager
async def serving_app(
    app: ASGIApp,
    sock: socket.socket,
    *,
    quick: QuickAnswers | None = None,
    limits: Limits = USUAL,
) -> AsyncIterator[int]:
    """Serve the application for the block; yields the port it listens on.

    Args:
        app: What answers.
        sock: Where, as `bound` returns it; closed with the block.
        quick: What may be answered before the application is asked.
        limits: What a connection may take.
    """
    with contextlib.closing(sock):
        config = uvicorn.Config(
            app,
            http=protocol_of(quick, limits),
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            date_header=False,
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=PING_S,
            ws_ping_timeout=PING_S,
            timeout_graceful_shutdown=STOP_S,
            proxy_headers=False,
        )
        async with serving(config, sock, name="http"):
            yield int(sock.getsockname()[1])


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach an address."""
    return host in LOOPBACK_NAMES


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that nobody else can have, not listening yet; the caller closes it.

    Args:
        host: An address of this computer.
        port: 0 takes any free one.

    Raises:
        ConfigError: The address cannot be listened on, in one sentence.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it an answer takes 40 ms
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {port} is in use; choose another with PORT") from error
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return sock
