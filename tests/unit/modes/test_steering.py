"""What can be asked of an engine that does not run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aitrader.config import read_settings
from aitrader.model.control import Answer, AnyRequest, CloseAll, PauseEntries
from aitrader.model.errors import ConfigError
from aitrader.modes.build import open_store
from aitrader.modes.steering import steered


def ask(folder: Path, request: AnyRequest) -> Answer:
    async def story() -> Answer:
        async with steered(read_settings(data_folder=folder, environ={})) as engine:
            return await engine.ask(request)

    return asyncio.run(story())


def saved_pause(folder: Path) -> bool:
    async def story() -> bool:
        store = await open_store(read_settings(data_folder=folder, environ={}))
        try:
            return (await store.load()).is_paused
        finally:
            await store.close()

    return asyncio.run(story())


def test_a_pause_is_on_disk_though_no_engine_runs(tmp_path: Path) -> None:
    assert ask(tmp_path, PauseEntries(is_paused=True)).text == "no new entries; exits go on"
    assert saved_pause(tmp_path)
    assert ask(tmp_path, PauseEntries(is_paused=False)).is_ok
    assert not saved_pause(tmp_path)


def test_what_needs_a_market_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^no engine runs on .*: start it with aitrader, then"):
        ask(tmp_path, CloseAll())
    assert not saved_pause(tmp_path)


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    ask(tmp_path, PauseEntries(is_paused=True))
    ask(tmp_path, PauseEntries(is_paused=True))
