"""The engine process: one engine, its door for faces, and an end with everything on disk."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator

import msgspec

from aitrader.api import stream
from aitrader.config import Settings
from aitrader.engine.allocator import spare_memory
from aitrader.engine.tidying import tidy
from aitrader.logs import Tail, start_logging
from aitrader.model.errors import ConfigError
from aitrader.modes import door
from aitrader.modes.build import Choices, Wired, build, clock_of, open_store
from aitrader.modes.notices import find_notifier
from aitrader.storage.sqlite import SqliteStore

log = logging.getLogger(__name__)


def run_headless(settings: Settings, *, ready_fd: int | None = None) -> None:
    """Run the engine of these settings on the real market until it is told to stop.

    Raises:
        ConfigError: It cannot start, in one sentence.
    """
    with telling(ready_fd):
        asyncio.run(_live(settings, ready_fd))


async def _live(settings: Settings, ready_fd: int | None) -> None:
    async with (
        opened_store(settings) as store,
        serving(settings, Choices(market_name="Binance"), store=store, ready_fd=ready_fd) as wired,
    ):
        await until_stopped(wired)


@contextlib.contextmanager
def telling(ready_fd: int | None) -> Iterator[None]:
    """Tell the process that started this one why it could not start."""
    try:
        yield
    except ConfigError as error:
        door.tell(ready_fd, door.News(is_up=False, reason=str(error)))
        raise


@contextlib.asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[SqliteStore]:
    """Hold the disk of these settings for the block.

    Raises:
        ConfigError: It cannot be used, in one sentence.
    """
    spare_memory()  # before the first thread
    store = await open_store(settings)
    try:
        yield store
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def serving(
    settings: Settings, choices: Choices, *, store: SqliteStore, ready_fd: int | None = None
) -> AsyncIterator[Wired]:
    """Run an engine with its log and its door for the block; what it knew is on disk after it.

    Raises:
        ConfigError: It cannot start, in one sentence.
    """
    clock = clock_of(choices)
    tail = Tail(times=clock)
    log_stream = sys.stderr if ready_fd is None else None
    logging_ = start_logging(
        settings.log_level,
        settings.log_format,
        folder=settings.data_folder,
        stream=log_stream,
        tail=tail,
    )
    try:
        notifier = find_notifier(settings, clock)
        if notifier is not None:
            observers = (*choices.observers, notifier)
            choices = msgspec.structs.replace(choices, observers=observers)
        wired = build(settings, choices, store=store, logs=tail, clock=clock)
        if notifier is not None:
            notifier.watch(lambda: wired.health.store_fault)
        opened = await _open_door(settings, wired)
        try:
            await wired.start()
            wired.tasks.spawn("retention", tidy(store, clock, keep_days=settings.keep_days))
            if notifier is not None:
                wired.tasks.spawn("notices", notifier.run())
            _heed_signals(wired)  # first: who is told that we are up may tell us to stop
            door.tell(ready_fd, door.News(is_up=True))
            yield wired
        finally:
            door.remove_door(settings.data_folder)
            await wired.stop()
            await opened.close()
    finally:
        logging_.close()


async def until_stopped(wired: Wired) -> None:
    """Return when a signal or a person ends the engine."""
    await wired.control.stopped.wait()


def _heed_signals(wired: Wired) -> None:
    """Let the signals that end a process end the engine in order."""
    loop = asyncio.get_running_loop()

    def heed(number: signal.Signals) -> None:
        log.info("told to end by %s", number.name)
        wired.control.stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, heed, number)


async def _open_door(settings: Settings, wired: Wired) -> stream.StreamServer:
    """Let faces in, on a Unix socket where the folder's path allows it."""
    path = door.find_socket_path(settings.data_folder)
    token = "" if path is not None else door.new_token()
    server = await stream.serve(
        wired.view, wired.control, socket_path=path, port=0, token=token, witness=wired
    )
    door.write_door(
        settings.data_folder,
        door.Door(
            pid=os.getpid(),
            socket_path="" if path is None else str(path),
            port=server.port,
            token=token,
        ),
    )
    return server
