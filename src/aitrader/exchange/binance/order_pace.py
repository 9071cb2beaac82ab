"""How many orders may still be sent: Binance counts those that have not filled, per account.

Theory of operation. Each answer to an order tells the counts of the current windows in its headers;
between answers we add what we send. Windows are calendar windows of the exchange's time. Entries
stop at a share of each limit, so that exits always find room.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.wire_orders import OrderLimit

ENTRY_SHARE = 0.8
_UNIT_MS = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_HEADER = "x-mbx-order-count-{number}{unit}"


class _Window:
    def __init__(self, stated: OrderLimit) -> None:
        self.length_ms = _UNIT_MS.get(stated.interval, _UNIT_MS["DAY"]) * stated.interval_num
        self.limit = stated.limit
        self.used = stated.count
        self.number = 0
        unit = stated.interval[:1].lower()
        self.header = _HEADER.format(number=stated.interval_num, unit=unit)


class OrderPace:
    """Counts new orders against the exchange's limits."""

    def __init__(self, time: ExchangeTime) -> None:
        self._time = time
        self._windows: list[_Window] = []

    def set_limits(self, stated: Iterable[OrderLimit]) -> None:
        """Take the limits that the exchange states."""
        self._windows = [_Window(row) for row in stated if row.rate_limit_type == "ORDERS"]
        for window in self._windows:
            window.number = self._time.now_ms() // window.length_ms

    def wait_ms(self, orders: int, *, is_urgent: bool) -> int:
        """Return how long until so many orders may leave, 0 for now."""
        now_ms, wait_ms = self._time.now_ms(), 0
        for window in self._windows:
            self._turn(window, now_ms)
            share = 1.0 if is_urgent else ENTRY_SHARE
            if window.used + orders > window.limit * share:
                wait_ms = max(wait_ms, window.length_ms - now_ms % window.length_ms)
        return wait_ms

    def sent(self, orders: int) -> None:
        """Count orders that leave now."""
        now_ms = self._time.now_ms()
        for window in self._windows:
            self._turn(window, now_ms)
            window.used += orders

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take in the counts of an answer."""
        for window in self._windows:
            told = headers.get(window.header, "")
            if told.isdigit():
                window.used = int(told)

    def take_counts(self, told: Iterable[OrderLimit]) -> None:
        """Take in the counts of an answer over a socket."""
        for row in told:
            if row.rate_limit_type == "ORDERS":
                stated = _Window(row)
                for window in self._windows:
                    if window.header == stated.header:
                        window.used = row.count

    @staticmethod
    def _turn(window: _Window, now_ms: int) -> None:
        if now_ms // window.length_ms != window.number:
            window.number, window.used = now_ms // window.length_ms, 0
