"""Commands about the account: `stop`, `resume`, `positions`, `trades`, `orders`."""

from __future__ import annotations

from pathlib import Path

import click

from aitrader.cli.options import data_folder_option, settings_of


@click.command()
@click.option("--close", "is_closing", is_flag=True, help="Close every position at market, too.")
@click.option("--end", "is_ending", is_flag=True, help="End the engine's process, too.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@data_folder_option
@click.pass_context
def stop(
    context: click.Context,
    is_closing: bool,
    is_ending: bool,
    is_sure: bool,
    data_folder: Path | None,
) -> None:
    """Stop new entries, at once and over restarts, until `aitrader resume`.

    Positions stay guarded by what rests at the exchange, or are closed with --close.
    """
    from aitrader.modes.kill_switch import stop_trading

    if is_closing and not is_sure:
        click.confirm("Close every position at market?", abort=True)
    settings = settings_of(context, data_folder)
    stop_trading(settings, is_closing=is_closing, is_ending=is_ending)


@click.command()
@data_folder_option
@click.pass_context
def resume(context: click.Context, data_folder: Path | None) -> None:
    """Let traders enter again after `aitrader stop`."""
    from aitrader.modes.kill_switch import resume_trading

    resume_trading(settings_of(context, data_folder))


def _book(name: str, text: str) -> click.Command:
    """Return the command that shows one of the books, with `text` as its help."""

    @click.command(name=name, help=text)
    @click.option("--last", "most", type=click.IntRange(0), default=50, help="How many; 0: all.")
    @click.option(
        "--csv", type=click.Path(path_type=Path, dir_okay=False), help="Write all to a file."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
    @data_folder_option
    @click.pass_context
    def show(
        context: click.Context, most: int, csv: Path | None, as_json: bool, data_folder: Path | None
    ) -> None:
        from aitrader.modes.books import show_books

        settings = settings_of(context, data_folder)
        show_books(settings, name, most=most, csv=csv, as_json=as_json)

    return show


positions = _book("positions", "Show what is held, newest first; times are UTC.")
trades = _book(
    "trades",
    "Show what was bought and sold again, newest first; pnl is net of fees, times are UTC.",
)
orders = _book("orders", "Show every order there was, newest first; times are UTC.")
