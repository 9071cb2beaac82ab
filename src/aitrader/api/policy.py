"""What a caller may do and how often: the one table for HTTP, for `/ws` and for the monitor."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum

from aitrader.api.audit import READS, Witness
from aitrader.api.limits import Limiter
from aitrader.api.problems import Failure
from aitrader.api.tokens import Caller, Gate, Scope
from aitrader.model.control import AnyRequest, CloseAll, ClosePosition, MoveStop, PauseEntries

ORDERS: tuple[type, ...] = (ClosePosition, MoveStop)
"""Requests that make an order."""

BRAKES: tuple[type, ...] = (CloseAll, PauseEntries)
"""Requests that are never held back: who wants to stop must be able to."""

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


class Visit:
    """A connection that was let in; it goes on for as long as its token counts."""

    def __init__(self, gate: Gate, secret: str, caller: Caller) -> None:
        self.caller = caller
        self._gate = gate
        self._secret = secret

    @property
    def is_over(self) -> bool:
        """True once the token is revoked or has expired, or one is needed and there was none."""
        return self._gate.find(self._secret) != self.caller


class Policy:
    """Lets callers in and counts what they ask; `witness` writes their changes down."""

    def __init__(
        self,
        gate: Gate,
        *,
        data_per_min: int,
        orders_per_min: int,
        now_s: Callable[[], float],
        wrong_per_min: int = WRONG_PER_MIN,
        witness: Witness | None = None,
    ) -> None:
        self._gate = gate
        self.witness = witness
        self._limiters = {
            Budget.DATA: Limiter(data_per_min, now_s),
            Budget.ORDERS: Limiter(orders_per_min, now_s),
        }
        self._wrong = Limiter(wrong_per_min, now_s)

    @property
    def is_open(self) -> bool:
        """True while no token is needed."""
        return self._gate.is_open

    def find(self, secret: str) -> Caller | None:
        """Return who asks, None for a wrong token; nothing is counted."""
        return self._gate.find(secret)

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

    def receive(self, secret: str, address: str) -> Visit:
        """Return who came to stay, whom to look at again before each thing that is shown or done.

        Raises:
            Failure: As `enter`.
        """
        return Visit(self._gate, secret, self.enter(secret, address))

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
        """Let a request to the engine through.

        Raises:
            Failure: As `admit`.
        """
        access = Access.READ if isinstance(request, READS) else Access.FULL
        budget = Budget.ORDERS if isinstance(request, ORDERS) else Budget.DATA
        self.admit(caller, access, Budget.NONE if isinstance(request, BRAKES) else budget)


def _too_many(wait_s: float, reason: str) -> Failure:
    seconds = math.ceil(wait_s)
    return Failure(
        429, f"{reason}; try again in {seconds} s", headers={"retry-after": str(seconds)}
    )
