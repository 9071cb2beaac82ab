import json

import pytest

from aitrader.exchange.simulated import frames
from aitrader.exchange.simulated.source import a_listing

LISTING = a_listing("ETHUSDT", "USDT", price_decimals=2, quantity_decimals=4)
ROW = [100.0, 110.0, 95.0, 105.0, 12.5, 1300.0, 40.0, 5.0]


def test_a_ticker_has_the_keys_of_the_wire_in_their_order() -> None:
    found = json.loads(frames.ticker(LISTING, 90_000_000, ROW))
    assert "".join(found) == "eEspPwxcQbBaAohlvqOCFLn"
    assert found["e"] == "24hrTicker"
    assert (found["c"], found["p"], found["P"]) == ("105.00000000", "5.00000000", "5.000")
    assert (found["b"], found["a"]) == ("105.00000000", "105.01000000")
    assert found["w"] == "104.00000000"
    assert (found["O"], found["C"], found["n"]) == (3_600_000, 90_000_000, 40)


def test_a_ticker_of_a_day_without_trades_has_a_mean_all_the_same() -> None:
    quiet = [100.0, 100.0, 100.0, 100.0, 0.0, 0.0, 0.0, 0.0]
    assert json.loads(frames.ticker(LISTING, 1, quiet))["w"] == "100.00000000"


def test_a_mini_ticker_is_the_short_form() -> None:
    found = json.loads(frames.mini_ticker(LISTING, 5, ROW))
    assert "".join(found) == "eEscohlvq"
    assert found["h"] == "110.00000000"


@pytest.mark.parametrize(("at_ms", "is_closed"), [(60_000, False), (120_000, True)])
def test_a_kline_is_closed_once_its_end_is_there(at_ms: int, is_closed: bool) -> None:
    text = frames.kline(LISTING, at_ms, ROW, interval="1m", span=(60_000, 120_000))
    found = json.loads(text)
    assert "".join(found) == "eEsk"
    candle = found["k"]
    assert "".join(candle) == "tTsifLochlvnxqVQB"
    assert (candle["t"], candle["T"], candle["x"]) == (60_000, 119_999, is_closed)
    assert (candle["o"], candle["V"]) == ("100.00000000", "5.00000000")
    assert (candle["f"], candle["L"]) == (60_000, 60_039)


def test_a_kline_without_trades_names_none() -> None:
    quiet = [100.0, 100.0, 100.0, 100.0, 0.0, 0.0, 0.0, 0.0]
    candle = json.loads(frames.kline(LISTING, 1, quiet, interval="1m", span=(0, 60_000)))["k"]
    assert (candle["f"], candle["L"], candle["n"], candle["Q"]) == (-1, -1, 0, "0.00000000")


def test_notices_and_envelopes_are_json() -> None:
    assert json.loads(frames.combined("!simulatedClock", frames.clock(7))) == {
        "stream": "!simulatedClock",
        "data": {"e": "simulatedClock", "E": 7},
    }
    assert json.loads(frames.end(8)) == {"e": "simulatedEnd", "E": 8}


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (5, b"\x81\x05"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_text_frame_states_its_length_as_short_as_it_can(size: int, head: bytes) -> None:
    assert frames.as_text_frame("x" * size) == head + b"x" * size
