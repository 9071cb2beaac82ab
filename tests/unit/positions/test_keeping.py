from __future__ import annotations

from decimal import Decimal

import msgspec
from tests.builders import (
    AT_MS,
    POSITION,
    a_fill,
    a_filled_order,
    a_position,
    an_instrument,
    an_order,
)

from aitrader.model.commands import ArmBand, DisarmBand, StartTimer, StopTimer
from aitrader.model.events import DustLeft, PositionClosed, PositionOpened, PositionUpdated
from aitrader.model.ids import PositionId
from aitrader.model.order import ExitReason, Leg, OrderKind, OrderStatus
from aitrader.model.position import PositionStatus
from aitrader.model.trader import Exits
from aitrader.positions.book import ENDED_LIMIT
from aitrader.positions.keeping import Keeping
from aitrader.positions.watch import Messages

ENTRY = a_filled_order()
ENTERING = a_position(status=PositionStatus.ENTERING, stop_price=None)


def a_keeping(*, exits: Exits | None = None) -> Keeping:
    """Keeps one position whose entry was sent."""
    keeping = Keeping()
    keeping.instruments["BTCUSDT"] = an_instrument()
    keeping.book.put(msgspec.structs.replace(ENTERING, exits=exits or ENTERING.exits))
    keeping.book.put_order(ENTRY)
    return keeping


def opened(keeping: Keeping) -> Messages:
    position = keeping.book.find(POSITION)
    assert position is not None
    return keeping.entered(position, ENTRY, at_ms=AT_MS)


def kinds(messages: Messages) -> list[type]:
    return [type(row) for row in messages]


def test_a_filled_entry_opens_a_position_that_is_watched_and_exposed() -> None:
    keeping = a_keeping(exits=Exits(stop_loss=ENTERING.exits.stop_loss, max_age_ms=1000))
    assert kinds(opened(keeping)) == [PositionOpened, StartTimer, ArmBand]
    (position,) = keeping.book.open_now()
    assert keeping.is_exposed(position)


def test_an_entry_that_is_not_done_or_never_filled_opens_nothing() -> None:
    keeping = a_keeping()
    for status in (OrderStatus.OPEN, OrderStatus.CANCELED):
        entry = an_order(status=status)
        assert keeping.entered(ENTERING, entry, at_ms=AT_MS) == []


def test_what_is_too_small_to_be_sold_opens_and_closes() -> None:
    keeping = a_keeping()
    keeping.book.put_order(
        a_filled_order(fills=(a_fill(quantity=Decimal("0.0005")),), status=OrderStatus.CANCELED)
    )
    opening, closing = opened(keeping)
    assert isinstance(opening, PositionOpened)
    assert isinstance(closing, PositionClosed)
    assert closing.position.quantity == Decimal("0.0005")


def test_what_was_sold_before_it_opened_here_closes_for_the_reason_of_its_sale() -> None:
    keeping = a_keeping()
    sale = a_filled_order(Leg.EXIT, reason=ExitReason.STOP_LOSS)
    keeping.book.put_order(sale)
    _opening, closing = opened(keeping)
    assert isinstance(closing, PositionClosed)
    assert (closing.position.quantity, closing.position.exit_reason) == (0, ExitReason.STOP_LOSS)


def test_each_fill_is_a_fact_and_the_last_one_ends_the_watch() -> None:
    keeping = a_keeping(exits=Exits(stop_loss=ENTERING.exits.stop_loss, max_age_ms=1000))
    opened(keeping)
    (position,) = keeping.book.open_now()
    planned = an_order(Leg.EXIT, kind=OrderKind.MARKET)
    half = msgspec.structs.replace(planned, fills=(a_fill(2, quantity=Decimal("0.5")),))
    whole = msgspec.structs.replace(
        half, fills=(*half.fills, a_fill(3, quantity=Decimal("0.5"))), status=OrderStatus.FILLED
    )

    keeping.book.put_order(half)
    assert kinds(keeping.filled(position, planned, half, at_ms=AT_MS)) == [PositionUpdated]
    (position,) = keeping.book.open_now()
    keeping.book.put_order(whole)
    ending = keeping.filled(position, half, whole, at_ms=AT_MS)

    assert kinds(ending) == [PositionClosed, StopTimer, DisarmBand]


