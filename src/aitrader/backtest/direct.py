"""The direct road of a run: trade by trade from its signal to its end, without messages.

Theory of operation. A live engine tells its stages of every step, since a person, a venue, a disk
or a crash may come in between. In a run over past candles nothing does: what happens to a trade
after its entry follows from the candles, and trades meet only in the account. So a direct run asks
for each decision in turn, of the same functions that the stages ask (`signals.lifecycle`,
`execution.admission`, `execution.protect`, `positions.book`, `positions.watch`, the venue's
`fills`, the ledger), and goes from one thing that is due to the next in the order of the stages'
run (`market.Phase`). A trip has at most one thing due: its entry, the next touch of what rests
for it, or its exit at market.

What it does not know it leaves to the stages (`staged`), which do the whole run: limit entries,
brakes, a stop that moves to break even, a part too small to be protected or sold. `may_do` says so
beforehand where a file tells it, and `NeedsStages` where a trade does. Tests take both roads and
want every trade, fill, refusal and signal the same to the last digit.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from math import isnan

from aitrader.backtest.answers import AnswerBook
from aitrader.backtest.daily import DailyUniverses
from aitrader.backtest.direct_account import DirectAccount, Key
from aitrader.backtest.history import History
from aitrader.backtest.job import Job
from aitrader.backtest.market import CANDLE, CLOSE, OPEN, TIMER, Phase, Wake
from aitrader.backtest.record import Record
from aitrader.backtest.resting import NeedsStages, stops_of, without
from aitrader.backtest.round_trip import RoundTrip
from aitrader.backtest.timers import VirtualClock
from aitrader.exchange.simulated import fills
from aitrader.execution.desk import entry_side, exit_side
from aitrader.execution.entries import CANCELED_UNFILLED, market_ends_ms
from aitrader.execution.exit_rules import is_sellable
from aitrader.execution.protect import REASONS
from aitrader.model.candle import INTERVAL_MS
from aitrader.model.ids import SignalId
from aitrader.model.money import decimal_from_float
from aitrader.model.order import ExitReason
from aitrader.model.trader import Brakes, Mode
from aitrader.signals.lifecycle import signal_of

NO_BRAKES = Brakes()

UNNAMED = SignalId("")
"""Nobody asks a direct run for ids."""

Due = tuple[int, Phase, int, int, int, RoundTrip]
"""What is due to a trip: the instant and its phase, the symbol's rank, stops first, oldest."""

LATER, LAST = 1, 2
"""Of one symbol in one phase stops come first (0), then other orders, then a trailing stop."""


def may_do(job: Job) -> bool:
    """Return whether a job may be run directly, as far as its files say."""
    step_ms = INTERVAL_MS[job.detail]
    return job.terms.brakes == NO_BRAKES and all(
        INTERVAL_MS[row.plan.interval] % step_ms == 0
        and row.is_enabled
        and row.mode is Mode.PAPER
        and row.plan.analyst is None
        and row.plan.entry.limit_pct is None
        and row.plan.limits.brakes == NO_BRAKES
        for row in job.traders
    )


