from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.candle_history import (
    JANUARY_MS,
    ArchiveServer,
    a_history,
    an_archive,
    binance_lines,
    same,
    without,
    zipped,
)

from aitrader.config import Settings
from aitrader.exchange.binance.history import ArchiveTiming
from aitrader.exchange.binance.rest import RestTiming
from aitrader.model.candle import DAY_MS, INTERVAL_MS
from aitrader.model.errors import ConfigError
from aitrader.modes.data import store_of
from aitrader.modes.download import DownloadOptions, run_download
from aitrader.storage.candles_notes import CandleNotes
from aitrader.storage.candles_table import CandleTable, joined

STEP_MS = INTERVAL_MS["5m"]
FEBRUARY_MS, MARCH_MS = JANUARY_MS + 31 * DAY_MS, JANUARY_MS + 59 * DAY_MS
NOW_MS = MARCH_MS + 40 * DAY_MS
SPANS = ("2025-01", "2025-02")


class FixedClock:
    def __init__(self, now_ms: int = NOW_MS) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms


def settings_for(folder: Path, archive: ArchiveServer) -> Settings:
    return Settings(data_folder=folder, archive_url=archive.url, market_rest_url=archive.url)


def download(folder: Path, archive: ArchiveServer, now_ms: int = NOW_MS, **options: object) -> None:
    wanted = {
        "symbols": ("btcusdt",),
        "intervals": ("5m",),
        "from_text": "2025-01-01",
        "to_text": "2025-03-01",
        "as_json": True,
        "archive_timing": ArchiveTiming(attempts=2, backoff_first_s=0.001, backoff_most_s=0.002),
        "rest_timing": RestTiming(attempts=2, backoff_first_s=0.001, backoff_most_s=0.002),
    }
    made = DownloadOptions(**{**wanted, **options})  # type: ignore[arg-type]
    run_download(settings_for(folder, archive), made, FixedClock(now_ms))


def stored(folder: Path, symbol: str = "BTCUSDT") -> CandleTable:
    return store_of(Settings(data_folder=folder)).rows(symbol, "5m")


def publish_two_months(archive: ArchiveServer) -> CandleTable:
    months = [a_history(20), a_history(20, first_ms=FEBRUARY_MS, seed=2)]
    for span, table in zip(SPANS, months, strict=True):
        archive.publish("BTCUSDT", "5m", span, table)
    return joined(months)


# -- from the archive -----------------------------------------------------------------------------


def test_months_come_from_the_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with an_archive() as archive:
        table = publish_two_months(archive)
        download(tmp_path, archive)
    assert same(stored(tmp_path), table)
    (said,) = json.loads(capsys.readouterr().out)
    assert said == {
        "symbol": "BTCUSDT",
        "interval": "5m",
        "fetched": 2,
        "kept": 0,
        "absent": 0,
        "added": 40,
        "dropped": 0,
        "first_ms": JANUARY_MS,
        "end_ms": FEBRUARY_MS + 20 * STEP_MS,
        "missing": 31 * 288 - 20,
    }


def test_what_was_fetched_is_not_fetched_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with an_archive() as archive:
        publish_two_months(archive)
        download(tmp_path, archive)
        archive.asked.clear()
        capsys.readouterr()
        download(tmp_path, archive)
        assert archive.asked.total() == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert (said["fetched"], said["kept"], said["added"]) == (0, 2, 0)


def test_a_download_that_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    with an_archive() as archive:
        table = publish_two_months(archive)
        second = next(path for path in archive.files if path.endswith("2025-02.zip"))
        archive.faults[second] = [500, 500]
        with pytest.raises(ConfigError, match="what was fetched is stored, the same command goes"):
            download(tmp_path, archive)
        assert same(stored(tmp_path), table.take(slice(0, 20)))
        archive.asked.clear()
        download(tmp_path, archive)
        assert archive.zips_asked() == 1
    assert same(stored(tmp_path), table)


def test_a_year_that_was_removed_is_fetched_again(tmp_path: Path) -> None:
    with an_archive() as archive:
        table = publish_two_months(archive)
        download(tmp_path, archive)
        (tmp_path / "candles/BTCUSDT/5m/2025.parquet").unlink()
        download(tmp_path, archive)
    assert same(stored(tmp_path), table)


