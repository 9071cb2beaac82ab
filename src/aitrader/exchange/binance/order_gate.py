"""Whether an order may leave now: the one gate before both roads, REST and the WebSocket API.

Every answer of either road tells how much of the exchange's limits is used; the gate takes it in.
An order that finds no room before its time is over is refused here, before anything has left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.limits import RETRY_HEADER, USED_HEADER, WeightLimiter
from aitrader.exchange.binance.order_pace import OrderPace
from aitrader.exchange.binance.orders import Request
from aitrader.exchange.binance.verdicts import TOO_MANY, TOO_MANY_ORDERS
from aitrader.exchange.binance.wire_orders import SocketMessage
from aitrader.model.errors import Refused


class OrderGate:
    """The limits of weight and of new orders together."""

    def __init__(self, limiter: WeightLimiter, time: ExchangeTime) -> None:
        self.limiter = limiter
        self.pace = OrderPace(time)
        self._time = time

    async def admit(self, request: Request, *, not_after_ms: int) -> None:
        """Return when the limits have room for an order; it is counted at once.

        Raises:
            Refused: They will have none before its time is over.
        """
        left_s = max((not_after_ms - self._time.now_ms()) / 1000, 0.0)
        wait_s = self.limiter.wait_s(request.weight, is_urgent=request.is_urgent)
        if wait_s > left_s:
            raise Refused(TOO_MANY, f"no request may leave for {wait_s:.0f} s: a limit is used up")
        pace_s = self.pace.wait_ms(request.orders, is_urgent=request.is_urgent) / 1000
        if pace_s > left_s:
            raise Refused(
                TOO_MANY_ORDERS,
                f"no order may leave for {pace_s:.0f} s: the exchange's limit is used up",
            )
        await asyncio.sleep(max(wait_s, pace_s, 0.0))
        await self.limiter.take(request.weight, is_urgent=request.is_urgent)
        self.pace.sent(request.orders)

    def learn(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Take in an answer of REST; returns how many seconds to stay away, None for none."""
        self.pace.learn(headers)
        return self.limiter.learn(status, headers)

    def learn_message(self, answer: SocketMessage) -> None:
        """Take in an answer of the WebSocket API."""
        self.pace.take_counts(answer.rate_limits)
        for row in answer.rate_limits:
            if (row.rate_limit_type, row.interval) == ("REQUEST_WEIGHT", "MINUTE"):
                self.limiter.learn(200, {USED_HEADER: str(row.count)})
        if answer.status in {418, 429}:
            until_ms = answer.error.data.retry_after if answer.error is not None else 0
            away_s = max(0, until_ms - self._time.now_ms()) // 1000 + 1
            self.limiter.learn(answer.status, {RETRY_HEADER: str(away_s)})
