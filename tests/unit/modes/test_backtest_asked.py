from decimal import Decimal
from pathlib import Path

import pytest
from tests.builders import AT_MS
from tests.unit.backtest.worlds import MINUTES_5, a_trader
from tests.unit.modes.asking import fill, options, settings

from aitrader.model.errors import ConfigError
from aitrader.modes.backtest_asked import job_of, traders_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path)


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


def test_a_wrong_line_of_a_file_is_named(folder: Path) -> None:
    source = a_trader().source.replace("m.close > 100", "m.clsoe > 100")
    (folder / "above.py").write_text(source, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"above\.py: line \d+"):
        job_of(settings(folder), options(folder))


def test_a_quote_without_symbols_is_told(folder: Path) -> None:
    source = a_trader().source.replace("all USDT", "top 5 BTC")
    (folder / "above.py").write_text(source, encoding="utf-8")
    with pytest.raises(ConfigError, match="Above trades BTC symbols"):
        job_of(settings(folder), options(folder))


def test_a_symbol_without_the_candles_is_left_out_of_an_open_universe(folder: Path) -> None:
    lines = ["open_time,open,high,low,close,volume", f"{AT_MS},1,1,1,1,1.5", f"{AT_MS},1,1,1,1,1.5"]
    (folder / "NEWUSDT-5m.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    hourly = a_trader(condition='m.at("1h").close > 100').source
    (folder / "above.py").write_text(hourly, encoding="utf-8")
    job, _loaded = job_of(settings(folder), options(folder))
    assert [row.symbol for row in job.instruments] == ["BTCUSDT", "ETHUSDT"]
    assert "NEWUSDT had too few candles of 5m, 1h" in " ".join(job.notes)
