from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.candle_history import (
    JANUARY_MS,
    REAL,
    a_history,
    binance_lines,
    same,
    without,
    zipped,
)

from aitrader.cli import cli
from aitrader.config import Settings
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.errors import ConfigError
from aitrader.modes.data import (
    instant,
    instant_ms,
    known_interval,
    meter,
    run_import,
    run_verify,
    store_of,
)
from aitrader.storage.candles import CandleStore
from aitrader.storage.candles_archive import write_table
from aitrader.storage.candles_table import joined


def command(folder: Path, *words: str) -> Result:
    """Run `aitrader data` as a person does."""
    made = ["data", "--data-folder", str(folder), *words]
    return CliRunner().invoke(cli, made, catch_exceptions=True)


def a_file(folder: Path, name: str = "BTCUSDT-5m-2025-01.csv", bars: int = 12) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(binance_lines(a_history(bars)))
    return path


def store(folder: Path) -> CandleStore:
    return store_of(Settings(data_folder=folder))


# -- import ---------------------------------------------------------------------------------------


def test_a_file_is_imported(tmp_path: Path) -> None:
    result = command(tmp_path, "import", str(a_file(tmp_path / "in")))
    assert result.exit_code == 0
    assert result.output == "1 files, 12 candles, 12 of them new\n"
    assert same(store(tmp_path).rows("BTCUSDT", "5m"), a_history())


def test_importing_again_adds_nothing(tmp_path: Path) -> None:
    path = str(a_file(tmp_path / "in"))
    command(tmp_path, "import", path)
    result = command(tmp_path, "import", path, "--json")
    assert json.loads(result.output) == {
        "files": [
            {
                "file": "BTCUSDT-5m-2025-01.csv",
                "symbol": "BTCUSDT",
                "interval": "5m",
                "rows": 12,
                "faults": {
                    "out_of_time": 0,
                    "off_grid": 0,
                    "wrong_numbers": 0,
                    "repeated": 0,
                    "out_of_order": 0,
                },
            }
        ],
        "rows": 12,
        "added": 0,
    }


