"""Live orders on Binance spot: the `Venue` port.

Theory of operation. `submit` sends an order once (`account_rest`) and says what came of it; a lost
answer is said as `OrderOutcomeUnknown` and the order is never sent again. Everything the exchange
tells comes over two roads: the user data stream, as it happens, and REST (`inquiries`), which is
asked when the stream was away and every few seconds besides. Both end in the same events, which may
come twice and in any order.

Invariants: no order leaves twice; orders that are not ours are never touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from aitrader.exchange.binance import reports
from aitrader.exchange.binance.account_rest import AccountRest, AccountTiming
from aitrader.exchange.binance.account_socket import AccountSocket
from aitrader.exchange.binance.exchange_time import ExchangeTime
from aitrader.exchange.binance.forgotten import find_forgotten
from aitrader.exchange.binance.inquiries import Inquiries
from aitrader.exchange.binance.keys import check_key
from aitrader.exchange.binance.limits import WeightLimiter
from aitrader.exchange.binance.links import StreamTiming, wait_at_most
from aitrader.exchange.binance.order_gate import OrderGate
from aitrader.exchange.binance.orders import Request, cancel_groups, canceling, placing
from aitrader.exchange.binance.question_pace import Patience
from aitrader.exchange.binance.signing import Credentials, signer_of
from aitrader.exchange.binance.sockets import connect
from aitrader.exchange.binance.together import both
from aitrader.exchange.binance.verdicts import (
    BAD_TIME,
    CANCEL_REJECTED,
    NEVER_LEFT,
    ORDER_REJECTED,
)
from aitrader.exchange.binance.wire_orders import (
    AccountAnswer,
    OrderAnswer,
    UserEvent,
    read_reports,
)
from aitrader.model.account import LIVE
from aitrader.model.commands import CancelOrders, QueryOrder, SubmitOrder
from aitrader.model.errors import ConfigError, OutcomeUnknown, Refused, Transient
from aitrader.model.events import Saved
from aitrader.model.ids import ClientOrderId
from aitrader.model.order import Order, OrderStatus
from aitrader.model.ports import Clock, Inbox, Tasks

__all__ = ["BinanceVenue", "VenueSettings"]

log = logging.getLogger(__name__)

CLOCK_OFF_MS = 250


class VenueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where orders go and how. `ws_api_url` may be "": then all goes over REST.

    Open orders are asked after every `audit_s`, whatever the stream says, and entries among them
    every `entry_s`, as nothing protects what they buy before it is known; the time, what the
    account has, and which orders are not ours, every `clock_s`.
    """

    rest_url: str
    api_key: str
    secret: str
    ws_api_url: str = ""
    account: str = LIVE
    allow_withdraw_keys: bool = False
    proxy_url: str = ""
    timing: AccountTiming = AccountTiming()
    patience: Patience = Patience()
    stream: StreamTiming = StreamTiming(answer_s=2.0)
    audit_s: float = 5.0
    entry_s: float = 1.0
    clock_s: float = 60.0

    def __repr__(self) -> str:
        return f"VenueSettings(rest_url={self.rest_url!r}, account={self.account!r}, ...)"


