"""`aitrader traders`: trader files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aitrader.cli.data import CANDLES_HELP


@click.group()
def traders() -> None:
    """Trader files: check what they say, explain what they see."""


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
