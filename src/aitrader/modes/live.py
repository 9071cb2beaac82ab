"""The live account of an engine: what it lacks in these settings, and what it is made of."""

from __future__ import annotations

from pathlib import Path

from aitrader.config import MARKETS, Settings, environment_name
from aitrader.exchange.binance.account_rest import AccountRest
from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.keys import check_key
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.order_gate import OrderGate
from aitrader.exchange.binance.signing import Credentials, signer_of
from aitrader.exchange.binance.venue import BinanceVenue, VenueSettings
from aitrader.model.account import LIVE
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.model.ports import Clock, Inbox, Tasks
from aitrader.storage.lock import KeyLock

LONGEST_KEY_FILE = 10_000
"""Characters: a private key has a few hundred."""


def check_live(settings: Settings) -> None:
    """Return if these settings have all that a live account needs, or need none.

    Raises:
        ConfigError: Something is missing; says what and what to do.
    """
    if settings.paper_trading:
        return
    if not settings.order_rest_url:
        able = ", ".join(name for name, place in MARKETS.items() if place.order_ws_url)
        raise ConfigError(
            f"PAPER_TRADING is false and MARKET is {settings.market}, which takes no orders: "
            f"set MARKET to one of {able}, or PAPER_TRADING to true"
        )
    for name in ("binance_api_key", "binance_secret_key"):
        if not getattr(settings, name):
            raise ConfigError(
                f"PAPER_TRADING is false and {environment_name(name)} is not set: "
                "set the key of the exchange, or PAPER_TRADING to true"
            )


class LiveAccount:
    """The live venue and the right to use its key, from the start of an engine to its end."""

    def __init__(
        self,
        settings: Settings,
        inbox: Inbox,
        clock: Clock,
        *,
        tasks: Tasks,
        limiter: WeightLimiter | None = None,
    ) -> None:
        """Connect to nothing and hold nothing yet; `limiter`: that of all requests from here.

        Raises:
            ConfigError: The settings lack something, or the secret or an address cannot be used.
        """
        check_live(settings)
        self._lock = lock_of(settings)
        self._data_folder = settings.data_folder
        self.venue = BinanceVenue(
            inbox, clock, tasks=tasks, settings=_venue_settings(settings), limiter=limiter
        )

    def take_key(self) -> None:
        """Be the one engine of this key from now on.

        Raises:
            ConfigError: Another one is, and which.
        """
        self._lock.acquire(self._data_folder)

    async def close(self) -> None:
        """End all requests and give the key back; what rests at the exchange stays."""
        await self.venue.close()
        self._lock.release()


async def examine_key(settings: Settings, clock: Clock) -> None:
    """Ask the exchange whether the settings' key is one to trade with.

    Raises:
        ConfigError: It is not, the settings lack something, or the exchange does not answer.
    """
    check_live(settings)
    time = ExchangeTime(clock)
    rest = AccountRest(
        settings.order_rest_url,
        Credentials(settings.binance_api_key, signer_of(secret_of(settings))),
        time=time,
        gate=OrderGate(WeightLimiter(), time),
        proxy_url=settings.proxy_url,
    )
    try:
        await rest.fetch_time()
        await check_key(rest, may_withdraw=settings.allow_withdraw_keys)
    except (Transient, Refused) as error:
        raise ConfigError(f"the account cannot be asked for: {error}") from error
    finally:
        await rest.close()


def lock_of(settings: Settings) -> KeyLock:
    """Return the lock of these settings' API key.

    Raises:
        ConfigError: The folder of locks has no place.
    """
    try:
        folder = settings.lock_folder.expanduser().absolute()
    except RuntimeError as error:
        raise ConfigError(
            f"the lock folder {settings.lock_folder} has no home folder to stand in: "
            f"set {environment_name('lock_folder')} to a full path"
        ) from error
    return KeyLock(folder, settings.binance_api_key)


def _venue_settings(settings: Settings) -> VenueSettings:
    return VenueSettings(
        rest_url=settings.order_rest_url,
        ws_api_url=settings.order_ws_url,
        api_key=settings.binance_api_key,
        secret=secret_of(settings),
        account=LIVE,
        allow_withdraw_keys=settings.allow_withdraw_keys,
        proxy_url=settings.proxy_url,
    )


def secret_of(settings: Settings) -> str:
    """Return what signs: the secret itself, or what stands in the file that it names.

    Raises:
        ConfigError: It names a file that cannot be read.
    """
    given = settings.binance_secret_key.strip()
    if given.startswith("-----BEGIN") or not given.startswith(("/", "~", ".")):
        return given
    try:
        text = Path(given).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        # What was given may be a secret after all: it is not quoted.
        raise ConfigError(
            "BINANCE_SECRET_KEY names a file that cannot be read: "
            "give the full path of a PEM file, or the secret itself"
        ) from error
    if len(text) > LONGEST_KEY_FILE:
        raise ConfigError("BINANCE_SECRET_KEY names a file that is too long for a private key")
    return text.strip()
