"""What the frames do not tell: the computer's time, a machine that slept, nonsense, new rules."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from aitrader.exchange.binance.intake import Intake
from aitrader.exchange.binance.links import wait_at_most
from aitrader.model.ports import Clock

_log = logging.getLogger(__name__)

_LEAP_MS = 10_000
"""The clock leaping so far ahead of the loop's time means the machine slept."""

_MINUTE_S = 60.0


class PulseTiming(msgspec.Struct, frozen=True, kw_only=True):
    """What a pulse waits for.

    The rules and the time are read again every `refresh_s`, and every `behind_s` while frames come
    from the future, since then our clock may be behind. More than `unfit_per_minute` messages that
    do not fit end the connections. A feed that has brought data and then none for `stale_s` is
    down; None where the exchange may stand still.
    """

    refresh_s: float
    unfit_per_minute: int
    behind_s: float = 10.0
    stale_s: float | None = None


class Pulse:
    """Looks at an intake a few times a second, for as long as it lives."""

    def __init__(
        self,
        intake: Intake,
        clock: Clock,
        *,
        renew: Callable[[], None],
        refresh: Callable[[], Awaitable[None]] | None,
        timing: PulseTiming,
    ) -> None:
        """`renew` opens all links anew; `refresh`: None on simulated time."""
        self._intake = intake
        self._clock = clock
        self._renew = renew
        self._refresh = refresh
        self._timing = timing
        self._messages = 0
        self._unfit = 0
        self._future = 0
        self._minute_s = self._refreshed_s = self._data_s = asyncio.get_running_loop().time()
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
        self._look_at_data(now_s)
        if self._refresh is None:
            return
        self._look_at_clock()
        future, self._future = self._future, self._intake.dropped["from the future"]
        due_s = self._timing.refresh_s if future == self._future else self._timing.behind_s
        if now_s - self._refreshed_s > due_s:
            self._refreshed_s = now_s
            await self._refresh()

    def _find_behind_ms(self) -> float:
        return self._clock.now_ms() - asyncio.get_running_loop().time() * 1000

    def _look_at_data(self, now_s: float) -> None:
        """Say once that the connections bring nothing any more, and once that they do again."""
        messages, stale_s = self._intake.messages, self._timing.stale_s
        if messages != self._messages:
            self._messages, self._data_s = messages, now_s
            self._intake.note_silence("")
        elif messages and stale_s is not None and now_s - self._data_s > stale_s:
            self._intake.note_silence(f"no data for {stale_s:.0f} s")

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
        if unfit - self._unfit > self._timing.unfit_per_minute:
            _log.warning(
                "%d messages of a minute did not fit: connecting anew", unfit - self._unfit
            )
            self._renew()
        self._unfit = unfit
