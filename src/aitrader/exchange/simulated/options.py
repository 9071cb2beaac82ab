"""What an exchange is started with and where it then is. Light to import, for who starts one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from aitrader.exchange.simulated.limits import LimitSettings

LOCKSTEP = 0.0
"""The speed that means: as fast as the client acknowledges."""
DEFAULT_START_MS = 1_767_571_200_000
"""2026-01-05 00:00 UTC, a Monday: where a seeded market starts when nobody says otherwise."""


class ExchangeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange serves and how; `port` 0 is any free one, `speed` 0.0 is lockstep.

    `replay`: a candle file or a folder of them instead of the seeded market.
    """

    port: int = 0
    symbols: int = 100
    seed: int = 1
    speed: float = 1.0
    start_ms: int | None = None
    replay: Path | None = None
    parent_pipe: bool = False
    api_key: str = "demo"
    api_secret: str = "demo"
    limits: LimitSettings = LimitSettings()


class Address(msgspec.Struct, frozen=True):
    """Where a running exchange is; the line it announces itself with."""

    exchange: str
    stream: str
    now_ms: int