def test_a_replaced_file_is_fetched_when_asked_to_look(tmp_path: Path) -> None:
    with an_archive() as archive:
        publish_two_months(archive)
        download(tmp_path, archive)
        better = a_history(20, seed=9)
        archive.publish("BTCUSDT", "5m", "2025-01", better)
        archive.asked.clear()
        download(tmp_path, archive, is_refresh=True)
        assert archive.zips_asked() == 1
    assert same(stored(tmp_path).take(slice(0, 20)), better)


def test_a_young_month_is_taken_by_day_until_its_file_is_there(tmp_path: Path) -> None:
    now_ms = MARCH_MS + 2 * DAY_MS
    days = [a_history(288, first_ms=MARCH_MS - DAY_MS), a_history(288, first_ms=MARCH_MS, seed=2)]
    with an_archive() as archive:
        archive.publish("BTCUSDT", "5m", "2025-02-28", days[0])
        archive.publish("BTCUSDT", "5m", "2025-03-01", days[1])
        download(tmp_path, archive, now_ms, from_text="2025-02-28", to_text="2025-03-03")
        assert same(stored(tmp_path), joined(days))
        archive.asked.clear()
        download(tmp_path, archive, now_ms, from_text="2025-02-28", to_text="2025-03-02")
        assert archive.asked.total() == 0


def test_months_before_a_symbol_was_listed_are_absent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with an_archive() as archive:
        archive.publish("BTCUSDT", "5m", "2025-02", a_history(20, first_ms=FEBRUARY_MS))
        download(tmp_path, archive, from_text="2024-12-01", as_json=False)
    assert capsys.readouterr().out == (
        "BTCUSDT 5m: 20 new candles; stored from 2025-02-01 00:00 to 2025-02-01 01:40 UTC, "
        "0 missing (1 fetched, 0 were there, 2 do not exist)\n"
    )


def test_a_symbol_nobody_knows_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        an_archive() as archive,
        pytest.raises(
            ConfigError, match="the archive has no 5m candles of BTCUSDT from 2025-01-01"
        ),
    ):
        download(tmp_path, archive, as_json=False)
    assert capsys.readouterr().out == "BTCUSDT 5m: nothing\n"


def test_a_file_with_a_wrong_checksum_is_not_stored(tmp_path: Path) -> None:
    with an_archive() as archive:
        publish_two_months(archive)
        path = next(path for path in archive.files if path.endswith("2025-01.zip"))
        archive.files[path] = zipped("BTCUSDT-5m-2025-01.csv", binance_lines(a_history(3)))
        with pytest.raises(ConfigError, match="is not what the archive says it is"):
            download(tmp_path, archive)
    assert stored(tmp_path).open_ms[0] == FEBRUARY_MS


def test_a_truncated_zip_with_its_checksum_is_not_stored(tmp_path: Path) -> None:
    whole = zipped("BTCUSDT-5m-2025-01.csv", binance_lines(a_history(300)))
    with an_archive() as archive:
        archive.put("BTCUSDT", "5m", "2025-01", whole[:-30])
        with pytest.raises(ConfigError, match=r"BTCUSDT-5m-2025-01\.zip is not a whole zip file"):
            download(tmp_path, archive)
    assert len(stored(tmp_path)) == 0


def test_a_file_without_candles_is_no_file(tmp_path: Path) -> None:
    with an_archive() as archive:
        archive.put("BTCUSDT", "5m", "2025-01", zipped("notes.txt", ""))
        with pytest.raises(ConfigError, match="has no 5m candles"):
            download(tmp_path, archive)
    assert not (tmp_path / "candles").exists()


def test_rows_of_the_archive_that_are_no_candles_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = a_history()
    table.values[3, 4] = 1e9
    with an_archive() as archive:
        archive.publish("BTCUSDT", "5m", "2025-01", table)
        download(tmp_path, archive, to_text="2025-02-01", as_json=False)
    assert "11 new candles" in (said := capsys.readouterr().out)
    assert "1 rows were no candles" in said


