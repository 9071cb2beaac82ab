"""The WebSocket API: the same operations as over HTTP, plus sessions and user data subscriptions.

Requests of one connection are answered in the order they came. A request is signed over its sorted
parameters; after `session.logon`, which takes Ed25519 keys only, it needs no signature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from aitrader.exchange.simulated import frames
from aitrader.exchange.simulated.gate import Gate, Operation, Reply, refused
from aitrader.exchange.simulated.keys import NO_SESSION_KEY, ApiKey, Keyring
from aitrader.exchange.simulated.parameters import Params, is_true, whole
from aitrader.exchange.simulated.streams import Connection
from aitrader.exchange.simulated.userdata import UserData
from aitrader.model.errors import Refused

UNKNOWN_METHOD, BAD_REQUEST, ALREADY_SUBSCRIBED, NOT_SUBSCRIBED = -1000, -1135, -2035, -2036
Id = int | str | None
Handler = Callable[["Session", Params], object]


class SocketRequest(msgspec.Struct):
    """One request; parameters may be text, numbers or flags."""

    method: str
    id: Id = None
    params: dict[str, str | int | float | bool | list[str] | None] = {}


class Session:
    """What one connection has said about itself."""

    def __init__(self, connection: Connection, *, connected_ms: int, with_limits: bool) -> None:
        self.connection = connection
        self.connected_ms = connected_ms
        self.with_limits = with_limits
        self.key: ApiKey | None = None
        self.authorized_ms: int | None = None


class SocketApi:
    """Answers the requests of all connections."""

    def __init__(
        self,
        gate: Gate,
        keyring: Keyring,
        user_data: UserData,
        *,
        operations: list[Operation],
        now_ms: Callable[[], int],
    ) -> None:
        self._gate = gate
        self._keyring = keyring
        self._user_data = user_data
        self._now_ms = now_ms
        self._operations = {each.socket: each for each in operations if each.socket}
        self._own: Mapping[str, tuple[Handler, int]] = {
            "session.logon": (self._log_on, 2),
            "session.logout": (self._log_out, 2),
            "session.status": (self._status, 2),
            "session.subscriptions": (self._subscriptions, 2),
            "userDataStream.subscribe": (self._subscribe, 2),
            "userDataStream.subscribe.signature": (self._subscribe_signed, 2),
            "userDataStream.unsubscribe": (self._unsubscribe, 2),
        }

    def open(self, connection: Connection, *, with_limits: bool) -> Session:
        """Return a new connection's session; connecting weighs 2."""
        self._gate.limits.take(2)
        return Session(connection, connected_ms=self._now_ms(), with_limits=with_limits)

    def drop(self, session: Session) -> None:
        """Forget a connection that is gone."""
        self._user_data.drop(session.connection)

    async def receive(self, session: Session, message: str | bytes) -> None:
        """Answer one request."""
        try:
            request = _DECODER.decode(message)
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            answer = {"code": BAD_REQUEST, "msg": f"Invalid 'JSON Request'; {exc}"}
            self._say(session, {"id": None, "status": 400, "error": answer}, True)
            return
        params = {name: _text(value) for name, value in request.params.items() if value is not None}
        reply = await self._reply(session, request.method, params)
        if reply.is_lost:
            if not reply.is_silent:
                session.connection.cut()
            return
        body: dict[str, object] = {"id": request.id, "status": reply.status}
        body["result" if reply.status == 200 else "error"] = reply.value
        shows = is_true(params, "returnRateLimits", default=session.with_limits)
        self._say(session, body, shows)

    async def _reply(self, session: Session, method: str, params: Params) -> Reply:
        operation = self._operations.get(method)
        if operation is None and method in self._own:
            handler, weight = self._own[method]
            operation = Operation(
                "WS", method, method, lambda given: handler(session, given), weight
            )
        if operation is None:
            return refused(Refused(UNKNOWN_METHOD, f"Unknown method '{method}'."))
        return await self._gate.run(operation, params, lambda: self._authorize(session, params))

    def _authorize(self, session: Session, params: Params) -> None:
        if session.key is not None and "signature" not in params:
            self._keyring.find(session.key.key)
            self._keyring.check_time(params)
            return
        self._keyring.check_socket(params)

    def _say(self, session: Session, body: dict[str, object], shows_limits: bool) -> None:
        if shows_limits:
            body["rateLimits"] = self._gate.limits.counts()
        text = msgspec.json.encode(body).decode()
        session.connection.add(frames.as_text_frame(text), is_final=True)
        session.connection.flush()

    # -- sessions -------------------------------------------------------------------------------

    def _log_on(self, session: Session, params: Params) -> object:
        found = self._keyring.check_socket(params)
        if not found.public_key:
            raise Refused(NO_SESSION_KEY, "HMAC_SHA256 API key is not supported.")
        session.key, session.authorized_ms = found, self._now_ms()
        return self._status(session, params)

    def _log_out(self, session: Session, params: Params) -> object:
        session.key, session.authorized_ms = None, None
        return self._status(session, params)

    def _status(self, session: Session, params: Params) -> object:
        return {
            "apiKey": session.key.key if session.key else None,
            "authorizedSince": session.authorized_ms,
            "connectedSince": session.connected_ms,
            "returnRateLimits": session.with_limits,
            "serverTime": self._now_ms(),
            "userDataStream": bool(self._user_data.numbers(session.connection)),
        }

    # -- user data ------------------------------------------------------------------------------

    def _subscribe_signed(self, session: Session, params: Params) -> object:
        self._keyring.check_socket(params)
        return self._subscribed(session)

    def _subscribe(self, session: Session, params: Params) -> object:
        if session.key is None:
            raise Refused(-2015, "Invalid API-key, IP, or permissions for action.")
        return self._subscribed(session)

    def _subscribed(self, session: Session) -> object:
        number = self._user_data.subscribe(session.connection)
        if number is None:
            raise Refused(ALREADY_SUBSCRIBED, "User Data Stream subscription already active.")
        return {"subscriptionId": number}

    def _unsubscribe(self, session: Session, params: Params) -> object:
        number = whole(params, "subscriptionId", -1)
        if not self._user_data.unsubscribe(session.connection, None if number < 0 else number):
            raise Refused(NOT_SUBSCRIBED, "User Data Stream subscription not active.")
        return {}

    def _subscriptions(self, session: Session, params: Params) -> object:
        return [
            {"subscriptionId": number} for number in self._user_data.numbers(session.connection)
        ]


_DECODER = msgspec.json.Decoder(SocketRequest)


def _text(value: object) -> str:
    """Return a parameter as it would stand in a query."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return msgspec.json.encode(value).decode()
    return str(value)
