"""The simulated exchange as a child process of a demo."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

import msgspec

from aitrader.exchange.simulated.options import Address, ExchangeOptions
from aitrader.model.errors import ConfigError

READY_S = 60.0
"""Reading a large replay on a busy machine takes a while."""


@contextlib.asynccontextmanager
async def exchange_process(options: ExchangeOptions) -> AsyncIterator[Address]:
    """Run an exchange in a process of its own for the block; it dies with this process.

    Raises:
        ConfigError: It could not start, in its own sentence.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aitrader", "exchange", "--parent-pipe", "--port", "0"),
        *("--symbols", str(options.symbols), "--seed", str(options.seed)),
        *("--speed", f"{options.speed:g}" if options.speed else "max"),
        *(() if options.start_ms is None else ("--start-ms", str(options.start_ms))),
        *(() if options.replay is None else ("--replay", str(options.replay))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            line = await process.stdout.readline()
        try:
            address = msgspec.json.decode(line, type=Address)
        except msgspec.DecodeError:
            raise ConfigError(await _last_words(process)) from None
        yield address
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()


async def _last_words(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    said = (await process.stderr.read()).decode(errors="replace").strip().splitlines()
    last = said[-1] if said else "it said nothing"
    return f"the simulated exchange could not start: {last.removeprefix('aitrader: ')}"
