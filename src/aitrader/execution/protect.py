"""What rests at the venue for an open position, and how it comes to rest there again.

Theory of operation. A position's targets and stop say what *should* rest: one piece per target with
its share, and one without target for what no target covers. The order table says what *does* rest.
`uncovered` is the difference, counted per piece and never more than what is held minus what rests,
so that a message which has not been worked out yet cannot lead to a second sale. The difference is
planned: stop and target as an order list, a stop or a target alone as a single order.

When the stop is moved, what rests with another stop price is *stale*: it is canceled, and only once
the venue has confirmed its end is the new protection planned, since both could sell. Until then a
band stands in (`positions.guard`). The move is on disk as the position's own stop price, so a start
finds the same difference and goes on from there.

An order list dies as a whole: while one of its two is alive nothing is missing, since the answer
about the other may simply be first. If that stays so, the survivor is asked after, and then
canceled (`lame_due`): Binance takes the stop off when the target has filled in part.

Each close audits all of it, and where the venue is a real one also a timer every few seconds: the
rules of a symbol may have been unknown when it was time.

A piece whose protection ends unfilled (rejected, never arrived, taken off by somebody) is planned
anew after a pause, as what was in the way may pass; the band stands in meanwhile. After three times
it cannot be protected: the position is left (`ExitWanted` UNPROTECTED). So it is at once if all
that is held is too little for an order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal

import msgspec

from aitrader.execution.desk import Desk, Messages, exit_side
from aitrader.execution.exit_rules import is_sellable
from aitrader.execution.watch import query_later
from aitrader.model import ids
from aitrader.model.commands import CancelOrders, QueryOrder, StartTimer, SubmitOrder
from aitrader.model.events import ExitWanted, OrderPlanned
from aitrader.model.ids import ClientOrderId, PositionId, TimerId
from aitrader.model.money import ZERO, quantity_to_step
from aitrader.model.order import ExitReason, Leg, Order, OrderKind, OrderStatus
from aitrader.model.position import Position, PositionStatus

EXIT_WORD = Leg.EXIT.value
EXIT, OPEN, RESTS = Leg.EXIT, PositionStatus.OPEN, OrderStatus.OPEN
MARKET, LIMIT, STOP_LOSS = OrderKind.MARKET, OrderKind.LIMIT, OrderKind.STOP_LOSS

REASONS = {STOP_LOSS: ExitReason.STOP_LOSS, LIMIT: ExitReason.TAKE_PROFIT}
"""Why a position is left when an order that protects it fills."""

LAME_TIMER = "order-lame:"
"""Timer of an order whose list mate has ended, by which it should have ended too."""

LAME_PATIENCE_MS = 2_000

AGAIN_TIMER = "protect-again:"
"""Timer of a position whose protection failed, by which it is planned anew."""

AUDIT_TIMER = "audit:"
"""Timer of an account whose protection is looked at every few seconds."""

ATTEMPTS = 3
"""How often a piece is protected before the position is left."""

PAUSES_MS = (0, 500, 1_500)
"""How long after the failed plan before it the next protection is planned, by failures so far.

A refusal for the hour (a clock that was off, a limit used up) has time to pass, and the position is
still left within 5 s when there is no protection to be had.
"""


class Piece(msgspec.Struct, frozen=True):
    """A part of a position: its target's price (None: stop only) and base units."""

    target_price: Decimal | None
    quantity: Decimal


def guard(desk: Desk, position: Position, *, at_ms: int) -> Messages:
    """Return the orders that protect what is not protected, or the wish to leave."""
    rules = desk.instruments.get(position.symbol)
    position_id = position.position_id
    if rules is None or position.status is not OPEN or position_id in desk.closing:
        return []
    sheet = desk.table.sheet(position_id)
    answer: Messages = []
    if sheet.exits:
        answer.extend(_taken_off(stale(position, sheet.exits), at_ms=at_ms))
    pieces = uncovered(position, sheet.exits, held=desk.held(position), step_size=rules.step_size)
    is_sound = not answer
    for piece in pieces:
        if not is_sellable(piece.quantity, least_price(position, piece.target_price), rules):
            if piece.quantity < quantity_to_step(position.quantity, rules.step_size):
                continue  # too small by itself: the band at the stop covers it with the rest
            wish = ExitWanted(at_ms=at_ms, position_id=position_id, reason=ExitReason.UNPROTECTED)
            return [*answer, wish]
        failed = _failed(position, sheet.exits, piece) if sheet.exits else []
        if len(failed) >= ATTEMPTS:
            wish = ExitWanted(at_ms=at_ms, position_id=position_id, reason=ExitReason.UNPROTECTED)
            return [*answer, wish]
        due_ms = max(failed, default=0) + PAUSES_MS[len(failed)]
        if at_ms < due_ms:
            answer.append(StartTimer(timer_id=TimerId(AGAIN_TIMER + position_id), due_ms=due_ms))
            is_sound = False
            continue
        orders = _planned(desk, position, piece, at_ms=at_ms)
        for order in orders:
            desk.table.add(order)
            answer.append(OrderPlanned(at_ms=at_ms, order=order))
        answer.append(SubmitOrder(orders=orders))
        answer.extend([query_later(order) for order in orders])
    if is_sound:
        sheet.sound = position
    return answer


