"""What a person may ask of an engine. Also the schema on the wire (`Ask` in, `Answer` out)."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec

from aitrader.model.candle import Candle
from aitrader.model.job import JobRow
from aitrader.model.signal import Signal
from aitrader.model.trader import Mode


class Request(msgspec.Struct, frozen=True, tag=True):
    """The common type of every request."""


class AddTrader(Request, frozen=True):
    """Check a trader file's text and start it on paper; a known name is a new version of it.

    With `trader_id` it must be a change of that trader, with `version` of that version of it.
    """

    source: str
    trader_id: str = ""
    version: int = 0


class CheckTrader(Request, frozen=True):
    """Check a trader file's text and change nothing; answered with what it would watch."""

    source: str


class RemoveTrader(Request, frozen=True):
    """Forget a trader; its open positions stay guarded."""

    trader_id: str


class SwitchTrader(Request, frozen=True):
    """Start or stop looking for entries with one trader."""

    trader_id: str
    is_enabled: bool


class SetMode(Request, frozen=True):
    """Have a trader enter with paper or with live money; what is open stays where it was opened.

    To LIVE without `is_sure` changes nothing: it is answered with what it would mean, or refused.
    """

    trader_id: str
    mode: Mode
    is_sure: bool = False


class PauseEntries(Request, frozen=True):
    """Stop (True) or resume (False) new entries of all traders; exits go on."""

    is_paused: bool


class ClosePosition(Request, frozen=True):
    """Cancel the protection of one position and sell what is left at market."""

    position_id: str


class MoveStop(Request, frozen=True):
    """Move the stop loss of one open position to a price (quote per base), tighter or looser.

    It must be on the losing side of the market's price; it is rounded to the symbol's tick.
    """

    position_id: str
    price: Decimal


class CloseAll(Request, frozen=True):
    """Close every position at market and pause entries."""


class StopEngine(Request, frozen=True):
    """End the engine process; positions stay protected by what rests at the venue."""


class ReadTrader(Request, frozen=True):
    """Ask for a trader's file; answered with `text`."""

    trader_id: str


class ReadCandles(Request, frozen=True):
    """Ask for the newest closed candles of a watched symbol, oldest first, at most 1000."""

    symbol: str
    interval: str
    bars: int


class ReadLines(Request, frozen=True):
    """Ask for what a trader's filter compares on a watched symbol, to draw it; at most 1000 bars.

    Answered with `lines`.
    """

    trader_id: str
    symbol: str
    bars: int


class ReadSignal(Request, frozen=True):
    """Ask for one signal with the values behind its conditions; answered with `signal`."""

    signal_id: str


class ExplainTrader(Request, frozen=True):
    """Ask why a trader did or did not signal on its newest closed candle, for these symbols.

    Without symbols: all that it looks at. Answered with `explanations`, the nearest to a signal
    first.
    """

    trader_id: str
    symbols: tuple[str, ...] = ()


class StartBacktest(Request, frozen=True):
    """Run a trader over the candles of the data folder, as a job; answered with `job`.

    One that there is (`trader_id`), or the text of a trader file (`source`); not both. `symbols`
    replace its own; from `from_ms` up to `until_ms` (UTC epoch ms), 0: all the candles there are.
    """

    trader_id: str = ""
    source: str = ""
    symbols: tuple[str, ...] = ()
    from_ms: int = 0
    until_ms: int = 0


class ReadJob(Request, frozen=True):
    """Ask how far a job has come and what came of it; answered with `job`."""

    job_id: str


class ReadJobs(Request, frozen=True):
    """Ask for the jobs that are kept, newest first; answered with `jobs`."""


class ReadReport(Request, frozen=True):
    """Ask for the report of a job that is done; answered with `text`, a page of HTML."""

    job_id: str


class CancelJob(Request, frozen=True):
    """End a job that waits or runs; answered with `job`."""

    job_id: str


AnyRequest = (
    AddTrader
    | CheckTrader
    | RemoveTrader
    | SwitchTrader
    | SetMode
    | PauseEntries
    | ClosePosition
    | MoveStop
    | CloseAll
    | StopEngine
    | ReadTrader
    | ReadCandles
    | ReadLines
    | ReadSignal
    | ExplainTrader
    | StartBacktest
    | ReadJob
    | ReadJobs
    | ReadReport
    | CancelJob
)


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """A request on the wire; the answer bears the same `ask_id`."""

    ask_id: int
    request: AnyRequest


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """A face's first message: the token of a loopback socket ("" on a Unix socket), its rate.

    `hz` 0 asks for no frames: a connection that only asks.
    """

    token: str
    hz: float


class ConditionRow(msgspec.Struct, frozen=True):
    """One condition at one candle and the values behind it; `truth`: true, false or unknown."""

    name: str
    truth: str
    values: tuple[tuple[str, float | None], ...] = ()


class ExplanationRow(msgspec.Struct, frozen=True):
    """One trader on one symbol at its newest closed candle.

    `is_ready`: its history is long enough. `held_before`: all conditions held one candle before
    already, so that nothing *became* true.
    """

    symbol: str
    candle_open_ms: int
    is_ready: bool
    is_signal: bool
    held_before: bool
    conditions: tuple[ConditionRow, ...]


class LineRow(msgspec.Struct, frozen=True):
    """One series of a filter: a value per candle of `interval` from `open_ms` on, None unknown.

    `pane`: lines of one pane share a scale, "" is the price's. `levels`: the numbers that this
    line is compared with.
    """

    name: str
    pane: str
    interval: str
    open_ms: int
    values: tuple[float | None, ...]
    levels: tuple[float, ...] = ()


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What came of a request: `text` is one sentence for the person, or what was read."""

    ask_id: int
    is_ok: bool
    text: str
    candles: tuple[Candle, ...] = ()
    signal: Signal | None = None
    explanations: tuple[ExplanationRow, ...] = ()
    lines: tuple[LineRow, ...] = ()
    job: JobRow | None = None
    jobs: tuple[JobRow, ...] = ()


class Control(Protocol):
    """An engine as a face may steer it, near or far."""

    async def ask(self, request: AnyRequest) -> Answer:
        """Return what came of it (`ask_id` 0 without a wire). Never raises for a refusal."""
        ...
