"""The event loop of a daemon."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from aitrader.modes.loop import run_loop


def test_it_is_uvloop_where_there_is_one() -> None:
    pytest.importorskip("uvloop")

    async def name() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run_loop(name()) == "uvloop"


def test_without_uvloop_it_is_asyncios_own() -> None:
    code = (
        "import sys; sys.modules['uvloop'] = None\n"
        "import asyncio; from aitrader.modes.loop import run_loop\n"
        "async def name(): return type(asyncio.get_running_loop()).__module__\n"
        "print(run_loop(name()))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("asyncio")
