from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from tests.builders import (
    AT_MS,
    POSITION,
    a_fill,
    a_filled_order,
    a_position,
    a_signal,
    an_instrument,
    an_order,
    some_exits,
)

from aitrader.model.errors import InvariantBroken
from aitrader.model.ids import PositionId
from aitrader.model.order import ExitReason, Leg, Order, OrderKind
from aitrader.model.position import Position, PositionStatus, TargetPrice
from aitrader.model.trader import Level, LevelKind, PositionSide, Target
from aitrader.positions.book import (
    ENDED_KEPT,
    ENDED_LIMIT,
    Book,
    closing,
    entering,
    left_by_hand,
    opened,
    reduced,
    refilled,
    rules_for,
)

RULES = an_instrument()
ENTRY = a_filled_order()


def replaced(order: Order, **changes: object) -> Order:
    return msgspec.structs.replace(order, **changes)


def a_mate(kind: OrderKind, attempt: int, price: str, quantity: str) -> Order:
    named = {"price": Decimal(price)} if kind is OrderKind.LIMIT else {"stop_price": Decimal(99)}
    return an_order(
        Leg.EXIT, attempt, kind=kind, list_id="list-1", quantity=Decimal(quantity), **named
    )


def with_fill(order: Order, quantity: str, price: str = "100") -> Order:
    fill = a_fill(50, quantity=Decimal(quantity), price=Decimal(price), fee=Decimal(0))
    return replaced(order, fills=(*order.fills, fill), reason=ExitReason.TAKE_PROFIT)


def test_a_position_opens_with_its_prices_from_the_average_fill() -> None:
    signal = a_signal(exits=some_exits(trailing_pct=Decimal(1)))
    begun = entering(signal, ENTRY, side=PositionSide.LONG)

    position = opened(begun, (ENTRY,), rules=RULES, at_ms=AT_MS + 5)

    assert begun.status is PositionStatus.ENTERING
    assert position.status is PositionStatus.OPEN
    assert position.opened_ms == AT_MS + 5
    assert (position.entry_price, position.quantity) == (Decimal(100), Decimal(1))
    assert position.stop_price == Decimal(99)
    assert position.targets == (TargetPrice(Decimal(102), Decimal(1)),)
    assert position.trail_price == Decimal(100)


def test_a_position_cannot_open_twice() -> None:
    with pytest.raises(InvariantBroken, match="OPEN cannot follow OPEN"):
        opened(a_position(), (ENTRY,), rules=RULES, at_ms=AT_MS)


def test_what_is_over_is_neither_left_nor_closed_again() -> None:
    over = a_position(status=PositionStatus.CLOSED)
    with pytest.raises(InvariantBroken, match="CLOSING cannot follow CLOSED"):
        closing(over, ExitReason.MANUAL)
    exit_order = with_fill(an_order(Leg.EXIT), "1")
    with pytest.raises(InvariantBroken, match="CLOSED cannot follow CLOSED"):
        reduced(over, (ENTRY, exit_order), before=an_order(Leg.EXIT), rules=RULES, at_ms=AT_MS)


def test_an_exit_that_was_asked_for_names_its_reason() -> None:
    position = closing(a_position(), ExitReason.MANUAL)
    assert (position.status, position.exit_reason) == (
        PositionStatus.CLOSING,
        ExitReason.MANUAL,
    )


def two_targets() -> Position:
    return a_position(
        targets=(
            TargetPrice(Decimal(102), Decimal("0.5")),
            TargetPrice(Decimal(104), Decimal("0.5")),
        )
    )


@pytest.mark.parametrize("kind", [OrderKind.LIMIT, OrderKind.STOP_LOSS])
def test_a_target_shrinks_by_what_its_limit_or_its_stop_filled(kind: OrderKind) -> None:
    mates = (
        a_mate(OrderKind.LIMIT, 1, "102", "0.5"),
        a_mate(OrderKind.STOP_LOSS, 2, "99", "0.5"),
    )
    before = next(row for row in mates if row.kind is kind)
    orders = (ENTRY, *(with_fill(row, "0.2") if row is before else row for row in mates))

    position = reduced(two_targets(), orders, before=before, rules=RULES, at_ms=AT_MS)

    assert position.quantity == Decimal("0.8")
    assert position.targets[0] == TargetPrice(Decimal(102), Decimal("0.3"))
    assert position.targets[1] == TargetPrice(Decimal(104), Decimal("0.5"))


def test_a_target_that_filled_is_gone() -> None:
    limit = a_mate(OrderKind.LIMIT, 1, "102", "0.5")
    position = reduced(
        two_targets(), (ENTRY, with_fill(limit, "0.5")), before=limit, rules=RULES, at_ms=AT_MS
    )
    assert position.targets == (TargetPrice(Decimal(104), Decimal("0.5")),)


