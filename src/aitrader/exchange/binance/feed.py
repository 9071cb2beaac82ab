"""The market edge on Binance's protocol: streams, history, prices, bands, candle closes.

This joins the parts: `intake` takes what the `streams` bring, `backfill` fills what they do not,
`reference` knows the rules, `pulse` looks at the clock.

Time. On a real exchange the clock is the computer's, corrected by the exchange's; the pulse looks
at what is due. On a simulated one the frames carry the time and drive the clock. In lockstep the
exchange stands still at each instant until we acknowledge it, which we do once our own requests
are answered and the engine has settled.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from functools import partial

import msgspec

from aitrader.exchange.binance.backfill import Backfill
from aitrader.exchange.binance.guard import Guard, Guards
from aitrader.exchange.binance.intake import FeedTime, Intake
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.links import StreamTiming
from aitrader.exchange.binance.lockstep import Lockstep
from aitrader.exchange.binance.pulse import Pulse, PulseTiming
from aitrader.exchange.binance.reference import Reference
from aitrader.exchange.binance.rest import BinanceRest, RestTiming
from aitrader.exchange.binance.sockets import connect
from aitrader.exchange.binance.streams import StreamPool
from aitrader.exchange.binance.tickers import Ticker
from aitrader.market.series import SeriesTable
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.commands import ArmBand, DisarmBand, RankMarket, WatchMarket
from aitrader.model.errors import ConfigError, Refused, Transient
from aitrader.model.ports import Clock, Inbox, PriceListener, Tasks

__all__ = ["BinanceMarket", "FeedSettings", "FeedTime"]

_NO_LINK_MS = 86_400_000


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the exchange is and how patient we are. `stream_url` is without path.

    `proxy_url`: the way to both, "" for a straight one. `spare_urls`: further hosts for REST.
    `again_s` passes before history or a ranking is asked for again; `workers` bounds the requests
    under way; more than `unfit_per_minute` messages that do not fit end the connections. A feed
    without data for `stale_s` is down, and guarded prices are then fetched every `guard_s`.
    """

    rest_url: str
    stream_url: str
    proxy_url: str = ""
    spare_urls: tuple[str, ...] = ()
    streams: StreamTiming = StreamTiming()
    rest: RestTiming = RestTiming()
    pulse_s: float = 0.25
    refresh_s: float = 3600.0
    workers: int = 8
    again_s: float = 5.0
    unfit_per_minute: int = 600
    stale_s: float = 15.0
    guard_s: float = 3.0


