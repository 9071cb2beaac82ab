"""Questions that are asked at once, so that a start takes as long as the slowest of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def both(one: Awaitable[A], other: Awaitable[B]) -> tuple[A, B]:
    """Return both answers; what `one` raises comes first, and never before both have ended."""
    found, beside = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(found, BaseException):
        raise found
    if isinstance(beside, BaseException):
        raise beside
    return found, beside
