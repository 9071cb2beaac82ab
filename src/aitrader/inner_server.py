"""uvicorn inside a loop that belongs to somebody else: it serves for a block and ends in order."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn

START_S = 10.0


@contextlib.asynccontextmanager
async def serving(config: uvicorn.Config, sock: socket.socket, *, name: str) -> AsyncIterator[None]:
    """Serve on a bound socket until the block is left; inside it, connections are taken.

    Args:
        config: What to serve and how; lifespan events and signals stay with the process.
        sock: Bound; who made it closes it.
        name: Of the task, for a look at the loop.

    Raises:
        TimeoutError: It does not listen within ten seconds.
    """
    server = _Server(config)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.serve([sock]), name=name)
        try:
            async with asyncio.timeout(START_S):
                await server.is_listening.wait()
            yield
        finally:
            server.should_exit = True
            await asyncio.wait([task])


class _Server(uvicorn.Server):
    """uvicorn that says when it listens and keeps its hands off the process's signals."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
