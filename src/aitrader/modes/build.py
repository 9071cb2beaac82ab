"""Settings to a wired engine: the one place that chooses which parts are used and joins them."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from aitrader.config import SPARE_HOSTS, Settings
from aitrader.engine.chronicle import Chronicle
from aitrader.engine.clock import AlarmClock, FrameClock, SystemClock
from aitrader.engine.control import EngineControl
from aitrader.engine.dispatch import Dispatch, edge_handlers
from aitrader.engine.dump import Dumps
from aitrader.engine.engine import Engine, Observer
from aitrader.engine.explainer import FilterExplainer
from aitrader.engine.health import Health
from aitrader.engine.holdings import Holdings
from aitrader.engine.inbox import BoundedInbox
from aitrader.engine.jobdesk import JobDesk
from aitrader.engine.journal import Journal
from aitrader.engine.reading import Reading
from aitrader.engine.recover import recover
from aitrader.engine.routing import Stage
from aitrader.engine.screener import Screener
from aitrader.engine.supervisor import Supervisor
from aitrader.engine.timers import ClockTimers
from aitrader.engine.view import EngineView, LogSource, ViewSettings
from aitrader.exchange.binance.feed import BinanceMarket, FeedSettings, FeedTime
from aitrader.exchange.paper import PaperSettings, PaperVenue
from aitrader.execution.risk import ExecutionSettings
from aitrader.execution.stage import ExecutionStage
from aitrader.filters.traderfile import compile_trader
from aitrader.jobs.processes import ProcessJobs
from aitrader.market.offers import FindOffer, unknown
from aitrader.market.series import SeriesTable
from aitrader.market.universe import UniverseStage
from aitrader.model.account import LIVE, PAPER
from aitrader.model.events import ChangeAsked, Event, InstrumentsLoaded, Stopping
from aitrader.model.instrument import Instrument
from aitrader.model.money import ZERO
from aitrader.model.ports import Clock, Inbox, Prices, Tasks, Venue
from aitrader.modes.brakes import brakes_of
from aitrader.modes.live_place import place_of
from aitrader.modes.vitals import EngineVitals
from aitrader.positions.stage import PositionStage
from aitrader.screening.stage import ScreeningStage
from aitrader.signals.stage import SignalStage
from aitrader.storage.rows.statement import Owner
from aitrader.storage.sqlite import SqliteStore

if TYPE_CHECKING:
    from aitrader.modes.live import LiveAccount

log = logging.getLogger(__name__)

QUOTE = "USDT"
AUDIT_MS = 5_000
"""How often the protection of live positions is looked at, whatever the candles do."""
STOP_S = 20.0
"""How long the last events may take: the promise is 30 s to the process's end."""


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a mode decides and no setting says.

    `market_name` stands in the header. With `is_frame_time` the frames of the exchange are the
    clock, from `start_ms` on; with `is_lockstep` it also waits for us after each instant, and after
    the first one until `may_begin` is set, where it is given. `on_end` is called when a replay has
    no more candles. `observers` are told every fact besides the view.
    """

    market_name: str
    is_frame_time: bool = False
    start_ms: int = 0
    is_lockstep: bool = False
    may_begin: asyncio.Event | None = None
    on_end: Callable[[], None] | None = None
    observers: tuple[Observer, ...] = ()


class Rulebook:
    """The exchange's rules as the engine learned them last."""

    def __init__(self) -> None:
        self._instruments: Mapping[str, Instrument] = {}

    def update(self, facts: Sequence[Event]) -> None:
        """Take note of new rules among these facts."""
        for fact in facts:
            if isinstance(fact, InstrumentsLoaded):
                self._instruments = {row.symbol: row for row in fact.instruments}

    def find(self, symbol: str) -> Instrument | None:
        """Return the rules of one symbol."""
        return self._instruments.get(symbol)


class Parts(NamedTuple):
    """What an engine was made of, as far as its life needs it."""

    engine: Engine
    inbox: BoundedInbox
    supervisor: Supervisor
    store: SqliteStore
    market: BinanceMarket
    venues: Mapping[str, Venue]
    screener: Screener
    clock: AlarmClock
    health: Health
    live: LiveAccount | None


