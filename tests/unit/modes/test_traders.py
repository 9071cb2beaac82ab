"""`aitrader traders check`, `traders explain` and `screen`, as a person and as a program."""

# ruff: noqa: E501 -- a condition reads best on one line

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from tests.filter_worlds import DATA, EXAMPLES, START_MS, conditions_text, walk

from aitrader.cli import cli
from aitrader.model.candle import ROW_FIELDS
from aitrader.model.errors import ConfigError
from aitrader.model.trader import Universe
from aitrader.modes.candle_panels import read_candles
from aitrader.modes.traders import members, universe_words

MONTH = DATA / "candles/ETHUSDT_5m_2024-12.csv"


def command(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def trader_file(folder: Path, *conditions: str, symbols: str = '["AAAUSDT"]') -> Path:
    path = folder / "mine.py"
    path.write_text(conditions_text(*conditions).replace('["AAAUSDT"]', symbols))
    return path


def candles(folder: Path, *symbols: str, bars: int = 300) -> Path:
    """Write a random walk of each symbol and return the folder."""
    made = folder / "candles"
    made.mkdir()
    panel = walk(symbols, bars)
    for row, symbol in enumerate(symbols):
        lines = [",".join(("open_time", *ROW_FIELDS))]
        for n in range(bars):
            numbers = [repr(float(panel.values[name][row, n])) for name in ROW_FIELDS]
            lines.append(",".join([str(START_MS + n * 300_000), *numbers]))
        (made / f"{symbol}_5m.csv").write_text("\n".join(lines))
    return made


# -- check ----------------------------------------------------------------------------------------


def test_every_example_is_right() -> None:
    result = command("traders", "check", *EXAMPLES)
    assert result.exit_code == 0
    assert result.output.count("closed candles needed:") == len(EXAMPLES)


def test_check_says_what_a_trader_would_do(tmp_path: Path) -> None:
    path = trader_file(tmp_path, "m.close > m.of('BTCUSDT').close", "m.close > sma(m.at('1h').close, 9)", symbols='"top 20 USDT except ETHUSDT"')  # fmt: skip
    path.write_text(
        path.read_text() + "def exit_conditions(m):\n    return {'gone': m.close < 1}\n"
    )
    lines = command("traders", "check", path).output.splitlines()
    assert lines[0] == f"{path}: Test (LONG, 5m, top 20 USDT except ETHUSDT)"
    assert lines[1:4] == ["  enters when all hold:", "    c0", "    c1"]
    assert lines[4:7] == ["  leaves when one holds:", "    gone", "  looks at: BTCUSDT"]
    assert lines[7] == "  closed candles needed: 2 of 5m, 10 of 1h"
    assert lines[8].startswith("  cost: at most ")


def test_check_passes_warnings_on(tmp_path: Path) -> None:
    path = trader_file(tmp_path, "m.close > 1")
    path.write_text(path.read_text().replace("stop_loss", "take_profit"))
    assert "  warning: there is no stop loss" in command("traders", "check", path).output


def test_a_wrong_file_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    wrong = trader_file(tmp_path, "rsy(m.close) < 30")
    result = command("traders", "check", EXAMPLES[0], wrong)
    assert result.exit_code == 2
    assert f"{wrong}: line 8: 'rsy' is not known; did you mean 'rsi'?" in result.output
    assert "closed candles needed" in result.output


def test_check_as_json(tmp_path: Path) -> None:
    result = command("traders", "check", EXAMPLES[0], trader_file(tmp_path, "m.close"), "--json")
    right, wrong = json.loads(result.output)
    assert result.exit_code == 2
    assert right["is_ok"] and right["fault"] is None and right["cost_us"] > 0
    assert not wrong["is_ok"] and wrong["fault"]["line"] == 8 and wrong["fault"]["hint"]


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mine.py"
    if content is not None:
        path.write_bytes(content)
    result = command("traders", "check", path)
    assert isinstance(result.exception, ConfigError) and str(path) in str(result.exception)


def test_a_universe_is_said_as_a_file_says_it() -> None:
    assert universe_words(Universe(quote="USDT")) == "all USDT"
    many = Universe(symbols=tuple(f"S{i}USDT" for i in range(8)))
    assert universe_words(many).endswith("S4USDT and 3 more")


# -- explain --------------------------------------------------------------------------------------


def explained(file: Path, symbol: str, folder: Path, *more: str) -> Result:
    return command("traders", "explain", file, symbol, "--candles", folder, *more)


def test_explain_says_each_condition_and_its_values(tmp_path: Path) -> None:
    file = trader_file(tmp_path, "m.close > 0", "sma(m.close, 5) > 1e9", "m.close / (m.hour - 1) > 0")  # fmt: skip
    folder = candles(tmp_path, "AAAUSDT")
    result = explained(file, "aaausdt", folder, "--at", "2024-01-01T01:05")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == ("Test on AAAUSDT, 5m candle that closed 2024-01-01 01:05 UTC: no signal")
    assert lines[1].startswith("  yes  c0  (close = ")
    assert lines[2].startswith("  no   c1  (sma(close, 5) = ")
    assert lines[3].startswith("  ?    c2") and "unknown" in lines[3]


def test_explain_tells_a_signal_from_conditions_that_go_on(tmp_path: Path) -> None:
    file, folder = trader_file(tmp_path, "m.hour == 1"), candles(tmp_path, "AAAUSDT")
    at = {"2024-01-01T01:05": "a signal", "2024-01-01T01:10": "held on the candle before"}  # fmt: skip
    for when, said in at.items():
        assert said in explained(file, "AAAUSDT", folder, "--at", when).output


def test_explain_sees_named_symbols_exits_and_levels(tmp_path: Path) -> None:
    file = trader_file(tmp_path, "m.close > m.of('BTCUSDT').close")
    file.write_text(
        file.read_text().replace('"1%"', '"2 atr"')
        + "def exit_conditions(m):\n    return {'gone': m.close < 1}\n"
    )
    folder = candles(tmp_path, "AAAUSDT", "BTCUSDT")
    said = explained(file, "AAAUSDT", folder).output
    assert "  no   c0" in said and "BTCUSDT close = " in said
    assert "leaves when one holds:\n  no   gone" in said and "  atr 14: " in said


def test_explain_as_json(tmp_path: Path) -> None:
    folder = candles(tmp_path, "AAAUSDT")
    result = explained(trader_file(tmp_path, "m.close > 0"), "AAAUSDT", folder, "--json")
    found = msgspec.json.decode(result.output)
    assert found["is_ready"] and found["held_before"] and not found["is_signal"]
    assert found["conditions"][0]["truth"] == "true"


@pytest.mark.parametrize(
    ("symbol", "more", "said"),
    [
        ("BBBUSDT", (), "found no candles"),
        ("B?", (), "expected a symbol"),
        ("AAAUSDT", ("--at", "noon"), "expected a date"),
        ("AAAUSDT", ("--at", "2023-12-31"), "found no 5m candle of AAAUSDT that closed 2023-12-31"),
    ],
)
def test_explain_refuses_in_one_sentence(
    tmp_path: Path, symbol: str, more: tuple[str, ...], said: str
) -> None:
    file = trader_file(tmp_path, "m.close > m.of('AAAUSDT').open")
    result = explained(file, symbol, candles(tmp_path, "AAAUSDT"), *more)
    assert isinstance(result.exception, ConfigError) and said in str(result.exception)


def test_explain_refuses_a_wrong_trader(tmp_path: Path) -> None:
    result = explained(trader_file(tmp_path, "rsy(m) < 3"), "AAAUSDT", tmp_path)
    assert isinstance(result.exception, ConfigError) and "line 8" in str(result.exception)


def test_explain_says_when_a_history_is_too_short(tmp_path: Path) -> None:
    file, folder = trader_file(tmp_path, "rsi(m.close) < 3"), candles(tmp_path, "AAAUSDT", bars=9)
    assert "warming up, its history is too short" in explained(file, "AAAUSDT", folder).output


# -- screen ---------------------------------------------------------------------------------------


def test_screen_says_which_symbols_match(tmp_path: Path) -> None:
    file = trader_file(tmp_path, "m.hour == 1", "m.close > 150", symbols='"all USDT"')
    folder = candles(tmp_path, "AAAUSDT", "BBBUSDT", "CCCUSDT")
    result = command("screen", file, "--candles", folder, "--at", "2024-01-01T01:05")
    lines = result.output.splitlines()
    assert lines[0] == "at 2024-01-01 01:05 UTC:"
    assert [line.split()[0] for line in lines[1:-1]] == ["BBBUSDT", "CCCUSDT"]
    assert lines[1].endswith("Test (c0, c1)")
    assert lines[-1] == "2 matches: 1 traders, 3 symbols, 3 checks"


def test_screen_as_json_counts_what_is_too_short(tmp_path: Path) -> None:
    file = trader_file(tmp_path, "m.close > sma(m.close, 500)", symbols='"all USDT"')
    folder = candles(tmp_path, "AAAUSDT", "BBBUSDT", bars=50)
    found = json.loads(command("screen", file, "--candles", folder, "--json").output)
    assert found["warming"] == 2 and found["checks"] == 0 and found["matches"] == []
    assert found["at_ms"] == START_MS + 50 * 300_000


def test_a_match_as_json_has_the_values_behind_it(tmp_path: Path) -> None:
    file, folder = trader_file(tmp_path, "m.hour == 1"), candles(tmp_path, "AAAUSDT")
    result = command("screen", file, "--candles", folder, "--at", "2024-01-01T01:05", "--json")
    (hit,) = json.loads(result.output)["matches"]
    assert hit["symbol"] == "AAAUSDT" and hit["findings"] == {"c0": {"hour": 1.0}}


def test_a_ranked_universe_takes_the_most_traded_of_the_day_before(tmp_path: Path) -> None:
    names = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
    folder = candles(tmp_path, *names, bars=600)
    read = read_candles(folder, symbols=None, now_ms=4_000_000_000_000)
    at_ms = START_MS + 599 * 300_000
    everything = members(Universe(quote="USDT"), read, at_ms=at_ms)
    assert everything == names
    top = members(Universe(quote="USDT", top=2, excluded=("BBBUSDT",)), read, at_ms=at_ms)
    assert top == ("AAAUSDT", "CCCUSDT")
    assert members(Universe(quote="USDT", top=1), read, at_ms=at_ms) == ("CCCUSDT",)
    assert members(Universe(symbols=("ZZZUSDT", "BBBUSDT")), read, at_ms=at_ms) == ("BBBUSDT",)


@pytest.mark.skipif(not MONTH.exists(), reason="the month of candles is not there")
def test_the_examples_are_screened_on_a_real_month() -> None:
    result = command("screen", *EXAMPLES, "--candles", MONTH, "--at", "2024-12-20T12:00")
    assert result.exit_code == 0 and f"{len(EXAMPLES)} traders, 1 symbols" in result.output