def audit(desk: Desk, *, at_ms: int) -> Messages:
    """Return what open positions lack by now, though nothing has happened to them.

    A position that lacked nothing is passed over until it, or one of its orders, has changed.
    """
    answer: Messages = []
    for position in tuple(desk.positions.values()):
        if desk.table.sheet(position.position_id).sound is not position:
            answer.extend(guard(desk, position, at_ms=at_ms))
    return answer


def audit_timer(desk: Desk, *, at_ms: int) -> Messages:
    """Return the alarm for the next audit between two closes."""
    return [StartTimer(timer_id=audit_id(desk), due_ms=at_ms + desk.settings.audit_ms)]


def audit_id(desk: Desk) -> TimerId:
    """Return the name of the account's alarm."""
    return TimerId(AUDIT_TIMER + desk.settings.account)


def stale(position: Position, exits: Iterable[Order]) -> tuple[Order, ...]:
    """Return the protective orders that the venue may still act on with a stop that was moved."""
    return tuple(
        row
        for group in _groups(exits).values()
        if _stop_price(group) != position.stop_price
        for row in group
        if not row.is_done
    )


def moved_too_late(desk: Desk, order: Order) -> Messages:
    """Return the cancel of an order that came to rest after its stop had been moved."""
    position = desk.positions.get(order.position_id)
    if position is None or order.status is not RESTS:
        return []
    name = order.list_id or order.client_order_id
    group = _groups(desk.table.of(order.position_id, EXIT)).get(name, ())
    is_late = bool(group) and _stop_price(group) != position.stop_price
    return [CancelOrders(orders=(order,))] if is_late else []


def uncovered(
    position: Position, exits: Collection[Order], *, held: Decimal, step_size: Decimal
) -> tuple[Piece, ...]:
    """Return the pieces of a position that should rest at the venue and do not.

    Args:
        position: Its quantity, stop and targets as they stand.
        exits: All orders that were to close it.
        held: Base units that are left of it (SHORT: owed) by its fills.
        step_size: The symbol's quantity step; a rest below it cannot be protected.
    """
    if position.stop_price is None and not position.targets:
        return ()
    resting, alive = _resting(position, exits) if exits else ({}, ZERO)
    room = held - alive
    pieces = []
    for target_price, wanted in wanted_pieces(position).items():
        missing = min(wanted - resting[target_price] if target_price in resting else wanted, room)
        if missing > ZERO and (quantity := quantity_to_step(missing, step_size)) > ZERO:
            room -= quantity
            pieces.append(Piece(target_price, quantity))
    return tuple(pieces)


def wanted_pieces(position: Position) -> dict[Decimal | None, Decimal]:
    """Return base units per target price that should rest for it; None: those with a stop only."""
    wanted: dict[Decimal | None, Decimal] = {}
    rest = position.quantity
    for target in position.targets:
        wanted[target.price] = wanted.get(target.price, ZERO) + target.quantity
        rest -= target.quantity
    if position.stop_price is not None:
        wanted[None] = rest
    return wanted


def least_price(position: Position, target_price: Decimal | None) -> Decimal:
    """Return the lower one of the prices at which a part with this target (or none) would rest."""
    stop = position.stop_price
    if stop is None or target_price is None:
        return stop or target_price or ZERO
    return min(stop, target_price)


def lame_timers(desk: Desk, ended: Order, *, at_ms: int) -> Messages:
    """Return the alarms for list mates that should end now that this order has ended."""
    if not ended.list_id:
        return []
    return [
        _lame_timer(row.client_order_id, at_ms + LAME_PATIENCE_MS)
        for row in desk.table.of(ended.position_id, EXIT)
        if row.list_id == ended.list_id and not row.is_done
    ]