def test_an_entry_that_fills_late_adds_to_the_position() -> None:
    keeping = a_keeping()
    opened(keeping)
    (position,) = keeping.book.open_now()
    more = a_filled_order(quantity=Decimal(2), fills=(a_fill(), a_fill(2)))
    keeping.book.put_order(more)

    (change,) = keeping.filled(position, ENTRY, more, at_ms=AT_MS)

    assert isinstance(change, PositionUpdated)
    assert change.position.quantity == Decimal(2)


def test_a_symbol_without_rules_has_the_finest_grid() -> None:
    assert Keeping().rules(a_position()).step_size == Decimal("0.00000001")


def test_dust_ends_a_position_and_counts_as_lost() -> None:
    keeping = a_keeping()
    opened(keeping)
    sold = a_filled_order(
        Leg.EXIT, fills=(a_fill(2, quantity=Decimal("0.96"), fee=Decimal(0)),), quantity=Decimal(1)
    )
    keeping.book.put_order(sold)
    dust = DustLeft(at_ms=AT_MS, position_id=POSITION, quantity=Decimal("0.04"))

    ending = keeping.left_as_dust(dust)

    assert kinds(ending) == [PositionClosed, DisarmBand]
    assert isinstance(ending[0], PositionClosed)
    position = ending[0].position
    assert (position.quantity, position.realized_pnl) == (Decimal("0.04"), Decimal("-4.1"))
    assert keeping.left_as_dust(dust) == []
    assert Keeping().left_as_dust(dust) == []


def test_what_somebody_sold_by_hand_is_booked_at_its_price_and_not_lost() -> None:
    keeping = a_keeping()
    opened(keeping)
    gone = DustLeft(
        at_ms=AT_MS,
        position_id=POSITION,
        quantity=Decimal(1),
        moved=Decimal("0.9"),
        price=Decimal(110),
    )

    (ending, _band) = keeping.left_as_dust(gone)

    assert isinstance(ending, PositionClosed)
    position = ending.position
    assert position.exit_reason is ExitReason.BY_HAND
    assert (position.quantity, position.exit_price) == (Decimal("0.1"), Decimal(110))
    assert position.realized_pnl == Decimal(99) - Decimal("100.1")


def later_ends(keeping: Keeping) -> None:
    """So many other positions come to their end that the oldest of all is forgotten."""
    for number in range(ENDED_LIMIT):
        keeping.book.forget_later(PositionId(f"p-{number}"))


def test_an_entry_that_never_filled_is_forgotten_in_the_end() -> None:
    keeping = a_keeping()
    keeping.entered(ENTERING, an_order(status=OrderStatus.CANCELED), at_ms=AT_MS)
    later_ends(keeping)
    assert keeping.book.find(POSITION) is None


def test_an_entry_that_fills_after_its_end_is_kept() -> None:
    keeping = a_keeping()
    keeping.entered(ENTERING, an_order(status=OrderStatus.CANCELED), at_ms=AT_MS)
    opened(keeping)
    later_ends(keeping)
    assert keeping.book.find(POSITION) is not None


def test_a_closed_position_is_forgotten_in_the_end() -> None:
    keeping = a_keeping()
    opened(keeping)
    (position,) = keeping.book.open_now()
    sold = a_filled_order(Leg.EXIT, fills=(a_fill(2),))
    keeping.book.put_order(sold)
    keeping.filled(position, an_order(Leg.EXIT), sold, at_ms=AT_MS)
    later_ends(keeping)
    assert keeping.book.find(POSITION) is None
    given_up = a_keeping()
    given_up.give_up(a_position(), left=Decimal(0), at_ms=AT_MS)
    later_ends(given_up)
    assert given_up.book.find(POSITION) is None


def test_one_step_is_enough_to_be_held() -> None:
    keeping = a_keeping()
    keeping.book.put_order(
        a_filled_order(fills=(a_fill(quantity=Decimal("0.001")),), status=OrderStatus.CANCELED)
    )
    assert PositionClosed not in kinds(opened(keeping))
