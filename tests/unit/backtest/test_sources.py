from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tests.builders import AT_MS, an_instrument
from tests.unit.backtest.worlds import MINUTES_5, a_series, a_trader, flat

from aitrader.backtest.sources import (
    CandlesOfFiles,
    Loaded,
    intervals_of,
    load,
    open_candles,
    rules_of,
    symbols_of,
)
from aitrader.filters.traderfile import compile_trader
from aitrader.model.errors import ConfigError
from aitrader.storage.candles import CandleStore
from aitrader.storage.candles_notes import CandleNotes
from aitrader.storage.candles_table import a_table

COUNT = 48


def write_csv(folder: Path, symbol: str = "BTCUSDT", count: int = COUNT) -> Path:
    path = folder / f"{symbol}-5m-2025-01.csv"
    lines = ["open_time,open,high,low,close,volume"]
    lines += [f"{AT_MS + n * MINUTES_5},100.25,101.5,99.5,100.5,3.125" for n in range(count)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def loaded(path: Path, condition: str = "m.close > 100") -> Loaded:
    trader = compile_trader(a_trader(condition=condition).source)
    candles = open_candles(path)
    every = symbols_of(candles.symbols(), (trader,))
    return load(candles, every, intervals_of((trader,), detail="5m"))


def test_files_of_a_folder_are_a_history(tmp_path: Path) -> None:
    write_csv(tmp_path)
    write_csv(tmp_path, "ETHUSDT")
    found = loaded(tmp_path, 'm.at("1h").close > 100')
    assert found.history.symbols == ("BTCUSDT", "ETHUSDT")
    hours = found.history.find("ETHUSDT", "1h")
    assert hours is not None
    assert len(hours) == COUNT // 12
    assert (found.first_ms, found.end_ms) == (AT_MS, AT_MS + COUNT * MINUTES_5)
    assert found.instruments[0].tick_size == Decimal("0.01")


def test_stored_candles_come_with_the_rules_stored_beside_them(tmp_path: Path) -> None:
    rows = [(100.0, 101.0, 99.0, 100.0, 5.0)] * COUNT
    times = [AT_MS + n * MINUTES_5 for n in range(COUNT)]
    CandleStore(tmp_path / "candles").write("BTCUSDT", "5m", a_table(times, rows))
    rules = an_instrument(tick_size=Decimal("0.5"))
    CandleNotes(tmp_path / "candles").note_instruments([rules], AT_MS)
    found = loaded(tmp_path)
    assert found.instruments == (rules,)
    assert len(found.history.find("BTCUSDT", "5m") or ()) == COUNT


def test_a_named_symbol_is_loaded_beside_the_others(tmp_path: Path) -> None:
    write_csv(tmp_path)
    write_csv(tmp_path, "ETHUSDT")
    trader = compile_trader(a_trader(condition='m.of("BTCUSDT").close > 100').source)
    every = symbols_of(("ETHUSDT",), (trader,))
    found = load(open_candles(tmp_path), every, intervals_of((trader,), detail="5m"))
    assert found.history.symbols == ("ETHUSDT", "BTCUSDT")


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="aitrader data download"):
        open_candles(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="neither stored candles nor candle files"):
        open_candles(tmp_path)
    candles = CandlesOfFiles([write_csv(tmp_path)])
    with pytest.raises(ConfigError, match="no 1m candles of BTCUSDT"):
        candles.grid("BTCUSDT", "1m")
    with pytest.raises(ConfigError, match="too few candles for a single one of 1d"):
        loaded(tmp_path, 'm.at("1d").close > 100')


def test_a_file_without_a_sound_row_has_no_candles(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-5m-2025-01.csv"
    path.write_text(f"open_time,open,high,low,close,volume\n{AT_MS},1,0.5,2,1,1\n")
    with pytest.raises(ConfigError, match="have no candles"):
        open_candles(path)


def test_rules_nobody_stated_follow_from_the_decimals() -> None:
    series = a_series([(1.5, 1.625, 1.5, 1.5)], "ADAUSDT")
    rules = rules_of(series)
    assert (rules.quote, rules.tick_size, rules.step_size) == ("USDT", Decimal("0.001"), Decimal(1))
    series.values["volume"][:] = np.pi
    assert rules_of(series).step_size == Decimal("1E-8")
    with pytest.raises(ConfigError, match="ends with USDT"):
        rules_of(a_series([flat()], "BTCXYZ"))
