"""Commands that look at past candles: `backtest`, `replay-check`, `screen`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from aitrader.cli.on_candles import asked_of, on_candles
from aitrader.cli.options import CANDLES_HELP, data_folder_option, settings_of


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@on_candles
@click.option(
    "--trades", type=click.Path(path_type=Path, dir_okay=False), help="Write a CSV, or Parquet."
)
@click.option("--walk-forward", type=click.IntRange(1, 100), help="Run so many stretches apart.")
@click.option("--random-entries", type=click.IntRange(1, 10_000), help="Rounds to compare with.")
@click.option("--job", "is_job", is_flag=True, hidden=True)
@data_folder_option
@click.pass_context
def backtest(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    is_job: bool,
    data_folder: Path | None,
    **given: Any,  # noqa: ANN401 - Click's values, sorted by `asked_of`
) -> None:
    """Run trader files over past candles by the decisions of a live engine."""
    settings, asked = settings_of(context, data_folder), asked_of(files, given)
    if is_job:
        from aitrader.modes.backtest_job import run_job

        run_job(settings, asked)
        return
    from aitrader.modes.backtest import BacktestMore, run_backtest

    run_backtest(settings, asked, BacktestMore(**given))


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option("--candles", type=click.Path(path_type=Path), required=True, help=CANDLES_HELP)
@click.option("--at", "at_text", default="", help="A time such as 2025-01-31T12:00 (UTC).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def screen(files: tuple[Path, ...], candles: Path, at_text: str, as_json: bool) -> None:
    """Say which symbols the traders of these files would signal."""
    from aitrader.modes.traders import run_screen

    run_screen(files, candles=candles, at_text=at_text, as_json=as_json)


@click.command(name="replay-check")
@click.option("--from", "from_text", required=True, help="First day, such as 2025-01-01 (UTC).")
@click.option("--to", "to_text", required=True, help="Where to end, not included.")
@click.option("--account", type=click.Choice(["paper", "live"]), default="paper", help="Whose day.")
@click.option("--candles", type=click.Path(path_type=Path), default=None, help=CANDLES_HELP)
@click.option("--detail", default="", help="Interval of the candles that fill orders.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@data_folder_option
@click.pass_context
def replay_check(
    context: click.Context,
    /,
    data_folder: Path | None,
    **given: Any,  # noqa: ANN401 - Click's values, named as the fields
) -> None:
    """Run a recorded day again and say trade by trade where a backtest of it differs.

    Exit code 1 when a difference cannot be explained.
    """
    from aitrader.modes.replay_check import ReplayOptions, run_replay_check

    if not run_replay_check(settings_of(context, data_folder), ReplayOptions(**given)):
        sys.exit(1)