class BinanceVenue:
    """The orders of one live account."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        *,
        tasks: Tasks,
        settings: VenueSettings,
        limiter: WeightLimiter | None = None,
    ) -> None:
        """Connect to nothing yet; `recover` does. `limiter`: the one of all requests there.

        Raises:
            ConfigError: The secret or an address cannot be used.
        """
        self.on_clock_off: Callable[[], Awaitable[None]] = _nothing
        """Puts the clock right that windows are counted by: off by more, they are over too soon."""
        self._clock = clock
        self._tasks = tasks
        self._settings = settings
        self._time = ExchangeTime(clock)
        credentials = Credentials(settings.api_key, signer_of(settings.secret))
        self._gate = OrderGate(limiter or WeightLimiter(), self._time)
        self._rest = AccountRest(
            settings.rest_url,
            credentials,
            time=self._time,
            gate=self._gate,
            timing=settings.timing,
            proxy_url=settings.proxy_url,
        )
        self._socket = _socket_of(settings, credentials, self._time)
        if self._socket is not None:
            self._socket.on_told = self._on_told
            self._socket.on_answer = self._gate.learn_message
            self._socket.on_up = lambda: tasks.spawn("account catch-up", self._catch_up())
        self._inquiries = Inquiries(
            inbox.post,
            self._rest,
            clock=clock,
            time=self._time,
            account=settings.account,
            patience=settings.patience,
        )

    async def close(self) -> None:
        """Stop all requests; orders stay where they are."""
        self._inquiries.closed.set()
        if self._socket is not None:
            self._socket.close()
        await self._rest.close()

    @property
    def is_stream_up(self) -> bool:
        """True while the account's events come as they happen."""
        return self._socket is not None and self._socket.is_up

    @property
    def links_opened(self) -> int:
        """How often the account's stream was opened."""
        return 0 if self._socket is None else self._socket.opened

    # -- the Venue port -------------------------------------------------------------------------

    async def recover(self, saved: Saved) -> None:
        """Check the key, learn the account and what became of every order that was open.

        An order without any answer on record is left to whoever asks after it.

        Raises:
            ConfigError: The key cannot be used or the exchange not be reached, in one sentence.
        """
        mine, inquiries = saved.of(self._settings.account), self._inquiries
        inquiries.live.keep(mine.orders)
        introduced = _introduce(self._rest, inquiries, self._settings)
        try:
            (found, still_open), late = await both(introduced, find_forgotten(self._rest, mine))
        except (Transient, Refused) as error:
            raise ConfigError(f"there is no account to trade with: {error}") from error
        unclear = await _report(inquiries, still_open, late, known=mine.orders)
        inquiries.balances.tell(found.balances)  # after the sales that nobody here knew of
        await _ask_after(unclear, inquiries, tasks=self._tasks)
        if abs(self._time.ahead_ms) > CLOCK_OFF_MS:  # orders will be planned by it at once
            await self._set_time()
        self._tasks.spawn("live orders", _audit(self._inquiries, self._settings, self._set_time))
        if self._socket is not None:
            self._tasks.spawn("account stream", self._socket.run())

    async def submit(self, command: SubmitOrder) -> None:
        """Send one order, or one list of two, once."""
        orders = command.orders
        name = orders[0].client_order_id
        not_after_ms = min(order.not_after_ms for order in orders)
        self._inquiries.live.keep(orders)
        try:
            request = placing(orders)
            await self._gate.admit(request, not_after_ms=not_after_ms)
            body = await self._place(request, name, not_after_ms=not_after_ms)
            answers = _accepted(name, body)
        except Refused as refused:
            self._rejected(orders, refused)
        except Transient as transient:
            self._rejected(orders, Refused(NEVER_LEFT, transient.reason))
        except OutcomeUnknown as unknown:
            at_ms = self._clock.now_ms()
            self._inquiries.post(*reports.unknown(orders, unknown.reason, at_ms=at_ms))
        else:
            await self._tell(answers, orders)
            if not self.is_stream_up:
                await self._inquiries.balances.ask()

    async def cancel(self, command: CancelOrders) -> None:
        """Take orders off, each list at once; what cannot be taken off is asked after."""
        for group in cancel_groups(command.orders):
            try:
                answers = read_reports(await self._ask(canceling(group)))
            except (Transient, Refused) as error:
                if isinstance(error, Transient) or error.code != CANCEL_REJECTED:
                    log.warning("a cancel has no clear answer: %s", error)
                for order in group:
                    await self._inquiries.ask(order)
            else:
                await self._tell(answers, group)

    async def query(self, command: QueryOrder) -> None:
        """Report what is known of one order; asks until the exchange answers."""
        await self._inquiries.ask(command.order)

    async def look(self) -> None:
        """Ask once, now, after every order that the exchange has."""
        await self._inquiries.look()

    # -- parts ----------------------------------------------------------------------------------

    async def _place(self, request: Request, name: ClientOrderId, *, not_after_ms: int) -> bytes:
        """Send an order by the quickest way that is open, and by one alone."""
        if self._socket is not None and self._socket.is_up:
            # Without a connection nothing has left, and only then the other way is open.
            with contextlib.suppress(Transient):
                return await self._socket.place(request, name, not_after_ms=not_after_ms)
        return await self._rest.place(request, name, not_after_ms=not_after_ms)

    async def _ask(self, request: Request) -> bytes:
        """Ask what may be asked twice by the quickest way, then by the surest."""
        if self._socket is not None and self._socket.is_up:
            body = await self._socket.ask(request)
            if body is not None:
                return body
        return await self._rest.ask(request)

    def _on_told(self, event: UserEvent) -> None:
        """Post what one event of the account says."""
        if self._inquiries.hear(event):
            self._tasks.spawn("account balances", self._inquiries.balances.ask())

    async def _catch_up(self) -> None:
        """Ask for what may have happened while nobody listened."""
        await self._inquiries.look()
        await self._inquiries.balances.ask()

    async def _tell(self, answers: Sequence[OrderAnswer], orders: Sequence[Order]) -> None:
        by_name = {order.client_order_id: order for order in orders}
        for answer in answers:
            name = ClientOrderId(answer.name)
            order = self._inquiries.live.find(name) or by_name.get(name)
            await self._inquiries.tell(answer, order)

    def _rejected(self, orders: Sequence[Order], refused: Refused) -> None:
        if refused.code == BAD_TIME:
            self._tasks.spawn("exchange time", self._set_time())
        if refused.code == ORDER_REJECTED:  # perhaps the account has less than is believed
            self._tasks.spawn("account balances", self._inquiries.balances.ask())
        self._inquiries.post(*reports.refused(orders, refused, at_ms=self._clock.now_ms()))

    async def _set_time(self) -> None:
        try:
            await self._rest.fetch_time()
            if abs(self._time.ahead_ms) > CLOCK_OFF_MS:
                log.warning("the clock is %d ms off the exchange's", self._time.ahead_ms)
                await self.on_clock_off()
                await self._rest.fetch_time()
        except (Transient, Refused) as error:
            log.warning("the exchange's time cannot be had now: %s", error)


