import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders import AT_MS
from tests.unit.backtest.worlds import MINUTES_5, a_trader

from aitrader.config import Settings
from aitrader.model.errors import ConfigError
from aitrader.modes.backtest import BacktestOptions, job_of, run_backtest, traders_of

CYCLE = (100.0, 100.0, 102.0, 105.0, 108.0, 104.0, 99.0, 98.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
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


def test_a_run_prints_a_summary(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_backtest(settings(folder), options(folder))
    text = capsys.readouterr().out
    assert "Above: 2 symbols, 5m candles, 2025-01-01 00:00 to" in text
    assert "800 candles in" in text


def test_a_program_gets_one_object_and_the_files_it_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html, trades = folder / "out.html", folder / "out.csv"
    run_backtest(settings(folder), options(folder, as_json=True, html=html, trades=trades))
    found = json.loads(capsys.readouterr().out)
    assert {"trades", "statistics", "candles", "cpu_s", "rss_mb"} <= set(found)
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    with trades.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(found["trades"]) > 10
    assert rows[0]["pnl"] == found["trades"][0]["pnl"]


def test_trades_are_written_as_parquet_with_numbers(folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    run_backtest(settings(folder), options(folder, trades=folder / "out.parquet"))
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


def test_the_account_is_in_the_asset_that_the_symbols_are_paid_in(folder: Path) -> None:
    (folder / "BTCUSDT-5m.csv").rename(folder / "BTCFDUSD-5m.csv")
    job, _loaded = job_of(settings(folder), options(folder, symbols=("BTCFDUSD",)))
    assert job.terms.quote == "FDUSD"


def test_options_stand_above_settings(folder: Path) -> None:
    job, _loaded = job_of(
        settings(folder),
        options(
            folder,
            symbols=("ethusdt",),
            from_text="2025-01-01 02:01",
            to_text="2025-01-01 20:00",
            cash="500",
            fee="0.05%",
            slippage="0%",
            max_open=3,
        ),
    )
    assert (job.from_ms, job.to_ms) == (AT_MS + 25 * MINUTES_5, AT_MS + 240 * MINUTES_5)
    assert job.terms.start_cash == Decimal(500)
    assert (job.terms.fee_bps, job.terms.slippage_bps) == (Decimal(5), Decimal(0))
    assert job.terms.max_open_positions == 3
    assert [row.symbol for row in job.instruments] == ["ETHUSDT"]
    assert job.traders[0].plan.universe.symbols == ("ETHUSDT",)


def test_a_trader_that_must_warm_up_for_days_is_told(folder: Path) -> None:
    slow = a_trader(condition="m.close > ema(m.close, 200)").source
    (folder / "above.py").write_text(slow, encoding="utf-8")
    job, _loaded = job_of(settings(folder), options(folder))
    assert job.notes[0].startswith("Above warms up for the first")


def test_traders_keep_the_order_of_their_files_and_names_of_their_own(folder: Path) -> None:
    path = folder / "above.py"
    one, two = traders_of((path, path), ())
    assert (one.trader_id, two.trader_id) == ("above", "above-2")
    assert (one.rank, two.rank) == (1, 2)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"files": (Path("nowhere.py"),)}, "cannot be read"),
        ({"candles": Path("/nowhere")}, "there are no candles"),
        ({"symbols": ("XRPUSDT",)}, "XRPUSDT"),
        ({"from_text": "2031-01-01"}, "no candles between"),
        ({"from_text": "soon"}, "expected a date"),
        ({"detail": "1h"}, "--detail takes an interval not slower than 5m"),
        ({"detail": "1m"}, "no 1m candles"),
        ({"cash": "much"}, "--cash takes a number"),
        ({"cash": "-1"}, "--cash takes an amount above 0"),
        ({"fee": "0.1"}, "--fee takes a percentage"),
        ({"slippage": "50%"}, "--slippage takes a percentage"),
        ({"html": Path("/nowhere/x.html")}, "cannot be written"),
        ({"trades": Path("/nowhere/x.csv")}, "cannot be written"),
    ],
)
def test_what_a_person_got_wrong_is_one_sentence(
    folder: Path, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        run_backtest(settings(folder), options(folder, **changes))
    assert "\n" not in str(caught.value)


def test_a_wrong_line_of_a_file_is_named(folder: Path) -> None:
    source = a_trader().source.replace("m.close > 100", "m.clsoe > 100")
    (folder / "above.py").write_text(source, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"above\.py: line \d+"):
        run_backtest(settings(folder), options(folder))


def test_a_quote_without_symbols_is_told(folder: Path) -> None:
    source = a_trader().source.replace("all USDT", "top 5 BTC")
    (folder / "above.py").write_text(source, encoding="utf-8")
    with pytest.raises(ConfigError, match="Above trades BTC symbols"):
        run_backtest(settings(folder), options(folder))


def test_a_symbol_without_the_candles_is_left_out_of_an_open_universe(folder: Path) -> None:
    lines = ["open_time,open,high,low,close,volume", f"{AT_MS},1,1,1,1,1.5", f"{AT_MS},1,1,1,1,1.5"]
    (folder / "NEWUSDT-5m.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    hourly = a_trader(condition='m.at("1h").close > 100').source
    (folder / "above.py").write_text(hourly, encoding="utf-8")
    job, _loaded = job_of(settings(folder), options(folder))
    assert [row.symbol for row in job.instruments] == ["BTCUSDT", "ETHUSDT"]
    assert "NEWUSDT had too few candles of 5m, 1h" in " ".join(job.notes)