def test_several_symbols_and_intervals_are_fetched(tmp_path: Path) -> None:
    with an_archive() as archive:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            archive.publish(symbol, "5m", "2025-01", a_history(20))
            archive.publish(symbol, "1h", "2025-01", a_history(20, interval="1h"))
        download(
            tmp_path,
            archive,
            symbols=("BTCUSDT", "ethusdt"),
            intervals=("5m", "1h"),
            to_text="2025-02-01",
        )
    found = store_of(Settings(data_folder=tmp_path)).holdings()
    assert [(each.symbol, each.interval, each.candles) for each in found] == [
        ("BTCUSDT", "5m", 20),
        ("BTCUSDT", "1h", 20),
        ("ETHUSDT", "5m", 20),
        ("ETHUSDT", "1h", 20),
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"from_text": "soon"}, "expected a date such as 2025-01-31, found 'soon'"),
        ({"symbols": ("../BTC",)}, "expected a symbol such as BTCUSDT, found '../BTC'"),
        ({"to_text": "2024-01-01"}, "expected a start before the end"),
        ({"from_text": "2031-01-01", "to_text": ""}, "expected a start before the end"),
        ({"intervals": ("7m",)}, "expected an interval of 1m 3m .*, found '7m'"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(
    tmp_path: Path, options: dict[str, object], sentence: str
) -> None:
    with an_archive() as archive, pytest.raises(ConfigError, match=sentence):
        download(tmp_path, archive, **options)


# -- over REST ------------------------------------------------------------------------------------


def test_rest_gives_history_up_to_the_last_closed_candle(tmp_path: Path) -> None:
    table = a_history(2500)
    with an_archive() as archive:
        archive.listed["BTCUSDT"] = table
        archive.now_ms = JANUARY_MS + 2400 * STEP_MS + 1
        download(tmp_path, archive, archive.now_ms, source="rest", to_text="")
    assert same(stored(tmp_path), table.take(slice(0, 2400)))


def test_rest_asks_only_for_what_is_not_stored(tmp_path: Path) -> None:
    table = a_history(40)
    with an_archive() as archive:
        archive.listed["BTCUSDT"] = table
        archive.now_ms = JANUARY_MS + 40 * STEP_MS
        store_of(Settings(data_folder=tmp_path)).write("BTCUSDT", "5m", without(table, 7, 8, 39))
        download(tmp_path, archive, archive.now_ms, source="rest", to_text="")
        asked = [path for path in archive.asked if "klines" in path]
    assert same(stored(tmp_path), table)
    assert sorted(asked) == sorted(set(asked))
    assert len(asked) == 2


def test_a_gap_of_the_exchange_stays_a_gap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = without(a_history(40), 7, 8)
    with an_archive() as archive:
        archive.listed["BTCUSDT"] = table
        archive.now_ms = JANUARY_MS + 40 * STEP_MS
        for _ in range(2):
            download(tmp_path, archive, archive.now_ms, source="rest", to_text="")
    said = [json.loads(line)[0] for line in capsys.readouterr().out.splitlines()]
    assert [(each["added"], each["missing"], each["absent"]) for each in said] == [
        (38, 2, 0),
        (0, 2, 1),
    ]


def test_rest_leaves_the_rules_beside_the_candles(tmp_path: Path) -> None:
    with an_archive() as archive:
        archive.listed["BTCUSDT"] = a_history(4)
        archive.now_ms = JANUARY_MS + 4 * STEP_MS
        download(tmp_path, archive, archive.now_ms, source="rest", to_text="")
    rules = CandleNotes(tmp_path / "candles").find_instrument("BTCUSDT", JANUARY_MS)
    assert rules is not None
    assert (str(rules.tick_size), str(rules.step_size)) == ("0.01", "0.001")


def test_rest_refuses_a_symbol_it_does_not_know(tmp_path: Path) -> None:
    with (
        an_archive() as archive,
        pytest.raises(ConfigError, match="the exchange does not know BTCUSDT"),
    ):
        download(tmp_path, archive, source="rest")


def test_an_exchange_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    nobody = ArchiveServer()
    nobody.url = "http://127.0.0.1:9"
    with pytest.raises(ConfigError, match=r"is not reachable.*the same command goes on from there"):
        download(tmp_path, nobody, source="rest")


def test_numbers_that_came_over_rest_are_those_of_the_archive(tmp_path: Path) -> None:
    table = a_history(50)
    with an_archive() as archive:
        archive.listed["BTCUSDT"] = table
        archive.publish("BTCUSDT", "5m", "2025-01", table)
        archive.now_ms = JANUARY_MS + 50 * STEP_MS
        download(tmp_path / "rest", archive, archive.now_ms, source="rest", to_text="")
        download(tmp_path / "archive", archive)
    left, right = stored(tmp_path / "rest"), stored(tmp_path / "archive")
    assert np.array_equal(left.values, right.values)
