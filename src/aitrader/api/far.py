"""The WebSocket `/engine`: View and Control for a terminal app on another computer.

The messages are those of the local socket (`stream.py`): `Hello`, then frames at the rate it asks
for, and an `Answer` to each `Ask`. Here the token is always looked at, a read-only one may only
read, and what is asked counts against the same limits as over HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

import msgspec
from starlette.websockets import WebSocket
from starlette.websockets import WebSocketDisconnect as Gone

from aitrader.api.decoding import decoded
from aitrader.api.inside import Inside
from aitrader.api.limits import Limiter
from aitrader.api.lobby import HELLO_S, Lobby, crowded, deny
from aitrader.api.policy import Visit
from aitrader.api.problems import Failure
from aitrader.api.sockets import (
    FLOOD,
    GONE,
    MESSAGES_PER_MIN,
    MOST_CONNECTIONS,
    OVER,
    POLICY,
    TRY_AGAIN,
    secret_of,
)
from aitrader.api.tokens import Caller
from aitrader.model.control import Answer, Ask, Hello

log = logging.getLogger(__name__)

MIN_HZ, MAX_HZ = 1.0, 10.0
INVALID, GOING_AWAY = 1003, 1001


class FarDoor:
    """The connections of `/engine`."""

    def __init__(self, inside: Inside, lobby: Lobby) -> None:
        self._inside = inside
        self._lobby = lobby
        self._hello = msgspec.json.Decoder(Hello)
        self._ask = msgspec.json.Decoder(Ask)
        self._encode = msgspec.json.Encoder().encode
        self._visits = 0

    async def receive(self, socket: WebSocket) -> None:
        """Serve one face until it leaves or the engine ends."""
        secret = secret_of(socket)
        is_known = self._inside.policy.find(secret) is not None
        if self._lobby.is_full and not is_known:
            await deny(socket, crowded())
            return
        await socket.accept()
        with contextlib.suppress(*GONE):
            try:
                waiting = asyncio.timeout(HELLO_S) if is_known else self._lobby.waiting()
                async with waiting:
                    hello = decoded(self._hello, await _text(socket))
                address = socket.client.host if socket.client else ""
                visit = self._inside.policy.receive(hello.token or secret, address)
                await self._serve(socket, visit, hello.hz)
            except TimeoutError:
                await socket.close(POLICY, "no hello came")
            except Failure as failure:
                await socket.close(POLICY, failure.problem.title)
            except msgspec.DecodeError:
                await socket.close(INVALID, "this is not a message")

    async def _serve(self, socket: WebSocket, visit: Visit, hz: float) -> None:
        if self._visits >= MOST_CONNECTIONS:
            await socket.close(TRY_AGAIN, "too many connections")
            return
        self._visits += 1
        try:
            await self._talk(socket, visit, hz)
        finally:
            self._visits -= 1

    async def _talk(self, socket: WebSocket, visit: Visit, hz: float) -> None:
        limiter = Limiter(MESSAGES_PER_MIN, asyncio.get_running_loop().time)
        async with asyncio.TaskGroup() as group:
            sender = group.create_task(self._send(socket, visit, hz)) if hz > 0 else None
            with contextlib.suppress(*GONE):
                try:
                    while True:
                        ask = decoded(self._ask, await _text(socket))
                        if visit.is_over or limiter.take("messages"):
                            await socket.close(POLICY, OVER if visit.is_over else FLOOD)
                            break
                        answer = await self._answer(visit.caller, ask)
                        await _say(socket, self._encode(answer))
                except msgspec.DecodeError:
                    await socket.close(INVALID, "this is not a message")
            if sender is not None:
                sender.cancel()

    async def _answer(self, caller: Caller, ask: Ask) -> Answer:
        try:
            self._inside.policy.admit_request(caller, ask.request)
        except Failure as failure:
            return Answer(ask.ask_id, False, str(failure))
        answer = await self._inside.ask(caller, ask.request)
        return msgspec.structs.replace(answer, ask_id=ask.ask_id)

    async def _send(self, socket: WebSocket, visit: Visit, hz: float) -> None:
        """Send frames until the view ends or the face is gone; it reads at its own pace."""
        frames = self._inside.view.frames(min(max(hz, MIN_HZ), MAX_HZ))
        try:
            with contextlib.suppress(*GONE):
                async for frame in frames:
                    if visit.is_over:
                        await socket.close(POLICY, OVER)
                        return
                    await _say(socket, self._encode(frame))
                await socket.close(GOING_AWAY, "the engine has ended")
        finally:
            if isinstance(frames, AsyncGenerator):
                await frames.aclose()


async def _text(socket: WebSocket) -> str | bytes:
    """Return the next message."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise Gone(message.get("code", 1005))
    text: str | bytes = message.get("text") or message.get("bytes") or b""
    return text


async def _say(socket: WebSocket, data: bytes) -> None:
    await socket.send({"type": "websocket.send", "text": data.decode()})
