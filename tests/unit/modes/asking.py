"""A folder of candles and a trader file, and what a person asks of them."""

from __future__ import annotations

from pathlib import Path

from tests.builders import AT_MS
from tests.unit.backtest.worlds import MINUTES_5, a_trader

from aitrader.config import Settings
from aitrader.modes.backtest_asked import BacktestOptions

CYCLE = (100.0, 100.0, 102.0, 105.0, 108.0, 104.0, 99.0, 98.0)


def fill(tmp_path: Path) -> Path:
    """Two symbols, 400 candles each, and `above.py`."""
    for symbol in ("BTCUSDT", "ETHUSDT"):
        lines = ["open_time,open,high,low,close,volume"]
        before = 100.0
        for n in range(400):
            close = CYCLE[n % len(CYCLE)]
            high, low = max(before, close) + 0.5, min(before, close) - 0.5
            lines.append(f"{AT_MS + n * MINUTES_5},{before},{high},{low},{close},9.125")
            before = close
        (tmp_path / f"{symbol}-5m.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "above.py").write_text(a_trader().source, encoding="utf-8")
    return tmp_path


def options(folder: Path, **changes: object) -> BacktestOptions:
    values = {"files": (folder / "above.py",), "candles": folder, **changes}
    return BacktestOptions(**values)  # type: ignore[arg-type]


def settings(folder: Path) -> Settings:
    return Settings(data_folder=folder / "data")
