"""The stream side: connections, what each has subscribed to, and their control messages.

Theory. A `Hub` knows every `Connection` and, per stream name, who wants it. The pacer asks the hub
what is wanted, makes each payload once and hands it over with `publish`; nothing is sent before
`flush`. A connection keeps what it has not sent yet: beyond `SOFT_LIMIT` bytes it gets only closed
candles and notices until it has caught up, beyond `HARD_LIMIT` it is closed, so a slow client never
slows another one and never makes the process grow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from aitrader.exchange.simulated import frames
from aitrader.exchange.simulated.mangle import Mangler

SOFT_LIMIT = 4_000_000
HARD_LIMIT = 32_000_000
MAX_STREAMS = 1024
NORMAL_CLOSE, POLICY_CLOSE = 1000, 1008

Scalar = int | str | bool
Id = int | str | None


class Request(msgspec.Struct):
    """A control message of a client."""

    method: str
    params: list[Scalar] = []
    id: Id = None


class Result(msgspec.Struct):
    """The answer to a control message."""

    result: list[str] | bool | None
    id: Id


class Failure(msgspec.Struct):
    """The answer to a control message that cannot be obeyed."""

    code: int
    msg: str
    id: Id = None


class Connection:
    """One client's socket as the hub sees it; the server moves `outgoing` to the wire."""

    def __init__(self, *, is_combined: bool) -> None:
        self.is_combined = is_combined
        self.streams: set[str] = set()
        self.acked_ms = -1
        self.told_ms = -1
        self.skipped = 0
        self.close_code: int | None = None
        self.is_cut = False
        self.held: list[bytes] = []
        self.wake = asyncio.Event()
        self._outgoing: list[bytes] = []
        self._waiting = 0

    def add(self, frame: bytes, *, is_final: bool) -> None:
        """Queue a frame; what is not final is skipped while the client is behind."""
        if self._waiting > SOFT_LIMIT and not is_final:
            self.skipped += 1
            return
        self._outgoing.append(frame)
        self._waiting += len(frame)
        if self._waiting > HARD_LIMIT:
            self.close(POLICY_CLOSE)

    def close(self, code: int) -> None:
        """Close the socket after what is queued; a client too far behind loses its queue."""
        self.close_code = code
        if code == POLICY_CLOSE:
            self._outgoing, self._waiting = [], 0
        self.wake.set()

    def cut(self) -> None:
        """End the connection with RST; what is queued is lost."""
        self.is_cut = True
        self.wake.set()

    def take(self) -> bytes:
        """Return everything queued, as one piece."""
        self.wake.clear()
        piece = b"".join(self._outgoing)
        self._outgoing, self._waiting = [], 0
        return piece

    def flush(self) -> None:
        """Let the server send what is queued."""
        if self._outgoing:
            self.wake.set()


