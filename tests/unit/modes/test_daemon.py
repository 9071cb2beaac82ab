from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.processes import command

from aitrader.config import Settings
from aitrader.exchange.simulated.options import Address, ExchangeOptions
from aitrader.exchange.simulated.server import running
from aitrader.model.control import StopEngine
from aitrader.model.errors import ConfigError
from aitrader.modes import door
from aitrader.modes.build import Choices, Wired
from aitrader.modes.daemon import opened_store, run_headless, serving, telling, until_stopped
from aitrader.modes.exchange import exchange_process
from aitrader.remote.client import RemoteEngine

NOWHERE = "http://127.0.0.1:9"
"""The discard port: nobody listens there."""


def settings_in(folder: Path, **changes: object) -> Settings:
    made = Settings(
        data_folder=folder,
        sqlite_path=folder / "aitrader.sqlite",
        max_symbols=3,
        market_rest_url=NOWHERE,
    )
    return msgspec.structs.replace(made, **changes)


def on(address: Address, folder: Path) -> Settings:
    return settings_in(folder, market_rest_url=address.exchange, market_stream_url=address.stream)


def the_engine(folder: Path) -> RemoteEngine:
    """The engine of a folder as another process finds it."""
    found = door.find_door(folder)
    assert found is not None
    assert found.pid == os.getpid()
    port = 0 if found.socket_path else found.port
    return RemoteEngine(socket_path=found.socket_path, port=port, token=found.token)


def tell(folder: Path, story: Callable[[Wired], Awaitable[None]]) -> None:
    """Serve an engine on an exchange in the same loop."""

    async def play() -> None:
        async with running(ExchangeOptions(symbols=3, seed=5, speed=60.0)) as address:
            settings = on(address, folder)
            choices = Choices(
                market_name="simulated exchange", is_frame_time=True, start_ms=address.now_ms
            )
            async with (
                opened_store(settings) as store,
                serving(settings, choices, store=store) as wired,
                asyncio.timeout(30),
            ):
                await story(wired)

    asyncio.run(play())


@contextlib.contextmanager
def an_exchange() -> Iterator[Address]:
    """An exchange in a process of its own, for a block that has no loop."""
    with asyncio.Runner() as runner:
        process = exchange_process(ExchangeOptions(symbols=3, seed=5, speed=60.0))
        address = runner.run(process.__aenter__())
        try:
            yield address
        finally:
            runner.run(process.__aexit__(None, None, None))


def test_a_face_stops_the_engine_through_its_door(short_folder: Path) -> None:
    async def story(_: Wired) -> None:
        engine = the_engine(short_folder)
        frames = engine.frames(10.0)
        frame = await anext(frames)
        assert frame.is_snapshot
        assert frame.status.market == "simulated exchange"
        await frames.aclose()
        assert (await engine.ask(StopEngine())).is_ok

    async def whole(wired: Wired) -> None:
        await asyncio.gather(until_stopped(wired), story(wired))

    tell(short_folder, whole)
    assert door.find_door(short_folder) is None
    assert not (short_folder / door.SOCKET_NAME).exists()
    assert (short_folder / "aitrader.log").read_text()


def test_the_unix_socket_is_for_this_user_alone(short_folder: Path) -> None:
    async def story(_: Wired) -> None:
        mode = (short_folder / door.SOCKET_NAME).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600

    tell(short_folder, story)


def test_a_folder_with_a_long_path_is_served_on_a_port_with_a_token(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25)

    async def story(_: Wired) -> None:
        found = door.find_door(folder)
        assert found is not None
        assert found.socket_path == ""
        assert found.port > 0
        assert len(found.token) >= 40
        assert (await the_engine(folder).ask(StopEngine())).is_ok

    tell(folder, story)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_engine_in_order(short_folder: Path, number: signal.Signals) -> None:
    async def story(wired: Wired) -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
        await until_stopped(wired)

    tell(short_folder, story)
    assert door.find_door(short_folder) is None


def test_a_signal_that_comes_as_soon_as_the_engine_is_up_ends_it_in_order(
    short_folder: Path,
) -> None:
    hears, tells = os.pipe()
    with an_exchange() as address:
        environment = {"MARKET_REST_URL": address.exchange, "MARKET_STREAM_URL": address.stream}
        words = ["--headless", "--data-folder", str(short_folder), "--ready-fd", str(tells)]
        os.set_inheritable(tells, True)
        pairs = [f"{name}={value}" for name, value in environment.items()]
        engine = subprocess.Popen(
            ["env", *pairs, *command(words)], pass_fds=(tells,), stderr=subprocess.DEVNULL
        )
        os.close(tells)
        with engine:
            door.hear(hears)
            engine.send_signal(signal.SIGTERM)
            assert engine.wait(30) == 0
    assert door.find_door(short_folder) is None


@pytest.mark.slow
def test_an_engine_that_cannot_start_leaves_no_door(short_folder: Path) -> None:
    settings = settings_in(short_folder)

    async def play() -> None:
        async with (
            opened_store(settings) as store,
            serving(settings, Choices(market_name="Binance"), store=store),
        ):
            pytest.fail("there is no market")

    with pytest.raises(ConfigError):
        asyncio.run(play())
    assert door.find_door(short_folder) is None
    assert not (short_folder / door.SOCKET_NAME).exists()


def test_a_second_engine_on_the_same_folder_is_refused(short_folder: Path) -> None:
    settings = settings_in(short_folder)

    async def play() -> None:
        async with opened_store(settings), opened_store(settings):
            pytest.fail("two engines on one folder")

    with pytest.raises(ConfigError, match=rf"is used by process {os.getpid()}: stop that one"):
        asyncio.run(play())


def test_who_started_the_engine_is_told_why_it_could_not() -> None:
    hears, tells = os.pipe()
    with pytest.raises(ConfigError, match=r"^no market$"), telling(tells):
        raise ConfigError("no market")
    with pytest.raises(ConfigError, match=r"^no market$"):
        door.hear(hears)


def test_without_a_market_a_headless_engine_says_so(short_folder: Path) -> None:
    hears, tells = os.pipe()
    with pytest.raises(ConfigError) as caught:
        run_headless(settings_in(short_folder), ready_fd=tells)
    with pytest.raises(ConfigError) as heard:
        door.hear(hears)
    assert str(heard.value) == str(caught.value)
    assert "\n" not in str(caught.value)
