"""What many commands share: where everything is kept, and the settings that follow from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aitrader.config import Settings

CANDLES_HELP = "A file such as BTCUSDT_5m.csv (or .parquet), or a folder of them."

data_folder_option = click.option(
    "--data-folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept (default ~/.aitrader).",
)


def folder_of(context: click.Context, data_folder: Path | None) -> Path | None:
    """Return the folder that was named after the command, else the one before it."""
    if data_folder is None and context.parent is not None:
        found = context.parent.params.get("data_folder")
        return found if isinstance(found, Path) else folder_of(context.parent, None)
    return data_folder


def settings_of(context: click.Context, data_folder: Path | None) -> Settings:
    """Return the settings of this run.

    Raises:
        ConfigError: A value or the file cannot be used.
    """
    from aitrader.config import read_settings

    return read_settings(data_folder=folder_of(context, data_folder))
