"""The control protocol on the wire: what is asked comes out as it went in."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import a_signal

from aitrader.model.candle import Candle
from aitrader.model.control import (
    AddTrader,
    Answer,
    AnyRequest,
    Ask,
    CancelJob,
    CheckTrader,
    CloseAll,
    ClosePosition,
    ConditionRow,
    ExplainTrader,
    ExplanationRow,
    Hello,
    MoveStop,
    PauseEntries,
    ReadCandles,
    ReadJob,
    ReadJobs,
    ReadLines,
    ReadReport,
    ReadSignal,
    ReadTrader,
    RemoveTrader,
    Request,
    SetMode,
    StartBacktest,
    StopEngine,
    SwitchTrader,
)
from aitrader.model.trader import Mode

REQUESTS: list[AnyRequest] = [
    AddTrader(source="NAME = 'x'"),
    CheckTrader(source="NAME = 'x'"),
    RemoveTrader(trader_id="dip"),
    SwitchTrader(trader_id="dip", is_enabled=False),
    SetMode(trader_id="dip", mode=Mode.LIVE, is_sure=True),
    PauseEntries(is_paused=True),
    ClosePosition(position_id="p-1"),
    MoveStop(position_id="p-1", price=Decimal("98.5")),
    CloseAll(),
    StopEngine(),
    ReadTrader(trader_id="dip"),
    ReadCandles(symbol="BTCUSDT", interval="5m", bars=10),
    ReadSignal(signal_id="s-1"),
    ExplainTrader(trader_id="dip", symbols=("BTCUSDT",)),
    ReadLines(trader_id="dip", symbol="BTCUSDT", bars=20),
    StartBacktest(trader_id="dip", symbols=("BTCUSDT",), from_ms=1, until_ms=2),
    ReadJob(job_id="job-1"),
    ReadJobs(),
    ReadReport(job_id="job-1"),
    CancelJob(job_id="job-1"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: type(request).__name__)
def test_a_request_survives_the_wire(request_: AnyRequest) -> None:
    ask = Ask(ask_id=7, request=request_)
    assert msgspec.json.decode(msgspec.json.encode(ask), type=Ask | Hello) == ask


def test_every_kind_of_request_is_on_the_wire() -> None:
    assert {type(request) for request in REQUESTS} == set(Request.__subclasses__())


def test_an_answer_carries_candles() -> None:
    row = (1.0, 2.0, 0.5, 1.5, 10.0, 15.0, 3.0, 4.0)
    answer = Answer(7, True, "ok", (Candle("BTCUSDT", "5m", 0, row, closed=True),))
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer


def test_an_answer_carries_a_signal_and_explanations() -> None:
    condition = ConditionRow("RSI is low", "unknown", (("rsi(close, 14)", None),))
    row = ExplanationRow("BTCUSDT", 0, False, False, False, (condition,))
    answer = Answer(7, True, "ok", signal=a_signal(), explanations=(row,))
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer


def test_an_unknown_request_is_refused() -> None:
    frame = b'{"type":"ask","ask_id":1,"request":{"type":"SellEverything"}}'
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(frame, type=Ask | Hello)
