"""`aitrader token`: who may use the API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aitrader.cli.options import data_folder_option, settings_of

if TYPE_CHECKING:
    from aitrader.config import Settings


@click.group()
@data_folder_option
@click.pass_context
def token(context: click.Context, data_folder: Path | None) -> None:
    """Who may use the API of the daemon: make, list and revoke tokens."""
    context.obj = settings_of(context, data_folder)


@token.command(name="create")
@click.argument("name")
@click.option("--read-only", is_flag=True, help="It may look and not change.")
@click.option("--days", type=click.IntRange(1, 3650), default=None, help="Expires after so many.")
@click.pass_obj
def token_create(settings: Settings, name: str, read_only: bool, days: int | None) -> None:
    """Make a token and print it, once."""
    from aitrader.modes.token import create_token

    create_token(settings, name, is_read_only=read_only, days=days)


@token.command(name="list")
@click.pass_obj
def token_list(settings: Settings) -> None:
    """Show the tokens there are; never their secrets."""
    from aitrader.modes.token import list_tokens

    list_tokens(settings)


@token.command(name="revoke")
@click.argument("name")
@click.pass_obj
def token_revoke(settings: Settings, name: str) -> None:
    """Forget a token at once, also in a daemon that runs."""
    from aitrader.modes.token import revoke_token

    revoke_token(settings, name)
