"""`aitrader stop` and `aitrader resume`: the person's hand on the switch, from any shell."""

from __future__ import annotations

import asyncio

from aitrader.config import Settings
from aitrader.model.control import AnyRequest, CloseAll, PauseEntries, StopEngine
from aitrader.model.errors import ConfigError
from aitrader.modes.data import say
from aitrader.modes.steering import steered


def stop_trading(settings: Settings, *, is_closing: bool, is_ending: bool) -> None:
    """Stop new entries; also close every position, or also end the engine.

    The pause is on disk when this returns and holds over restarts until `resume`.

    Raises:
        ConfigError: The folder cannot be used, or closing was asked and no engine runs.
    """
    requests: list[AnyRequest] = [CloseAll() if is_closing else PauseEntries(is_paused=True)]
    if is_ending:
        requests.append(StopEngine())
    asyncio.run(_ask(settings, requests))


def resume_trading(settings: Settings) -> None:
    """Let traders enter again.

    Raises:
        ConfigError: The folder cannot be used.
    """
    asyncio.run(_ask(settings, [PauseEntries(is_paused=False)]))


async def _ask(settings: Settings, requests: list[AnyRequest]) -> None:
    async with steered(settings) as engine:
        for request in requests:
            answer = await engine.ask(request)
            if not answer.is_ok:
                raise ConfigError(answer.text)
            say(answer.text)