def test_an_order_without_target_leaves_the_targets() -> None:
    market = an_order(Leg.EXIT)
    position = reduced(
        two_targets(), (ENTRY, with_fill(market, "0.1")), before=market, rules=RULES, at_ms=AT_MS
    )
    assert position.targets == two_targets().targets


def test_a_stop_whose_mate_is_unknown_leaves_the_targets() -> None:
    stop = a_mate(OrderKind.STOP_LOSS, 1, "99", "0.5")
    position = reduced(
        two_targets(), (ENTRY, with_fill(stop, "0.1")), before=stop, rules=RULES, at_ms=AT_MS
    )
    assert position.targets == two_targets().targets


def test_the_last_unit_closes_the_position() -> None:
    market = an_order(Leg.EXIT)
    position = reduced(
        two_targets(), (ENTRY, with_fill(market, "1")), before=market, rules=RULES, at_ms=AT_MS + 9
    )
    assert position.status is PositionStatus.CLOSED
    assert position.closed_ms == AT_MS + 9
    assert position.exit_reason is ExitReason.TAKE_PROFIT
    assert position.targets == ()


def test_one_step_that_is_left_is_still_held() -> None:
    market, step = an_order(Leg.EXIT), RULES.step_size
    sold = with_fill(market, str(ENTRY.filled - step))
    position = reduced(a_position(), (ENTRY, sold), before=market, rules=RULES, at_ms=AT_MS)
    assert position.quantity == step
    assert position.status is PositionStatus.OPEN


def test_the_reason_asked_for_stands_where_the_order_names_none() -> None:
    market = an_order(Leg.EXIT)
    sold = replaced(with_fill(market, "1"), reason=None)
    position = reduced(
        closing(a_position(), ExitReason.MAX_AGE),
        (ENTRY, sold),
        before=market,
        rules=RULES,
        at_ms=AT_MS,
    )
    assert position.exit_reason is ExitReason.MAX_AGE


def test_more_closed_than_held_is_impossible() -> None:
    market = an_order(Leg.EXIT)
    with pytest.raises(InvariantBroken, match=r"closed 1\.5 of 1 held"):
        reduced(
            a_position(), (ENTRY, with_fill(market, "1.5")), before=market, rules=RULES, at_ms=AT_MS
        )


def test_what_the_entry_fills_later_is_covered_by_the_stop() -> None:
    more = with_fill(ENTRY, "0.5")
    position = refilled(two_targets(), (more,), rules=RULES)
    assert position.quantity == Decimal("1.5")
    assert position.targets == two_targets().targets


def test_without_a_stop_the_last_target_takes_what_the_entry_fills_later() -> None:
    bare = msgspec.structs.replace(two_targets(), stop_price=None)
    position = refilled(bare, (with_fill(ENTRY, "0.5"),), rules=RULES)
    assert position.targets[-1] == TargetPrice(Decimal(104), Decimal("1.0"))


def test_an_unknown_symbol_has_the_finest_grid() -> None:
    assert rules_for("X", {}).step_size == Decimal("0.00000001")
    assert rules_for("BTCUSDT", {"BTCUSDT": RULES}) is RULES


def test_a_rest_below_a_step_closes_with_an_atr_stop_too() -> None:
    exits = some_exits(
        stop_loss=Level(LevelKind.DISTANCE, Decimal(3)),
        take_profit=(Target(Level(LevelKind.DISTANCE, Decimal(6)), Decimal(1)),),
    )
    entry = replaced(ENTRY, fills=(a_fill(fee=Decimal("0.0005"), fee_asset="BTC"),))
    begun = entering(a_signal(exits=exits), entry, side=PositionSide.LONG)
    position = opened(begun, (entry,), rules=RULES, at_ms=AT_MS)
    limit = an_order(Leg.EXIT, kind=OrderKind.LIMIT, price=Decimal(106), quantity=Decimal("0.999"))

    after = reduced(
        position, (entry, with_fill(limit, "0.999")), before=limit, rules=RULES, at_ms=AT_MS
    )

    assert position.stop_price == Decimal(97)
    assert (after.status, after.quantity) == (PositionStatus.CLOSED, Decimal("0.0005"))


