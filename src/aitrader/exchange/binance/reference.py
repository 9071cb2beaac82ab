"""What the exchange says about itself: its time and the rules of its symbols."""

from __future__ import annotations

import asyncio
import logging

from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.links import wait_at_most
from aitrader.exchange.binance.rest import BinanceRest
from aitrader.exchange.binance.together import both
from aitrader.model.errors import Refused, Transient
from aitrader.model.events import InstrumentsLoaded, MarketRanked
from aitrader.model.instrument import Instrument
from aitrader.model.ports import Clock, Inbox

_log = logging.getLogger(__name__)


class Reference:
    """Fetches time and rules at the start and again later; posts the rules when they change."""

    def __init__(
        self, inbox: Inbox, clock: Clock, *, rest: BinanceRest, time: FeedTime, intake: Intake
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._rest = rest
        self._time = time
        self._intake = intake
        self.instruments: tuple[Instrument, ...] = ()

    async def load(self) -> None:
        """Set the clock and post `InstrumentsLoaded` if the rules are news.

        Raises:
            Transient: Not reachable, or unwell.
            Refused: The answers were something else.
        """
        _, rules = await both(self.set_clock(), self._rest.fetch_instruments())
        if rules != self.instruments:
            self.instruments = rules
            at_ms = self._clock.now_ms()
            self._inbox.post(InstrumentsLoaded(at_ms=at_ms, instruments=rules))

    async def refresh(self) -> None:
        """Load again; what cannot be had now is left as it was."""
        try:
            await self.load()
        except (Transient, Refused) as error:
            _log.warning("the exchange's rules could not be read again: %s", error)

    async def rank(self, closed: asyncio.Event, again_s: float) -> None:
        """Post `MarketRanked` of the known symbols; tries until it succeeds or `closed`."""
        while not closed.is_set():
            try:
                volumes = await self._rest.fetch_volumes()
            except (Transient, Refused) as error:
                _log.warning("the market cannot be ranked now: %s", error)
                await wait_at_most(closed, again_s)
                continue
            known = {row.symbol for row in self.instruments}
            ranked = tuple(row for row in volumes if row[0] in known)
            self._inbox.post(MarketRanked(at_ms=self._clock.now_ms(), volumes=ranked))
            return

    async def try_to_set_clock(self) -> None:
        """Put the clock right by the exchange's; as it is, if it cannot be asked now."""
        try:
            await self.set_clock()
        except (Transient, Refused) as error:
            _log.warning("the exchange's time cannot be had now: %s", error)

    async def set_clock(self) -> None:
        """Learn the exchange's time; a simulated one's starts our clock.

        Raises:
            Transient: Not reachable, or unwell.
            Refused: The answer was not the time.
        """
        loop = asyncio.get_running_loop()
        asked_s = loop.time()
        exchange_ms = await self._rest.fetch_time()
        if self._time.sink is not None:
            self._time.sink.advance_to(exchange_ms)
        elif self._time.correct is not None:
            # The answer was true at some instant since it was asked for, however long it took.
            latest_ms = exchange_ms + int((loop.time() - asked_s) * 1000)
            now_ms = self._clock.now_ms()
            if not exchange_ms <= now_ms <= latest_ms:
                self._time.correct(min(max(now_ms, exchange_ms), latest_ms))
        self._intake.now_ms = max(self._intake.now_ms, self._clock.now_ms())
