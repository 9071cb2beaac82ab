"""The exchange's weight limit, shared by every request of the process.

Theory of operation. Binance counts weight per calendar minute and tells the count in a header of
each answer. We count what we have sent since the window began and believe the header when it says
more. A request that would pass the budget waits for the next window. An answer 429 or 418 stops
everybody for as long as it says. Waiting uses the event loop's time: the limit is about real
requests, also when the exchange's clock is simulated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

WEIGHT_PER_MINUTE = 6_000
"""REQUEST_WEIGHT of binance.com; exchangeInfo says the same and may say otherwise."""

USED_HEADER = "x-mbx-used-weight-1m"
RETRY_HEADER = "retry-after"

_WINDOW_S = 60.0
_BUDGET_SHARE = 0.8
"""The rest of the weight is for other programs behind the same address."""
_URGENT_SHARE = 0.95
"""Exits, cancels and questions about orders may go so far."""
_LEAST_STOP_S = 1.0
_BAN_STOP_S = 120.0
"""A ban (418) lasts two minutes at least."""


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


class WeightLimiter:
    """Hands out weight. One for all requests to one exchange."""

    def __init__(
        self,
        per_minute: int = WEIGHT_PER_MINUTE,
        *,
        time_s: Callable[[], float] = _loop_time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`time_s` is monotonic seconds; `sleep` waits that long."""
        self._time_s = time_s
        self._sleep = sleep
        self._per_minute = per_minute
        self._window_s = -_WINDOW_S
        self._stopped_s = -_WINDOW_S
        self.used = 0
        """Weight of the current window, ours and what the exchange has counted."""

    def set_limit(self, per_minute: int) -> None:
        """Take the limit that the exchange states."""
        self._per_minute = per_minute

    async def take(self, weight: int, *, is_urgent: bool = False) -> None:
        """Return when a request of this weight may leave; it is counted at once.

        What is urgent may use more of the limit, so that it goes before the rest.
        """
        while (wait_s := self.wait_s(weight, is_urgent=is_urgent)) > 0:
            await self._sleep(wait_s)
        self.used += weight

    def wait_s(self, weight: int, *, is_urgent: bool = False) -> float:
        """Return how long until a request of this weight may leave, 0 or less for now."""
        now_s = self._time_s()
        if now_s - self._window_s >= _WINDOW_S:
            self._window_s = now_s
            self.used = 0
        wait_s = self._stopped_s - now_s
        budget = int(self._per_minute * (_URGENT_SHARE if is_urgent else _BUDGET_SHARE))
        if self.used and self.used + weight > budget:
            wait_s = max(wait_s, self._window_s + _WINDOW_S - now_s)
        return wait_s

    def learn(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Take in an answer; returns how many seconds to stay away, None if it is not so."""
        used = headers.get(USED_HEADER, "")
        if used.isdigit():
            self.used = max(self.used, int(used))
        if status not in {418, 429}:
            return None
        told = headers.get(RETRY_HEADER, "")
        stop_s = float(told) if told.isdigit() else 0.0
        stop_s = max(stop_s, _BAN_STOP_S if status == 418 and not stop_s else _LEAST_STOP_S)
        self._stopped_s = max(self._stopped_s, self._time_s() + stop_s)
        return stop_s
