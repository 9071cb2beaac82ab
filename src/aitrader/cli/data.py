"""`aitrader data`: candles on disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aitrader.cli.options import data_folder_option, settings_of

if TYPE_CHECKING:
    from aitrader.config import Settings


@click.group()
@data_folder_option
@click.pass_context
def data(context: click.Context, data_folder: Path | None) -> None:
    """Candles on disk: fetch history, take in files, list, check, give out."""
    context.obj = settings_of(context, data_folder)


@data.command(name="download")
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@click.option("--interval", "intervals", multiple=True, required=True, help="1m to 1w; repeatable.")
@click.option("--from", "from_text", required=True, help="First day, such as 2025-01-01 (UTC).")
@click.option("--to", "to_text", default="", help="Where to end, not included (default now).")
@click.option(
    "--source",
    type=click.Choice(["archive", "rest"]),
    default="archive",
    help="Files of whole days, quick; or requests up to the last closed candle, slow.",
)
@click.option("--refresh", is_flag=True, help="Fetch archive files again that were replaced.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON array.")
@click.pass_obj
def data_download(  # noqa: PLR0913 - one parameter per flag of the command
    settings: Settings,
    symbols: tuple[str, ...],
    intervals: tuple[str, ...],
    from_text: str,
    to_text: str,
    source: str,
    refresh: bool,
    as_json: bool,
) -> None:
    """Fetch past candles; what is there is not fetched again."""
    from aitrader.modes.download import DownloadOptions, run_download

    run_download(
        settings,
        DownloadOptions(
            symbols=symbols,
            intervals=intervals,
            from_text=from_text,
            to_text=to_text,
            source=source,
            is_refresh=refresh,
            as_json=as_json,
        ),
    )


@data.command(name="import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option("--symbol", default="", help="Whose candles, where the file's name does not say it.")
@click.option("--interval", default="", help="Of which interval, likewise.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object.")
@click.pass_obj
def data_import(
    settings: Settings, paths: tuple[Path, ...], symbol: str, interval: str, as_json: bool
) -> None:
    """Take in files or folders of them: zip, CSV, feather, JSON, Parquet."""
    from aitrader.modes.data import run_import

    run_import(settings, paths, symbol=symbol, interval=interval, as_json=as_json)


@data.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def data_list(settings: Settings, as_json: bool) -> None:
    """Show what is stored."""
    from aitrader.modes.data import run_list

    run_list(settings, as_json=as_json)


@data.command(name="verify")
@click.argument("symbols", nargs=-1, metavar="[SYMBOL]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def data_verify(settings: Settings, symbols: tuple[str, ...], as_json: bool) -> None:
    """Look for gaps, repeats, disorder and intervals that disagree; exit code 1 if not sound."""
    from aitrader.modes.data import run_verify

    if not run_verify(settings, symbols, as_json=as_json):
        sys.exit(1)


@data.command(name="export")
@click.argument("symbol")
@click.argument("interval")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "from_text", default="", help="First day, such as 2025-01-01 (UTC).")
@click.option("--to", "to_text", default="", help="Where to end, not included.")
@click.pass_obj
def data_export(
    settings: Settings, symbol: str, interval: str, path: Path, from_text: str, to_text: str
) -> None:
    """Write candles to a .csv or .parquet file."""
    from aitrader.modes.data import run_export

    run_export(settings, symbol, interval, path=path, from_text=from_text, to_text=to_text)
