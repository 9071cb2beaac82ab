"""What the frames do not tell: the computer's time, a machine that slept, nonsense, new rules."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aitrader.exchange.binance.intake import Intake
from aitrader.exchange.binance.links import wait_at_most
from aitrader.model.ports import Clock

_log = logging.getLogger(__name__)

_LEAP_MS = 10_000
"""The clock leaping so far ahead of the loop's time means the machine slept."""

_MINUTE_S = 60.0


class Pulse:
    """Looks at an intake a few times a second, for as long as it lives."""

    def __init__(
        self,
        intake: Intake,
        clock: Clock,
        *,
        renew: Callable[[], None],
        refresh: Callable[[], Awaitable[None]] | None,
        refresh_s: float,
        unfit_per_minute: int,
    ) -> None:
        """`renew` opens all links anew; `refresh`: every `refresh_s`, None on simulated time."""
        self._intake = intake
        self._clock = clock
        self._renew = renew
        self._refresh = refresh
        self._refresh_s = refresh_s
        self._unfit_per_minute = unfit_per_minute
        self._unfit = 0
        self._minute_s = self._refreshed_s = asyncio.get_running_loop().time()
        self._behind_ms = self._find_behind_ms()

    async def run(self, closed: asyncio.Event, pulse_s: float) -> None:
        """Look every `pulse_s` until `closed`."""
        while not closed.is_set():
            await wait_at_most(closed, pulse_s)
            await self.look()

    async def look(self) -> None:
        """Do what is due now."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._minute_s > _MINUTE_S:
            self._minute_s = now_s
            self.look_at_nonsense()
        if self._refresh is None:
            return
        self._look_at_clock()
        if now_s - self._refreshed_s > self._refresh_s:
            self._refreshed_s = now_s
            await self._refresh()

    def _find_behind_ms(self) -> float:
        return self._clock.now_ms() - asyncio.get_running_loop().time() * 1000

    def _look_at_clock(self) -> None:
        """Settle what is due by the computer's clock; open the links anew after a sleep."""
        self._intake.pass_time(self._clock.now_ms())
        before_ms, self._behind_ms = self._behind_ms, self._find_behind_ms()
        if self._behind_ms - before_ms > _LEAP_MS:
            _log.warning("the clock leapt ahead, as after a sleep: connecting anew")
            self._renew()

    def look_at_nonsense(self) -> None:
        """Open the links anew when a minute brought too much that did not fit."""
        unfit = self._intake.dropped["unfit"]
        if unfit - self._unfit > self._unfit_per_minute:
            _log.warning(
                "%d messages of a minute did not fit: connecting anew", unfit - self._unfit
            )
            self._renew()
        self._unfit = unfit
