from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aitrader.model.control import StopEngine
from aitrader.model.errors import ConfigError
from aitrader.modes.demo import (
    DEFAULT_SEED,
    DEFAULT_SPEED,
    DEFAULT_SYMBOLS,
    MARKET_FILE,
    DemoMarket,
    DemoOptions,
    choose_market,
    ensure_demo,
    find_market,
    speed_of,
    write_market,
)
from aitrader.modes.door import find_door
from aitrader.modes.local import find_engine


def options(base: Path, **changes: object) -> DemoOptions:
    return DemoOptions(data_folder=base, **changes)  # type: ignore[arg-type]


def a_replay(folder: Path) -> Path:
    path = folder / "ETHUSDT_5m_2024-12.csv"
    path.write_text("1733011200000,3700.1,3702.2,3699.9,3701.5,12.5\n")
    return path


def test_the_first_demo_has_the_default_market_in_a_folder_of_its_own(tmp_path: Path) -> None:
    folder, market = choose_market(options(tmp_path))
    assert folder == tmp_path / f"seed-{DEFAULT_SEED}"
    assert market == DemoMarket(symbols=DEFAULT_SYMBOLS, seed=DEFAULT_SEED)


def test_another_seed_is_another_folder(tmp_path: Path) -> None:
    folder, market = choose_market(options(tmp_path, seed=11, symbols=20))
    assert folder == tmp_path / "seed-11"
    assert market == DemoMarket(symbols=20, seed=11)


def test_started_again_without_flags_it_is_the_market_of_the_last_time(tmp_path: Path) -> None:
    folder, market = choose_market(options(tmp_path, seed=11, symbols=20))
    write_market(folder, market)
    write_market(tmp_path, market)
    assert choose_market(options(tmp_path)) == (folder, market)


def test_a_known_market_may_get_another_size(tmp_path: Path) -> None:
    folder, market = choose_market(options(tmp_path, symbols=20))
    write_market(folder, market)
    assert choose_market(options(tmp_path, symbols=30))[1].symbols == 30


def test_a_replay_has_the_folder_of_its_file(tmp_path: Path) -> None:
    path = a_replay(tmp_path)
    folder, market = choose_market(options(tmp_path / "demo", replay=path))
    assert folder == tmp_path / "demo" / "replay-ETHUSDT_5m_2024-12"
    assert market == DemoMarket(symbols=1, seed=DEFAULT_SEED, replay=str(path))


def test_a_replay_that_was_cut_short_goes_on_in_its_folder(tmp_path: Path) -> None:
    wanted = options(tmp_path, replay=a_replay(tmp_path))
    folder, market = choose_market(wanted)
    write_market(folder, market)
    assert choose_market(wanted)[0] == folder
    assert find_market(folder) == market


def test_a_replay_that_was_over_begins_anew_and_its_folders_are_kept(tmp_path: Path) -> None:
    wanted = options(tmp_path, replay=a_replay(tmp_path))
    for number in range(3):
        folder, market = choose_market(wanted)
        assert not folder.exists()
        write_market(folder, DemoMarket(symbols=1, seed=number, replay="", is_over=True))
    kept = sorted(path.name for path in tmp_path.iterdir() if path.is_dir())
    assert kept == [folder.name, f"{folder.name}-1", f"{folder.name}-2"]
    assert market.is_over is False


def test_a_replay_without_a_file_is_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "BTCUSDT_1m.csv"
    with pytest.raises(ConfigError) as caught:
        choose_market(options(tmp_path, replay=missing))
    assert str(caught.value) == f"--replay takes a file of candles; there is none at {missing}"


@pytest.mark.parametrize("text", ["", "{}", '{"symbols": "many", "seed": 7}'])
def test_a_market_file_that_cannot_be_read_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / MARKET_FILE).write_text(text)
    assert find_market(tmp_path) is None
    assert choose_market(options(tmp_path))[1].seed == DEFAULT_SEED


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match=r"cannot be written .*--data-folder$"):
        write_market(tmp_path / "taken" / "seed-7", DemoMarket(symbols=1, seed=7))


def test_the_speed_is_the_default_unless_it_is_given(tmp_path: Path) -> None:
    assert speed_of(options(tmp_path)) == DEFAULT_SPEED
    assert speed_of(options(tmp_path, speed=300.0)) == 300.0
    assert speed_of(options(tmp_path, speed=0.0)) == 0.0


def test_a_demo_engine_is_started_once_and_found_again(tmp_path: Path) -> None:
    wanted = options(tmp_path, symbols=3, seed=5, speed=100.0, for_s=60.0)
    folder, is_started = ensure_demo(wanted)
    assert is_started
    door = find_door(folder)
    engine = find_engine(folder)
    assert door is not None
    assert engine is not None
    try:
        assert ensure_demo(wanted) == (folder, False)
        assert find_door(folder) == door
        assert find_market(folder) == DemoMarket(symbols=3, seed=5)
    finally:
        answer = asyncio.run(engine.ask(StopEngine()))
    assert answer.is_ok


def test_a_replay_that_is_no_candles_is_the_exchanges_own_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT_5m.csv"
    path.write_text("these are no candles\n")
    with pytest.raises(ConfigError, match=r"^the simulated exchange could not start: "):
        ensure_demo(options(tmp_path / "demo", replay=path, speed=0.0))