class Hub:
    """All connections and their subscriptions."""

    def __init__(self, mangler: Mangler | None = None) -> None:
        self._mangler = mangler
        self.connections: set[Connection] = set()
        self.changed = asyncio.Event()
        self.version = 0
        self.published = 0
        self._wanted: dict[str, set[Connection]] = {}
        self._ended_ms: int | None = None

    @property
    def wanted(self) -> Iterable[str]:
        """Names of all streams that somebody wants; `version` grows when they change."""
        return self._wanted.keys()

    def listeners(self) -> list[Connection]:
        """Return the connections that have at least one stream and are not being closed."""
        return [each for each in self.connections if each.streams and each.close_code is None]

    def open(self, connection: Connection, streams: Iterable[str]) -> None:
        """Take a connection in with the streams of its address."""
        self.connections.add(connection)
        self.subscribe(connection, streams)

    def drop(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        self.unsubscribe(connection, tuple(connection.streams))
        self.connections.discard(connection)
        self.changed.set()

    def subscribe(self, connection: Connection, streams: Iterable[str]) -> None:
        """Add streams; names that nobody serves are legal and silent."""
        for name in streams:
            connection.streams.add(name)
            self._wanted.setdefault(name, set()).add(connection)
        self.version += 1
        if self._ended_ms is not None and connection.streams:
            self._say_end(connection, self._ended_ms)
        self.changed.set()

    def unsubscribe(self, connection: Connection, streams: Iterable[str]) -> None:
        """Take streams away; unknown ones are nothing."""
        for name in streams:
            connection.streams.discard(name)
            listeners = self._wanted.get(name, set())
            listeners.discard(connection)
            if not listeners:
                self._wanted.pop(name, None)
        self.version += 1

    def publish(self, stream: str, payload: str, *, is_final: bool = False) -> None:
        """Queue one payload for everybody who wants the stream."""
        encoded: dict[bool, bytes] = {}
        for connection in self._wanted.get(stream, ()):
            is_combined = connection.is_combined
            frame = encoded.get(is_combined)
            if frame is None:
                text = frames.combined(stream, payload) if is_combined else payload
                frame = encoded[is_combined] = frames.as_text_frame(text)
            if self._mangler is None or not self._mangler.is_on:
                connection.add(frame, is_final=is_final)
                continue
            text = frames.combined(stream, payload) if is_combined else payload
            for each in self._mangler.mangled(stream, text, held=connection.held):
                connection.add(each, is_final=is_final)
        self.published += 1

    def tell(self, connection: Connection, name: str, payload: str) -> None:
        """Queue a notice for one connection and let it go."""
        text = frames.combined(name, payload) if connection.is_combined else payload
        connection.add(frames.as_text_frame(text), is_final=True)
        connection.flush()

    def flush(self) -> None:
        """Let everything queued go."""
        for connection in self.connections:
            connection.flush()

    def end(self, at_ms: int) -> None:
        """Say to all, now and later, that nothing more comes, and close."""
        self._ended_ms = at_ms
        for connection in self.listeners():
            self._say_end(connection, at_ms)

    def _say_end(self, connection: Connection, at_ms: int) -> None:
        self.tell(connection, "!simulatedEnd", frames.end(at_ms))
        connection.close(NORMAL_CLOSE)

    # -- control messages -----------------------------------------------------------------------

    def receive(self, connection: Connection, message: str | bytes) -> None:
        """Obey one control message and queue its answer."""
        answer = self._answer(connection, message)
        if answer is not None:
            text = msgspec.json.encode(answer).decode()
            connection.add(frames.as_text_frame(text), is_final=True)
            connection.flush()

    def _answer(self, connection: Connection, message: str | bytes) -> Result | Failure | None:
        try:
            request = _DECODER.decode(message)
        except msgspec.ValidationError as exc:
            return Failure(2, f"Invalid request: {exc}")
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            return Failure(3, f"Invalid JSON: {exc}")
        names = [str(each) for each in request.params]
        match request.method:
            case "SUBSCRIBE":
                return self._subscribed(connection, names, request.id)
            case "UNSUBSCRIBE":
                self.unsubscribe(connection, names)
                return Result(None, request.id)
            case "LIST_SUBSCRIPTIONS":
                return Result(sorted(connection.streams), request.id)
            case "SIMULATED_CLOCK_ACK":
                return self._acknowledged(connection, request)
            case "SET_PROPERTY" | "GET_PROPERTY":
                return _property(connection, request)
            case _:
                return Failure(2, f"Invalid request: unknown method {request.method}", request.id)

    def _subscribed(
        self, connection: Connection, names: list[str], request_id: Id
    ) -> Result | Failure | None:
        refusal = self._mangler.subscribe_refusal() if self._mangler is not None else None
        if refusal is not None:
            failure = Failure(2, "Invalid request: refused by a fault", request_id)
            return None if refusal.is_silent else failure
        if not names:
            return Failure(2, "Invalid request: missing field `params`", request_id)
        if len(connection.streams.union(names)) > MAX_STREAMS:
            return Failure(2, f"Invalid request: more than {MAX_STREAMS} streams", request_id)
        self.subscribe(connection, names)
        return Result(None, request_id)

    def _acknowledged(self, connection: Connection, request: Request) -> Failure | None:
        """An acknowledgement is not answered: it comes at every instant of a lockstep run."""
        match request.params:
            case [int(at_ms)]:
                connection.acked_ms = max(connection.acked_ms, at_ms)
                self.changed.set()
                return None
            case _:
                return Failure(2, "Invalid request: expected one instant in ms", request.id)


_DECODER = msgspec.json.Decoder(Request)


def _property(connection: Connection, request: Request) -> Result | Failure:
    match request.method, request.params:
        case "GET_PROPERTY", ["combined"]:
            return Result(connection.is_combined, request.id)
        case "SET_PROPERTY", ["combined", bool(value)]:
            connection.is_combined = value
            return Result(None, request.id)
        case _:
            return Failure(0, "Unknown property", request.id)
