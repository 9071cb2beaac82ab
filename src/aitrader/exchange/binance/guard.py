"""Symbols that somebody guards: a band is armed on them, or a listener waits for their price.

While the stream works they get the fastest one there is (every trade), so that an exit reacts in
milliseconds and not once a second. While it does not, their prices are asked of REST every few
seconds, so that a stop still stops. Both end a while after the last guard has gone, because orders
come and go within one position.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable

from aitrader.exchange.binance.intake import Intake
from aitrader.exchange.binance.links import wait_at_most
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.model.errors import Refused, Transient
from aitrader.model.ports import Clock

_log = logging.getLogger(__name__)

KEEP_S = 60.0
"""A symbol keeps its fast stream so long after its last guard."""

MOST_FAST = 100
"""Fast streams at once: each of a busy symbol brings some hundred messages a second."""

_MOST_ASKED = 100
"""Symbols of one request."""

Guards = Callable[[], Collection[str]]
"""Tells whose price somebody waits for."""


class Guard:
    """Knows the guarded symbols and feeds their prices from REST while the stream is down."""

    def __init__(self, intake: Intake, clock: Clock, *, rest: BinanceRest, every_s: float) -> None:
        """Look every `every_s` while the stream is down."""
        self._intake = intake
        self._clock = clock
        self._rest = rest
        self._every_s = every_s
        self._guards: list[Guards] = [intake.board.banded]
        self._needed_s: dict[str, float] = {}
        self.asked = 0
        """Prices that REST has brought."""

    def add(self, guards: Guards) -> None:
        """Ask this listener too whose price it waits for."""
        self._guards.append(guards)

    def symbols(self) -> set[str]:
        """Return the watched symbols that are guarded now."""
        guarded = set().union(*(guards() for guards in self._guards))
        return guarded & self._intake.board.tickers.keys()

    def fast_names(self) -> frozenset[str]:
        """Return the fast streams to follow now; if too many, those needed longest."""
        now_s = asyncio.get_running_loop().time()
        guarded = self.symbols()
        watched = self._intake.board.tickers
        for symbol in list(self._needed_s):
            if symbol not in watched or now_s - self._needed_s[symbol] > KEEP_S:
                del self._needed_s[symbol]
        for symbol in sorted(guarded):
            self._needed_s[symbol] = now_s
        return frozenset(fast_name(symbol) for symbol in list(self._needed_s)[:MOST_FAST])

    async def run(self, closed: asyncio.Event) -> None:
        """Look every few seconds until `closed`."""
        while not closed.is_set():
            await wait_at_most(closed, self._every_s)
            if self._intake.is_down and not closed.is_set():
                await self.look()

    async def steer(
        self, closed: asyncio.Event, every_s: float, follow: Callable[[frozenset[str]], None]
    ) -> None:
        """Tell `follow` the fast streams whenever they change, until `closed`."""
        known: frozenset[str] = frozenset()
        while not closed.is_set():
            await wait_at_most(closed, every_s)
            names = self.fast_names()
            if names != known and not closed.is_set():
                known = names
                follow(names)

    async def look(self) -> None:
        """Fetch the price of every guarded symbol once."""
        symbols = sorted(self.symbols())
        try:
            for start in range(0, len(symbols), _MOST_ASKED):
                await self._fetch(symbols[start : start + _MOST_ASKED])
        except (Transient, Refused) as error:
            _log.warning("positions cannot be guarded now, neither stream nor REST: %s", error)

    async def _fetch(self, symbols: Iterable[str]) -> None:
        at_ms = await self._rest.fetch_time() if self._intake.has_own_time else None
        prices = await self._rest.fetch_prices(tuple(symbols))
        if not self._intake.is_down:
            return
        self._intake.take_prices(prices, self._clock.now_ms() if at_ms is None else at_ms)
        self.asked += len(prices)


def fast_name(symbol: str) -> str:
    """Return the name of a symbol's fastest stream of prices: every trade."""
    return f"{symbol.lower()}@aggTrade"
