"""An engine in another process, seen and steered as if it were here.

Every `frames()` and every `ask()` has a connection of its own: a large frame never delays an
answer, nothing is held between requests, and an engine that was started again is simply found.
When the engine ends, `frames()` ends with `Transient`; asking for frames again connects again,
which is the caller's to decide. A request whose answer was lost is never sent a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from aitrader.model.control import Answer, AnyRequest, Ask, Hello
from aitrader.model.errors import Transient
from aitrader.model.view import Frame
from aitrader.remote.websocket import Place, WebSocket, connect

ANSWER_S = 30.0
"""Asking the analyst or the exchange may be behind an answer; longer than that it is lost."""

ASK_ID = 1
"""One request per connection, so any number will do."""


KNOCK_HZ, KNOCK_S = 1.0, 5.0
"""To see whether an engine lets us in, one frame of it is enough."""

PING_S = 5.0
"""How often the way to a distant engine is measured."""

SILENT_S = 20.0
"""Frames come at least once a second; a distant engine that is silent for so long is gone."""


class RemoteEngine:
    """View and Control over a Unix socket, over a loopback port with its token, or from far away.

    A distant engine is a `Place`; one that falls silent there counts as gone. `latency_ms` is how
    long the way there and back took last, None where it was not measured: near, or not connected.
    """

    def __init__(
        self,
        *,
        socket_path: str = "",
        port: int = 0,
        place: Place | None = None,
        token: str = "",
        silent_s: float = SILENT_S,
    ) -> None:
        if bool(socket_path) + bool(port) + bool(place) != 1:
            raise ValueError("expected a socket_path or a port or a place, and only one")
        self._place = place or Place(socket_path=socket_path, port=port)
        self._silent_s = silent_s if place else None
        self.latency_ms: float | None = None
        self._token = token
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Frame | Answer)

    async def open(self) -> None:
        """Connect, see that the engine speaks to us, and leave.

        Raises:
            Transient: No engine answers.
            Refused: The token is wrong: another engine may have taken the port of a dead one.
        """
        socket = await self._connect(KNOCK_HZ)
        try:
            async with asyncio.timeout(KNOCK_S):
                await socket.receive()
        except TimeoutError as exc:
            raise Transient(f"the engine did not answer within {KNOCK_S:.0f} s") from exc
        finally:
            await socket.close()

    async def frames(self, hz: float) -> AsyncIterator[Frame]:
        """Yield a snapshot, then changes at most `hz` times a second.

        Raises:
            Transient: No engine answers, or it has ended; asking again connects again.
            Refused: The token is wrong.
        """
        socket = await self._connect(hz)
        loop, next_ping_s = asyncio.get_running_loop(), 0.0
        try:
            while True:
                if self._silent_s is not None and loop.time() >= next_ping_s:
                    next_ping_s = loop.time() + PING_S
                    await socket.ping()
                async with asyncio.timeout(self._silent_s):
                    data = await socket.receive()
                self.latency_ms = socket.latency_ms
                message = self._decode(data)
                if isinstance(message, Frame):
                    yield message
        except TimeoutError as exc:
            raise Transient(f"the engine was silent for {self._silent_s:.0f} s") from exc
        finally:
            self.latency_ms = None
            await socket.close()

    async def ask(self, request: AnyRequest) -> Answer:
        """Return what came of it.

        Raises:
            Transient: The engine is gone or silent; whether it did the thing is not known.
            Refused: The token is wrong.
        """
        socket = await self._connect(0.0)
        try:
            async with asyncio.timeout(ANSWER_S):
                await socket.send(self._encoder.encode(Ask(ASK_ID, request)))
                while True:
                    message = self._decode(await socket.receive())
                    if isinstance(message, Answer):
                        return msgspec.structs.replace(message, ask_id=0)
        except TimeoutError as exc:
            raise Transient(f"the engine did not answer within {ANSWER_S:.0f} s") from exc
        finally:
            await socket.close()

    async def close(self) -> None:
        """Leave; the engine goes on. Nothing is held between requests."""

    async def _connect(self, hz: float) -> WebSocket:
        socket = await connect(self._place, token=self._token)
        await socket.send(self._encoder.encode(Hello(self._token, hz)))
        return socket

    def _decode(self, data: bytes) -> Frame | Answer:
        try:
            message: Frame | Answer = self._decoder.decode(data)
        except msgspec.DecodeError as exc:
            raise Transient(f"the engine speaks another version of the protocol: {exc}") from exc
        return message
