"""The event loop of a process that serves for months: uvloop where there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


def run_loop(work: Coroutine[object, object, T]) -> T:
    """Return what comes of `work`; like `asyncio.run`, at half the cost of a request."""
    try:
        from uvloop import new_event_loop  # noqa: PLC0415 - not there on Windows
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)
