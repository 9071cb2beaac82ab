"""Binance's public REST: rules, history, tickers, time. Read-only, so every request may be retried.

Every foreign exception becomes `Transient` or `Refused`. A request is retried a few times with
jittered, growing delays, and not before the exchange wants to hear from us again. An endpoint that
keeps failing is left alone for a while (`breaker`), each family for itself. Where an exchange has
further hosts, one that cannot be reached, fails (5xx) or is forbidden here (451) is followed
by the next, and that one is kept; never after a 429 or a ban, which hold for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx2
import msgspec

from aitrader.exchange.binance import wire
from aitrader.exchange.binance.breaker import FAILURES, PAUSE_S, Breaker
from aitrader.exchange.binance.hosts import Hosts
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.retries import ask_again
from aitrader.exchange.binance.rules import instruments
from aitrader.exchange.binance.trust import trust_for
from aitrader.model.candle import INTERVAL_MS, Row
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.model.instrument import Instrument

MAX_ROWS = 1_000
"""The most candles of one answer."""

_WEIGHT_TIME, _WEIGHT_KLINES, _WEIGHT_INFO, _WEIGHT_TICKERS, _WEIGHT_PRICES = 1, 2, 20, 80, 4
_UNWELL = frozenset({403, 408, 418, 429, 451})
"""Besides 5xx: the exchange may answer later. 403 is its firewall, 451 a forbidden country."""

_FOR_ALL_HOSTS = frozenset({403, 418, 429})
"""What another host would say too, and worse."""


class RestTiming(msgspec.Struct, frozen=True, kw_only=True):
    """How patient requests are; `attempts` counts the first one.

    After `failures` in a row an endpoint is left alone for `pause_s`.
    """

    timeout_s: float = 10.0
    attempts: int = 4
    backoff_first_s: float = 0.2
    backoff_most_s: float = 10.0
    failures: int = FAILURES
    pause_s: float = PAUSE_S


_PATIENT = RestTiming()


class BinanceRest:
    """A client of one exchange; all requests share one limiter."""

    def __init__(
        self,
        base_url: str,
        limiter: WeightLimiter,
        timing: RestTiming = _PATIENT,
        *,
        proxy_url: str = "",
        spare_urls: Sequence[str] = (),
    ) -> None:
        """Connect to nothing yet; `proxy_url`: through which HTTP proxy, "" for none.

        `spare_urls` are further hosts of the same exchange.

        Raises:
            ConfigError: `base_url` or `proxy_url` is no URL.
        """
        self._limiter = limiter
        self._timing = timing
        self._breakers: dict[str, Breaker] = {}
        self._is_closed = False
        self._hosts = Hosts(base_url, spare_urls)
        try:
            self._client = httpx2.AsyncClient(
                base_url=base_url,
                timeout=timing.timeout_s,
                limits=httpx2.Limits(max_connections=16, max_keepalive_connections=8),
                trust_env=False,
                verify=trust_for(base_url, *spare_urls, proxy_url),
                proxy=proxy_url or None,
            )
        except (httpx2.InvalidURL, ValueError) as error:
            proxy = ", or proxy_url is no address" if proxy_url else ""
            raise ConfigError(
                "market_rest_url: expected a URL such as https://api.binance.com, "
                f"found {base_url}{proxy}"
            ) from error

    async def close(self) -> None:
        """Close all connections; what is under way or asked later ends as `Transient`."""
        self._is_closed = True
        await self._client.aclose()

    def expect_life(self) -> None:
        """Let what is left alone be tried again at once: the exchange shows signs of life."""
        for breaker in self._breakers.values():
            breaker.hint()

    async def fetch_time(self) -> int:
        """Return the exchange's time.

        Raises:
            Transient: Not reachable, or unwell.
            Refused: The answer was not the time.
        """
        return wire.read_time(await self._get("/api/v3/time", {}, weight=_WEIGHT_TIME))

    async def fetch_instruments(self) -> tuple[Instrument, ...]:
        """Return the rules of all symbols, and take in the exchange's weight limit.

        Raises:
            Transient: Not reachable, or unwell.
            Refused: The answer was not the rules.
        """
        parameters = {"showPermissionSets": "false"}
        body = await self._get("/api/v3/exchangeInfo", parameters, weight=_WEIGHT_INFO)
        info = wire.read_exchange_info(body)
        for limit in info.rate_limits:
            if (limit.rate_limit_type, limit.interval) == ("REQUEST_WEIGHT", "MINUTE"):
                self._limiter.set_limit(limit.limit // max(1, limit.interval_num))
        return instruments(info.symbols)

    async def fetch_volumes(self) -> tuple[tuple[str, float], ...]:
        """Return (symbol, quote volume of 24 h) of all symbols, highest first.

        Raises:
            Transient: Not reachable, or unwell.
            Refused: The answer was not tickers.
        """
        body = await self._get("/api/v3/ticker/24hr", {"type": "MINI"}, weight=_WEIGHT_TICKERS)
        rows = [row for row in wire.read_tickers(body) if row.quote_volume >= 0.0]
        rows.sort(key=lambda row: (-row.quote_volume, row.symbol))
        return tuple((row.symbol, row.quote_volume) for row in rows)

    async def fetch_prices(self, symbols: Sequence[str]) -> tuple[tuple[str, float], ...]:
        """Return (symbol, last price) of these symbols; what cannot be a price is left out.

        Raises:
            Transient: Not reachable, or unwell.
            Refused: The exchange does not know one of them, or the answer was not prices.
        """
        names = msgspec.json.encode(list(symbols)).decode()
        body = await self._get("/api/v3/ticker/price", {"symbols": names}, weight=_WEIGHT_PRICES)
        return tuple(
            (row.symbol, row.price)
            for row in wire.read_prices(body)
            if 0.0 < row.price < wire.MAX_NUMBER
        )

    async def fetch_rows(
        self, symbol: str, interval: str, *, start_ms: int, closed_by_ms: int
    ) -> list[tuple[int, Row]]:
        """Return (open_ms, row) of candles from `start_ms` on that closed by `closed_by_ms`.

        Oldest first, as many pages as it takes; rows that cannot be candles are left out.

        Raises:
            Transient: Not reachable, or unwell.
            Refused: The exchange does not know the symbol, or the answer was not candles.
        """
        step = INTERVAL_MS[interval]
        found: list[tuple[int, Row]] = []
        while start_ms + step <= closed_by_ms:
            wanted = min(MAX_ROWS, (closed_by_ms - start_ms) // step)
            parameters = {
                "symbol": symbol,
                "interval": interval,
                "startTime": str(start_ms),
                "endTime": str(closed_by_ms - 1),
                "limit": str(wanted),
            }
            body = await self._get("/api/v3/klines", parameters, weight=_WEIGHT_KLINES)
            page = wire.read_klines(body)
            found.extend(
                (open_ms, row)
                for open_ms, end_ms, row in page.rows
                if open_ms >= start_ms and end_ms < closed_by_ms
            )
            if page.taken < wanted or page.last_ms < start_ms:
                break
            start_ms = page.last_ms + step
        return found

    async def _get(self, path: str, parameters: Mapping[str, str], *, weight: int) -> bytes:
        return await ask_again(
            lambda: self._ask(path, parameters, weight), self._timing, on=self._is_worth_another
        )

    async def _ask(self, path: str, parameters: Mapping[str, str], weight: int) -> bytes:
        breaker = self._breaker(path)
        entered_s = breaker.enter()
        try:
            await self._limiter.take(weight)
            body = await self._exchange(path, parameters)
        except Transient as transient:
            if transient.retry_after_s is None and not self._is_closed:
                breaker.failed(entered_s)
            raise
        except Refused:
            breaker.succeeded()
            raise
        finally:
            breaker.leave()
        breaker.succeeded()
        return body

    async def _exchange(self, path: str, parameters: Mapping[str, str]) -> bytes:
        if self._is_closed:
            raise Transient("the connection to the exchange was closed")
        host = self._hosts.current
        try:
            answer = await self._client.get(host + path, params=parameters)
        except (httpx2.HTTPError, httpx2.InvalidURL, RuntimeError) as error:
            self._hosts.leave(host)
            words = str(error) or type(error).__name__
            raise Transient(f"{host} is not reachable: {words}") from error
        away_s = self._limiter.learn(answer.status_code, answer.headers)
        if answer.status_code == 200:
            return answer.content
        error_said = wire.read_error(answer.content)
        reason = f"{path} was answered {answer.status_code} {error_said.msg}".rstrip()
        if answer.status_code in _UNWELL or answer.status_code >= 500:
            if answer.status_code not in _FOR_ALL_HOSTS:
                self._hosts.leave(host)
            raise Transient(reason, retry_after_s=away_s)
        raise Refused(error_said.code, reason)

    def _breaker(self, path: str) -> Breaker:
        """Return the breaker of an endpoint's family: the path itself."""
        if path not in self._breakers:
            timing = self._timing
            self._breakers[path] = Breaker(path, failures=timing.failures, pause_s=timing.pause_s)
        return self._breakers[path]

    def _is_worth_another(self, error: Exception) -> bool:
        """Retry what is unwell; after a 429, a ban or an open breaker it is the caller's."""
        is_unwell = isinstance(error, Transient) and error.retry_after_s is None
        return is_unwell and not self._is_closed
