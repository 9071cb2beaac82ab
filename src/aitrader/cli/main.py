"""The command itself: which mode it starts, its commands, and what a person got wrong.

Each command imports its mode only when it is asked for, to start quickly.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aitrader import __version__
from aitrader.cli.data import data
from aitrader.cli.options import data_folder_option
from aitrader.cli.research import backtest, replay_check, screen
from aitrader.cli.sweep import sweep
from aitrader.cli.token import token
from aitrader.cli.traders import traders
from aitrader.cli.trading import orders, positions, resume, stop, trades
from aitrader.cli.upkeep import backup, doctor, restore
from aitrader.model.errors import ConfigError

if TYPE_CHECKING:
    from aitrader.modes.local import Found

OURS_ALONE = 0o077
"""Money and tokens are nobody else's business: what is made here only this user may read."""

HELP = """aitrader watches the crypto market by your rules and trades it for you.

Without a command it starts your engine (or finds the one that runs) and shows the terminal app.
"""


@click.group(
    help=HELP,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="aitrader", message="%(prog)s %(version)s")
@click.option("--headless", is_flag=True, help="Run the engine here, without the terminal app.")
@click.option("--daemon", is_flag=True, help="As --headless, with HTTP, WebSocket and metrics.")
@click.option(
    "--monitor",
    is_flag=False,
    flag_value="",
    metavar="[URL]",
    help="The terminal app on a daemon elsewhere; its token stands in API_KEY.",
)
@data_folder_option
@click.option("--ready-fd", type=int, default=None, hidden=True)
@click.pass_context
def cli(
    context: click.Context,
    headless: bool,
    daemon: bool,
    monitor: str | None,
    data_folder: Path | None,
    ready_fd: int | None,
) -> None:
    """Start the local mode when no command was named."""
    if context.invoked_subcommand is not None:
        return
    from aitrader.config import read_settings  # start-up: only what is used

    settings = read_settings(data_folder=data_folder)
    if monitor is not None:
        _need_terminal()
        from aitrader.modes.monitor import show_monitor

        show_monitor(settings, monitor)
    elif daemon or (settings.fly_app_name and not headless):
        from aitrader.modes.http import run_daemon

        run_daemon(settings, ready_fd=ready_fd)
    elif headless:
        from aitrader.modes.daemon import run_headless

        run_headless(settings, ready_fd=ready_fd)
    else:
        _need_terminal("; without one add --headless")
        from aitrader.modes.local import ensure_engine

        _show(ensure_engine(settings))


@cli.command()
@click.option("--symbols", type=click.IntRange(1, 500), default=None, help="How many symbols.")
@click.option("--seed", type=int, default=None, help="Which market; the same seed, the same one.")
@click.option("--speed", default=None, help="Times real time, or max: as fast as it goes.")
@click.option("--headless", is_flag=True, help="No terminal app.")
@click.option("--daemon", is_flag=True, help="No terminal app, but HTTP on PORT.")
@click.option(
    "--for",
    "for_s",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="End after so many seconds.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    default=None,
    help="Real candles from a file (SYMBOL_INTERVAL*.csv or .parquet) instead of a seeded market.",
)
@click.option("--json", "as_json", is_flag=True, help="With --headless: end with one JSON object.")
@click.option(
    "--data-folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Where the demo keeps its data (default ~/.aitrader/demo).",
)
@click.option("--ready-fd", type=int, default=None, hidden=True)
def demo(  # noqa: PLR0913 - one parameter per flag of the command
    symbols: int | None,
    seed: int | None,
    speed: str | None,
    headless: bool,
    daemon: bool,
    for_s: float | None,
    replay: Path | None,
    as_json: bool,
    data_folder: Path | None,
    ready_fd: int | None,
) -> None:
    """See it work: a simulated exchange and example traders, no key and no network."""
    from aitrader.modes.demo import DemoOptions, ensure_demo

    options = DemoOptions(
        symbols=symbols,
        seed=seed,
        speed=_speed(speed),
        for_s=for_s,
        replay=replay,
        as_json=as_json,
        data_folder=data_folder,
        ready_fd=ready_fd,
        has_http=daemon,
    )
    if headless or daemon:
        from aitrader.modes.demo_engine import run_headless_demo

        run_headless_demo(options)
        return
    _need_terminal("; without one add --headless")
    _show(ensure_demo(options))


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=9090, help="0: any free port.")
@click.option("--symbols", type=click.IntRange(1, 500), default=50, help="How many symbols.")
@click.option("--seed", type=int, default=7, help="Which market; the same seed, the same one.")
@click.option("--speed", default="1", help="Times real time, or max: advance when acknowledged.")
@click.option("--replay", type=click.Path(path_type=Path), default=None, help="Real candles.")
@click.option("--start-ms", type=int, default=None, hidden=True)
@click.option("--parent-pipe", is_flag=True, hidden=True)
def exchange(  # noqa: PLR0913 - one parameter per flag of the command
    port: int,
    symbols: int,
    seed: int,
    speed: str,
    replay: Path | None,
    start_ms: int | None,
    parent_pipe: bool,
) -> None:
    """Run the simulated exchange alone: Binance's REST and streams on loopback."""
    from aitrader.exchange.simulated.options import ExchangeOptions
    from aitrader.exchange.simulated.server import run

    run(
        ExchangeOptions(
            port=port,
            symbols=symbols,
            seed=seed,
            speed=_speed(speed) or 0.0,
            replay=replay,
            start_ms=start_ms,
            parent_pipe=parent_pipe,
        )
    )


COMMANDS = (
    *(backtest, sweep, replay_check, data, screen),
    *(traders, stop, resume, positions, trades, orders),
    *(token, backup, restore, doctor),
)
for command in COMMANDS:
    cli.add_command(command)


def _need_terminal(hint: str = "") -> None:
    """Refuse to paint where nobody can see or type."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(f"the terminal app needs a terminal to show itself{hint}")


def _show(found: Found) -> None:
    """Show the terminal app; what it imports is loaded while the engine starts."""
    gc.disable()  # start-up: the app enables it again after its first paint
    from aitrader.modes.terminal import show

    show(found)


def _speed(text: str | None) -> float | None:
    """Return times real time, 0.0 for `max`, None when not given."""
    if text is None:
        return None
    if text == "max":
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 100_000.0:
        raise ConfigError(f"--speed takes a number above 0 such as 60, or max; found {text!r}")
    return value


def main() -> None:
    """Run the command; what the person got wrong becomes one sentence and exit code 2."""
    os.umask(OURS_ALONE)
    try:
        cli.main(prog_name="aitrader", standalone_mode=False)
    except click.ClickException as error:
        print(f"aitrader: {_sentence(error)}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except ConfigError as error:
        print(f"aitrader: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


def _sentence(error: click.ClickException) -> str:
    """Return what was wrong with the command line, and which help says how it goes."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    asked = context.command_path if context else "aitrader"
    text = error.format_message().rstrip(".")
    return f"{text[:1].lower()}{text[1:]} (see {asked} --help)"
