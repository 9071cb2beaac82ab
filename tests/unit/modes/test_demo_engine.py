from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aitrader.filters.traderfile import compile_trader
from aitrader.model.errors import ConfigError
from aitrader.modes.demo import DemoMarket, DemoOptions, choose_market, find_market
from aitrader.modes.demo_engine import CAST, example_files, run_headless_demo
from aitrader.modes.door import hear

FIVE_MINUTES = 300_000
FIRST_MS = 1_733_011_200_000
KEYS = {
    "candles",
    "checks",
    "signals",
    "orders",
    "positions_opened",
    "positions_closed",
    "pnl",
    "errors",
    "cpu_s",
    "rss_mb",
}

Json = dict[str, object]
Output = Callable[[], str]


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    return lambda: capsys.readouterr().out


def options(base: Path, **changes: object) -> DemoOptions:
    return DemoOptions(data_folder=base, as_json=True, **changes)  # type: ignore[arg-type]


def a_replay(folder: Path, bars: int) -> Path:
    """Candles of a saw: up for seven, down for seven."""
    path = folder / "ETHUSDT_5m_saw.csv"
    lines = []
    price = 3_700.0
    for bar in range(bars):
        close = price + (9.5 if bar // 7 % 2 else -9.0)
        high, low = max(price, close) + 1, min(price, close) - 1
        row = (FIRST_MS + bar * FIVE_MINUTES, price, high, low, close, f"{120 + bar % 5}.125")
        lines.append(",".join(map(str, row)))
        price = close
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_examples_are_there_and_each_is_a_trader() -> None:
    files = example_files()
    assert [path.stem for path in files] == list(CAST)
    for path in files:
        assert compile_trader(path.read_text(encoding="utf-8")).plan.name


def test_a_demo_without_a_terminal_ends_with_one_json_object(
    tmp_path: Path, output: Output
) -> None:
    run_headless_demo(options(tmp_path, symbols=4, seed=5, speed=300.0, for_s=1.0))
    told: Json = json.loads(output())
    assert told.keys() >= KEYS
    assert told["errors"] == 0
    assert int(str(told["candles"])) >= 4
    assert find_market(tmp_path / "seed-5") == DemoMarket(symbols=4, seed=5)
    assert find_market(tmp_path) == DemoMarket(symbols=4, seed=5)


def test_a_demo_is_paper_whatever_the_persons_own_settings_say(
    tmp_path: Path, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPER_TRADING", "false")
    run_headless_demo(options(tmp_path, symbols=4, seed=5, speed=300.0, for_s=0.1))
    assert json.loads(output())["errors"] == 0


def test_a_replay_at_full_speed_counts_every_candle_and_ends_by_itself(
    tmp_path: Path, output: Output
) -> None:
    replay = a_replay(tmp_path, bars=60)  # and five whole hours, which one trader looks at
    wanted = options(tmp_path / "demo", replay=replay, speed=0.0, for_s=60.0)
    folder, _ = choose_market(wanted)
    run_headless_demo(wanted)
    told: Json = json.loads(output())
    assert (told["candles"], told["errors"]) == (60 + 5, 0)
    market = find_market(folder)
    assert market is not None
    assert market.is_over
    assert find_market(tmp_path / "demo") is None


@pytest.mark.slow
def test_a_replay_that_was_over_starts_anew_and_the_old_folder_stays(
    tmp_path: Path, output: Output
) -> None:
    replay = a_replay(tmp_path, bars=24)
    wanted = options(tmp_path / "demo", replay=replay, speed=0.0, for_s=60.0)
    run_headless_demo(wanted)
    run_headless_demo(wanted)
    counted = [json.loads(line)["candles"] for line in output().splitlines()]
    assert counted == [24 + 2, 24 + 2]
    folders = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert folders == ["replay-ETHUSDT_5m_saw", "replay-ETHUSDT_5m_saw-1"]


def test_who_started_a_demo_is_told_why_it_cannot_be(tmp_path: Path) -> None:
    hears, tells = os.pipe()
    missing = tmp_path / "BTCUSDT_1m.csv"
    with pytest.raises(ConfigError):
        run_headless_demo(options(tmp_path, replay=missing, ready_fd=tells))
    with pytest.raises(ConfigError, match="there is none at"):
        hear(hears)