class Wired:
    """A whole engine: `start` recovers what was open and runs, `stop` ends with all on disk."""

    def __init__(self, parts: Parts, view: EngineView, control: EngineControl) -> None:
        self.view = view
        self.control = control
        self.health = parts.health
        self.vitals = EngineVitals(parts.health, inbox=parts.inbox, market=parts.market)
        self.tasks = parts.supervisor
        self._parts = parts
        self._is_running = False
        self._ended = asyncio.Event()

    async def start(self) -> None:
        """Bring back what was open and begin.

        Raises:
            ConfigError: The disk cannot be read, the exchange cannot be reached, or its key is
                not ours to use.
        """
        parts = self._parts
        if parts.live is not None:
            parts.live.take_key()
        await recover(
            parts.store, parts.venues, market=parts.market, inbox=parts.inbox, clock=parts.clock
        )
        self._is_running = True
        parts.supervisor.spawn("loop lag", self.health.watch_lag())
        parts.supervisor.spawn("engine", self._run())

    async def stop(self) -> None:
        """End: nothing new comes in; what is in the inbox is handled and on disk."""
        parts = self._parts
        await parts.market.close()
        if self._is_running:
            parts.inbox.post(Stopping(at_ms=parts.clock.now_ms()))
            parts.engine.stop()
            try:
                async with asyncio.timeout(STOP_S):
                    await self._ended.wait()
            except TimeoutError:
                log.error("the engine did not end within %.0f s and is cut off", STOP_S)
        self.view.end()
        parts.screener.close()
        await parts.supervisor.close()
        if parts.live is not None:
            await parts.live.close()

    async def settled(self) -> None:
        """Return when the engine has nothing to do."""
        await self._parts.engine.settled()

    def change_asked(self, who: str, what: str, subject: str) -> None:
        """Have it written down, before what is asked, who asks for a change."""
        at_ms = self._parts.clock.now_ms()
        self._parts.inbox.post(ChangeAsked(at_ms=at_ms, who=who, what=what, subject=subject))

    async def _run(self) -> None:
        try:
            await self._parts.engine.run()
        finally:
            self._ended.set()
            self.control.stopped.set()  # a loop that has died must not leave a process that is deaf


class _Pacer:
    """The engine as the market edge waits for it; the edge is made before the engine is."""

    engine: Engine

    def __init__(self, may_begin: asyncio.Event | None) -> None:
        self._may_begin = may_begin

    async def settled(self) -> None:
        """Return when the engine has nothing to do."""
        if self._may_begin is not None:
            await self._may_begin.wait()
        await self.engine.settled()


async def open_store(settings: Settings) -> SqliteStore:
    """Return the disk of these settings, locked for this process.

    Raises:
        ConfigError: It cannot be used, in one sentence.
    """
    return await SqliteStore.open(settings.sqlite_path, owner_of(settings))


def owner_of(settings: Settings) -> Owner:
    """Return whose rows these settings write and read."""
    return Owner(user_id=settings.user_id)


def clock_of(choices: Choices) -> AlarmClock:
    """Return the clock of this way to run."""
    return FrameClock(choices.start_ms) if choices.is_frame_time else SystemClock()


def build(
    settings: Settings, choices: Choices, *, store: SqliteStore, logs: LogSource, clock: AlarmClock
) -> Wired:
    """Return the engine of these settings, not yet started; the caller closes the store.

    Raises:
        ConfigError: The settings of the live account, where there is one, cannot be used.
    """
    health = Health()
    inbox, supervisor = BoundedInbox(health), Supervisor(health)
    series, rulebook, pacer = SeriesTable(), Rulebook(), _Pacer(choices.may_begin)
    market = BinanceMarket(
        inbox,
        clock,
        tasks=supervisor,
        series=series,
        settings=_feed(settings),
        time=_feed_time(choices, clock, pacer),
    )
    has_book = not (choices.is_frame_time or settings.market == "simulator")
    find_offer = market.find_offer if has_book else unknown
    paper = _paper(settings, inbox, clock, rulebook=rulebook, find_offer=find_offer)
    holdings = Holdings()
    market.listen(paper, guards=lambda: {*paper.awaited(), *holdings.symbols()})
    live = _live_of(settings, inbox, clock, tasks=supervisor, market=market)
    venues = {PAPER: paper} | ({} if live is None else {LIVE: live.venue})
    screener = Screener(inbox, supervisor, clock=clock)
    timers = ClockTimers(inbox, clock)
    handlers = edge_handlers(market, venues, timers=timers, screener=screener)
    view = EngineView(
        _header(settings, choices, tuple(venues)), market, clock=clock, logs=logs, health=health
    )
    engine = Engine(
        inbox,
        _stages(settings, series, market, accounts=tuple(venues)),
        journal=Journal(store, health),
        dispatch=Dispatch(handlers, supervisor, inbox=inbox, clock=clock),
        observers=(rulebook, holdings, view, Chronicle(), *choices.observers),
        dumps=Dumps(settings.data_folder / "dumps", health),
    )
    pacer.engine = engine
    control = EngineControl(
        engine,
        view.board,
        clock=clock,
        compile_trader=compile_trader,
        reading=Reading(view.board, clock=clock, candles=series, explainer=FilterExplainer(series)),
        live=place_of(settings, quote=QUOTE),
    )
    jobs = ProcessJobs(
        settings.data_folder / "jobs", supervisor, clock=clock, command=_job_command(settings)
    )
    control.join(JobDesk(jobs, view.board, compile_trader=compile_trader).handlers)
    parts = Parts(engine, inbox, supervisor, store, market, venues, screener, clock, health, live)
    return Wired(parts, view, control)


