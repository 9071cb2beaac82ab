"""The options that every command on past candles has: which candles, which time, which costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from aitrader.modes.backtest_asked import BacktestOptions

Given = dict[str, Any]
"""What Click hands over: a value per option, of the type that the option says."""

F = TypeVar("F", bound=Callable[..., object])

OPTIONS = (
    click.option(
        "--candles",
        type=click.Path(path_type=Path),
        default=None,
        help="A data folder, candle files, or one file (default: the data folder).",
    ),
    click.option("--symbols", multiple=True, help="Trade these instead of the file's; repeatable."),
    click.option("--from", "from_text", default="", help="First day, such as 2025-01-01 (UTC)."),
    click.option("--to", "to_text", default="", help="Where to end, not included."),
    click.option("--detail", default="", help="Interval of the candles that fill orders."),
    click.option("--cash", default="", help="What the account starts with."),
    click.option("--fee", default="", help="Of each fill, such as 0.1%."),
    click.option("--slippage", default="", help="Of each fill at market, such as 0.02%."),
    click.option("--max-open", type=click.IntRange(1, 1000), help="Positions at once, in all."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page."),
)
NAMES = (
    "candles", "from_text", "to_text", "detail", "cash", "fee", "slippage", "max_open", "as_json",
    "html",
)  # fmt: skip


def on_candles(command: F) -> F:
    """Give a command these options, in this order."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def asked_of(files: tuple[Path, ...], given: Given) -> BacktestOptions:
    """Return what was asked for by these options, which are taken out of `given`."""
    from aitrader.modes.backtest_asked import BacktestOptions

    texts: tuple[str, ...] = given.pop("symbols")
    symbols = tuple(name for text in texts for name in text.replace(",", " ").split())
    return BacktestOptions(
        files=files, symbols=symbols, **{name: given.pop(name) for name in NAMES}
    )
