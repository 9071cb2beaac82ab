"""`aitrader demo`: a simulated exchange on loopback and example traders; no key, no network.

What a demo holds is a folder of its own per market: `seed-7`, or `replay-NAME`. Started again it
goes on where its database ends, in the same market, because a seeded market is a function of the
seed and the time. A replay that had come to its end begins anew in a fresh folder; the old one is
kept under another name.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from aitrader.model.errors import ConfigError
from aitrader.modes.local import Found, find_engine, start_or_join

DEFAULT_SYMBOLS = 50
DEFAULT_SEED = 7
DEFAULT_SPEED = 60.0
MARKET_FILE = "market.json"


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line; None where nothing was. `speed` 0.0 is max."""

    symbols: int | None = None
    seed: int | None = None
    speed: float | None = None
    for_s: float | None = None
    replay: Path | None = None
    as_json: bool = False
    data_folder: Path | None = None
    ready_fd: int | None = None
    has_http: bool = False


class DemoMarket(msgspec.Struct, frozen=True, kw_only=True):
    """The market of one demo folder, as it is kept beside its database."""

    symbols: int
    seed: int
    replay: str = ""
    is_over: bool = False


def ensure_demo(options: DemoOptions) -> Found:
    """Return the demo engine of these options, started now if none ran.

    Raises:
        ConfigError: What was asked for cannot be, in one sentence.
    """
    folder, market = choose_market(options)
    if find_engine(folder) is not None:
        return Found(folder, is_started=False)
    return start_or_join(folder, _arguments(options, folder, market))


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
    speed = speed_of(options)
    arguments += ["--speed", f"{speed:g}" if speed else "max"]
    if options.for_s is not None:
        arguments += ["--for", str(options.for_s)]
    return arguments


def speed_of(options: DemoOptions) -> float:
    """Return times real time, 0.0 for max: a replay's whole point is to be quick."""
    if options.speed is not None:
        return options.speed
    return DEFAULT_SPEED
