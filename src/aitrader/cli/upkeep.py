"""Commands that look after an installation: `backup`, `restore`, `doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aitrader.cli.options import data_folder_option, folder_of, settings_of


@click.command()
@click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False), required=False, metavar="[FILE]"
)
@data_folder_option
@click.pass_context
def backup(context: click.Context, file: Path | None, data_folder: Path | None) -> None:
    """Copy the database while it is in use; the copy is checked before it counts.

    Without FILE it goes into the folder `backups` of the data folder, named by the time.
    """
    from aitrader.modes.backup import run_backup

    run_backup(settings_of(context, data_folder), file)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@data_folder_option
@click.pass_context
def restore(context: click.Context, file: Path, is_sure: bool, data_folder: Path | None) -> None:
    """Put a backup in the place of the database; what stood there is kept beside it."""
    from aitrader.modes.backup import run_restore

    settings = settings_of(context, data_folder)
    if not is_sure:
        click.confirm(f"Put {file} in the place of {settings.sqlite_path}?", abort=True)
    run_restore(settings, file)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@data_folder_option
@click.pass_context
def doctor(context: click.Context, as_json: bool, data_folder: Path | None) -> None:
    """Say what is wrong with settings, keys, clock, network, database and disk; 1 if anything."""
    from aitrader.modes.doctor import run_doctor

    if not run_doctor(folder_of(context, data_folder), as_json=as_json):
        sys.exit(1)
