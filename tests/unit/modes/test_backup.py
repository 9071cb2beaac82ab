"""A backup as a person makes it and puts it back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aitrader.config import Settings, read_settings
from aitrader.model.control import PauseEntries
from aitrader.model.errors import ConfigError
from aitrader.modes.backup import run_backup, run_restore
from aitrader.modes.build import open_store
from aitrader.modes.steering import steered

Said = pytest.CaptureFixture[str]


def pause(settings: Settings, is_paused: bool) -> None:
    async def story() -> None:
        async with steered(settings) as engine:
            assert (await engine.ask(PauseEntries(is_paused))).is_ok

    asyncio.run(story())


def is_paused(settings: Settings) -> bool:
    async def story() -> bool:
        store = await open_store(settings)
        try:
            return (await store.load()).is_paused
        finally:
            await store.close()

    return asyncio.run(story())


def test_a_backup_gets_a_name_by_the_time_and_comes_back(tmp_path: Path, capsys: Said) -> None:
    settings = read_settings(data_folder=tmp_path, environ={})
    pause(settings, True)
    run_backup(settings, None)
    [copy] = (tmp_path / "backups").iterdir()
    assert copy.name.startswith("aitrader-20") and str(copy) in capsys.readouterr().out
    pause(settings, False)
    run_restore(settings, copy)
    assert "What stood there is kept as" in capsys.readouterr().out
    assert is_paused(settings)


def test_a_backup_can_have_a_name_and_begin_a_folder(tmp_path: Path, capsys: Said) -> None:
    first = read_settings(data_folder=tmp_path / "first", environ={})
    second = read_settings(data_folder=tmp_path / "second", environ={})
    pause(first, True)
    run_backup(first, tmp_path / "mine.sqlite")
    run_restore(second, tmp_path / "mine.sqlite")
    assert "kept" not in capsys.readouterr().out
    assert is_paused(second)


def test_nothing_is_put_under_a_running_engine(tmp_path: Path) -> None:
    settings = read_settings(data_folder=tmp_path, environ={})

    async def story() -> None:
        store = await open_store(settings)
        try:
            with pytest.raises(ConfigError, match="is used by process"):
                run_restore(settings, tmp_path / "x.sqlite")
        finally:
            await store.close()

    asyncio.run(story())