def test_the_book_forgets_what_is_over_late() -> None:
    book = Book()
    book.put(a_position())
    book.put_order(ENTRY)
    assert book.find_order(ENTRY) is ENTRY
    assert book.orders(POSITION) == (ENTRY,)
    assert [row.position_id for row in book.open_now()] == [POSITION]

    book.forget_later(POSITION)
    book.keep(POSITION)
    for number in range(ENDED_KEPT + 1):
        book.put(a_position(position_id=PositionId(f"p-{number}")))
        book.forget_later(PositionId(f"p-{number}"))

    assert book.find(POSITION) is not None
    assert book.find(PositionId("p-0")) is None
    assert book.find(PositionId("p-1")) is not None
    assert book.orders(PositionId("p-0")) == ()
    assert book.find_order(an_order(position_id=PositionId("p-0"))) is None


def test_what_was_sold_by_hand_joins_what_was_sold_by_us() -> None:
    over = a_position(
        status=PositionStatus.CLOSED,
        entry_quantity=Decimal(4),
        quantity=Decimal(3),
        exit_price=Decimal(90),
        realized_pnl=Decimal(-300),
        exit_reason=ExitReason.STOP_LOSS,
    )
    ended = left_by_hand(over, Decimal(2), price=Decimal(120))
    assert (ended.quantity, ended.exit_price, ended.realized_pnl) == (1, 110, -60)
    assert ended.exit_reason is ExitReason.BY_HAND


def test_while_the_venue_may_act_on_an_order_its_position_is_known_for_longer() -> None:
    book = Book()
    for number in range(ENDED_LIMIT + 1):
        position_id = PositionId(f"p-{number}")
        assert book.find(PositionId("p-0")) is not None or not number
        book.put(a_position(position_id=position_id))
        book.put_order(an_order(position_id=position_id))
        book.forget_later(position_id)
    assert book.find(PositionId("p-0")) is None
    assert book.find(PositionId("p-1")) is not None


def test_of_several_targets_the_last_one_takes_what_the_entry_fills_later() -> None:
    rows = (TargetPrice(Decimal(102), Decimal("0.3")), TargetPrice(Decimal(104), Decimal("0.7")))
    bare = a_position(stop_price=None, targets=rows)
    after = refilled(bare, (with_fill(ENTRY, "0.5"),), rules=RULES)
    assert after.targets == (rows[0], TargetPrice(Decimal(104), Decimal("1.2")))


def test_only_what_a_target_filled_since_is_taken_off() -> None:
    limit = with_fill(a_mate(OrderKind.LIMIT, 1, "102", "0.5"), "0.2")
    more = a_fill(51, quantity=Decimal("0.1"), fee=Decimal(0))
    after = replaced(limit, fills=(*limit.fills, more))
    held = msgspec.structs.replace(
        two_targets(), targets=(TargetPrice(Decimal(102), Decimal("0.3")),)
    )
    position = reduced(held, (ENTRY, after), before=limit, rules=RULES, at_ms=AT_MS)
    assert position.targets == (TargetPrice(Decimal(102), Decimal("0.2")),)


def test_two_targets_at_one_price_are_filled_one_after_the_other() -> None:
    rows = (TargetPrice(Decimal(102), Decimal("0.3")), TargetPrice(Decimal(102), Decimal("0.4")))
    limit = a_mate(OrderKind.LIMIT, 1, "102", "0.7")
    position = reduced(
        a_position(targets=rows),
        (ENTRY, with_fill(limit, "0.5")),
        before=limit,
        rules=RULES,
        at_ms=AT_MS,
    )
    assert position.targets == (TargetPrice(Decimal(102), Decimal("0.2")),)


def test_a_stop_takes_from_the_target_of_its_own_list_alone() -> None:
    other = replaced(a_mate(OrderKind.LIMIT, 1, "102", "0.5"), list_id="list-0")
    single = replaced(a_mate(OrderKind.LIMIT, 2, "102", "0.5"), list_id="")
    stop, mate = (
        a_mate(OrderKind.STOP_LOSS, 3, "99", "0.5"),
        a_mate(OrderKind.LIMIT, 4, "104", "0.5"),
    )
    orders = (ENTRY, other, single, with_fill(stop, "0.2"), mate)
    position = reduced(two_targets(), orders, before=stop, rules=RULES, at_ms=AT_MS)
    assert [row.quantity for row in position.targets] == [Decimal("0.5"), Decimal("0.3")]
    alone = replaced(stop, list_id="")
    orders = (ENTRY, single, with_fill(alone, "0.2"))
    position = reduced(two_targets(), orders, before=alone, rules=RULES, at_ms=AT_MS)
    assert position.targets == two_targets().targets


def test_what_is_forgotten_leaves_nothing_behind() -> None:
    book = Book()
    book.put_order(ENTRY)
    book.forget_later(ENTRY.position_id)
    for number in range(ENDED_LIMIT):
        book.forget_later(PositionId(f"p-{number}"))
    assert book.orders(ENTRY.position_id) == ()
