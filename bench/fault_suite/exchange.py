"""The suite's exchange as a process: `exchange.py SYMBOLS SPEED SEED START_MS`.

Its limits count real time, so a market that runs so many times as fast is allowed as much more.
"""

from __future__ import annotations

import sys

from aitrader.exchange.simulated.limits import LimitSettings
from aitrader.exchange.simulated.options import ExchangeOptions
from aitrader.exchange.simulated.server import run


def main(symbols: str, speed: str, seed: str, start_ms: str) -> None:
    """Run until stdin closes."""
    usual, times = LimitSettings(), max(1, int(float(speed)))
    run(
        ExchangeOptions(
            symbols=int(symbols),
            speed=float(speed),
            seed=int(seed),
            start_ms=int(start_ms),
            parent_pipe=True,
            limits=LimitSettings(
                weight=usual.weight * times,
                requests=usual.requests * times,
                orders_10s=usual.orders_10s * times,
                orders_day=usual.orders_day * times,
            ),
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
