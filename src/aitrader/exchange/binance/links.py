"""One stream WebSocket: its frames decoded, its control messages paced and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Protocol

import msgspec
from msgspec import UNSET

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.sockets import Connect, Socket
from aitrader.model.errors import Refused, Transient

_read_envelope, _UNFIT = wire.read_envelope, wire.UNFIT


class StreamTiming(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a connection is, and the exchange's limits it keeps to.

    `control_gap_s`: 5 messages a second end a connection, pongs included. `names_per_message` and
    `names_per_connection`: it carries 1024 streams at most. `frame_silence_s`: the server pings
    every 20 s. `data_silence_s`: None where the exchange may stand still. `rotate_s`: it cuts
    after 24 h. `stable_s`: a link that lived so long does not count as a failure.
    """

    answer_s: float = 10.0
    control_gap_s: float = 0.5
    names_per_message: int = 200
    names_per_connection: int = 1_000
    frame_silence_s: float = 45.0
    data_silence_s: float | None = 10.0
    rotate_s: float = 23.5 * 3600
    stable_s: float = 30.0
    backoff_first_s: float = 0.25
    backoff_most_s: float = 30.0
    look_s: float = 1.0


class LinkUser(Protocol):
    """Who takes what a link brings, on the loop's own callbacks; must not raise."""

    def on_data(self, stream: str, data: wire.Data) -> None:
        """Take in one frame of one stream."""
        ...

    def on_unfit(self, reason: str) -> None:
        """A message was dropped because it did not fit."""
        ...


class Link:
    """One WebSocket and what is known of it. Its `SocketUser` half is called by the transport."""

    def __init__(self, user: LinkUser, wake: asyncio.Event, timing: StreamTiming) -> None:
        """`wake` is set whenever the link's owner should look at it."""
        self._loop = asyncio.get_running_loop()
        self._user = user
        self._deliver = self._deliver_first
        self._wake = wake
        self._timing = timing
        self._socket: Socket | None = None
        self._answers: dict[int, asyncio.Future[wire.Message]] = {}
        self._asked = 0
        self._control_s: float | None = None
        self.born_s = self._frame_s = self._data_s = self._loop.time()
        self._messages = self._noticed = 0
        self.first_data = asyncio.Event()
        self.names: set[str] = set()
        """Streams whose subscription the exchange has answered."""
        self.closed_reason: str | None = None
        self.must_rotate = False
        """True once the server said that it will end this connection."""

    async def open(self, connect: Connect, url: str, names: Iterable[str]) -> None:
        """Connect and subscribe to all of `names`; on failure nothing stays open.

        Raises:
            Transient: No connection, or a subscription was not answered with yes.
        """
        self._socket = await connect(url, self)
        try:
            await self.subscribe(names)
        except BaseException:
            self.close()
            raise

    async def subscribe(self, names: Iterable[str]) -> None:
        """Add streams, batch by batch.

        Raises:
            Transient: A batch was not answered with yes.
        """
        for batch in self._batches(names):
            await self._ask("SUBSCRIBE", batch)
            self.names.update(batch)

    async def unsubscribe(self, names: Iterable[str]) -> None:
        """Take streams off, batch by batch.

        Raises:
            Transient: A batch was not answered with yes.
        """
        for batch in self._batches(names):
            self.names.difference_update(batch)
            await self._ask("UNSUBSCRIBE", batch)

    def send(self, payload: bytes) -> None:
        """Send one message at once, past the pacing of control messages."""
        if self._socket is not None and self.closed_reason is None:
            self._socket.send(payload)

    def close(self) -> None:
        """End the WebSocket."""
        if self._socket is not None and self.closed_reason is None:
            self._socket.close()

    def data_s(self) -> float:
        """Return the loop's time of the newest data.

        Data are counted and not timed, for each message would pay for it: what came since this was
        asked last came now.
        """
        if self._messages != self._noticed:
            self._noticed = self._messages
            self._data_s = self._loop.time()
        return self._data_s

    def frame_s(self) -> float:
        """Return the loop's time of the newest frame of any kind, as exact as `data_s` is."""
        return max(self._frame_s, self.data_s())

    # -- what the transport calls

    def on_frame(self) -> None:
        """Any frame shows that the other side lives."""
        self._frame_s = self._loop.time()

    def take(self, payload: bytes) -> bool:
        """Decode data and hand it to whom it concerns; False for any other message."""
        try:
            message = _read_envelope(payload)
        except _UNFIT:
            return False
        self._messages += 1
        self._deliver(message.stream, message.data)
        return True

    def on_text(self, payload: bytes) -> None:
        """Take in one message: data in pieces, or an answer, or a notice."""
        if not self.take(payload):
            self._on_other(payload)

    def on_closed(self, reason: str) -> None:
        """Nothing comes any more; whoever waits for an answer waits no longer."""
        self.closed_reason = reason
        for answer in self._answers.values():
            answer.cancel()
        self.first_data.set()
        self._wake.set()

    def _deliver_first(self, stream: str, data: wire.Data) -> None:
        """Note that data come; from now on they go to the user straight."""
        self._deliver = self._user.on_data
        self.first_data.set()
        self._deliver(stream, data)

    # -- control messages

    def _on_other(self, payload: bytes) -> None:
        """Take in a message that is no data."""
        self.on_frame()
        try:
            message = wire.read_other(payload)
        except Refused as refused:
            self._user.on_unfit(refused.reason)
        else:
            self._on_control(message)

    def _on_shutdown(self) -> None:
        self.must_rotate = True
        self._wake.set()

    def _on_control(self, message: wire.Message) -> None:
        answer = self._answers.get(message.id) if isinstance(message.id, int) else None
        if answer is not None and not answer.done():
            answer.set_result(message)
        elif (
            message.e == "serverShutdown"
            or message.event is not UNSET
            or isinstance(message.data, wire.ShutdownFrame)
        ):
            self._on_shutdown()
        elif message.id is UNSET:
            self._user.on_unfit("expected data or an answer, found neither")

    async def _ask(self, method: str, names: list[str]) -> None:
        """Send one control message, no sooner than the pacing allows, and wait for its answer."""
        if self._control_s is not None:
            gap_s = self._control_s + self._timing.control_gap_s - self._loop.time()
            await asyncio.sleep(max(0.0, gap_s))
        self._control_s = self._loop.time()
        self._asked += 1
        number = self._asked
        answer: asyncio.Future[wire.Message] = self._loop.create_future()
        self._answers[number] = answer
        self.send(wire.control(method, names, number))
        if self.closed_reason is None:
            await asyncio.wait({answer}, timeout=self._timing.answer_s)
        del self._answers[number]
        if not answer.done() or answer.cancelled():
            raise Transient(self.closed_reason or f"the exchange did not answer {method}")
        said = answer.result()
        error = said.error or wire.WireError(said.code, said.msg)
        if error.msg:
            raise Transient(f"the exchange refused {method}: {error.msg} ({error.code})")

    def _batches(self, names: Iterable[str]) -> Iterator[list[str]]:
        ordered = sorted(names)
        size = self._timing.names_per_message
        for start in range(0, len(ordered), size):
            yield ordered[start : start + size]


async def wait_at_most(event: asyncio.Event, timeout_s: float) -> None:
    """Wait for an event, but no longer than `timeout_s`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