class DirectRun:
    """A run without stages; its state."""

    def __init__(
        self, job: Job, history: History, answers: AnswerBook, clock: VirtualClock
    ) -> None:
        """Prepare the run; `answers` are those of the job's traders on this history."""
        self._job, self._answers, self._clock = job, answers, clock
        self._record = Record()
        self._account = DirectAccount(job, history, self._record, clock)
        self._traders = {row.trader_id: row for row in job.traders}
        self._ranks = {symbol: place for place, symbol in enumerate(history.symbols)}
        self._universes = DailyUniverses(job, history, clock)
        self._due: list[Due] = []
        self._awaited = 0

    def play(self) -> Record:
        """Run from the first instant to the last.

        Raises:
            NeedsStages: It cannot be done here.
        """
        job, held, due, universes = self._job, self._account.open, self._due, self._universes
        for at_ms, candidates in self._answers.entry_instants(from_ms=job.from_ms, to_ms=job.to_ms):
            close = (at_ms, CLOSE)
            if universes.next < close or (due and due[0] < close):
                self._let_come(close)
            if len(candidates) > 1 or candidates[0] not in held:
                self._clock.at_ms = at_ms
                self._close(at_ms, candidates)
        self._let_come((job.to_ms, CLOSE))
        return self._record

    def _let_come(self, until: Wake) -> None:
        """Let all happen that comes before an instant's phase: what is due, and rankings."""
        universes = self._universes
        while universes.next < until:
            self._let_fill(universes.next)
            universes.rank()
        self._let_fill(until)
        self._clock.at_ms = until[0]

    def _let_fill(self, until: Wake) -> None:
        """Have trips go on with what is due to them before an instant's phase."""
        due, clock, record = self._due, self._clock, self._record
        while due and due[0] < until:
            at_ms, phase, _rank, _urgency, _number, trip = heapq.heappop(due)
            clock.at_ms, record.is_opening = at_ms, phase is OPEN
            self._go_on(trip, phase)

    def _await(self, trip: RoundTrip, wake: Wake, urgency: int = LATER) -> None:
        """Have a trip go on then; of the same instant and symbol, in the order they came."""
        self._awaited += 1
        rank = self._ranks[trip.signal.symbol]
        heapq.heappush(self._due, (*wake, rank, urgency, self._awaited, trip))

    def _go_on(self, trip: RoundTrip, phase: Phase) -> None:
        """Do what is due to a trip now."""
        if trip.position is None:
            self._give_up(trip) if phase is TIMER else self._enter(trip)
        elif trip.leaving is not None:
            self._sell(trip)
        elif phase is TIMER or phase is CLOSE:
            self._leave(trip)
        else:
            self._touch(trip, phase)

    # -- a close --------------------------------------------------------------------------------

    def _close(self, at_ms: int, candidates: Sequence[Key]) -> None:
        """Have those enter whose conditions became true on the candles that end now."""
        traders, universes, account = self._traders, self._universes, self._account
        entering = [
            (traders[key[0]].rank, key[0], place, key)
            for key in candidates
            if key not in account.open
            and (place := universes.find(traders[key[0]].plan.universe, key[1])) is not None
        ]
        if not entering:
            return
        entering.sort()
        account.close_candle()
        for _rank, trader_id, _place, key in entering:
            signal = signal_of(self._answers.match(*key, at_ms), UNNAMED, at_ms=at_ms)
            self._record.signals += 1
            trip = account.admit(signal, traders[trader_id])
            if trip is not None:
                self._send(trip, at_ms)

    # -- an entry -------------------------------------------------------------------------------

    def _send(self, trip: RoundTrip, at_ms: int) -> None:
        """Have an entry meet the next open, or be given up where none comes in its time.

        Raises:
            NeedsStages: What the venue takes it to be worth is not what was promised for it.
        """
        series, signal = trip.series, trip.signal
        place, is_inside = series.find_now(at_ms)
        close = series.last_close(place)
        if is_inside or close is None or decimal_from_float(close) != signal.price:
            raise NeedsStages(f"{signal.symbol}: the candles that fill orders close elsewhere")
        if place < series.count and not isnan(series.opens[place]):
            trip.place = place
            self._await(trip, (at_ms, OPEN))
            return
        ends_ms = market_ends_ms(signal, planned_ms=at_ms)
        open_ms = trip.find_open(at_ms)
        if open_ms is not None and open_ms < ends_ms:
            self._await(trip, (open_ms, OPEN))
        else:
            self._await(trip, (ends_ms, TIMER))

    def _give_up(self, trip: RoundTrip) -> None:
        """Cancel an entry that found no price in its time."""
        self._account.release(trip)
        self._account.forget(trip)
        self._record.refusals[CANCELED_UNFILLED] += 1

    def _enter(self, trip: RoundTrip) -> None:
        """Fill an entry at the open, and protect what it received."""
        account, signal = self._account, trip.signal
        side = entry_side(trip.trader.plan.side)
        trip.enter(*account.fill_at_market(trip, side, trip.quantity))
        account.release(trip)
        account.count_stops(trip, stops_of(trip.pairs))
        self._record.add_open()
        trip.foresee(self._answers.find(signal.trader_id, signal.symbol))
        self._watch(trip, trip.place, is_inside=True)

    # -- its end --------------------------------------------------------------------------------

    def _watch(self, trip: RoundTrip, place: int, *, is_inside: bool) -> None:
        """Await the next touch of what rests, from a candle on, or the exit that comes before."""
        slippage_bps, forced = self._job.terms.slippage_bps, trip.forced
        wake = trip.find_touch(place, is_inside=is_inside, slippage_bps=slippage_bps)
        if forced is not None and (wake is None or forced[0] < wake):
            self._await(trip, forced[0])
        elif wake is not None:
            urgency = fills.urgency(trip.met[0][0]) if trip.met else LAST
            self._await(trip, wake, urgency)

    def _touch(self, trip: RoundTrip, phase: Phase) -> None:
        """Show a trip the candle that touches it, or that candle's open."""
        account, at_ms = self._account, self._clock.at_ms
        for order, price in trip.met:
            trip.exit(*account.fill(trip, order.side, order.quantity, price))
            if self._is_over(trip, REASONS[order.kind]):
                return
        if trip.met:
            trip.pairs = without(trip.pairs, trip.met)
            account.count_stops(trip, stops_of(trip.pairs))
        if phase is OPEN:
            self._watch(trip, trip.place, is_inside=True)
        elif trip.follow(at_ms):
            trip.forced = ((at_ms, CANDLE), ExitReason.TRAILING, "")
            self._leave(trip)
        else:
            self._watch(trip, trip.place + 1, is_inside=False)

    def _leave(self, trip: RoundTrip) -> None:
        """Take all orders off and sell at market, at the next open.

        Raises:
            NeedsStages: Too little is left to be sold, or the reason may change until then.
        """
        assert trip.forced is not None, "it is left for a reason"
        _wake, reason, condition = trip.forced
        at_ms, symbol = self._clock.at_ms, trip.signal.symbol
        price, open_ms = self._account.last_price(symbol), trip.find_open(at_ms)
        if price is None or not is_sellable(trip.left, price, trip.rules):
            raise NeedsStages(f"{symbol}: too little is left to be sold")
        if condition and open_ms is not None and self._is_met_again(trip, until_ms=open_ms):
            raise NeedsStages(f"{symbol}: another exit condition holds until it is sold")
        trip.pairs, trip.leaving = (), (reason, condition)
        self._account.count_stops(trip, 0)
        if open_ms is not None:
            self._await(trip, (open_ms, OPEN))

    def _is_met_again(self, trip: RoundTrip, *, until_ms: int) -> bool:
        """Return whether an exit condition holds once more while a trade waits to be sold."""
        found = self._answers.find(trip.signal.trader_id, trip.signal.symbol)
        exit_ms = None if found is None else found.next_exit(self._clock.at_ms)
        return exit_ms is not None and exit_ms <= until_ms

    def _sell(self, trip: RoundTrip) -> None:
        """Fill an exit at market."""
        assert trip.leaving is not None, "it is being left"
        side = exit_side(trip.trader.plan.side)
        trip.exit(*self._account.fill_at_market(trip, side, trip.left))
        self._is_over(trip, *trip.leaving)

    def _is_over(self, trip: RoundTrip, reason: ExitReason, condition: str = "") -> bool:
        """Return whether nothing is left of a trade, which is kept then."""
        trade = trip.find_end(reason, condition, at_ms=self._clock.at_ms)
        if trade is None:
            return False
        self._account.forget(trip)
        self._record.add_trade(trade)
        return True