def _live_of(
    settings: Settings, inbox: Inbox, clock: Clock, *, tasks: Tasks, market: BinanceMarket
) -> LiveAccount | None:
    """The live account, where there is to be one."""
    if settings.paper_trading:
        return None
    from aitrader.modes.live import LiveAccount  # noqa: PLC0415 - 1 MB that paper alone spares

    live = LiveAccount(settings, inbox, clock, tasks=tasks, limiter=market.limiter)
    live.venue.on_clock_off = market.set_clock
    return live


def _job_command(settings: Settings) -> tuple[str, ...]:
    """Return the program that runs a backtest beside the engine, on the same data folder."""
    folder = str(settings.data_folder)
    return (sys.executable, "-m", "aitrader", "backtest", "--job", "--data-folder", folder)


def _feed(settings: Settings) -> FeedSettings:
    return FeedSettings(
        rest_url=settings.market_rest_url,
        spare_urls=SPARE_HOSTS.get(settings.market_rest_url, ()),
        stream_url=settings.market_stream_url,
        proxy_url=settings.proxy_url,
    )


def _feed_time(choices: Choices, clock: AlarmClock, pacer: _Pacer) -> FeedTime:
    """Who gives the time: the frames of a simulated exchange, or the computer."""
    if isinstance(clock, FrameClock):
        waits = pacer if choices.is_lockstep else None
        return FeedTime(sink=clock, pacer=waits, on_end=choices.on_end)
    assert isinstance(clock, SystemClock)
    return FeedTime(correct=clock.correct)


def _stages(
    settings: Settings, series: SeriesTable, prices: Prices, *, accounts: tuple[str, ...]
) -> tuple[Stage, ...]:
    """The stages in the order of the house; each account has its own execution."""
    return (
        UniverseStage(max_symbols=settings.max_symbols),
        ScreeningStage(series, series),
        SignalStage(accounts),
        *(ExecutionStage(_execution(settings, account), prices) for account in accounts),
        PositionStage(prices),
    )


def _execution(settings: Settings, account: str) -> ExecutionSettings:
    """Return how an account trades; a live one has what the exchange says and cannot be short."""
    is_paper = account == PAPER
    return ExecutionSettings(
        account=account,
        start_cash=settings.start_cash if is_paper else ZERO,
        quote=QUOTE,
        fee_bps=settings.fee_bps,
        max_open_positions=settings.max_open_positions,
        brakes=brakes_of(settings),
        has_shorts=is_paper,
        audit_ms=0 if is_paper else AUDIT_MS,
    )


def _paper(
    settings: Settings, inbox: Inbox, clock: Clock, *, rulebook: Rulebook, find_offer: FindOffer
) -> PaperVenue:
    """Return the venue of the paper account; a simulated exchange's book is made up: not asked."""
    terms = PaperSettings(
        start_cash=settings.start_cash,
        fee_bps=settings.fee_bps,
        slippage_bps=settings.slippage_bps,
        quote=QUOTE,
    )
    return PaperVenue(
        inbox, clock, find_instrument=rulebook.find, settings=terms, find_offer=find_offer
    )


def _header(settings: Settings, choices: Choices, accounts: tuple[str, ...]) -> ViewSettings:
    return ViewSettings(
        mode="PAPER",
        market=choices.market_name,
        account=PAPER,
        quote=QUOTE,
        start_cash=settings.start_cash,
        accounts=accounts,
    )
