"""One connection to the WebSocket API: requests with their answers, and the account's events."""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from aitrader.exchange.binance.sockets import Connect, Socket
from aitrader.exchange.binance.wire_orders import SocketMessage, read_message
from aitrader.model.errors import Refused, Transient

Value = str | int | bool


class EventUser(Protocol):
    """Who takes what the account's stream brings, on the loop's own callbacks; must not raise."""

    def on_event(self, payload: bytes) -> None:
        """Take in one event of the account."""
        ...

    def on_unfit(self, reason: str) -> None:
        """A message was dropped because it did not fit."""
        ...


class _Question(msgspec.Struct):
    id: int
    method: str
    params: dict[str, Value]


class AccountLink:
    """One WebSocket and the questions that wait on it. Its `SocketUser` half is the transport's."""

    def __init__(self, user: EventUser, wake: asyncio.Event) -> None:
        """`wake` is set when the link ends."""
        self._loop = asyncio.get_running_loop()
        self._user = user
        self._wake = wake
        self._socket: Socket | None = None
        self._answers: dict[int, asyncio.Future[SocketMessage]] = {}
        self._asked = 0
        self.born_s = self.frame_s = self._loop.time()
        self.closed_reason: str | None = None

    async def open(self, connect: Connect, url: str) -> None:
        """Connect.

        Raises:
            Transient: It cannot.
        """
        self._socket = await connect(url, self)

    def close(self) -> None:
        """End the connection; whoever waits for an answer gets none."""
        if self._socket is not None and self.closed_reason is None:
            self._socket.close()

    @property
    def is_up(self) -> bool:
        """True while something may be asked."""
        return self._socket is not None and self.closed_reason is None

    async def ask(
        self, method: str, parameters: dict[str, Value], timeout_s: float
    ) -> SocketMessage | None:
        """Return the answer to one request; None if it left and none came.

        Raises:
            Transient: The connection had ended before; the request never left.
        """
        if self._socket is None or self.closed_reason is not None:
            raise Transient(self.closed_reason or "there is no connection")
        self._asked += 1
        number = self._asked
        answer: asyncio.Future[SocketMessage] = self._loop.create_future()
        self._answers[number] = answer
        self._socket.send(msgspec.json.encode(_Question(number, method, parameters)))
        try:
            await asyncio.wait({answer}, timeout=timeout_s)
        finally:
            del self._answers[number]
        return answer.result() if answer.done() and not answer.cancelled() else None

    # -- what the transport calls

    def on_frame(self) -> None:
        """Any frame shows that the other side lives."""
        self.frame_s = self._loop.time()

    def on_text(self, payload: bytes) -> None:
        """Hand an answer to who asked, an event to the user."""
        self.frame_s = self._loop.time()
        try:
            message = read_message(payload)
        except Refused as refused:
            self._user.on_unfit(refused.reason)
            return
        if bytes(message.event):
            self._user.on_event(bytes(message.event))
            return
        answer = self._answers.get(message.id) if isinstance(message.id, int) else None
        if answer is not None and not answer.done():
            answer.set_result(message)
        elif message.error is not None and message.id is None:
            # The exchange speaks of the connection itself: a key was revoked, a message was none.
            self._user.on_unfit(f"{message.error.msg} ({message.error.code})")

    def on_closed(self, reason: str) -> None:
        """Nothing comes any more."""
        self.closed_reason = reason
        for answer in self._answers.values():
            answer.cancel()
        self._wake.set()
