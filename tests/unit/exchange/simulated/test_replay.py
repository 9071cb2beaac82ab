from pathlib import Path

import numpy as np
import pytest

from aitrader.exchange.simulated import history
from aitrader.exchange.simulated.candlefile import CandleFile
from aitrader.exchange.simulated.replay import ReplayMarket
from aitrader.exchange.simulated.source import CLOSE, OPEN, VOLUME
from aitrader.exchange.simulated.tape import Tape
from aitrader.model.errors import ConfigError

AT_MS = 1_733_011_200_000
STEP = 300_000
DATA = Path(__file__).parents[4] / "../shared/data/candles/ETHUSDT_5m_2024-12.csv"


def a_file(
    symbol: str = "ETHUSDT", places: tuple[int, ...] = (0, 1, 2), **changes: str
) -> CandleFile:
    rows = [[100 + n, 102 + n, 99 + n, 101 + n, 5, 500, 3, 2] for n in places]
    return CandleFile(
        symbol=symbol,
        interval=changes.get("interval", "5m"),
        open_ms=tuple(AT_MS + n * STEP for n in places),
        rows=np.array(rows, dtype=float),
        price_decimals=2,
        quantity_decimals=3,
    )


def test_every_row_is_served_and_a_gap_is_flat() -> None:
    market = ReplayMarket([a_file(places=(0, 3))], seed=1)
    assert (market.start_ms, market.end_ms) == (AT_MS, AT_MS + 4 * STEP)
    rows = market.rows(0, AT_MS, AT_MS + 4 * STEP)
    assert rows[:, CLOSE].tolist() == [101, 101, 101, 104]
    assert rows[1, :4].tolist() == [101] * 4
    assert rows[:, VOLUME].tolist() == [5, 0, 0, 5]


def test_history_before_the_file_joins_its_first_open() -> None:
    market = ReplayMarket([a_file()], seed=1)
    rows = market.rows(0, AT_MS - 500 * STEP, AT_MS + STEP)
    assert len(rows) == 501
    assert rows[-2, CLOSE] == pytest.approx(rows[-1, OPEN], abs=0.02)
    assert (rows[1:-1, OPEN] == rows[:-2, CLOSE]).all()
    assert len(set(rows[:-1, CLOSE].tolist())) > 100


def test_a_slower_candle_may_begin_before_the_file() -> None:
    market = ReplayMarket([a_file()], seed=1)
    first = AT_MS - 3_600_000
    hours = history.closed_candles(market, 0, "1h", first_ms=first, end_ms=AT_MS + 3_600_000)
    assert len(hours) == 2
    assert hours[1, OPEN] == 100


def test_a_file_that_ends_before_another_stays_flat() -> None:
    market = ReplayMarket([a_file(places=(0, 1, 2, 3, 4)), a_file("BTCUSDT")], seed=1)
    rows = market.rows(1, AT_MS + STEP, AT_MS + 5 * STEP)
    assert rows[:, CLOSE].tolist() == [102, 103, 103, 103]
    after = market.rows(1, AT_MS + 4 * STEP, AT_MS + 6 * STEP)
    assert after[:, VOLUME].tolist() == [0, 0]
    assert [each.symbol for each in market.listings] == ["ETHUSDT", "BTCUSDT"]


def test_an_empty_span_has_no_rows() -> None:
    market = ReplayMarket([a_file()], seed=1)
    for at_ms in (AT_MS - 10 * STEP, AT_MS + STEP, AT_MS + 10 * STEP):
        assert len(market.rows(0, at_ms, at_ms)) == 0


def test_a_tape_ends_where_the_file_ends() -> None:
    market = ReplayMarket([a_file()], seed=1)
    tape = Tape(market, at_ms=AT_MS, is_stepped=False)
    seen: list[float] = []
    while not tape.is_over:
        if tape.is_candle_over:
            tape.enter_next()
        tape.step_to(tape.next_ms)
        seen.append(float(tape.prices()[0]))
    assert seen == [100, 99, 102, 101, 101, 100, 103, 102, 102, 101, 104, 103]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([a_file(), a_file("BTCUSDT", interval="1h")], "files of one interval, found 1h, 5m"),
        ([a_file(), a_file()], "one file per symbol"),
        ([a_file("GOLD")], "expected a symbol that ends with"),
        ([a_file(places=(0, 6_000_000))], "span 6000001 candles"),
    ],
)
def test_files_that_do_not_fit_are_refused(files: list[CandleFile], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        ReplayMarket(files, seed=1)


def test_a_folder_is_read_whole_and_a_missing_path_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no candle files"):
        ReplayMarket.read(tmp_path, seed=1)
    for symbol in ("ETHUSDT", "BTCUSDT"):
        (tmp_path / f"{symbol}_5m.csv").write_text("1733011200000,1,1,1,1,1\n")
    market = ReplayMarket.read(tmp_path, seed=1)
    assert [each.symbol for each in market.listings] == ["BTCUSDT", "ETHUSDT"]
    with pytest.raises(ConfigError, match="there is no such file"):
        ReplayMarket.read(tmp_path / "nothing", seed=1)


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared candle files")
def test_a_real_month_is_served_row_for_row() -> None:
    market = ReplayMarket.read(DATA, seed=1)
    assert market.start_ms is not None
    assert market.end_ms is not None
    rows = market.rows(0, market.start_ms, market.end_ms)
    assert len(rows) == 8641
    assert rows[0].tolist() == [
        3703.59, 3715.47, 3703.5, 3713.32, 1321.842, 4903501.283286, 12651, 730.1675
    ]  # fmt: skip
