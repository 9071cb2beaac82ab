"""History on disk: 20 symbols x 1 year of 5m candles taken in, and opened for a backtest.

Unit of work: one year of 5m candles of one symbol (105,120 rows of Binance's 12 columns), times
20. Import is what a person waits for once, opening is what every backtest and every worker process
of a sweep does first. Each round runs in a process of its own; its CPU seconds count, with the
loading of pyarrow for an import and without that of numpy for an opening.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

SYMBOLS = [f"S{number:02}USDT" for number in range(20)]
YEAR_MS, STEP_MS, BARS = 1_735_689_600_000, 300_000, 105_120
DIFFERENT = 4
"""So many different texts are generated; the others are links to them."""

IMPORT_TARGET_S, OPEN_TARGET_MS = 5.0, 50.0

IMPORT = """
import sys, time
from pathlib import Path
started_s = time.process_time()
import click
from aitrader.config import read_settings
from aitrader.modes.data import run_import
from aitrader.storage.candles import CandleStore
settings = read_settings(data_folder=Path(sys.argv[1]))
run_import(settings, [Path(sys.argv[2])], symbol="", interval="", as_json=True)
print(time.process_time() - started_s, file=sys.stderr)
assert len(CandleStore(Path(sys.argv[1]) / "candles").symbols()) == int(sys.argv[3])
"""

OPEN = """
import sys, time
from pathlib import Path
from aitrader.storage.candles import CandleStore
store = CandleStore(Path(sys.argv[1]) / "candles")
started_s = time.process_time()
panels = [store.open(symbol, "5m") for symbol in sys.argv[2].split(",")]
opened_s = time.process_time()
total = sum(float(panel.values["close"].sum()) for panel in panels)
read_s = time.process_time()
assert total > 0 and sum(panel.bars for panel in panels) == int(sys.argv[3])
print(opened_s - started_s, read_s - opened_s, file=sys.stderr)
"""


def main() -> None:
    """Print one JSON object per measurement."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for form in ("csv", "zip"):
            made = folder / form
            make_files(made, form)
            data = folder / f"data_{form}"
            rounds = [
                run(IMPORT, folder / f"{data.name}_{turn}", made, len(SYMBOLS)) for turn in range(3)
            ]
            seconds = min(each[0] for each in rounds)
            say(f"candles_import_{form}", seconds, "cpu_s", IMPORT_TARGET_S)
        stored = folder / "data_csv_0"
        rounds = [run(OPEN, stored, ",".join(SYMBOLS), BARS * len(SYMBOLS)) for _ in range(5)]
        say("candles_open", min(each[0] for each in rounds) * 1000, "cpu_ms", OPEN_TARGET_MS)
        say("candles_read_closes", min(each[1] for each in rounds) * 1000, "cpu_ms", None)
        size = sum(file.stat().st_size for file in stored.rglob("*.parquet"))
        say("candles_archive_size", size / (BARS * len(SYMBOLS)), "bytes_per_row", None)


def make_files(folder: Path, form: str) -> None:
    """Write a year per symbol: one CSV file, or twelve zip files as Binance publishes them."""
    folder.mkdir()
    for place, symbol in enumerate(SYMBOLS):
        if place >= DIFFERENT:
            twin = SYMBOLS[place % DIFFERENT]
            for file in sorted(folder.glob(f"{twin}-*")):
                (folder / file.name.replace(twin, symbol)).hardlink_to(file)
        elif form == "csv":
            (folder / f"{symbol}-5m-2025.csv").write_text("".join(lines(place)))
        else:
            write_months(folder, symbol, lines(place))


def write_months(folder: Path, symbol: str, rows: list[str]) -> None:
    """Write the rows as twelve zip files of about a month each; their names say whose they are."""
    for month, part in enumerate(np.array_split(np.arange(BARS), 12), start=1):
        name = f"{symbol}-5m-2025-{month:02}"
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("candles.csv", "".join(rows[part[0] : part[-1] + 1]))


def lines(seed: int) -> list[str]:
    """Return a year of a random walk in Binance's form: microseconds, no header."""
    rng = np.random.default_rng(seed)
    closes = np.round(3000 * np.exp(np.cumsum(rng.standard_normal(BARS) * 0.002)), 2)
    opens = np.append(3000.0, closes[:-1])
    highs = np.round(np.maximum(opens, closes) * (1 + rng.random(BARS) * 0.001), 2) + 0.01
    lows = np.round(np.minimum(opens, closes) * (1 - rng.random(BARS) * 0.001), 2) - 0.01
    volumes = np.round(rng.lognormal(4, 1, BARS), 4)
    bought, trades = np.round(volumes * rng.random(BARS), 4), rng.integers(1, 20_000, BARS)
    quote = volumes * closes
    out = []
    columns = zip(opens, highs, lows, closes, volumes, quote, trades, bought, strict=True)
    for bar, (first, high, low, close, volume, worth, count, taken) in enumerate(columns):
        open_us = (YEAR_MS + bar * STEP_MS) * 1000
        out.append(
            f"{open_us},{first:.8f},{high:.8f},{low:.8f},{close:.8f},{volume:.8f},"
            f"{open_us + STEP_MS * 1000 - 1},{worth:.8f},{count},{taken:.8f},"
            f"{taken * close:.8f},0\n"
        )
    return out


def run(code: str, *arguments: object) -> list[float]:
    """Run a round in a process of its own and return the numbers it measured."""
    words = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stderr.split()]


def say(bench: str, value: float, unit: str, target: float | None) -> None:
    """Print one measurement."""
    row = {"bench": bench, "value": round(value, 3), "unit": unit, "target": target}
    print(json.dumps(row | {"ok": target is None or value <= target}))


if __name__ == "__main__":
    main()
