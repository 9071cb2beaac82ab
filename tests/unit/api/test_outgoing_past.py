"""Jobs and rows of the disk as they are sent."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import a_filled_order, a_job, a_position, a_result, a_signal

from aitrader.api.outgoing_past import (
    analysis_out,
    equity_out,
    event_out,
    found_in,
    job_out,
    story_out,
)
from aitrader.model.candle import Candle
from aitrader.model.control import Answer, ExplanationRow, LineRow
from aitrader.model.history import EquityPoint, PastEvent, PositionStory
from aitrader.model.view import AnalysisRow


def sent(value: object) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(msgspec.json.encode(value))
    return found


def test_worth_is_exact_text() -> None:
    point = EquityPoint(5, Decimal("10000.10"), Decimal("1.5"), 2)
    assert sent(equity_out(point)) == {
        "atMs": 5, "equity": "10000.10", "cash": "1.5", "openPositions": 2,
    }  # fmt: skip


def test_an_event_is_sent_as_it_stands_on_disk() -> None:
    event = PastEvent(7, 5, "EntriesPaused", '{"type":"EntriesPaused","is_paused":true}')
    assert sent(event_out(event))["body"] == {"type": "EntriesPaused", "is_paused": True}


def test_a_story_has_its_fills() -> None:
    order = a_filled_order()
    story = sent(story_out(PositionStory(a_position(), a_signal(), (order,))))
    assert len(story["fills"]) == len(order.fills)  # type: ignore[arg-type]
    assert story["signal"] is not None
    assert sent(story_out(PositionStory(a_position(), None, ())))["signal"] is None


def test_a_job_does_not_say_where_its_report_lies() -> None:
    row = sent(job_out(a_job(result=a_result(report="/home/somebody/report.html"))))
    assert "somebody" not in str(row)
    assert (row["id"], row["state"], row["result"]["returnPct"]) == ("job-1", "RUNNING", 12.5)  # type: ignore[index]
    assert sent(job_out(a_job()))["result"] is None


def test_an_analysis_has_its_cost() -> None:
    row = AnalysisRow("s-1", 5, "Dip", "BTCUSDT", "SKIP", "too late", "0.0004")
    assert sent(analysis_out(row))["costUsd"] == "0.0004"


@pytest.mark.parametrize(
    ("read", "has"),
    [
        ({"candles": (Candle("BTCUSDT", "5m", 7, (1.0,) * 8, True),)}, '"openMs":7'),
        ({"signal": a_signal()}, '"conditions"'),
        ({"explanations": (ExplanationRow("X", 1, True, False, False, ()),)}, '"candleOpenMs":1'),
        ({"lines": (LineRow("rsi", "", "5m", 7, (None, 1.0)),)}, '"values":[null,1.0]'),
        ({"job": a_job()}, '"id":"job-1"'),
        ({"jobs": (a_job(),)}, '[{"id":"job-1"'),
        ({}, "null"),
    ],
)
def test_what_an_answer_holds_is_sent_as_over_http(read: dict[str, object], has: str) -> None:
    answer = Answer(1, True, "done", **read)  # type: ignore[arg-type]
    assert has in msgspec.json.encode(found_in(answer)).decode()
