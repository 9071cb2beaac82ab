"""`aitrader demo`: a simulated exchange on loopback and example traders; no key, no network.

What a demo holds is a folder of its own per market: `seed-7`, or `replay-NAME`. Started again it
goes on where its database ends, in the same market, because a seeded market is a function of the
seed and the time. A replay that had come to its end begins anew in a fresh folder; the old one is
kept under another name.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import msgspec

import aitrader
from aitrader.config import read_settings
from aitrader.exchange.simulated.server import ExchangeOptions
from aitrader.model.control import AddTrader
from aitrader.model.errors import ConfigError
from aitrader.model.view import Status
from aitrader.modes.build import Choices, Wired
from aitrader.modes.daemon import opened_store, serving, telling, until_stopped
from aitrader.modes.exchange import exchange_process
from aitrader.modes.local import find_engine, show, start_engine

DEFAULT_SYMBOLS = 50
DEFAULT_SEED = 7
DEFAULT_SPEED = 60.0
MARKET_FILE = "market.json"


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line; None where nothing was. `speed` 0.0 is max."""

    symbols: int | None = None
    seed: int | None = None
    speed: float | None = None
    is_headless: bool = False
    for_s: float | None = None
    replay: Path | None = None
    as_json: bool = False
    data_folder: Path | None = None
    ready_fd: int | None = None


class DemoMarket(msgspec.Struct, frozen=True, kw_only=True):
    """The market of one demo folder, as it is kept beside its database."""

    symbols: int
    seed: int
    replay: str = ""
    is_over: bool = False


def run_demo(options: DemoOptions) -> None:
    """Run the demo, with the terminal app or without.

    Raises:
        ConfigError: What was asked for cannot be, in one sentence.
    """
    folder, market = choose_market(options)
    if options.is_headless:
        with telling(options.ready_fd):
            asyncio.run(_run(options, folder, market))
        return
    if find_engine(folder) is None:
        start_engine(_arguments(options, folder, market))
    show(folder)


def choose_market(options: DemoOptions) -> tuple[Path, DemoMarket]:
    """Return the folder and the market of this demo; a finished replay's folder is put aside.

    Raises:
        ConfigError: The replay file is not there.
    """
    base = options.data_folder or Path("~/.aitrader/demo")
    base = base.expanduser().absolute()
    if options.replay is not None:
        replay = options.replay.expanduser().absolute()
        if not replay.exists():
            raise ConfigError(f"--replay takes a file of candles; there is none at {replay}")
        folder = base / f"replay-{replay.stem}"
        wanted = DemoMarket(symbols=1, seed=options.seed or DEFAULT_SEED, replay=str(replay))
        known = find_market(folder)
        if known is not None and known.is_over:
            _put_aside(folder)
        return folder, wanted
    seed = options.seed
    if seed is None:
        last = find_market(base)
        seed = last.seed if last is not None else DEFAULT_SEED
    folder = base / f"seed-{seed}"
    known = find_market(folder)
    symbols = options.symbols or (known.symbols if known else DEFAULT_SYMBOLS)
    return folder, DemoMarket(symbols=symbols, seed=seed)


def find_market(folder: Path) -> DemoMarket | None:
    """Return what the last demo of this folder ran on."""
    try:
        return msgspec.json.decode((folder / MARKET_FILE).read_bytes(), type=DemoMarket)
    except (OSError, msgspec.DecodeError):
        return None


def write_market(folder: Path, market: DemoMarket) -> None:
    """Remember the market for the next start.

    Raises:
        ConfigError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MARKET_FILE).write_bytes(msgspec.json.encode(market))
    except OSError as error:
        raise ConfigError(
            f"the data folder {folder} cannot be written ({error.strerror}): "
            "make it writable, or choose another with --data-folder"
        ) from error


def _put_aside(folder: Path) -> None:
    number = 1
    while (kept := folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    folder.rename(kept)


def _arguments(options: DemoOptions, folder: Path, market: DemoMarket) -> list[str]:
    """The command line of the same demo without a terminal."""
    arguments = ["demo", "--headless", "--data-folder", str(folder.parent)]
    if market.replay:
        arguments += ["--replay", market.replay]
    else:
        arguments += ["--symbols", str(market.symbols), "--seed", str(market.seed)]
    speed = DEFAULT_SPEED if options.speed is None else options.speed
    arguments += ["--speed", f"{speed:g}" if speed else "max"]
    if options.for_s is not None:
        arguments += ["--for", str(options.for_s)]
    return arguments


async def _run(options: DemoOptions, folder: Path, market: DemoMarket) -> None:
    write_market(folder, market)
    if not market.replay:
        write_market(folder.parent, market)
    speed = DEFAULT_SPEED if options.speed is None else options.speed
    settings = read_settings(data_folder=folder, flags={"max_symbols": market.symbols})
    async with opened_store(settings) as store:
        saved = await store.load()
        exchange = ExchangeOptions(
            symbols=market.symbols,
            seed=market.seed,
            speed=speed,
            start_ms=saved.last_event_ms or None,
            replay=Path(market.replay) if market.replay else None,
        )
        async with exchange_process(exchange) as address:
            is_over = False

            def end() -> None:
                nonlocal is_over
                is_over = True
                wired.control.stopped.set()

            choices = Choices(
                market_name="simulated exchange",
                is_frame_time=True,
                start_ms=address.now_ms,
                is_lockstep=speed == 0.0,
                on_end=end,
            )
            settings = msgspec.structs.replace(
                settings, market_rest_url=address.exchange, market_stream_url=address.stream
            )
            async with serving(settings, choices, store=store, ready_fd=options.ready_fd) as wired:
                if not saved.traders:
                    await _add_examples(wired)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(options.for_s):
                        await until_stopped(wired)
                if is_over:
                    await wired.settled()
                    write_market(folder, msgspec.structs.replace(market, is_over=True))
                status = wired.view.status()
            if options.as_json:
                print(json.dumps(summary(status, wired)))  # noqa: T201 - what was asked for


async def _add_examples(wired: Wired) -> None:
    for path in example_files():
        answer = await wired.control.ask(AddTrader(path.read_text(encoding="utf-8")))
        if not answer.is_ok:
            raise ConfigError(f"the example {path.name}: {answer.text}")


def example_files() -> tuple[Path, ...]:
    """Return the trader files that come with the program, in their order by name."""
    package = Path(aitrader.__file__).parent
    for folder in (package / "examples", package.parents[1] / "examples" / "traders"):
        if folder.is_dir():
            return tuple(sorted(folder.glob("*.py")))
    return ()


def summary(status: Status, wired: Wired) -> dict[str, object]:
    """Return what a demo without a terminal ends with; money in quote, memory in MB."""
    cost = wired.health.cost()
    return {
        "candles": status.candles,
        "checks": status.checks,
        "signals": status.signals,
        "orders": status.orders,
        "positions_opened": status.positions_opened,
        "positions_closed": status.positions_closed,
        "pnl": status.total_pnl,
        "errors": status.errors,
        "cpu_s": round(cost.cpu_s, 2),
        "rss_mb": round(cost.rss_mb, 1),
        "open_positions": status.open_positions,
    }
