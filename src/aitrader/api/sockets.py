"""The WebSocket `/ws` for programs: subscribe to what changes, and ask.

Theory of operation. A client shows its token in the Authorization header, as the subprotocol
`bearer.<token>` beside `aitrader`, or in its first message; `?api_key=` works and is warned about.
Then one task writes what is new and one reads what the client wants. The writer waits for the
client to read; meanwhile nothing is queued for it, the hub keeps what is new for all (`hub.py`).
A client that is silent and reads nothing is dropped by the server's pings. Messages that make no
sense are answered with `error`; too many of them, or too many messages at all, end the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Literal

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.utils import ClientDisconnected

from aitrader.api.decoding import decoded
from aitrader.api.hub import Cursor, Hub
from aitrader.api.inside import Inside
from aitrader.api.limits import Limiter
from aitrader.api.lobby import HELLO_S, Lobby, crowded, deny
from aitrader.api.outgoing_past import found_in
from aitrader.api.policy import Access, Budget, Visit
from aitrader.api.problems import Failure
from aitrader.model.control import AnyRequest

log = logging.getLogger(__name__)

MESSAGES_PER_MIN = 600
MOST_ERRORS = 10
BURST = 4
"""Messages written before the loop turns to others."""

MOST_CONNECTIONS = 200
PROTOCOL = "aitrader"
BEARER = "bearer."
POLICY, TRY_AGAIN, GOING_AWAY = 1008, 1013, 1001
OVER = "the token counts no more"
FLOOD = "too many messages"

GONE = (WebSocketDisconnect, ClientDisconnected, RuntimeError)
"""What sending and reading raise once the client has left, or was sent away."""

Channel = Literal["tickers", "signals", "positions", "traders", "logs", "health"]


class Auth(msgspec.Struct, frozen=True, tag="auth", forbid_unknown_fields=True):
    """The first message of a client that showed no token before."""

    token: str


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe", forbid_unknown_fields=True):
    """Begin with a snapshot, or go on after `after` of the life `epoch`."""

    channels: tuple[Channel, ...]
    epoch: str = ""
    after: int = 0


class Unsubscribe(msgspec.Struct, frozen=True, tag="unsubscribe", forbid_unknown_fields=True):
    """Send no more of these."""

    channels: tuple[Channel, ...]


class Ping(msgspec.Struct, frozen=True, tag="ping", forbid_unknown_fields=True):
    """Answered with `pong` and the same id."""

    id: int = 0


class AskMessage(msgspec.Struct, frozen=True, tag="ask", forbid_unknown_fields=True):
    """A request to the engine; answered with `answer` and the same id."""

    id: int
    request: AnyRequest


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """The answer to `ping`."""

    id: int


class AnswerMessage(msgspec.Struct, frozen=True, tag="answer", omit_defaults=True):
    """What came of a request; `data` is what was read besides the sentence."""

    id: int
    ok: bool
    text: str
    data: object | None = None


class ErrorMessage(msgspec.Struct, frozen=True, tag="error"):
    """A message that could not be understood or is not allowed; `id` is its own, if it had one."""

    detail: str
    status: int
    id: int | msgspec.UnsetType = msgspec.UNSET


class Numbered(msgspec.Struct, frozen=True):
    """What is looked for in a message that is refused."""

    id: int | msgspec.UnsetType = msgspec.UNSET


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The first message of the server."""

    epoch: str
    name: str
    scope: str


Incoming = Auth | Subscribe | Unsubscribe | Ping | AskMessage


class Sockets:
    """The connections of `/ws`."""

    def __init__(self, inside: Inside, hub: Hub, lobby: Lobby) -> None:
        self._inside = inside
        self._hub = hub
        self._lobby = lobby
        self._decoder = msgspec.json.Decoder(Incoming)
        self.connections = 0

    async def receive(self, socket: WebSocket) -> None:
        """Serve one client until it leaves or the engine ends."""
        with contextlib.suppress(*GONE):
            visit = await self._enter(socket)
            if visit is None:
                return
            if self.connections >= MOST_CONNECTIONS:
                await socket.close(TRY_AGAIN, "too many connections")
                return
            self.connections += 1
            try:
                await _Client(
                    self._inside,
                    self._hub,
                    socket=socket,
                    visit=visit,
                    decoder=self._decoder,
                ).serve()
            finally:
                self.connections -= 1

    async def _enter(self, socket: WebSocket) -> Visit | None:
        """Return who has come, None after sending them away."""
        secret = secret_of(socket)
        is_stranger = not secret and not self._inside.policy.is_open
        if is_stranger and self._lobby.is_full:
            await deny(socket, crowded())
            return None
        offered = socket.scope.get("subprotocols", [])
        await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        try:
            if is_stranger:
                async with self._lobby.waiting():
                    secret = await self._secret(socket)
            visit = self._inside.policy.receive(secret, _address(socket))
            self._inside.policy.admit(visit.caller, Access.READ, Budget.DATA)
        except TimeoutError:
            await socket.close(POLICY, f"no token came within {HELLO_S:.0f} s")
            return None
        except Failure as failure:
            await socket.close(POLICY, failure.problem.title)
            return None
        return visit

    async def _secret(self, socket: WebSocket) -> str:
        try:
            message = decoded(self._decoder, await socket.receive_text())
        except (msgspec.DecodeError, KeyError) as error:
            raise Failure(401, "the first message must be auth") from error
        if not isinstance(message, Auth):
            raise Failure(401, "the first message must be auth")
        return message.token


