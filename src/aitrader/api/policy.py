"""What a caller may do and how often: the one table for HTTP, for `/ws` and for the monitor."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from enum import Enum

from aitrader.api.limits import Limiter
from aitrader.api.problems import Failure
from aitrader.api.tokens import Caller, Gate, Scope
from aitrader.model.control import (
    AnyRequest,
    CheckTrader,
    ClosePosition,
    ExplainTrader,
    ReadCandles,
    ReadJob,
    ReadJobs,
    ReadLines,
    ReadReport,
    ReadSignal,
    ReadTrader,
)

log = logging.getLogger("aitrader.audit")

READS: tuple[type, ...] = (
    ReadTrader,
    ReadCandles,
    ReadLines,
    ReadSignal,
    ReadJob,
    ReadJobs,
    ReadReport,
    CheckTrader,
    ExplainTrader,
)
"""Requests that change nothing. Whatever is not named here needs a full token."""

ORDERS: tuple[type, ...] = (ClosePosition,)
"""Requests that make an order. Closing everything is not held back: it is the kill switch."""

WRONG_PER_MIN = 30
"""Wrong tokens from one address. A right one is always let in: behind a proxy all callers share an
address, and one of them must not lock out the others."""


class Access(Enum):
    """Who may use a route: anybody, any token, or a token that is not read-only."""

    PUBLIC = "public"
    READ = "read"
    FULL = "full"


class Budget(Enum):
    """Which limit a request counts against."""

    NONE = "none"
    DATA = "data"
    ORDERS = "orders"


class Policy:
    """Lets callers in and counts what they ask."""

    def __init__(
        self,
        gate: Gate,
        *,
        data_per_min: int,
        orders_per_min: int,
        now_s: Callable[[], float],
        wrong_per_min: int = WRONG_PER_MIN,
    ) -> None:
        self._gate = gate
        self._limiters = {
            Budget.DATA: Limiter(data_per_min, now_s),
            Budget.ORDERS: Limiter(orders_per_min, now_s),
        }
        self._wrong = Limiter(wrong_per_min, now_s)

    @property
    def is_open(self) -> bool:
        """True while no token is needed."""
        return self._gate.is_open

    def enter(self, secret: str, address: str) -> Caller:
        """Return who asks.

        Raises:
            Failure: 401 for a wrong token, 429 after too many of them from this address.
        """
        caller = self._gate.find(secret)
        if caller is None:
            wait_s = self._wrong.take(address)
            if wait_s:
                raise _too_many(wait_s, "too many wrong tokens")
            raise Failure(
                401,
                "send Authorization: Bearer <token>; make one with: aitrader token create",
                headers={"www-authenticate": "Bearer"},
            )
        return caller

    def admit(self, caller: Caller, access: Access, budget: Budget) -> None:
        """Let a caller's request through.

        Raises:
            Failure: 403 for a read-only token where a full one is needed, 429 over the limit.
        """
        if access is Access.FULL and caller.scope is not Scope.FULL:
            raise Failure(403, f"the token {caller.name} is read-only")
        if budget is not Budget.NONE:
            wait_s = self._limiters[budget].take(caller.name)
            if wait_s:
                raise _too_many(wait_s, f"the limit for {budget.value} is reached")

    def admit_request(self, caller: Caller, request: AnyRequest) -> None:
        """Let a request to the engine through, and write down what changes something.

        Raises:
            Failure: As `admit`.
        """
        access = Access.READ if isinstance(request, READS) else Access.FULL
        budget = Budget.ORDERS if isinstance(request, ORDERS) else Budget.DATA
        self.admit(caller, access, budget)

    @staticmethod
    def audit(caller: Caller, request: AnyRequest, *, is_ok: bool) -> None:
        """Write down who changed what."""
        if isinstance(request, READS):
            return
        subject = getattr(request, "trader_id", "") or getattr(request, "position_id", "")
        outcome = "done" if is_ok else "refused"
        log.info(
            "%s asked by %s (%s)",
            type(request).__name__,
            caller.name,
            outcome,
            extra={"subject": subject} if subject else None,
        )


def _too_many(wait_s: float, reason: str) -> Failure:
    seconds = math.ceil(wait_s)
    return Failure(
        429, f"{reason}; try again in {seconds} s", headers={"retry-after": str(seconds)}
    )
