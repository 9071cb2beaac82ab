"""The way every request takes, over HTTP or WebSocket: limits, faults, signature, then the answer.

An `Operation` is one thing the exchange can be asked; both protocols share the table of them. The
gate counts its weight, lets the switched-on faults have their say, checks the signature, checks the
time once more right before carrying it out, and gives a `Reply` for the protocol to write.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from aitrader.exchange.simulated.limits import Limits, Verdict
from aitrader.exchange.simulated.parameters import Params
from aitrader.model.errors import Refused

Handler = Callable[[Params], object]
STATUS_OF = {-2014: 401, -2015: 401, -1003: 429, -1015: 429, -1008: 503}


class Operation(msgspec.Struct, frozen=True):
    """One thing the exchange can be asked.

    `path` is below `/api/v3/`, `method` of the WebSocket API is `socket` ("" where it has none).
    `orders` is how many new orders it counts as.
    """

    verb: str
    path: str
    socket: str
    handler: Handler
    weight: int
    is_signed: bool = False
    orders: int = 0


class Reply(msgspec.Struct, frozen=True):
    """What goes back. A lost one was carried out but its answer never leaves."""

    value: object
    status: int = 200
    headers: Mapping[str, str] = {}
    is_lost: bool = False
    is_silent: bool = False


class RequestPlan(msgspec.Struct, frozen=True):
    """What faults do to one request.

    `instead` is answered without carrying it out, `after` although it was. A reset one is cut off
    before it is carried out; a lost one after it, by a cut or, with `is_silent`, by saying nothing.
    """

    delay_s: float = 0.0
    answer_delay_s: float = 0.0
    instead: Reply | None = None
    after: Reply | None = None
    is_reset: bool = False
    is_lost: bool = False
    is_silent: bool = False

    @property
    def is_unclear(self) -> bool:
        """True if the client cannot tell from the answer whether it was carried out."""
        replies = (self.instead, self.after)
        is_vague = any(each is not None and each.status >= 500 for each in replies)
        return self.is_reset or self.is_lost or is_vague


class RequestFaults(Protocol):
    """Where the gate asks what is wrong today."""

    def for_request(self, verb: str, path: str) -> RequestPlan:
        """Return what happens to this request, which counts as one use of those faults."""
        ...


class Gate:
    """Every request passes here."""

    def __init__(
        self, limits: Limits, faults: RequestFaults, check_time: Callable[[Params], None]
    ) -> None:
        self.limits = limits
        self._faults = faults
        self._check_time = check_time
        self.refused: Counter[str] = Counter()
        """How often what was refused: verb, path and Binance's code."""
        self.on_unclear: Callable[[Params], None] = lambda _: None
        """Told of each new order of whose fate the client will not hear."""

    async def run(
        self, operation: Operation, params: Params, authorize: Callable[[], None]
    ) -> Reply:
        """Return what to answer; `authorize` refuses who may not ask."""
        verdict = self.limits.take(operation.weight)
        if verdict is not None:
            return self._denied(verdict)
        plan = self._faults.for_request(operation.verb, operation.path)
        if operation.orders and plan.is_unclear:
            self.on_unclear(params)
        if plan.is_reset:
            return Reply(None, is_lost=True)
        if plan.instead is not None:
            return plan.instead
        reply = await self._carried_out(operation, params, authorize, delay_s=plan.delay_s)
        await _pause(plan.answer_delay_s)
        if plan.is_lost:
            return Reply(None, is_lost=True, is_silent=plan.is_silent)
        return plan.after or reply

    async def _carried_out(
        self,
        operation: Operation,
        params: Params,
        authorize: Callable[[], None],
        *,
        delay_s: float,
    ) -> Reply:
        try:
            if operation.is_signed:
                authorize()
            await _pause(delay_s)
            if operation.is_signed and delay_s:
                self._check_time(params)
            verdict = self.limits.take_orders(operation.orders) if operation.orders else None
            if verdict is not None:
                return self._denied(verdict)
            found = operation.handler(params)
        except Refused as refusal:
            self.refused[f"{operation.verb} {operation.path} {refusal.code}"] += 1
            found = refused(refusal)
        headers = self.limits.headers(with_orders=bool(operation.orders))
        if isinstance(found, Reply):
            return msgspec.structs.replace(found, headers={**headers, **found.headers})
        return Reply(found, headers=headers)

    def _denied(self, verdict: Verdict) -> Reply:
        value: dict[str, object] = {"code": verdict.code, "msg": verdict.message}
        wait_s = max(-(-verdict.retry_after_ms // 1000), 1)
        headers = {"Retry-After": str(wait_s), **self.limits.headers()}
        return Reply(value, verdict.status, headers)


def refused(refusal: Refused) -> Reply:
    """Return a refusal as Binance answers it."""
    return Reply(
        {"code": refusal.code, "msg": refusal.reason}, status=STATUS_OF.get(refusal.code, 400)
    )


async def _pause(delay_s: float) -> None:
    if delay_s > 0:
        await asyncio.sleep(delay_s)
