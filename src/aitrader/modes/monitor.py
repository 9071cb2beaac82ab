"""`aitrader --monitor URL`: the terminal app on a daemon that runs somewhere else."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from urllib.parse import urlsplit

from aitrader.config import Settings
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.modes.taste import taste_of
from aitrader.remote.client import RemoteEngine
from aitrader.remote.websocket import Place

PATH = "/engine"
SCHEMES = {"http": False, "ws": False, "https": True, "wss": True}
"""What an address may begin with, and whether that means TLS."""

EXAMPLE = "such as https://example.org or http://127.0.0.1:8080"


def show_monitor(settings: Settings, url: str) -> None:
    """Show the terminal app on a distant daemon, then do what the person chose on leaving.

    Raises:
        ConfigError: The address or the token is wrong, or nobody answers.
    """
    engine = RemoteEngine(place=place_of(url, port=settings.port), token=settings.api_key)
    asyncio.run(_knock(engine, url))
    from aitrader.modes.terminal import leave, run  # noqa: PLC0415 - only once somebody answers
    from aitrader.tui.app import TraderApp  # noqa: PLC0415 - as above

    app = TraderApp(engine, engine, taste=taste_of(settings), latency_ms=lambda: engine.latency_ms)
    parting = run(app)
    try:
        leave(engine, parting)
    except Transient as error:
        raise ConfigError(f"{error.reason}; whether it ends is not known: look again") from error


async def _knock(engine: RemoteEngine, url: str) -> None:
    """Look once whether there is an engine that lets us in."""
    try:
        async for _ in engine.frames(1.0):
            break
    except Refused as error:
        raise ConfigError(
            f"{error.reason}: put a token of that daemon into API_KEY; it is made there by "
            "`aitrader token create NAME`"
        ) from error
    except Transient as error:
        raise ConfigError(f"{url or 'the daemon'}: {error.reason}") from error


def place_of(url: str, *, port: int) -> Place:
    """Return where a daemon is reached; an empty address is this computer at `port`.

    Raises:
        ConfigError: It is no address, or would send the token in the clear over the internet.
    """
    if not url:
        return Place(port=port, path=PATH)
    parts = urlsplit(url if "://" in url else f"https://{url}")
    try:
        host, number = parts.hostname, parts.port
    except ValueError:
        host, number = None, None
    if host is None or parts.scheme not in SCHEMES:
        raise ConfigError(f"--monitor takes the address of a daemon, {EXAMPLE}; found {url!r}")
    is_secure = SCHEMES[parts.scheme]
    if not is_secure and not _is_near(host):
        raise ConfigError(
            f"{parts.scheme}:// would send your token readable over the internet; use https://"
        )
    tls = ssl.create_default_context() if is_secure else None
    return Place(host=host, port=number or (443 if is_secure else 80), path=PATH, tls=tls)


def _is_near(host: str) -> bool:
    """Whether a host is on this computer or in a private network."""
    if host == "localhost" or host.endswith((".internal", ".local")):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
