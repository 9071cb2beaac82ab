"""Those who have come over a WebSocket and shown no token yet: few at once, and not for long.

Whoever shows a valid token with the request never waits here, so strangers cannot keep out those
who may come in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.websockets import WebSocket

from aitrader.api.problems import Failure, answer_failure

HELLO_S = 5.0
MOST_STRANGERS = 50


class Lobby:
    """Counts who waits to say who they are."""

    def __init__(self, *, most: int = MOST_STRANGERS, hello_s: float = HELLO_S) -> None:
        self._most = most
        self._hello_s = hello_s
        self._waiting = 0

    @property
    def is_full(self) -> bool:
        """True while nobody may wait in it."""
        return self._waiting >= self._most

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Be in it for the block.

        Raises:
            Failure: 503, it is full.
            TimeoutError: The block took too long.
        """
        if self.is_full:
            raise crowded()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._hello_s):
                yield
        finally:
            self._waiting -= 1


def crowded() -> Failure:
    """Return what one too many is told."""
    return Failure(503, "too many connections; try again later", headers={"retry-after": "10"})


async def deny(socket: WebSocket, failure: Failure) -> None:
    """Answer a request for a WebSocket with a problem instead of one."""
    await socket.send_denial_response(answer_failure(failure))
