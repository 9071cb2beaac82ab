"""The account over the WebSocket API: its events as they happen, and orders by the quickest way.

Theory of operation. One link after the other is opened and subscribed to the account's events. A
link that ends or brings no frame at all (the server pings every 20 s) is lost and a new one opened
after a jittered, growing delay, without end. One that is old, or whose server or subscription ends,
is replaced while it still works: both deliver meanwhile, so whoever reads must bear an event twice.
Each time a link is subscribed `on_up` is called: what happened before is to be asked of REST.

An order goes out on the link if it is up, and then on nothing else: once it may have left, it is
never sent again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from aitrader.exchange.binance.account_link import AccountLink, Value
from aitrader.exchange.binance.account_rest import MAX_WINDOW_MS
from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.links import StreamTiming, wait_at_most
from aitrader.exchange.binance.orders import Request
from aitrader.exchange.binance.signing import Credentials, signed_parameters
from aitrader.exchange.binance.sockets import Connect
from aitrader.exchange.binance.verdicts import BAD_TIME, judge_order, judge_question
from aitrader.exchange.binance.wire import WireError
from aitrader.exchange.binance.wire_orders import (
    ServerShutdown,
    SocketMessage,
    StreamTerminated,
    UserEvent,
    read_event,
)
from aitrader.model.errors import OutcomeUnknown, Refused, Transient

log = logging.getLogger(__name__)

_SUBSCRIBE = "userDataStream.subscribe.signature"
_WINDOW_MS = 5_000
_MOST_DOUBLINGS = 10

Learn = Callable[[SocketMessage], None]


class AccountSocket:
    """The account's connection, kept alive over one link after the other."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        connect: Connect,
        time: ExchangeTime,
        timing: StreamTiming,
    ) -> None:
        """Open nothing yet; `run` does."""
        self._url = url
        self._credentials = credentials
        self._connect = connect
        self._time = time
        self._timing = timing
        self._link: AccountLink | None = None
        self._wake = asyncio.Event()
        self._closed = asyncio.Event()
        self._failures = 0
        self._is_worn = False
        self._rng = random.Random()  # spreads reconnects over time, decides nothing
        self.on_up: Callable[[], None] = _nothing
        self.on_told: Callable[[UserEvent], None] = _nothing
        self.on_answer: Learn = _nothing
        self.opened = 0
        """How many links have been subscribed."""
        self.unfit = 0
        """Messages that were dropped because they did not fit."""

    @property
    def is_up(self) -> bool:
        """True while events come and orders may leave here."""
        return self._link is not None and self._link.is_up

    def close(self) -> None:
        """End for good; `run` returns."""
        self._closed.set()
        self._wake.set()

    async def run(self) -> None:
        """Keep a subscribed link until `close`."""
        while not self._closed.is_set():
            try:
                await self._live()
            except Transient as ended:
                pause_s = max(self._delay_s(), ended.retry_after_s or 0.0)
                log.warning("the account's stream is down: %s", ended.reason)
                await wait_at_most(self._closed, pause_s)

    # -- orders ---------------------------------------------------------------------------------

    async def place(self, request: Request, name: str, *, not_after_ms: int) -> bytes:
        """Send an order once; return the exchange's yes. `name` stands in what is raised.

        Raises:
            Refused: The exchange said no, or no time is left.
            Transient: There is no connection; the order never left.
            OutcomeUnknown: The order left and no clear answer came.
        """
        stamp_ms = self._time.now_ms()
        window_ms = min(not_after_ms - stamp_ms, MAX_WINDOW_MS)
        if window_ms <= 0:
            raise Refused(BAD_TIME, "its time was over before it could leave")
        answer = await self._ask(request.method, dict(request.parameters), stamp_ms, window_ms)
        if answer is None:
            raise OutcomeUnknown(name, "the answer of the exchange's socket was lost")
        if answer.status != 200:
            judge_order(name, answer.status, answer.error or WireError())
        return bytes(answer.result)

    async def ask(self, request: Request) -> bytes | None:
        """Return the answer to a cancel or a question; None: REST is to be asked instead.

        Raises:
            Refused: The exchange said no.
        """
        parameters, stamp_ms = dict(request.parameters), self._time.now_ms()
        try:
            answer = await self._ask(request.method, parameters, stamp_ms, _WINDOW_MS)
            if answer is None:
                return None
            said = answer.error or WireError()
            judge_question(request.method, answer.status, said, None)
        except Transient:
            return None
        return bytes(answer.result)

    async def _ask(
        self, method: str, parameters: dict[str, str], stamp_ms: int, window_ms: int
    ) -> SocketMessage | None:
        if self._link is None:
            raise Transient("there is no connection")
        signed = self._signed(parameters, stamp_ms, window_ms)
        answer = await self._link.ask(method, signed, self._timing.answer_s)
        if answer is not None:
            self.on_answer(answer)
        return answer

    def _signed(
        self, parameters: dict[str, str], stamp_ms: int, window_ms: int
    ) -> dict[str, Value]:
        stamped = {
            **parameters,
            "apiKey": self._credentials.api_key,
            "recvWindow": str(window_ms),
            "timestamp": str(stamp_ms),
        }
        signed: dict[str, Value] = dict(signed_parameters(stamped, self._credentials.signer))
        return signed | {"recvWindow": window_ms, "timestamp": stamp_ms}

    # -- the link -------------------------------------------------------------------------------

    async def _live(self) -> None:
        """Keep one link and its successors going; raises why the last of them ended."""
        loop = asyncio.get_running_loop()
        born_s = loop.time()
        try:
            self._take(await self._open())
            while not self._closed.is_set():
                await self._look()
        finally:
            last, self._link = self._link, None
            if last is not None:
                last.close()
            lived_s = loop.time() - born_s
            self._failures = 0 if lived_s >= self._timing.stable_s else self._failures + 1

    async def _open(self) -> AccountLink:
        """Return a link that is subscribed to the account's events."""
        link = AccountLink(self, self._wake)
        await link.open(self._connect, self._url)
        try:
            signed = self._signed({}, self._time.now_ms(), _WINDOW_MS)
            answer = await link.ask(_SUBSCRIBE, signed, self._timing.answer_s)
            if answer is None:
                raise Transient("the exchange did not answer the subscription")
            if answer.status != 200:
                said = answer.error or WireError()
                raise Transient(f"the exchange refused the subscription: {said.msg} ({said.code})")
        except BaseException:
            link.close()
            raise
        return link

    def _take(self, link: AccountLink) -> None:
        self._link = link
        self._is_worn = False
        self.opened += 1
        self.on_up()

    async def _look(self) -> None:
        """Do what the current link needs now, or wait a moment."""
        link = self._link
        assert link is not None
        self._wake.clear()
        now_s = asyncio.get_running_loop().time()
        if link.closed_reason is not None:
            raise Transient(link.closed_reason)
        if now_s - link.frame_s > self._timing.frame_silence_s:
            raise Transient(f"nothing came for {self._timing.frame_silence_s:.0f} s")
        if self._is_worn or now_s - link.born_s > self._timing.rotate_s:
            self._take(await self._open())
            link.close()
        else:
            await wait_at_most(self._wake, self._timing.look_s)

    def _delay_s(self) -> float:
        doubled = self._timing.backoff_first_s * 2.0 ** min(self._failures, _MOST_DOUBLINGS)
        return self._rng.random() * min(self._timing.backoff_most_s, doubled)

    # -- what the link calls

    def on_event(self, payload: bytes) -> None:
        """Read one event of the account and hand it on."""
        try:
            event = read_event(payload)
        except Refused as refused:
            self.on_unfit(refused.reason)
            return
        if isinstance(event, ServerShutdown | StreamTerminated):
            self._is_worn = True
            self._wake.set()
        else:
            self.on_told(event)

    def on_unfit(self, reason: str) -> None:
        """Count a message that does not fit; REST tells what it may have said."""
        self.unfit += 1
        log.warning("a message of the account's stream was dropped: %s", reason)


def _nothing(*_: object) -> None:
    pass
