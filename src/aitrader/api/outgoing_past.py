"""Jobs, rows of the disk and what an answer holds, made into what is sent."""

from __future__ import annotations

import msgspec

from aitrader.api import outgoing
from aitrader.api.schemas_past import (
    AnalysisOut,
    EquityOut,
    EventOut,
    JobOut,
    LineOut,
    ResultOut,
    Story,
)
from aitrader.model.control import Answer, LineRow
from aitrader.model.history import EquityPoint, PastEvent, PositionStory
from aitrader.model.job import BacktestResult, JobRow
from aitrader.model.view import AnalysisRow


def equity_out(point: EquityPoint) -> EquityOut:
    """Return the account's worth as it is sent."""
    return EquityOut(point.at_ms, point.equity, point.cash, point.open_positions)


def event_out(event: PastEvent) -> EventOut:
    """Return an event as it is sent; its body goes out as it stands on disk."""
    return EventOut(event.seq, event.at_ms, event.kind, msgspec.Raw(event.body))


def story_out(story: PositionStory) -> Story:
    """Return a position's story as it is sent."""
    return Story(
        position=outgoing.past_position(story.position),
        signal=None if story.signal is None else outgoing.signal_detail(story.signal),
        orders=tuple(map(outgoing.order_out, story.orders)),
        fills=tuple(fill for order in story.orders for fill in outgoing.fills_out(order)),
        notes=story.notes,
    )


def analysis_out(row: AnalysisRow) -> AnalysisOut:
    """Return an analysis as it is sent."""
    return AnalysisOut(
        row.signal_id, row.at_ms, row.trader, row.symbol, row.choice, row.reason, row.cost_usd
    )


def job_out(row: JobRow) -> JobOut:
    """Return a job as it is sent."""
    return JobOut(
        id=row.job_id,
        name=row.name,
        state=row.state,
        asked_ms=row.asked_ms,
        ended_ms=row.ended_ms,
        done_ratio=row.done_ratio,
        text=row.text,
        result=None if row.result is None else _result_out(row.result),
    )


def _result_out(result: BacktestResult) -> ResultOut:
    """Return the numbers; where the report lies on the server's disk is nobody's business."""
    numbers = msgspec.structs.asdict(result)
    return ResultOut(**{name: numbers[name] for name in ResultOut.__struct_fields__})


def line_out(row: LineRow) -> LineOut:
    """Return a filter's series as it is sent."""
    return LineOut(**msgspec.structs.asdict(row))


def found_in(answer: Answer) -> object | None:
    """Return what was read besides the sentence, as HTTP sends it; None where nothing was."""
    if answer.signal is not None:
        return outgoing.signal_detail(answer.signal)
    if answer.job is not None:
        return job_out(answer.job)
    rows: tuple[tuple[object, ...], ...] = (
        tuple(map(outgoing.candle_out, answer.candles)),
        tuple(map(outgoing.explanation_out, answer.explanations)),
        tuple(map(job_out, answer.jobs)),
        tuple(map(line_out, answer.lines)),
    )
    return next(filter(None, rows), None)
