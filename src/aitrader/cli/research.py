"""Commands that look at past candles: `backtest`, `screen`."""

from __future__ import annotations

from pathlib import Path

import click

from aitrader.cli.options import CANDLES_HELP, data_folder_option, settings_of


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--candles",
    type=click.Path(path_type=Path),
    default=None,
    help="A data folder, candle files, or one file (default: the data folder).",
)
@click.option("--symbols", multiple=True, help="Trade these instead of the file's; repeatable.")
@click.option("--from", "from_text", default="", help="First day, such as 2025-01-01 (UTC).")
@click.option("--to", "to_text", default="", help="Where to end, not included.")
@click.option("--detail", default="", help="Interval of the candles that fill orders.")
@click.option("--cash", default="", help="What the account starts with.")
@click.option("--fee", default="", help="Of each fill, such as 0.1%.")
@click.option("--slippage", default="", help="Of each fill at market, such as 0.02%.")
@click.option("--max-open", type=click.IntRange(1, 1000), help="Positions at once, in all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page.")
@click.option(
    "--trades", type=click.Path(path_type=Path, dir_okay=False), help="Write a CSV, or Parquet."
)
@click.option("--job", "is_job", is_flag=True, hidden=True)
@data_folder_option
@click.pass_context
def backtest(  # noqa: PLR0913 - one parameter per flag of the command
    context: click.Context,
    files: tuple[Path, ...],
    candles: Path | None,
    symbols: tuple[str, ...],
    from_text: str,
    to_text: str,
    detail: str,
    cash: str,
    fee: str,
    slippage: str,
    max_open: int | None,
    as_json: bool,
    html: Path | None,
    trades: Path | None,
    is_job: bool,
    data_folder: Path | None,
) -> None:
    """Run trader files over past candles by the decisions of a live engine."""
    from aitrader.modes.backtest import BacktestOptions, run_backtest

    run = run_backtest
    if is_job:
        from aitrader.modes.backtest_job import run_job

        run = run_job
    run(
        settings_of(context, data_folder),
        BacktestOptions(
            files=files,
            candles=candles,
            symbols=tuple(name for text in symbols for name in text.replace(",", " ").split()),
            from_text=from_text,
            to_text=to_text,
            detail=detail,
            cash=cash,
            fee=fee,
            slippage=slippage,
            max_open=max_open,
            as_json=as_json,
            html=html,
            trades=trades,
        ),
    )


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
