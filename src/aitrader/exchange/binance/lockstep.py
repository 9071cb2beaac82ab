"""Lockstep with a simulated exchange: it stands at an instant until we say that we are done.

We are done when our own requests are answered and the engine has settled. The exchange may tell an
instant again (to a link that came later); the newest one told is the one acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from aitrader.exchange.binance import wire

ACKNOWLEDGE = "SIMULATED_CLOCK_ACK"

_FIRST_ID = 1_000_000
"""Above every id that a link gives its own questions."""


class Pacer(Protocol):
    """The engine, as far as somebody must wait for it."""

    async def settled(self) -> None:
        """Return when no event waits or is handled and no command is outstanding."""
        ...


class Lockstep:
    """Acknowledges each instant once all is quiet."""

    def __init__(
        self, pacer: Pacer, send: Callable[[bytes], None], is_at_rest: Callable[[], bool]
    ) -> None:
        """`is_at_rest` tells whether the edge itself has nothing under way."""
        self._pacer = pacer
        self._send = send
        self._is_at_rest = is_at_rest
        self._instant_ms: int | None = None
        self._stirred = asyncio.Event()
        self._is_closed = False
        self.acknowledged = 0

    def on_instant(self, at_ms: int) -> None:
        """The exchange stands at `at_ms`."""
        self._instant_ms = at_ms
        self._stirred.set()

    def stir(self) -> None:
        """Something that `is_at_rest` looks at may have changed."""
        self._stirred.set()

    def close(self) -> None:
        """End; `run` returns."""
        self._is_closed = True
        self._stirred.set()

    async def run(self) -> None:
        """Acknowledge instants until `close`."""
        while not self._is_closed:
            await self._stirred.wait()
            self._stirred.clear()
            if self._instant_ms is None or not self._is_at_rest():
                continue
            await self._pacer.settled()
            if self._stirred.is_set() or not self._is_at_rest():
                self._stirred.set()
                continue
            at_ms, self._instant_ms = self._instant_ms, None
            self.acknowledged += 1
            self._send(wire.control(ACKNOWLEDGE, [at_ms], _FIRST_ID + self.acknowledged))
