"""The daemon: an engine with HTTP, WebSocket and metrics, for a machine without a person."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import AsyncIterator

from aitrader.api.app import make_app
from aitrader.api.hub import Hub
from aitrader.api.inside import Inside
from aitrader.api.metrics import Metrics
from aitrader.api.policy import Policy
from aitrader.api.server import bound, is_loopback, serving_app
from aitrader.api.tokens import FILE_NAME, Gate, TokenFile
from aitrader.config import Settings
from aitrader.engine.clock import stopwatch_s, wall_ms
from aitrader.engine.watchdog import Watchdog
from aitrader.model.errors import ConfigError
from aitrader.modes.build import Choices, Wired, owner_of
from aitrader.modes.daemon import opened_store, serving, telling, until_stopped
from aitrader.modes.loop import run_loop
from aitrader.storage.history import History

log = logging.getLogger(__name__)


class HttpDoor:
    """What an engine is given so that HTTP can show it; `observers` belong into its `Choices`."""

    def __init__(self, settings: Settings) -> None:
        """Check that the door may be opened, before anything else starts.

        Raises:
            ConfigError: It would be open to strangers, or the tokens cannot be read.
        """
        self._metrics = Metrics()
        self._sock: socket.socket | None = None
        self._gate = Gate(
            TokenFile(settings.data_folder / FILE_NAME),
            api_key=settings.api_key,
            now_ms=wall_ms,
        )
        if self._gate.is_open and not is_loopback(settings.api_host):
            raise ConfigError(
                f"{settings.api_host} can be reached from other computers and there is no token: "
                "make one with `aitrader token create NAME`, or leave API_HOST at 127.0.0.1"
            )
        self.observers = (self._metrics,)

    @contextlib.asynccontextmanager
    async def reserved(self, settings: Settings) -> AsyncIterator[None]:
        """Hold the port for the block: no engine begins to trade that could not be reached.

        Raises:
            ConfigError: The address cannot be listened on, in one sentence.
        """
        with contextlib.closing(bound(settings.api_host, settings.port)) as self._sock:
            yield

    @contextlib.asynccontextmanager
    async def opened(self, settings: Settings, wired: Wired) -> AsyncIterator[int]:
        """Serve HTTP for the block, on what was `reserved`; yields the port."""
        if self._sock is None:
            raise ValueError("expected reserved() around it, found no socket")
        loop = asyncio.get_running_loop()
        hub = Hub(wired.view, secrets.token_hex(8))
        history = History(settings.sqlite_path, owner_of(settings))
        policy = Policy(
            self._gate,
            data_per_min=settings.data_requests_per_min,
            orders_per_min=settings.order_requests_per_min,
            now_s=loop.time,
            witness=wired,
        )
        inside = Inside(
            wired.view,
            wired.control,
            archive=history,
            vitals=wired.vitals,
            policy=policy,
            now_s=loop.time,
        )
        app = make_app(inside, hub, metrics=self._metrics, now_s=stopwatch_s)
        watchdog = Watchdog()
        try:
            async with serving_app(app.asgi, self._sock, quick=app.quick) as port:
                wired.tasks.spawn("what changed", hub.run())
                watchdog.start(loop)
                log.info("HTTP on http://%s:%d, described at /docs", settings.api_host, port)
                yield port
        finally:
            watchdog.stop()
            await history.close()


def run_daemon(settings: Settings, *, ready_fd: int | None = None) -> None:
    """Run the engine of these settings with HTTP until it is told to stop.

    Raises:
        ConfigError: It cannot start, in one sentence.
    """
    with telling(ready_fd):
        run_loop(_live(settings, ready_fd))


async def _live(settings: Settings, ready_fd: int | None) -> None:
    http = HttpDoor(settings)
    choices = Choices(market_name="Binance", observers=http.observers)
    async with (
        http.reserved(settings),
        opened_store(settings) as store,
        serving(settings, choices, store=store, ready_fd=ready_fd) as wired,
        http.opened(settings, wired),
    ):
        await until_stopped(wired)
