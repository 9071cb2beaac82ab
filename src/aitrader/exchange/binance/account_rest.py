"""Signed requests over REST: orders, which leave at most once, and questions, which are repeated.

An order is stamped once. Its `recvWindow` ends with our right to trade, so the exchange itself
refuses it later, whatever the network does. A request that could not even connect has not left: the
very same bytes may go out until their window is over. Once they may have left they are never sent
again. Questions and cancels change nothing when they are repeated.

Every foreign exception becomes one of `model.errors`; none of their words hold a key or a secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx2
import msgspec

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.order_gate import OrderGate
from aitrader.exchange.binance.orders import Request, asking_order_limits
from aitrader.exchange.binance.retries import ask_again
from aitrader.exchange.binance.signing import Credentials, signed_query
from aitrader.exchange.binance.trust import trust_for
from aitrader.exchange.binance.verdicts import (
    BAD_TIME,
    judge_order,
    judge_question,
)
from aitrader.exchange.binance.wire_orders import read_order_limits
from aitrader.model.errors import ConfigError, OutcomeUnknown, Refused, Transient

MAX_WINDOW_MS = 60_000
_KEY_HEADER = "X-MBX-APIKEY"
_NEVER_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)


class AccountTiming(msgspec.Struct, frozen=True, kw_only=True):
    """How patient requests are.

    An order is unknown after `answer_s` without an answer. A question is stamped anew and asked
    `attempts` times. What could not connect tries again after `reconnect_s`.
    """

    answer_s: float = 2.0
    question_s: float = 5.0
    question_window_ms: int = 5_000
    attempts: int = 4
    backoff_first_s: float = 0.1
    backoff_most_s: float = 2.0
    reconnect_s: float = 0.1


_PATIENT = AccountTiming()


class AccountRest:
    """A client of one account; all requests pass one gate."""

    def __init__(
        self,
        rest_url: str,
        credentials: Credentials,
        *,
        time: ExchangeTime,
        gate: OrderGate,
        timing: AccountTiming = _PATIENT,
        proxy_url: str = "",
    ) -> None:
        """Connect to nothing yet; `proxy_url`: through which HTTP proxy, "" for none.

        Raises:
            ConfigError: An address or the key cannot be used.
        """
        self._signer = credentials.signer
        self._time = time
        self._gate = gate
        self._timing = timing
        self._host = rest_url.rstrip("/")
        self._is_closed = False
        try:
            self._client = httpx2.AsyncClient(
                base_url=rest_url,
                headers={_KEY_HEADER: credentials.api_key},
                timeout=timing.question_s,
                limits=httpx2.Limits(max_connections=64, max_keepalive_connections=8),
                trust_env=False,
                verify=trust_for(rest_url, proxy_url),
                proxy=proxy_url or None,
            )
        except (httpx2.InvalidURL, ValueError) as error:
            raise ConfigError(
                f"order_rest_url: expected a URL such as https://api.binance.com, found {rest_url}"
            ) from error

    async def close(self) -> None:
        """Close all connections; what is asked later ends as `Transient`."""
        self._is_closed = True
        await self._client.aclose()

    # -- orders ---------------------------------------------------------------------------------

    async def place(self, request: Request, name: str, *, not_after_ms: int) -> bytes:
        """Send an order that was admitted, once; return the exchange's yes.

        `name` stands in what is raised.

        Raises:
            Refused: The exchange said no, or no time is left.
            Transient: It could not be reached; the order never left.
            OutcomeUnknown: The order left and no clear answer came.
        """
        stamp_ms = self._time.now_ms()
        window_ms = not_after_ms - stamp_ms
        if window_ms <= 0:
            raise Refused(BAD_TIME, "its time was over before it could leave")
        query = self._signed(request, stamp_ms, min(window_ms, MAX_WINDOW_MS))
        answer = await self._sent_once(request, query, name=name, not_after_ms=not_after_ms)
        self._gate.learn(answer.status_code, answer.headers)
        if answer.status_code != 200:
            judge_order(name, answer.status_code, wire.read_error(answer.content))
        return answer.content

    async def _sent_once(
        self, request: Request, query: str, *, name: str, not_after_ms: int
    ) -> httpx2.Response:
        """Return the answer to bytes that leave once; what cannot connect tries until its end."""
        while True:
            try:
                return await self._exchange(request, query, self._timing.answer_s)
            except _NEVER_LEFT as error:
                left_ms = not_after_ms - self._time.now_ms()
                if left_ms <= self._timing.reconnect_s * 1000 or self._is_closed:
                    raise Transient(f"{self._host} is not reachable: {_words(error)}") from error
                await asyncio.sleep(self._timing.reconnect_s)
            except (httpx2.HTTPError, httpx2.InvalidURL, RuntimeError) as error:
                reason = f"the answer of {self._host} was lost: {_words(error)}"
                raise OutcomeUnknown(name, reason) from error

    # -- questions ------------------------------------------------------------------------------

    async def ask(self, request: Request) -> bytes:
        """Return the answer to a question or a cancel; asks again while the exchange is unwell.

        Raises:
            Transient: It stayed unwell, or was not reachable.
            Refused: It said no.
        """
        return await ask_again(
            lambda: self._asked(request), self._timing, on=self._is_worth_another
        )

    async def fetch_order_limits(self) -> None:
        """Learn how many orders may be sent, and how many of them have been.

        Raises:
            Transient: The exchange stayed unwell, or was not reachable.
            Refused: It said no.
        """
        self._gate.pace.set_limits(read_order_limits(await self.ask(asking_order_limits())))

    async def fetch_time(self) -> int:
        """Return the exchange's time and learn it.

        Raises:
            Transient: Not reachable, or unwell.
            Refused: The answer was not the time.
        """
        request = Request(verb="GET", path="time", method="time", parameters={}, weight=1)
        await self._gate.limiter.take(request.weight, is_urgent=True)
        asked_ms = self._time.now_ms() - self._time.ahead_ms
        exchange_ms = wire.read_time(await self._answered(request, ""))
        self._time.learn(exchange_ms, asked_ms=asked_ms)
        return exchange_ms

    async def _asked(self, request: Request) -> bytes:
        """Ask once; with a clock that is off, set it and ask once more."""
        try:
            return await self._signed_question(request)
        except Refused as refused:
            if refused.code != BAD_TIME:
                raise
        await self.fetch_time()
        return await self._signed_question(request)

    async def _signed_question(self, request: Request) -> bytes:
        await self._gate.limiter.take(request.weight, is_urgent=request.is_urgent)
        window_ms = self._timing.question_window_ms
        return await self._answered(request, self._signed(request, self._time.now_ms(), window_ms))

    async def _answered(self, request: Request, query: str) -> bytes:
        if self._is_closed:
            raise Transient("the connection to the exchange was closed")
        try:
            answer = await self._exchange(request, query, self._timing.question_s)
        except (httpx2.HTTPError, httpx2.InvalidURL, RuntimeError) as error:
            raise Transient(f"{self._host} is not reachable: {_words(error)}") from error
        away_s = self._gate.learn(answer.status_code, answer.headers)
        if answer.status_code != 200:
            said = wire.read_error(answer.content)
            judge_question(request.path, answer.status_code, said, away_s)
        return answer.content

    def _is_worth_another(self, error: Exception) -> bool:
        is_unwell = isinstance(error, Transient) and error.retry_after_s is None
        return is_unwell and not self._is_closed

    # -- parts ----------------------------------------------------------------------------------

    def _signed(self, request: Request, stamp_ms: int, window_ms: int) -> str:
        stamped: Mapping[str, str] = {
            **request.parameters,
            "recvWindow": str(window_ms),
            "timestamp": str(stamp_ms),
        }
        return signed_query(stamped, self._signer)

    async def _exchange(self, request: Request, query: str, timeout_s: float) -> httpx2.Response:
        url = request.path if request.path.startswith("/") else f"/api/v3/{request.path}"
        if request.verb != "POST":
            full = f"{url}?{query}" if query else url
            return await self._client.request(request.verb, full, timeout=timeout_s)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._client.post(url, content=query, headers=headers, timeout=timeout_s)


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
