"""`aitrader sweep`: many values of a trader file's constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aitrader.cli.on_candles import asked_of, on_candles
from aitrader.cli.options import data_folder_option, settings_of

OBJECTIVES = ("sharpe", "sortino", "calmar", "return_pct", "profit_factor", "expectancy")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUES", help="As FAST=5..20 or A=1,2.")
@click.option(
    "--search",
    type=click.Choice(["grid", "random", "guided"]),
    default="grid",
    help="All combinations, some by chance, or where Optuna expects the best.",
)
@click.option("--tries", type=click.IntRange(1), default=100, help="Of a random or guided search.")
@click.option("--seed", type=int, default=1, help="Which ones; the same seed, the same ones.")
@click.option("--by", "objective", type=click.Choice(OBJECTIVES), default="sharpe", help="Best by.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes (default: processors).")
@click.option("--cluster", default="", metavar="tcp://...", help="A dask scheduler to work there.")
@click.option("--walk-forward", type=click.IntRange(1, 100), help="Choose anew so many times.")
@click.option("--results", type=click.Path(path_type=Path, dir_okay=False), help="Where to go on.")
@click.option("--parquet", type=click.Path(path_type=Path, dir_okay=False), help="Write a table.")
@click.option("--best", type=click.Path(path_type=Path, dir_okay=False), help="Write that file.")
@on_candles
@data_folder_option
@click.pass_context
def sweep(
    context: click.Context,
    /,
    file: Path,
    cluster: str,
    search: str,
    data_folder: Path | None,
    **given: Any,  # noqa: ANN401 - Click's values, sorted by `asked_of`
) -> None:
    """Try many values of a trader file's constants; say how much of the best is luck."""
    from aitrader.modes.sweep import SweepOptions, run_sweep

    settings = settings_of(context, data_folder)
    crew_of = guide_of = None
    if cluster:
        from aitrader.modes.cluster import cluster_crew

        crew_of = cluster_crew(cluster)
    if search == "guided":
        from aitrader.modes.guided import OptunaGuide

        guide_of = OptunaGuide
    asked = asked_of((file,), given)
    options = SweepOptions(asked=asked, search=search, **given)
    run_sweep(settings, options, crew_of=crew_of, guide_of=guide_of)