def again_due(desk: Desk, position_id: PositionId, *, at_ms: int) -> Messages:
    """Return what a position still lacks when the pause after a failed protection is over."""
    position = desk.positions.get(position_id)
    return [] if position is None else guard(desk, position, at_ms=at_ms)


def lame_due(desk: Desk, client_order_id: ClientOrderId, *, at_ms: int) -> Messages:
    """Return the question about a survivor of its list and, as it still lives, its cancel."""
    order = desk.table.find(client_order_id)
    if order is None or order.is_done:
        return []
    return [
        QueryOrder(order=order),
        CancelOrders(orders=(order,)),
        _lame_timer(client_order_id, at_ms + 2 * LAME_PATIENCE_MS),
    ]


def _taken_off(orders: tuple[Order, ...], *, at_ms: int) -> Messages:
    """Return the cancel of orders, and the alarms that see to it that they end."""
    if not orders:
        return []
    timers = [_lame_timer(row.client_order_id, at_ms + LAME_PATIENCE_MS) for row in orders]
    return [CancelOrders(orders=orders), *timers]


def _lame_timer(client_order_id: ClientOrderId, due_ms: int) -> StartTimer:
    return StartTimer(timer_id=TimerId(LAME_TIMER + client_order_id), due_ms=due_ms)


def _groups(orders: Iterable[Order]) -> dict[str, list[Order]]:
    """Return protective orders by list; a single order is a list of one."""
    groups: dict[str, list[Order]] = {}
    for order in orders:
        if order.kind is not MARKET:
            groups.setdefault(order.list_id or order.client_order_id, []).append(order)
    return groups


def _stop_price(group: Iterable[Order]) -> Decimal | None:
    for row in group:
        if row.kind is STOP_LOSS:
            return row.stop_price
    return None


def _target_price(group: Iterable[Order]) -> Decimal | None:
    for row in group:
        if row.kind is LIMIT:
            return row.price
    return None


def _resting(
    position: Position, exits: Iterable[Order]
) -> tuple[dict[Decimal | None, Decimal], Decimal]:
    """Return base units per target price that rest as they should, and all that may be closed."""
    resting: dict[Decimal | None, Decimal] = {}
    whole = ZERO
    for group in _groups(exits).values():
        alive = max((row.remaining for row in group if not row.is_done), default=ZERO)
        whole += alive
        if _stop_price(group) == position.stop_price:
            key = _target_price(group)
            resting[key] = resting.get(key, ZERO) + alive
    return resting, whole


def _failed(position: Position, exits: Iterable[Order], piece: Piece) -> list[int]:
    """Return when the protections of a piece were planned that ended without a fill.

    What was planned before its stop was moved does not count.
    """
    failed: list[int] = []
    for group in _groups(exits).values():
        if _target_price(group) != piece.target_price:
            continue
        if _stop_price(group) != position.stop_price:
            failed.clear()
        elif all(row.is_done and not row.fills for row in group):
            failed.append(group[0].planned_ms)
    return failed


def _planned(desk: Desk, position: Position, piece: Piece, *, at_ms: int) -> tuple[Order, ...]:
    """Return the one or two orders that protect a piece."""
    attempt = desk.table.next_attempt(position.position_id, EXIT)
    is_list = piece.target_price is not None and position.stop_price is not None
    stop = Order(
        client_order_id=_exit_id(position, attempt),
        trader_id=position.trader_id,
        position_id=position.position_id,
        leg=EXIT,
        symbol=position.symbol,
        side=exit_side(position.side),
        kind=STOP_LOSS,
        quantity=piece.quantity,
        planned_ms=at_ms,
        not_after_ms=at_ms + desk.settings.protect_window_ms,
        stop_price=position.stop_price,
        list_id=ids.client_order_id(position.position_id, "LIST", attempt) if is_list else "",
        reason=REASONS[STOP_LOSS],
        account=position.account,
    )
    if piece.target_price is None:
        return (stop,)
    target = msgspec.structs.replace(
        stop,
        client_order_id=_exit_id(position, attempt + 1) if is_list else stop.client_order_id,
        kind=LIMIT,
        price=piece.target_price,
        stop_price=None,
        reason=REASONS[LIMIT],
    )
    return (stop, target) if is_list else (target,)


def _exit_id(position: Position, attempt: int) -> ClientOrderId:
    return ids.client_order_id(position.position_id, EXIT_WORD, attempt)
