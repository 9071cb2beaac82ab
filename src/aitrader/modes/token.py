"""`aitrader token`: make, list and revoke the tokens of the API."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from aitrader.api.tokens import FILE_NAME, Scope, TokenFile
from aitrader.config import Settings
from aitrader.engine.clock import SystemClock
from aitrader.model.candle import DAY_MS


def create_token(settings: Settings, name: str, *, is_read_only: bool, days: int | None) -> None:
    """Make a token and print it, once.

    Raises:
        ConfigError: The name is taken or is no name, or the file cannot be written.
    """
    now_ms = SystemClock().now_ms()
    secret = _file(settings).create(
        name,
        Scope.READ if is_read_only else Scope.FULL,
        now_ms=now_ms,
        expires_ms=None if days is None else now_ms + days * DAY_MS,
    )
    click.echo(secret)
    click.echo("Keep it: only its hash is stored, it cannot be shown again.", err=True)


def list_tokens(settings: Settings) -> None:
    """Print the names of the tokens, what they may do and how long.

    Raises:
        ConfigError: The file cannot be read.
    """
    now_ms = SystemClock().now_ms()
    for token in _file(settings).load():
        if token.expires_ms is None:
            end = "never expires"
        else:
            verb = "expires" if now_ms < token.expires_ms else "expired"
            end = f"{verb} {_day(token.expires_ms)}"
        click.echo(f"{token.name}  {token.scope.value}  made {_day(token.created_ms)}  {end}")


def revoke_token(settings: Settings, name: str) -> None:
    """Forget a token; a daemon that runs refuses it from now on.

    Raises:
        ConfigError: There is no such token.
    """
    _file(settings).revoke(name)
    click.echo(f"{name} is revoked")


def _file(settings: Settings) -> TokenFile:
    return TokenFile(settings.data_folder / FILE_NAME)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")
