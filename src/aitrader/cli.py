"""The command line. Each command imports its mode only when it is asked for, to start quickly."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aitrader import __version__
from aitrader.model.errors import ConfigError

if TYPE_CHECKING:
    from aitrader.config import Settings

HELP = """aitrader watches the crypto market by your rules and trades it for you.

Without a command it starts your engine (or finds the one that runs) and shows the terminal app.
"""


CANDLES_HELP = "A file such as BTCUSDT_5m.csv (or .parquet), or a folder of them."


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
@click.option(
    "--data-folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept (default ~/.aitrader).",
)
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
        from aitrader.modes.monitor import show_monitor

        show_monitor(settings, monitor)
    elif daemon or (settings.fly_app_name and not headless):
        from aitrader.modes.http import run_daemon

        run_daemon(settings, ready_fd=ready_fd)
    elif headless:
        from aitrader.modes.daemon import run_headless

        run_headless(settings, ready_fd=ready_fd)
    else:
        from aitrader.modes.local import ensure_engine

        folder = ensure_engine(settings)
        _show(folder)


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
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError("the demo needs a terminal to show itself; without one add --headless")
    folder = ensure_demo(options)
    _show(folder)


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


@cli.command()
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
@click.option("--trades", type=click.Path(path_type=Path, dir_okay=False), help="Write a CSV.")
@click.option(
    "--data-folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept (default ~/.aitrader).",
)
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
    data_folder: Path | None,
) -> None:
    """Run trader files over past candles by the decisions of a live engine."""
    from aitrader.config import read_settings
    from aitrader.modes.backtest import BacktestOptions, run_backtest

    above = context.parent.params.get("data_folder") if context.parent else None
    run_backtest(
        read_settings(data_folder=data_folder or above),
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


@cli.group()
@click.option(
    "--data-folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept (default ~/.aitrader).",
)
@click.pass_context
def token(context: click.Context, data_folder: Path | None) -> None:
    """Who may use the API of the daemon: make, list and revoke tokens."""
    from aitrader.config import read_settings

    above = context.parent.params.get("data_folder") if context.parent else None
    context.obj = read_settings(data_folder=data_folder or above)


@token.command(name="create")
@click.argument("name")
@click.option("--read-only", is_flag=True, help="It may look and not change.")
@click.option("--days", type=click.IntRange(1, 3650), default=None, help="Expires after so many.")
@click.pass_obj
def token_create(settings: Settings, name: str, read_only: bool, days: int | None) -> None:
    """Make a token and print it, once."""
    from aitrader.modes.token import create_token

    create_token(settings, name, is_read_only=read_only, days=days)


@token.command(name="list")
@click.pass_obj
def token_list(settings: Settings) -> None:
    """Show the tokens there are; never their secrets."""
    from aitrader.modes.token import list_tokens

    list_tokens(settings)


@token.command(name="revoke")
@click.argument("name")
@click.pass_obj
def token_revoke(settings: Settings, name: str) -> None:
    """Forget a token at once, also in a daemon that runs."""
    from aitrader.modes.token import revoke_token

    revoke_token(settings, name)


@cli.group()
@click.option(
    "--data-folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept (default ~/.aitrader).",
)
@click.pass_context
def data(context: click.Context, data_folder: Path | None) -> None:
    """Candles on disk: fetch history, take in files, list, check, give out."""
    from aitrader.config import read_settings

    above = context.parent.params.get("data_folder") if context.parent else None
    context.obj = read_settings(data_folder=data_folder or above)


@data.command(name="download")
@click.argument("symbols", nargs=-1, required=True, metavar="SYMBOL...")
@click.option("--interval", "intervals", multiple=True, required=True, help="1m to 1w; repeatable.")
@click.option("--from", "from_text", required=True, help="First day, such as 2025-01-01 (UTC).")
@click.option("--to", "to_text", default="", help="Where to end, not included (default now).")
@click.option(
    "--source",
    type=click.Choice(["archive", "rest"]),
    default="archive",
    help="Files of whole days, quick; or requests up to the last closed candle, slow.",
)
@click.option("--refresh", is_flag=True, help="Fetch archive files again that were replaced.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON array.")
@click.pass_obj
def data_download(  # noqa: PLR0913 - one parameter per flag of the command
    settings: Settings,
    symbols: tuple[str, ...],
    intervals: tuple[str, ...],
    from_text: str,
    to_text: str,
    source: str,
    refresh: bool,
    as_json: bool,
) -> None:
    """Fetch past candles; what is there is not fetched again."""
    from aitrader.modes.download import DownloadOptions, run_download

    run_download(
        settings,
        DownloadOptions(
            symbols=symbols,
            intervals=intervals,
            from_text=from_text,
            to_text=to_text,
            source=source,
            is_refresh=refresh,
            as_json=as_json,
        ),
    )


@data.command(name="import")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option("--symbol", default="", help="Whose candles, where the file's name does not say it.")
@click.option("--interval", default="", help="Of which interval, likewise.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object.")
@click.pass_obj
def data_import(
    settings: Settings, paths: tuple[Path, ...], symbol: str, interval: str, as_json: bool
) -> None:
    """Take in files or folders of them: zip, CSV, feather, JSON, Parquet."""
    from aitrader.modes.data import run_import

    run_import(settings, paths, symbol=symbol, interval=interval, as_json=as_json)


@data.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def data_list(settings: Settings, as_json: bool) -> None:
    """Show what is stored."""
    from aitrader.modes.data import run_list

    run_list(settings, as_json=as_json)


@data.command(name="verify")
@click.argument("symbols", nargs=-1, metavar="[SYMBOL]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def data_verify(settings: Settings, symbols: tuple[str, ...], as_json: bool) -> None:
    """Look for gaps, repeats, disorder and intervals that disagree; exit code 1 if not sound."""
    from aitrader.modes.data import run_verify

    if not run_verify(settings, symbols, as_json=as_json):
        sys.exit(1)


@data.command(name="export")
@click.argument("symbol")
@click.argument("interval")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "from_text", default="", help="First day, such as 2025-01-01 (UTC).")
@click.option("--to", "to_text", default="", help="Where to end, not included.")
@click.pass_obj
def data_export(
    settings: Settings, symbol: str, interval: str, path: Path, from_text: str, to_text: str
) -> None:
    """Write candles to a .csv or .parquet file."""
    from aitrader.modes.data import run_export

    run_export(settings, symbol, interval, path=path, from_text=from_text, to_text=to_text)


@cli.group()
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


@cli.command()
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


def _show(folder: Path) -> None:
    """Show the terminal app; what it imports is loaded while the engine starts."""
    gc.disable()  # start-up: the app enables it again after its first paint
    from aitrader.modes.terminal import show

    show(folder)


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