def test_a_folder_of_files_is_imported(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    a_file(folder, "BTC_USDT-5m.csv")
    a_file(folder, "ETHUSDT-5m-2025-01.csv")
    (folder / "ADAUSDT-5m.zip").write_bytes(zipped("ADAUSDT-5m.csv", binance_lines(a_history())))
    result = command(tmp_path, "import", str(folder))
    assert result.output == "3 files, 36 candles, 36 of them new\n"
    assert store(tmp_path).symbols() == ("ADAUSDT", "BTCUSDT", "ETHUSDT")


def test_an_import_leaves_a_cache_that_is_ready(tmp_path: Path) -> None:
    command(tmp_path, "import", str(a_file(tmp_path / "in")))
    assert (tmp_path / "candles/.cache/BTCUSDT_5m.npy").exists()


def test_what_was_wrong_with_rows_is_said(tmp_path: Path) -> None:
    table = joined([a_history(), a_history()])
    table.values[2, 3] = 1e6
    table.open_ms[20] += 1
    path = tmp_path / "BTCUSDT-5m.csv"
    path.write_text(binance_lines(table))
    result = command(tmp_path, "import", str(path))
    assert result.output == (
        "BTCUSDT-5m.csv: rows 1 not on the interval's grid, 1 with impossible numbers, "
        "10 repeated (the last one counts), 1 out of order (put in order)\n"
        "1 files, 12 candles, 12 of them new\n"
    )


def test_candles_of_the_future_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-5m.csv"
    path.write_text(binance_lines(a_history(first_ms=4_102_444_800_000)))
    result = command(tmp_path, "import", str(path))
    assert "rows 12 not of a past time" in result.output
    assert not store(tmp_path).symbols()


def test_a_bad_file_stops_the_import_and_loses_nothing(tmp_path: Path) -> None:
    good, bad = a_file(tmp_path / "in"), tmp_path / "ETHUSDT-5m.csv"
    bad.write_text("hello")
    result = command(tmp_path, "import", str(good), str(bad))
    assert isinstance(result.exception, ConfigError)
    assert same(store(tmp_path).rows("BTCUSDT", "5m"), a_history())


def test_the_person_may_say_whose_candles_they_are(tmp_path: Path) -> None:
    path = str(a_file(tmp_path / "in", "rows.csv"))
    result = command(tmp_path, "import", path, "--symbol", "ethusdt", "--interval", "5m")
    assert result.exit_code == 0
    assert store(tmp_path).symbols() == ("ETHUSDT",)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("import", "{}", "--interval", "7m"), "expected an interval of"),
        (("import", "{}", "--symbol", "BTC/USDT"), "expected a symbol such as BTCUSDT"),
        (("import", "{}/empty"), "found no candle file there"),
        (("import", "{}/none.csv"), "none.csv cannot be read"),
        (("verify", "BTCUSDT"), "no candles of BTCUSDT are stored: see aitrader data list"),
        (("export", "BTCUSDT", "7m", "out.csv"), "expected an interval of"),
        (("export", "BTCUSDT", "5m", "out.csv"), "no 5m candles of BTCUSDT are stored"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    result = command(tmp_path, *(word.format(tmp_path) for word in words))
    assert isinstance(result.exception, ConfigError)
    assert sentence in str(result.exception)
    assert "\n" not in str(result.exception)


def test_many_rows_are_written_in_between(tmp_path: Path) -> None:
    folder, settings = tmp_path / "in", Settings(data_folder=tmp_path)
    table = a_history(30)
    for place in range(3):
        write_table(
            tmp_path / f"in/BTCUSDT-5m-{place}.parquet",
            table.take(slice(place * 10, place * 10 + 10)),
        )
    run_import(settings, [folder], symbol="", interval="", as_json=False, most_pending=5)
    assert same(store(tmp_path).rows("BTCUSDT", "5m"), table)


# -- list, verify, export -------------------------------------------------------------------------


def test_an_empty_store_says_how_to_fill_it(tmp_path: Path) -> None:
    assert command(tmp_path, "list").output.startswith("no candles are stored: aitrader data")
    assert command(tmp_path, "list", "--json").output == "[]\n"
    assert command(tmp_path, "verify").output == "0 candles in 0 series: sound, 0 missing\n"


def test_what_is_stored_is_listed(tmp_path: Path) -> None:
    store(tmp_path).write("BTCUSDT", "5m", without(a_history(), 3))
    lines = command(tmp_path, "list").output.splitlines()
    assert lines[1].split() == [
        "BTCUSDT", "5m", "2025-01-01", "00:00", "2025-01-01", "01:00", "11", "1",
    ]  # fmt: skip
    (said,) = json.loads(command(tmp_path, "list", "--json").output)
    assert (said["symbol"], said["candles"], said["missing"]) == ("BTCUSDT", 11, 1)


def test_the_data_folder_may_be_named_before_the_command(tmp_path: Path) -> None:
    store(tmp_path).write("BTCUSDT", "5m", a_history())
    result = CliRunner().invoke(cli, ["--data-folder", str(tmp_path), "data", "list"])
    assert "BTCUSDT" in result.output


def test_gaps_are_shown_and_are_no_failure(tmp_path: Path) -> None:
    store(tmp_path).write("BTCUSDT", "5m", without(a_history(40), *range(1, 24, 2)))
    result = command(tmp_path, "verify", "btcusdt")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "BTCUSDT 5m: gap of 1 candles from 2025-01-01 00:05"
    assert lines[5:] == [
        "BTCUSDT 5m: 12 missing in all",
        "28 candles in 1 series: sound, 12 missing",
    ]


def test_what_is_wrong_is_shown_and_fails(tmp_path: Path) -> None:
    folder = tmp_path / "candles/BTCUSDT"
    write_table(folder / "5m/2024.parquet", joined([a_history(), a_history()]))
    (folder / "5m/2023.parquet").write_bytes(b"damaged")
    write_table(folder / "15m/2025.parquet", a_history(4, interval="15m", seed=4))
    result = command(tmp_path, "verify")
    assert result.exit_code == 1
    text = result.output
    assert "2023.parquet is not a readable candle file" in text
    assert "BTCUSDT 5m: rows 12 repeated (the last one counts), 1 out of order" in text
    assert "BTCUSDT 5m: 24 rows in another year's file" in text
    assert "BTCUSDT 15m: 4 of 4 candles differ from the 5m candles in" in text
    assert text.splitlines()[-1] == "16 candles in 2 series: NOT sound, 0 missing"
    said = json.loads(command(tmp_path, "verify", "--json").output)
    assert (said["is_sound"], len(said["reports"]), len(said["disagreements"])) == (False, 2, 1)


def test_verify_tells_whether_it_is_sound(tmp_path: Path) -> None:
    store(tmp_path).write("BTCUSDT", "5m", a_history())
    assert run_verify(Settings(data_folder=tmp_path), (), as_json=True)


def test_candles_are_exported(tmp_path: Path) -> None:
    store(tmp_path).write("BTCUSDT", "5m", a_history(24))
    path = tmp_path / "out.csv"
    words = ("export", "btcusdt", "5m", str(path))
    result = command(tmp_path, *words, "--from", "2025-01-01T00:30", "--to", "2025-01-01T01:00")
    assert result.output == f"6 candles of BTCUSDT 5m in {path}\n"
    assert len(path.read_text().splitlines()) == 7


def test_the_command_for_downloads_passes_everything_on(tmp_path: Path) -> None:
    words = ("download", "BTCUSDT", "--interval", "5m", "--from", "2025-01-01")
    result = command(tmp_path, *words, "--to", "2024-01-01", "--source", "rest", "--refresh")
    assert isinstance(result.exception, ConfigError)
    assert "expected a start before the end" in str(result.exception)


# -- words ----------------------------------------------------------------------------------------


def test_instants_are_utc_unless_they_say_otherwise() -> None:
    assert instant_ms("2025-01-01") == JANUARY_MS
    assert instant_ms("2025-01-01T01:00+01:00") == JANUARY_MS
    assert instant(JANUARY_MS + 90_000) == "2025-01-01 00:01"
    with pytest.raises(ConfigError, match="expected a date such as"):
        instant_ms("01.01.2025")


def test_every_interval_is_known() -> None:
    assert [known_interval(name) for name in INTERVAL_MS] == list(INTERVAL_MS)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_shown_on_a_terminal_alone() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        with meter(2, "Importing", stream=stream) as done:
            done(1)
            done(1)
    assert "Importing" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()
    assert pipe.getvalue() == ""


@pytest.mark.skipif(not REAL.is_dir(), reason="the real candles are not beside the repository")
def test_a_real_month_is_imported_listed_and_sound(tmp_path: Path) -> None:
    assert command(tmp_path, "import", str(REAL)).output.startswith("2 files, 10,081 candles")
    assert "8,641        0" in command(tmp_path, "list").output
    assert command(tmp_path, "verify").output == "10,081 candles in 2 series: sound, 0 missing\n"