async def _nothing() -> None:
    pass


def _socket_of(
    settings: VenueSettings, credentials: Credentials, time: ExchangeTime
) -> AccountSocket | None:
    """Return the account's stream, None where the exchange has none."""
    if not settings.ws_api_url:
        return None
    return AccountSocket(
        settings.ws_api_url,
        credentials,
        connect=partial(connect, proxy_url=settings.proxy_url),
        time=time,
        timing=settings.stream,
    )


async def _introduce(
    rest: AccountRest, inquiries: Inquiries, settings: VenueSettings
) -> tuple[AccountAnswer, list[OrderAnswer]]:
    """Return the account and what is open; its key, its limits and the time were looked at.

    All at once, each on a connection of its own: to open one takes longer than an answer. With a
    clock that is off the questions are refused and asked again, each once the time is known.
    """
    (account, _), (still_open, _) = await both(
        both(check_key(rest, may_withdraw=settings.allow_withdraw_keys), rest.fetch_time()),
        both(inquiries.fetch_open(), rest.fetch_order_limits()),
    )
    return account, still_open


async def _report(
    inquiries: Inquiries,
    still_open: Sequence[OrderAnswer],
    forgotten: Sequence[OrderAnswer],
    *,
    known: Sequence[Order],
) -> list[Order]:
    """Tell of what is open, and of the exits nobody here knows; return the orders left unclear."""
    names = {answer.name for answer in still_open}
    ended = [answer for answer in forgotten if answer.name not in names]
    await inquiries.report_open([*still_open, *ended], known)
    for answer in forgotten:
        await inquiries.tell(answer, None)
    return [row for row in known if row.client_order_id not in names]


async def _ask_after(known: Sequence[Order], inquiries: Inquiries, *, tasks: Tasks) -> None:
    """Ask for each open order; one that is not told about does not hold up the others."""
    accepted = [order for order in known if order.status is OrderStatus.OPEN]
    silent = await inquiries.ask_all(accepted)
    if len(silent) < len(accepted):  # what the account has was told before what became of these
        tasks.spawn("account balances", inquiries.balances.ask())
    for order in silent:
        tasks.spawn(f"order {order.client_order_id}", inquiries.ask(order))


def _accepted(name: ClientOrderId, body: bytes) -> list[OrderAnswer]:
    """Return the orders of a yes; one that cannot be read leaves their fate open.

    Raises:
        OutcomeUnknown: It cannot be read.
    """
    try:
        return read_reports(body)
    except Refused as refused:
        raise OutcomeUnknown(name, refused.reason) from refused


async def _audit(
    inquiries: Inquiries, every: VenueSettings, set_time: Callable[[], Awaitable[None]]
) -> None:
    """Ask after what is open every few seconds, and less often for the time and strangers."""
    loop = asyncio.get_running_loop()
    looked_s = timed_s = loop.time()
    while True:
        await wait_at_most(inquiries.closed, min(every.entry_s, every.audit_s))
        if inquiries.closed.is_set():
            return
        if loop.time() - timed_s >= every.clock_s:
            timed_s = loop.time()
            await set_time()
            await inquiries.look_around()
        is_due = loop.time() - looked_s >= every.audit_s
        if is_due:
            looked_s = loop.time()
        await inquiries.look(entries_alone=not is_due)
