from __future__ import annotations

from pathlib import Path

import click
from click.testing import CliRunner

from aitrader.cli.on_candles import NAMES, OPTIONS, asked_of, on_candles
from aitrader.modes.backtest_asked import BacktestOptions

seen: list[object] = []


@click.command()
@on_candles
@click.option("--more", default="")
def below(**given: object) -> None:
    """Sorts what it was given."""
    seen[:] = [asked_of((Path("x.py"),), given), given]


def test_what_was_asked_for_is_sorted_from_the_rest() -> None:
    given = ["--symbols", "btc,eth", "--fee", "0.1%", "--more", "m"]
    result = CliRunner().invoke(below, given)
    assert result.exit_code == 0, result.output
    asked, rest = seen
    assert rest == {"more": "m"}
    assert isinstance(asked, BacktestOptions)
    assert (asked.symbols, asked.fee, asked.files) == (("btc", "eth"), "0.1%", (Path("x.py"),))


def test_every_option_has_its_field() -> None:
    assert len(OPTIONS) == len(NAMES) + 1
    assert set(NAMES) < set(BacktestOptions.__struct_fields__)
