from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.fake_engine import FakeEngine

from aitrader.api import stream
from aitrader.config import Settings
from aitrader.model.control import PauseEntries, StopEngine
from aitrader.model.errors import ConfigError
from aitrader.modes.door import SOCKET_NAME, Door, find_door, write_door
from aitrader.modes.local import OFFER, ensure_engine, find_engine, start_engine, start_or_join
from aitrader.remote.client import RemoteEngine
from aitrader.storage.lock import LOCK_NAME, FolderLock


def a_free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def with_engine(
    folder: Path, story: Callable[[FakeEngine], Awaitable[None]], *, token: str = ""
) -> None:
    """Serve an engine that is not one from this folder; with a token on a loopback port."""

    async def play() -> None:
        engine = FakeEngine()
        path = None if token else folder / SOCKET_NAME
        server = await stream.serve(engine, engine, socket_path=path, token=token)
        write_door(folder, Door(os.getpid(), str(path or ""), server.port, token))
        try:
            await story(engine)
        finally:
            await server.close()

    asyncio.run(play())


def test_no_engine_is_found_where_none_was(tmp_path: Path) -> None:
    assert find_engine(tmp_path) is None


def test_the_door_of_a_dead_engine_leads_nowhere(tmp_path: Path) -> None:
    write_door(tmp_path, Door(4711, str(tmp_path / SOCKET_NAME), 0, ""))
    assert find_engine(tmp_path) is None


def test_the_port_of_a_dead_engine_leads_nowhere(tmp_path: Path) -> None:
    write_door(tmp_path, Door(4711, "", a_free_port(), "token"))
    assert find_engine(tmp_path) is None


def test_an_engine_on_a_unix_socket_is_found_and_answers(short_folder: Path) -> None:
    async def story(engine: FakeEngine) -> None:
        found = await asyncio.to_thread(find_engine, short_folder)
        assert found is not None
        assert (await found.ask(PauseEntries(is_paused=True))).is_ok
        assert engine.asked == [PauseEntries(is_paused=True)]

    with_engine(short_folder, story)


def test_an_engine_on_a_port_is_found_and_knows_the_token(tmp_path: Path) -> None:
    async def story(engine: FakeEngine) -> None:
        found = await asyncio.to_thread(find_engine, tmp_path)
        assert found is not None
        assert (await found.ask(PauseEntries(is_paused=True))).is_ok
        assert engine.asked == [PauseEntries(is_paused=True)]

    with_engine(tmp_path, story, token="only-for-you")


def test_another_engine_on_the_port_of_a_dead_one_is_not_taken_for_it(tmp_path: Path) -> None:
    async def story(engine: FakeEngine) -> None:
        found = find_door(tmp_path)
        assert found is not None
        write_door(tmp_path, Door(found.pid, "", found.port, "of another engine"))
        assert await asyncio.to_thread(find_engine, tmp_path) is None

    with_engine(tmp_path, story, token="only-for-you")


def test_an_engine_that_runs_is_not_started_again(short_folder: Path) -> None:
    async def story(engine: FakeEngine) -> None:
        settings = Settings(data_folder=short_folder)
        assert await asyncio.to_thread(ensure_engine, settings) == (short_folder, False)

    with_engine(short_folder, story)


def test_an_engine_that_another_terminal_starts_just_now_is_joined(short_folder: Path) -> None:
    folder = short_folder / "seed-7"
    folder.mkdir()
    lock = FolderLock(folder)

    async def story(_: FakeEngine) -> None:
        words = ["demo", "--headless", "--data-folder", str(short_folder)]
        lock.acquire()
        try:
            found = await asyncio.to_thread(start_or_join, folder, words)
        finally:
            lock.release()
        assert found == (folder, False)

    with_engine(folder, story)


def test_whom_a_dead_engine_left_in_the_lock_is_not_waited_for(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    (tmp_path / LOCK_NAME).write_text(str(dead.pid))
    with pytest.raises(ConfigError, match="ended before it was up"):
        start_or_join(tmp_path, ["--no-such-option"])


def test_an_engine_is_started_and_outlives_the_call(tmp_path: Path) -> None:
    words = ["demo", "--headless", "--symbols", "2", "--seed", "3", "--for", "60"]
    start_engine([*words, "--data-folder", str(tmp_path)])
    door = find_door(tmp_path / "seed-3")
    engine = find_engine(tmp_path / "seed-3")
    assert door is not None
    assert isinstance(engine, RemoteEngine)
    assert door.pid != os.getpid()
    assert asyncio.run(engine.ask(StopEngine())).is_ok
    waiting = [thread for thread in threading.enumerate() if thread.name == "engine's end"]
    for thread in waiting:
        thread.join(20)
    assert not pid_exists(door.pid), "an engine that ended stays in the table of processes"


def pid_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_engine_without_a_market_is_one_sentence_that_offers_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARKET_REST_URL", f"http://127.0.0.1:{a_free_port()}")
    with pytest.raises(ConfigError) as caught:
        ensure_engine(Settings(data_folder=tmp_path))
    said = str(caught.value)
    assert said.endswith(OFFER)
    assert "\n" not in said
    assert find_door(tmp_path) is None
