"""The terminal app on a running engine, and what becomes of the engine when the person leaves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable

from aitrader.config import read_settings
from aitrader.model.control import CloseAll, StopEngine
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.modes.local import Found, find_engine
from aitrader.modes.taste import taste_of
from aitrader.remote.client import RemoteEngine
from aitrader.tui.app import Parting, TraderApp
from aitrader.tui.panels.deploy import Place, ends_with_terminal

GRACE_S = 0.7
"""How long the app may take to end once its terminal is closed."""

CLOSING_S = 60.0
"""How long a person waits on leaving for what they hold to be closed: the venue may be slow."""


def show(found: Found) -> None:
    """Show the terminal app on the running engine, then do what the person chose on leaving."""
    engine = find_engine(found.folder)
    if engine is None:
        raise ConfigError("the engine ended before the terminal app was up; its log says why")
    taste = taste_of(read_settings(data_folder=found.folder))
    app = TraderApp(engine, engine, taste=taste)
    app.board.deploy.place = place = Place.OURS if found.is_started else Place.FOUND

    def close() -> None:
        is_over = ends_with_terminal(app.board.status_bar.status, place)
        with contextlib.suppress(Transient):  # an engine that has ended needs no end
            leave(engine, Parting.STOP if is_over else Parting.KEEP)

    parting = run(app, close)
    if parting is Parting.HUNG_UP:
        close()
    with contextlib.suppress(Transient):
        leave(engine, parting)


def run(app: TraderApp, close: Callable[[], None] = lambda: None) -> Parting | None:
    """Run the app until the person leaves or the terminal is closed.

    Args:
        app: What is shown.
        close: What is still to be done when the terminal was closed and the app cannot end: its
            output may wait for ever for somebody to read it. The process ends after it then.
    """
    return asyncio.run(_run(app, close))


async def _run(app: TraderApp, close: Callable[[], None]) -> Parting | None:
    loop = asyncio.get_running_loop()
    is_gone, has_ended = asyncio.Event(), threading.Event()

    def hang_up() -> None:
        if not is_gone.is_set():
            is_gone.set()
            _forget_terminal()
            app.exit(Parting.HUNG_UP)

    def watch() -> None:
        _until_closed()
        with contextlib.suppress(RuntimeError):  # the loop has ended: so has the app
            loop.call_soon_threadsafe(hang_up)
        if not has_ended.wait(GRACE_S):
            close()
            os._exit(0)

    # a shell passes SIGHUP on, other parents just close the terminal
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    loop.add_signal_handler(signal.SIGTERM, app.exit, Parting.KEEP)
    threading.Thread(target=watch, name="terminal's end", daemon=True).start()
    try:
        parting = await app.run_async()
    finally:
        has_ended.set()
    return Parting.HUNG_UP if is_gone.is_set() else parting


def _until_closed() -> None:
    """Return when the other end of the terminal is closed."""
    waiting = select.poll()
    waiting.register(0, 0)
    waiting.poll()


def _forget_terminal() -> None:
    """Read and write nothing from now on: every write to a closed terminal is an error."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


def leave(engine: RemoteEngine, parting: Parting | None, *, limit_s: float = CLOSING_S) -> None:
    """Do to the engine what the person chose on leaving.

    Raises:
        ConfigError: The engine goes on: it does not take that from us, or what was to be closed
            first is still open after `limit_s`.
        Transient: No engine answers; whether it did the thing is not known.
    """
    if parting in (Parting.STOP, Parting.CLOSE_FIRST):
        closing_s = limit_s if parting is Parting.CLOSE_FIRST else None
        asyncio.run(_end(engine, closing_s))


async def _end(engine: RemoteEngine, closing_s: float | None) -> None:
    try:
        if closing_s is not None:
            await _ask(engine, CloseAll())
            async with asyncio.timeout(closing_s):
                await _until_flat(engine)
        await _ask(engine, StopEngine())
    except Refused as exc:
        raise ConfigError(f"the engine goes on: {exc.reason}") from exc
    except TimeoutError as exc:
        raise ConfigError(
            f"not every position was closed within {closing_s:.0f} s: the engine goes on with it, "
            "entries are paused; start aitrader again to look"
        ) from exc


async def _ask(engine: RemoteEngine, request: CloseAll | StopEngine) -> None:
    answer = await engine.ask(request)
    if not answer.is_ok:
        raise ConfigError(f"the engine goes on: {answer.text}")


async def _until_flat(engine: RemoteEngine) -> None:
    async for frame in engine.frames(2.0):
        if frame.status.open_positions == 0:
            return
