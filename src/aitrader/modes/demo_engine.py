"""The demo without a terminal: an engine here, a simulated exchange as its child process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import aitrader
from aitrader.config import Settings, read_settings
from aitrader.exchange.simulated.options import ExchangeOptions
from aitrader.model.control import AddTrader
from aitrader.model.errors import ConfigError
from aitrader.model.view import Status
from aitrader.modes.build import Choices, Wired
from aitrader.modes.daemon import opened_store, serving, telling, until_stopped
from aitrader.modes.demo import DemoMarket, DemoOptions, choose_market, speed_of, write_market
from aitrader.modes.exchange import exchange_process
from aitrader.modes.loop import run_loop

if TYPE_CHECKING:
    from aitrader.modes.http import HttpDoor

CAST = (
    "breakout_trail",
    "fade_the_spike",
    "smart_money",
    "donchian_breakout",
    "macd_crossover",
    "stochastic_oversold",
)
"""Quick examples and patient ones, in the order in which they compete.

The first two trade within a minute of watching. In a market without an edge a trader loses what it
pays in fees: those that turn over least do best.
"""


def run_headless_demo(options: DemoOptions) -> None:
    """Run the demo's engine and exchange in this process until they are stopped.

    Raises:
        ConfigError: What was asked for cannot be, in one sentence.
    """
    with telling(options.ready_fd):
        folder, market = choose_market(options)
        start = run_loop if options.has_http else asyncio.run
        start(_run(options, folder, market))


async def _run(options: DemoOptions, folder: Path, market: DemoMarket) -> None:
    write_market(folder, market)
    if not market.replay:
        write_market(folder.parent, market)
    speed = speed_of(options)
    settings = read_settings(data_folder=folder, flags=_flags(market))
    http = _http_door(settings) if options.has_http else None
    async with _reserved(http, settings), opened_store(settings) as store:
        saved = await store.load()
        exchange = ExchangeOptions(
            symbols=market.symbols,
            seed=market.seed,
            speed=speed,
            start_ms=saved.last_event_ms or None,
            replay=Path(market.replay) if market.replay else None,
        )
        async with exchange_process(exchange) as address:
            is_over, may_begin = False, asyncio.Event()  # no candle before every trader is there

            def end() -> None:
                nonlocal is_over
                is_over = True
                wired.control.stopped.set()

            choices = Choices(
                market_name="simulated exchange",
                is_frame_time=True,
                start_ms=address.now_ms,
                is_lockstep=speed == 0.0,
                may_begin=may_begin,
                on_end=end,
                observers=http.observers if http else (),
            )
            settings = msgspec.structs.replace(
                settings, market_rest_url=address.exchange, market_stream_url=address.stream
            )
            async with (
                serving(settings, choices, store=store, ready_fd=options.ready_fd) as wired,
                http.opened(settings, wired) if http else contextlib.nullcontext(),
            ):
                await _add_examples(wired, () if saved.traders else example_files(), may_begin)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(options.for_s):
                        await until_stopped(wired)
                if is_over:
                    await wired.settled()
                    write_market(folder, msgspec.structs.replace(market, is_over=True))
                status = wired.view.status()
            if options.as_json:
                print(json.dumps(summary(status, wired)))  # noqa: T201 - what was asked for


def _flags(market: DemoMarket) -> dict[str, object]:
    """Return the settings of a demo: paper, whatever the person's own say."""
    return {"max_symbols": market.symbols, "paper_trading": True}


def _http_door(settings: Settings) -> HttpDoor:
    from aitrader.modes.http import HttpDoor  # noqa: PLC0415 - 10 MB that most demos spare

    return HttpDoor(settings)


def _reserved(
    http: HttpDoor | None, settings: Settings
) -> contextlib.AbstractAsyncContextManager[None]:
    return http.reserved(settings) if http else contextlib.nullcontext()


async def _add_examples(wired: Wired, paths: tuple[Path, ...], may_begin: asyncio.Event) -> None:
    for path in paths:
        answer = await wired.control.ask(AddTrader(path.read_text(encoding="utf-8")))
        if not answer.is_ok:
            raise ConfigError(f"the example {path.name}: {answer.text}")
    may_begin.set()


def example_files() -> tuple[Path, ...]:
    """Return the example trader files of a demo, as installed or as they lie in the checkout."""
    package = Path(aitrader.__file__).parent
    installed, checkout = package / "examples", package.parents[1] / "examples" / "traders"
    folder = installed if installed.is_dir() else checkout
    return tuple(folder / f"{name}.py" for name in CAST)


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
