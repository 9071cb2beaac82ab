import csv
import json
from pathlib import Path

import pytest
from tests.builders import AT_MS
from tests.unit.backtest.worlds import a_trader
from tests.unit.modes.asking import fill, options, settings

from aitrader.model.candle import MINUTE_MS
from aitrader.model.errors import ConfigError
from aitrader.modes.backtest import BacktestMore, run_backtest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path)


def test_a_run_prints_a_summary(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_backtest(settings(folder), options(folder))
    text = capsys.readouterr().out
    assert "Above: 2 symbols, 5m candles, 2025-01-01 00:00 to" in text
    assert "800 candles in" in text


def test_a_program_gets_one_object_and_the_files_it_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html, trades = folder / "out.html", folder / "out.csv"
    more = BacktestMore(trades=trades, random_entries=3)
    run_backtest(settings(folder), options(folder, as_json=True, html=html), more)
    found = json.loads(capsys.readouterr().out)
    assert {"trades", "statistics", "candles", "cpu_s", "rss_mb"} <= set(found)
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    with trades.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(found["trades"]) > 10
    assert rows[0]["pnl"] == found["trades"][0]["pnl"]


def test_trades_are_written_as_parquet_with_numbers(folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    run_backtest(settings(folder), options(folder), BacktestMore(trades=folder / "out.parquet"))
    rows = parquet.read_table(folder / "out.parquet").to_pylist()
    assert len(rows) > 10
    assert isinstance(rows[0]["pnl"], float) and rows[0]["symbol"] == "BTCUSDT"


def test_an_analyst_is_not_asked_and_the_head_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = a_trader().source.replace("SIDE", 'ANALYST = "Is the trend up?"\nSIDE', 1)
    (folder / "above.py").write_text(source, encoding="utf-8")
    run_backtest(settings(folder), options(folder, as_json=True))
    found = json.loads(capsys.readouterr().out)
    assert len(found["trades"]) > 10
    assert found["warnings"][0].startswith("The analyst of Above was not asked")


def test_detail_fills_orders_where_it_is_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["open_time,open,high,low,close,volume"]
    lines += [f"{AT_MS + n * MINUTE_MS},99.5,100.5,99.5,100,9.125" for n in range(25)]
    (folder / "BTCUSDT-1m.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_backtest(settings(folder), options(folder, as_json=True, detail="1m"))
    found = json.loads(capsys.readouterr().out)
    assert found["interval"] == "1m"
    assert found["warnings"][0].startswith("795 5m candles of BTCUSDT, ETHUSDT have no 1m detail")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"files": (Path("nowhere.py"),)}, "cannot be read"),
        ({"candles": Path("/nowhere")}, "there are no candles"),
        ({"symbols": ("XRPUSDT",)}, "XRPUSDT"),
        ({"from_text": "2031-01-01"}, "no candles between"),
        ({"from_text": "soon"}, "expected a date"),
        ({"detail": "1h"}, "--detail takes 5m, or a faster interval that divides it"),
        ({"detail": "3m"}, "a faster interval that divides it; found '3m'"),
        ({"detail": "1m"}, "no 1m candles"),
        ({"cash": "much"}, "--cash takes a number"),
        ({"cash": "-1"}, "--cash takes an amount above 0"),
        ({"fee": "0.1"}, "--fee takes a percentage"),
        ({"slippage": "50%"}, "--slippage takes a percentage"),
        ({"html": Path("/nowhere/x.html")}, "cannot be written"),
    ],
)
def test_what_a_person_got_wrong_is_one_sentence(
    folder: Path, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        run_backtest(settings(folder), options(folder, **changes))
    assert "\n" not in str(caught.value)


def test_trades_that_cannot_be_written_are_one_sentence(folder: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        run_backtest(settings(folder), options(folder), BacktestMore(trades=Path("/nowhere/x.csv")))
