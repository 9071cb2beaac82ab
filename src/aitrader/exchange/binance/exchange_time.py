"""The exchange's time as requests are stamped with it.

The engine's clock is corrected rarely and one way; a stamp must be right within a second. So we
keep the difference that the last question to the exchange showed: its answer was true at some
instant between sending and receiving, the middle is taken. An answer that took too long to say
anything within a second is left aside once there is a better one.
"""

from __future__ import annotations

from aitrader.model.ports import Clock

SLOW_MS = 1_000


class ExchangeTime:
    """Our clock and how far the exchange's is ahead of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead_ms = 0
        self._is_known = False
        self._stamped_ms = 0

    def stamp_ms(self) -> int:
        """Return the exchange's time for a report; never before that of an earlier report."""
        self._stamped_ms = max(self._stamped_ms, self.now_ms())
        return self._stamped_ms

    def now_ms(self) -> int:
        """Return the exchange's time as well as it is known."""
        return self._clock.now_ms() + self.ahead_ms

    def learn(self, exchange_ms: int, *, asked_ms: int) -> None:
        """Take in an answer that has just come to a question asked at `asked_ms` of our clock."""
        heard_ms = self._clock.now_ms()
        if self._is_known and heard_ms - asked_ms > SLOW_MS:
            return
        self._is_known = True
        self.ahead_ms = exchange_ms - (asked_ms + heard_ms) // 2
