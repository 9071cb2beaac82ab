"""Where live orders go, as it is told before money moves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aitrader.config import read_settings
from aitrader.modes.live_place import place_of


def test_paper_alone_has_no_place_for_live_orders(tmp_path: Path) -> None:
    assert place_of(read_settings(data_folder=tmp_path, environ={}), quote="USDT") is None


@pytest.mark.parametrize(
    ("market", "words"),
    [
        ("binance.com", "real money on binance.com"),
        ("testnet", "the exchange account, no real money, on testnet"),
    ],
)
def test_real_money_is_called_so(tmp_path: Path, market: str, words: str) -> None:
    environ = {"PAPER_TRADING": "false", "MARKET": market}
    settings = read_settings(data_folder=tmp_path, environ=environ)
    place = place_of(settings, quote="USDT")
    assert place is not None
    assert (place.words, place.quote) == (words, "USDT")


def test_an_engine_on_paper_alone_does_not_load_the_live_venue() -> None:
    ask = "import sys; import aitrader.modes.build; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "aitrader.exchange.paper" in loaded
    assert "aitrader.exchange.binance.venue" not in loaded