def secret_of(socket: WebSocket) -> str:
    """Return the token a WebSocket request bears, "" without one."""
    kind, _, secret = socket.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return secret.strip()
    for protocol in socket.scope.get("subprotocols", []):
        if protocol.startswith(BEARER):
            return str(protocol.removeprefix(BEARER))
    in_url = socket.query_params.get("api_key", "")
    if in_url:
        log.warning("a token came in an address, where logs can see it: use a header instead")
    return in_url


class _Client:
    """One connection."""

    def __init__(
        self,
        inside: Inside,
        hub: Hub,
        *,
        socket: WebSocket,
        visit: Visit,
        decoder: msgspec.json.Decoder[Incoming],
    ) -> None:
        self._inside = inside
        self._hub = hub
        self._socket = socket
        self._visit = visit
        self._caller = visit.caller
        self._decoder = decoder
        self._cursor = Cursor()
        self._encode = msgspec.json.Encoder().encode
        self._errors = 0
        self._in_order = asyncio.Lock()  # a snapshot never overtakes what came before it
        self._limiter = Limiter(MESSAGES_PER_MIN, asyncio.get_running_loop().time)

    async def serve(self) -> None:
        """Read and write until either ends."""
        await self._hub.join()
        welcome = Welcome(self._hub.epoch, self._caller.name, self._caller.scope.value)
        await self._send(self._encode(welcome).decode())
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write())
            with contextlib.suppress(*GONE):
                await self._read()
            writer.cancel()

    async def _write(self) -> None:
        with contextlib.suppress(*GONE):
            while True:
                seq = self._hub.seq
                if self._visit.is_over:
                    await self._socket.close(POLICY, OVER)
                    return
                async with self._in_order:
                    for number, text in enumerate(self._hub.news(self._cursor)):
                        await self._send(text)
                        if number % BURST == BURST - 1:
                            await asyncio.sleep(0)  # others are served; a gone client is noticed
                if self._hub.has_ended:
                    await self._socket.close(GOING_AWAY, "the engine has ended")
                    return
                await self._hub.changed(seq)

    async def _read(self) -> None:
        while True:
            data = await self._socket.receive()
            if data["type"] == "websocket.disconnect":
                return
            if self._visit.is_over:
                await self._socket.close(POLICY, OVER)
                return
            if self._limiter.take("messages"):
                await self._socket.close(POLICY, FLOOD)
                return
            text = data.get("text") or data.get("bytes") or b""
            try:
                await self._handle(decoded(self._decoder, text))
            except msgspec.DecodeError as error:
                await self._refuse(ErrorMessage(str(error)[:300], 400, id_of(text)))
            except Failure as failure:
                status = failure.problem.status
                await self._refuse(ErrorMessage(str(failure), status, id_of(text)))
            if self._errors > MOST_ERRORS:
                await self._socket.close(POLICY, "too many errors")
                return

    async def _refuse(self, message: ErrorMessage) -> None:
        self._errors += message.status == 400
        await self._send(self._encode(message).decode())

    async def _handle(self, message: Incoming) -> None:
        if isinstance(message, Subscribe):
            async with self._in_order:
                texts = self._hub.subscribe(
                    self._cursor, message.channels, epoch=message.epoch, after=message.after
                )
                for text in texts + self._hub.news(self._cursor):
                    await self._send(text)
        elif isinstance(message, Unsubscribe):
            for channel in message.channels:
                self._cursor.seqs.pop(channel, None)
        elif isinstance(message, Ping):
            await self._send(self._encode(Pong(message.id)).decode())
        elif isinstance(message, AskMessage):
            self._inside.policy.admit_request(self._caller, message.request)
            answer = await self._inside.ask(self._caller, message.request)
            out = AnswerMessage(message.id, answer.is_ok, answer.text, found_in(answer))
            await self._send(self._encode(out).decode())

    async def _send(self, text: str) -> None:
        await self._socket.send({"type": "websocket.send", "text": text})


_NUMBERED = msgspec.json.Decoder(Numbered)


def id_of(text: str | bytes) -> int | msgspec.UnsetType:
    """Return the `id` of a message that is refused, so that the client knows which one it was."""
    try:
        return decoded(_NUMBERED, text).id
    except msgspec.DecodeError:
        return msgspec.UNSET


def _address(socket: WebSocket) -> str:
    return socket.client.host if socket.client else ""
