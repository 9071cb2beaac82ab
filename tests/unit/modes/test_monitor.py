"""`aitrader --monitor`: addresses it takes, and what it says when nobody lets it in."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tests.api_room import FULL, Room

from aitrader.config import read_settings
from aitrader.model.errors import ConfigError
from aitrader.modes.monitor import place_of, show_monitor


@pytest.mark.parametrize(
    ("url", "host", "port", "is_secure"),
    [
        ("", "127.0.0.1", 8080, False),
        ("https://example.org", "example.org", 443, True),
        ("example.org", "example.org", 443, True),
        ("wss://example.org:9", "example.org", 9, True),
        ("http://127.0.0.1:81", "127.0.0.1", 81, False),
        ("http://localhost", "localhost", 80, False),
        ("ws://machine.internal:8080", "machine.internal", 8080, False),
        ("http://[::1]:8080", "::1", 8080, False),
        ("http://192.168.1.5:8080", "192.168.1.5", 8080, False),
    ],
)
def test_an_address_becomes_a_place(url: str, host: str, port: int, is_secure: bool) -> None:
    place = place_of(url, port=8080)
    assert (place.host, place.port, place.path) == (host, port, "/engine")
    assert (place.tls is not None) is is_secure


@pytest.mark.parametrize("url", ["ftp://example.org", "https://", "http://x:y", "://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="--monitor takes the address of a daemon"):
        place_of(url, port=8080)


def test_a_token_is_not_sent_readable_over_the_internet() -> None:
    with pytest.raises(ConfigError, match="use https://"):
        place_of("http://example.org", port=8080)
    with pytest.raises(ConfigError, match="use https://"):
        place_of("http://8.8.8.8", port=8080)


def test_nobody_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    settings = read_settings(data_folder=tmp_path, environ={})
    with pytest.raises(ConfigError, match=r"no engine answers at 127\.0\.0\.1:1"):
        show_monitor(settings, "http://127.0.0.1:1")


def test_a_wrong_token_is_said_in_one_sentence(tmp_path: Path) -> None:
    ready, done, ports = threading.Event(), threading.Event(), []

    async def serve() -> None:
        async with Room(tmp_path).served() as port:
            ports.append(port)
            ready.set()
            await asyncio.to_thread(done.wait, 10)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        url = f"http://127.0.0.1:{ports[0]}"
        settings = read_settings(data_folder=tmp_path, environ={"API_KEY": FULL + "x"})
        with pytest.raises(ConfigError, match="put a token of that daemon into API_KEY"):
            show_monitor(settings, url)
    finally:
        done.set()
        thread.join(10)