class BinanceMarket:
    """The `Market` port on Binance's public streams and REST."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        *,
        tasks: Tasks,
        series: SeriesTable,
        settings: FeedSettings,
        time: FeedTime | None = None,
    ) -> None:
        """Connect to nothing yet; `open` does.

        Raises:
            ConfigError: A URL in the settings is none.
        """
        self._inbox = inbox
        self._clock = clock
        self._tasks = tasks
        self._series = series
        self._settings = settings
        self._time = time or FeedTime()
        self.limiter = WeightLimiter()
        """The exchange's limit of weight, for whoever else asks there from this address."""
        self._rest = _rest_of(settings, self.limiter)
        self._backfill = Backfill(
            self._rest, series, tasks=tasks, workers=settings.workers, again_s=settings.again_s
        )
        self._intake = Intake(inbox, clock, series=series, backfill=self._backfill, time=self._time)
        self.find_offer = self._intake.board.find_offer
        """What the book offers an order of a side, None where that is not known."""
        self._backfill.join(self._intake.candles, self._intake.on_work_done)
        self._reference = Reference(
            inbox, clock, rest=self._rest, time=self._time, intake=self._intake
        )
        self.set_clock = self._reference.try_to_set_clock
        self._guard = Guard(self._intake, clock, rest=self._rest, every_s=settings.guard_s)
        self._pool: StreamPool | None = None
        self._fast: frozenset[str] = frozenset()
        self._intervals: dict[str, str] = {}
        self._names: tuple[str, ...] = ()
        self._closed = asyncio.Event()

    # -- the Market port

    async def open(self) -> None:
        """Fetch time and rules (posts `InstrumentsLoaded`) and start the streams.

        Raises:
            ConfigError: The exchange cannot be reached, in one sentence.
        """
        try:
            await self._reference.load()
        except (Transient, Refused) as error:
            raise ConfigError(f"there is no market to watch: {error}") from error
        self._pool = self._make_pool()
        self._intake.is_pool_up = lambda: self._pool is not None and self._pool.is_up
        self._intake.on_up = self._rest.expect_life
        if self._time.pacer is not None:
            lockstep = Lockstep(self._time.pacer, self._pool.send, self._is_at_rest)
            self._intake.lockstep = lockstep
            self._tasks.spawn("simulated clock", lockstep.run())
        else:
            self._tasks.spawn("price guard", self._guard.run(self._closed))
            self._tasks.spawn(
                "fast streams",
                self._guard.steer(self._closed, self._settings.pulse_s, self._follow),
            )
        self._pool.follow(())
        pulse = Pulse(
            self._intake,
            self._clock,
            renew=self._pool.renew,
            refresh=self._reference.refresh if self._time.sink is None else None,
            timing=PulseTiming(
                refresh_s=self._settings.refresh_s,
                unfit_per_minute=self._settings.unfit_per_minute,
                stale_s=self._settings.stale_s if self._time.pacer is None else None,
            ),
        )
        self._tasks.spawn("market pulse", pulse.run(self._closed, self._settings.pulse_s))

    async def close(self) -> None:
        """Stop streams and requests."""
        self._closed.set()
        self._intake.is_closed = True
        self._backfill.close()
        if self._intake.lockstep is not None:
            self._intake.lockstep.close()
        if self._pool is not None:
            self._pool.close()
        await self._rest.close()

    def watch(self, command: WatchMarket) -> None:
        """Follow exactly these streams, and each symbol's ticker, from now on."""
        assert self._pool is not None, "watch comes after open"
        self._series.configure(command.streams)
        candles = self._intake.candles
        deeper = candles.follow(command.streams)
        self._intervals = {}
        for one in command.streams:
            known = self._intervals.get(one.symbol, one.interval)
            self._intervals[one.symbol] = min(known, one.interval, key=INTERVAL_MS.__getitem__)
        self._intake.board.follow(self._intervals)
        tickers = [f"{symbol.lower()}@ticker" for symbol in self._intervals]
        self._names = (*tickers, *candles.names)
        self._follow(self._fast)
        for stream in deeper:
            if stream.is_subscribed:
                self._backfill.ask(stream)
        self._intake.stir()

    async def rank(self, command: RankMarket) -> None:
        """Post `MarketRanked`; tries until the exchange answers."""
        await self._reference.rank(self._closed, self._settings.again_s)

    def arm(self, command: ArmBand) -> None:
        """Watch a band; fires at once if the last price is already out."""
        self._intake.board.arm(command)

    def disarm(self, command: DisarmBand) -> None:
        """Forget a band."""
        self._intake.board.disarm(command.band_id)

    def last_price(self, symbol: str) -> float | None:
        """Return quote per base of the newest trade seen, None before the first."""
        return self._intake.board.last_price(symbol)

    # -- for readers in memory

    def listen(self, listener: PriceListener, *, guards: Guards | None = None) -> None:
        """Show every price to `listener` from now on; `guards`: whose price it waits for."""
        self._intake.board.listen(listener)
        if guards is not None:
            self._guard.add(guards)

    def tickers(self) -> Mapping[str, Ticker]:
        """Return the watched symbols and their tickers; read at once, not kept."""
        return self._intake.board.tickers

    def closes(self, symbol: str, bars: int) -> tuple[float, ...]:
        """Return up to `bars` newest closes of a symbol's fastest interval, oldest first."""
        interval = self._intervals.get(symbol)
        return () if interval is None else self._series.closes(symbol, interval, bars)

    @property
    def messages(self) -> int:
        """Data frames of the stream since the start."""
        return self._intake.messages

    @property
    def candles(self) -> int:
        """Closed candles taken from the stream, or fetched in their place, since the start."""
        return self._intake.candles.closed

    @property
    def ready_streams(self) -> int:
        """Candle streams that are back-filled and whole."""
        return self._intake.candles.ready()

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames that changed nothing, by reason."""
        return self._intake.dropped

    @property
    def reconnects(self) -> int:
        """Links opened beyond the first of each connection."""
        return 0 if self._pool is None else max(0, self._pool.opened - self._pool.connections)

    def feed_age_ms(self) -> int:
        """Return how long ago the last frame came, wall time; a day when there is no link."""
        age_s = None if self._pool is None else self._pool.frame_age_s()
        return _NO_LINK_MS if age_s is None else int(age_s * 1000)

    # -- parts

    def _follow(self, fast: frozenset[str]) -> None:
        """Follow what is watched, and these fast streams."""
        assert self._pool is not None
        self._fast = fast
        self._pool.follow([*self._names, *fast])

    def _make_pool(self) -> StreamPool:
        timing = self._settings.streams
        if self._time.pacer is not None:
            timing = msgspec.structs.replace(timing, data_silence_s=None)
        return StreamPool(
            self._settings.stream_url.rstrip("/") + "/stream",
            self._intake,
            tasks=self._tasks,
            connect=partial(connect, proxy_url=self._settings.proxy_url),
            timing=timing,
            rng=random.Random(),  # spreads reconnects over time, decides nothing
        )

    def _is_at_rest(self) -> bool:
        """Tell whether every stream is subscribed and no request is under way."""
        return self._pool is not None and self._pool.is_settled and self._backfill.is_idle


def _rest_of(settings: FeedSettings, limiter: WeightLimiter) -> BinanceRest:
    return BinanceRest(
        settings.rest_url,
        limiter,
        settings.rest,
        proxy_url=settings.proxy_url,
        spare_urls=settings.spare_urls,
    )
