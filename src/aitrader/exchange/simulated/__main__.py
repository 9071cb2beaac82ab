"""`python -m aitrader.exchange.simulated`: the simulated exchange as a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from aitrader.exchange.simulated.options import LOCKSTEP, ExchangeOptions
from aitrader.exchange.simulated.server import run
from aitrader.model.errors import ConfigError


class Speed(click.ParamType[float]):
    """A number above zero, or `max`."""

    name = "X|max"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the speed; `max` is lockstep."""
        if value == "max":
            return LOCKSTEP
        try:
            speed = float(str(value))
        except ValueError:
            speed = -1.0
        if not 0 < speed <= 100_000:
            self.fail(f"expected a number above 0 or max, found {value}", param, ctx)
        return speed


@click.command()
@click.option("--port", default=0, show_default="any free one", type=click.IntRange(0, 65535))
@click.option("--symbols", default=100, show_default=True, type=click.IntRange(1, 500))
@click.option("--seed", default=1, show_default=True, help="Names one market.")
@click.option("--speed", default="1", show_default=True, type=Speed(), help="Times real time.")
@click.option("--start-ms", type=int, help="Exchange time at start, UTC epoch ms.")
@click.option("--replay", type=click.Path(path_type=Path), help="Candle file or folder of them.")
@click.option("--parent-pipe", is_flag=True, help="End when stdin closes.")
def main(**given: object) -> None:
    """Run a simulated exchange on loopback until it is interrupted."""
    try:
        run(ExchangeOptions(**given))  # type: ignore[arg-type] # click has checked the types
    except ConfigError as exc:
        click.echo(str(exc), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
