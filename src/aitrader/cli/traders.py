"""`aitrader traders`: trader files, and the traders of an engine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aitrader.cli.options import CANDLES_HELP, data_folder_option, settings_of


@click.group()
@data_folder_option
def traders(data_folder: Path | None) -> None:
    """Your traders: add, list, switch and remove them; check and explain their files."""


@traders.command(name="add")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.pass_context
def traders_add(context: click.Context, files: tuple[Path, ...]) -> None:
    """Check files and start them on paper; a known NAME is a new version of that trader."""
    from aitrader.modes.trader_book import add_traders

    if not add_traders(settings_of(context, None), files):
        sys.exit(2)


@traders.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_context
def traders_list(context: click.Context, as_json: bool) -> None:
    """Show the traders there are, what each does and has earned."""
    from aitrader.modes.trader_book import list_traders

    list_traders(settings_of(context, None), as_json=as_json)


@traders.command(name="show")
@click.argument("name")
@click.pass_context
def traders_show(context: click.Context, name: str) -> None:
    """Print a trader's file."""
    from aitrader.modes.trader_book import show_trader

    show_trader(settings_of(context, None), name)


@traders.command(name="enable")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_context
def traders_enable(context: click.Context, names: tuple[str, ...]) -> None:
    """Let traders look for entries."""
    from aitrader.modes.trader_book import switch_traders

    switch_traders(settings_of(context, None), names, is_enabled=True)


@traders.command(name="disable")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.pass_context
def traders_disable(context: click.Context, names: tuple[str, ...]) -> None:
    """Stop traders from entering; their open positions stay guarded."""
    from aitrader.modes.trader_book import switch_traders

    switch_traders(settings_of(context, None), names, is_enabled=False)


@traders.command(name="live")
@click.argument("name")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.pass_context
def traders_live(context: click.Context, name: str, is_sure: bool) -> None:
    """Have a trader enter with real money; says what it means and asks once."""
    from aitrader.model.trader import Mode
    from aitrader.modes.trader_book import set_mode

    set_mode(settings_of(context, None), name, Mode.LIVE, is_sure=is_sure)


@traders.command(name="paper")
@click.argument("name")
@click.pass_context
def traders_paper(context: click.Context, name: str) -> None:
    """Have a trader enter on paper; what it holds live stays guarded until it is closed."""
    from aitrader.model.trader import Mode
    from aitrader.modes.trader_book import set_mode

    set_mode(settings_of(context, None), name, Mode.PAPER, is_sure=True)


@traders.command(name="remove")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@click.pass_context
def traders_remove(context: click.Context, names: tuple[str, ...], is_sure: bool) -> None:
    """Forget traders; their open positions stay guarded."""
    from aitrader.modes.trader_book import remove_traders

    remove_traders(settings_of(context, None), names, is_sure=is_sure)


@traders.command(name="check")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def traders_check(files: tuple[Path, ...], as_json: bool) -> None:
    """Say what each file would do, or what is wrong with it; exit code 2 if one is wrong."""
    from aitrader.modes.traders import run_check

    if not run_check(files, as_json=as_json):
        sys.exit(2)


@traders.command(name="explain")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("symbol")
@click.option("--candles", type=click.Path(path_type=Path), required=True, help=CANDLES_HELP)
@click.option("--at", "at_text", default="", help="A time such as 2025-01-31T12:00 (UTC).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def traders_explain(file: Path, symbol: str, candles: Path, at_text: str, as_json: bool) -> None:
    """Say of each condition whether it held on a candle, and the values behind it."""
    from aitrader.modes.traders import run_explain

    run_explain(file, symbol, candles=candles, at_text=at_text, as_json=as_json)
