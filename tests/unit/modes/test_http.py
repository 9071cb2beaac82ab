"""The daemon: what it refuses to be, and that it serves a whole engine."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import httpx2
import pytest
from tests.unit.notify.phone import Phone

from aitrader.api.server import bound
from aitrader.api.tokens import Scope, TokenFile
from aitrader.config import Settings, read_settings
from aitrader.exchange.simulated.options import Address, ExchangeOptions
from aitrader.exchange.simulated.server import running
from aitrader.model.errors import ConfigError
from aitrader.modes.build import Choices
from aitrader.modes.daemon import opened_store, serving
from aitrader.modes.http import HttpDoor, run_daemon

NOWHERE = "http://127.0.0.1:9"


def settings_in(folder: Path, **flags: object) -> Settings:
    return read_settings(data_folder=folder, environ={}, flags={"port": 0, **flags})


def test_it_does_not_open_to_strangers_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no token: make one with"):
        HttpDoor(settings_in(tmp_path, api_host="0.0.0.0"))
    HttpDoor(settings_in(tmp_path, api_host="0.0.0.0", api_key="x" * 16))
    TokenFile(tmp_path / "tokens.json").create("phone", Scope.READ, now_ms=0)
    HttpDoor(settings_in(tmp_path, api_host="0.0.0.0"))


def test_without_an_exchange_it_says_so_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        run_daemon(settings_in(tmp_path, market_rest_url=NOWHERE))


def test_a_port_in_use_is_said_before_anything_else_begins(tmp_path: Path) -> None:
    with contextlib.closing(bound("127.0.0.1", 0)) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} is in use"):
            run_daemon(settings_in(tmp_path, port=port, market_rest_url=NOWHERE))
    assert not list(tmp_path.iterdir())


def test_nothing_is_served_on_a_port_that_was_not_reserved(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    async def story() -> None:
        async with HttpDoor(settings).opened(settings, None):  # type: ignore[arg-type]
            pass

    with pytest.raises(ValueError, match="expected reserved"):
        asyncio.run(story())


def test_an_engine_is_served_measured_and_told_of(tmp_path: Path) -> None:
    async def serve(address: Address, phone: Phone, hook: str) -> None:
        settings = settings_in(
            tmp_path,
            notify_to=hook,
            market_rest_url=address.exchange,
            market_stream_url=address.stream,
            max_symbols=3,
        )
        http = HttpDoor(settings)
        choices = Choices(
            market_name="simulated exchange",
            is_frame_time=True,
            start_ms=address.now_ms,
            observers=http.observers,
        )
        async with (
            http.reserved(settings),
            opened_store(settings) as store,
            serving(settings, choices, store=store) as wired,
            http.opened(settings, wired) as port,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as web,
        ):
            assert (await web.get("/health")).status_code == 200
            assert (await web.get("/api/orders")).json() == {"orders": [], "nextBeforeMs": None}
            assert "aitrader_candles_total" in (await web.get("/metrics")).text
            assert (await web.post("/api/close-all")).status_code == 200
            while not any("kill switch" in text for text in phone.texts):
                await phone.until(len(phone.texts) + 1)

    async def story() -> None:
        options, phone = ExchangeOptions(symbols=3, seed=5, speed=60.0), Phone()
        server = await asyncio.start_server(phone.receive, "127.0.0.1", 0)
        hook = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(20), server, running(options) as address:
            await serve(address, phone, hook)

    asyncio.run(story())
