"""The exchange's limits on how often it may be asked, counted in windows of real time.

Binance counts weight per minute, raw requests per five minutes and new orders per ten seconds and
per day. A request beyond a limit is answered 429 with `Retry-After`; who goes on asking is banned
(418) for two minutes. The windows are aligned to the exchange's calendar at its start and then run
with the wall clock, whatever the speed: the limits protect a server from real requests.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aitrader.model.candle import DAY_MS, MINUTE_MS

BAN_MS = 120_000
PATIENCE = 20
"""So many requests after the first 429 are a ban."""


class LimitSettings(msgspec.Struct, frozen=True):
    """How much is allowed; `exchangeInfo` states the same numbers."""

    weight: int = 6000
    requests: int = 300_000
    orders_10s: int = 100
    orders_day: int = 200_000


class Verdict(msgspec.Struct, frozen=True):
    """Why a request is not answered: the status, how long to stay away, and Binance's words."""

    status: int
    retry_after_ms: int
    until_ms: int
    code: int
    message: str


class Window:
    """A count that begins anew with each calendar window."""

    def __init__(self, length_ms: int, limit: int) -> None:
        self.length_ms, self.limit, self.used = length_ms, limit, 0
        self._number = -1

    def add(self, amount: int, at_ms: int) -> int:
        """Count and return what this window has used; below zero gives back."""
        if at_ms // self.length_ms != self._number:
            self._number, self.used = at_ms // self.length_ms, 0
        self.used = max(self.used + amount, 0)
        return self.used

    def left_ms(self, at_ms: int) -> int:
        """Return how long until the next window."""
        return self.length_ms - at_ms % self.length_ms


class Limits:
    """What one client (everybody on loopback is one) has used."""

    def __init__(self, now_ms: Callable[[], int], settings: LimitSettings | None = None) -> None:
        self.settings = settings or LimitSettings()
        self._now_ms = now_ms
        self._weight = Window(MINUTE_MS, self.settings.weight)
        self._raw = Window(5 * MINUTE_MS, self.settings.requests)
        self._orders_10s = Window(10_000, self.settings.orders_10s)
        self._orders_day = Window(DAY_MS, self.settings.orders_day)
        self._refused, self._banned_until_ms = 0, 0

    def take(self, weight: int) -> Verdict | None:
        """Count a request; the verdict says why it may not be answered, None that it may."""
        now_ms = self._now_ms()
        if now_ms < self._banned_until_ms:
            return self._ban(now_ms)
        used, raw = self._weight.add(weight, now_ms), self._raw.add(1, now_ms)
        if used <= self._weight.limit and raw <= self._raw.limit:
            self._refused = 0
            return None
        self._refused += 1
        if self._refused > PATIENCE:
            self._banned_until_ms, self._refused = now_ms + BAN_MS, 0
            return self._ban(now_ms)
        full = self._weight if used > self._weight.limit else self._raw
        message = (
            f"Too much request weight used; current limit is {self._weight.limit} request weight "
            "per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API."
        )
        left_ms = full.left_ms(now_ms)
        return Verdict(429, left_ms, now_ms + left_ms, -1003, message)

    def take_orders(self, number: int) -> Verdict | None:
        """Count new orders; the verdict says why they may not be placed, None that they may."""
        now_ms = self._now_ms()
        for window, words in ((self._orders_10s, "10 SECOND"), (self._orders_day, "1 DAY")):
            if window.add(0, now_ms) + number > window.limit:
                left_ms = window.left_ms(now_ms)
                message = (
                    f"Too many new orders; current limit is {window.limit} orders per {words}."
                )
                return Verdict(429, left_ms, now_ms + left_ms, -1015, message)
        self._orders_10s.add(number, now_ms)
        self._orders_day.add(number, now_ms)
        return None

    def give_back(self, number: int) -> None:
        """An order that has begun to fill counts no longer as unfilled."""
        for window in (self._orders_10s, self._orders_day):
            window.add(-number, self._now_ms())

    def headers(self, *, with_orders: bool = False) -> dict[str, str]:
        """Return what each answer says about the counts."""
        used = str(self._weight.add(0, self._now_ms()))
        found = {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if with_orders:
            found["X-MBX-ORDER-COUNT-10S"] = str(self._orders_10s.add(0, self._now_ms()))
            found["X-MBX-ORDER-COUNT-1D"] = str(self._orders_day.add(0, self._now_ms()))
        return found

    def stated(self) -> list[dict[str, object]]:
        """Return the limits as `exchangeInfo` states them."""
        limits, rows = self.settings, []
        for kind, interval, length, limit in (
            ("REQUEST_WEIGHT", "MINUTE", 1, limits.weight),
            ("ORDERS", "SECOND", 10, limits.orders_10s),
            ("ORDERS", "DAY", 1, limits.orders_day),
            ("RAW_REQUESTS", "MINUTE", 5, limits.requests),
        ):
            rows.append(
                {
                    "rateLimitType": kind,
                    "interval": interval,
                    "intervalNum": length,
                    "limit": limit,
                }
            )
        return rows

    def counts(self, *, only_orders: bool = False) -> list[dict[str, object]]:
        """Return the limits with what is used of them, as the WebSocket API tells them."""
        now_ms = self._now_ms()
        windows = (self._weight, self._orders_10s, self._orders_day)
        rows = [
            row | {"count": window.add(0, now_ms)}
            for row, window in zip(self.stated(), windows, strict=False)
        ]
        return rows[1:] if only_orders else rows

    def _ban(self, now_ms: int) -> Verdict:
        until_ms = self._banned_until_ms
        message = (
            f"Way too much request weight used; IP banned until {until_ms}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return Verdict(418, until_ms - now_ms, until_ms, -1003, message)
