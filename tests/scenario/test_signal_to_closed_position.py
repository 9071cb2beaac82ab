"""One signal's whole life through signals, execution and positions."""

from __future__ import annotations

from decimal import Decimal

from tests.builders import TRADER, a_match, a_plan, a_trader, some_exits
from tests.pipeline import Pipeline, an_open_position

from aitrader.model.commands import (
    ArmBand,
    CancelOrders,
    DisarmBand,
    QueryOrder,
    SubmitOrder,
)
from aitrader.model.events import (
    CandlesClosed,
    CloseAsked,
    EntryRefused,
    EquityMarked,
    ExitConditionsMet,
    ExitWanted,
    OrderExpired,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    PositionClosed,
    PositionOpened,
    PositionUpdated,
    Quarantined,
    SignalUpdated,
)
from aitrader.model.order import ExitReason, Leg, Order, OrderKind, OrderStatus, Side
from aitrader.model.position import PositionStatus, TargetPrice
from aitrader.model.signal import SignalStatus
from aitrader.model.trader import (
    Exits,
    Level,
    LevelKind,
    Limits,
    PositionSide,
    SizeKind,
    Target,
)

START_CASH = Decimal(10_000)


def pct(value: str) -> Level:
    return Level(LevelKind.PERCENT, Decimal(value))


def with_exits(**changes: object) -> Pipeline:
    return an_open_position(match=a_match(exits=some_exits(**changes)))


def only(**fields: object) -> Pipeline:
    return an_open_position(match=a_match(exits=Exits(**fields)))  # type: ignore[arg-type]


def kinds(orders: list[Order]) -> list[OrderKind]:
    return [row.kind for row in orders]


def test_a_match_becomes_a_signal_an_entry_and_a_protected_position() -> None:
    story = Pipeline(traders=(a_trader(),))

    story.match()
    (entry,) = story.submitted()
    story.accept(entry)
    story.fill(entry, "100.02")

    assert (entry.leg, entry.side, entry.kind) == (Leg.ENTRY, Side.BUY, OrderKind.MARKET)
    assert entry.quantity == Decimal(1)
    position = story.newest(PositionOpened).position
    assert position.stop_price == Decimal("99.02")  # 99.0198, rounded towards less risk
    assert position.targets == (TargetPrice(Decimal("102.02"), Decimal(1)),)
    assert story.signal.status is SignalStatus.ENTERED
    stop, target = story.newest(SubmitOrder).orders
    assert (stop.kind, stop.stop_price) == (OrderKind.STOP_LOSS, Decimal("99.02"))
    assert (target.kind, target.price) == (OrderKind.LIMIT, Decimal("102.02"))
    assert stop.list_id == target.list_id != ""
    assert story.cash == START_CASH - Decimal("100.02") - Decimal("0.10002")


def test_a_stop_closes_the_position_with_its_loss_net_of_fees() -> None:
    story = an_open_position()
    stop, target = story.live()

    story.fill(stop, "98.90")
    story.cancel(target)

    closed = story.newest(PositionClosed).position
    assert closed.exit_reason is ExitReason.STOP_LOSS
    assert closed.realized_pnl == Decimal("-1.1") - Decimal("0.1") - Decimal("0.0989")
    assert story.cash - START_CASH == closed.realized_pnl
    assert not story.of(CancelOrders)
    assert story.live() == []


def test_a_target_closes_the_position_though_its_mate_is_reported_first() -> None:
    story = an_open_position()
    stop, target = story.live()

    story.cancel(stop)
    story.fill(target, "102")

    assert story.newest(PositionClosed).position.exit_reason is ExitReason.TAKE_PROFIT
    assert len(story.of(SubmitOrder)) == 2  # the entry and one list: nothing was planned again
    assert story.cash > START_CASH


def test_two_targets_close_their_shares_and_the_stop_takes_the_rest() -> None:
    targets = (Target(pct("2"), Decimal("0.5")), Target(pct("4"), Decimal("0.5")))
    story = with_exits(take_profit=targets)
    stop_1, target_1, stop_2, target_2 = story.live()

    story.fill(target_1, "102")
    story.cancel(stop_1)

    assert story.position.quantity == Decimal("0.5")
    assert story.position.targets == (TargetPrice(Decimal(104), Decimal("0.5")),)
    story.fill(stop_2, "99")
    story.cancel(target_2)
    closed = story.newest(PositionClosed).position
    assert closed.exit_reason is ExitReason.STOP_LOSS
    assert closed.exit_price == Decimal("100.5")
    assert story.cash - START_CASH == closed.realized_pnl


def test_a_trailing_stop_is_raised_with_the_price_and_closes_at_market() -> None:
    story = only(trailing_pct=Decimal(1))
    assert (story.newest(ArmBand).below, story.newest(ArmBand).above) == (99.0, 100.1)

    story.price_left("105")

    assert story.newest(PositionUpdated).position.trail_price == Decimal(105)
    assert story.newest(ArmBand).below == 103.95
    story.price_left("103.9")
    assert story.newest(ExitWanted).reason is ExitReason.TRAILING
    exit_order = story.submitted()[-1]
    assert (exit_order.kind, exit_order.side) == (OrderKind.MARKET, Side.SELL)
    story.fill(exit_order, "103.8")
    assert story.newest(PositionClosed).position.exit_reason is ExitReason.TRAILING
    assert story.of(DisarmBand)


def test_a_band_that_fired_in_vain_is_armed_again() -> None:
    story = only(trailing_pct=Decimal(1))

    followed = story.price_left("100.05")

    assert followed == [story.newest(ArmBand)]


def test_max_age_cancels_the_protection_and_sells_when_that_is_answered() -> None:
    story = with_exits(max_age_ms=3_600_000)
    stop, target = story.live()

    story.timers(story.now_ms + 3_600_000)

    assert story.newest(ExitWanted).reason is ExitReason.MAX_AGE
    assert story.newest(CancelOrders).orders == (stop, target)
    assert story.position.status is PositionStatus.CLOSING
    story.cancel(stop)
    assert len(story.submitted()) == 3
    story.cancel(target)
    exit_order = story.submitted()[-1]
    assert exit_order.reason is ExitReason.MAX_AGE
    story.fill(exit_order, "100.5")
    assert story.newest(PositionClosed).position.exit_reason is ExitReason.MAX_AGE


def test_a_stop_that_fills_while_the_position_is_closing_leaves_nothing_to_sell() -> None:
    story = an_open_position()
    stop, target = story.live()
    story.post(CloseAsked(at_ms=story.now_ms, position_id=story.position.position_id))

    story.fill(stop, "99")
    story.cancel(target)

    assert story.newest(PositionClosed).position.exit_reason is ExitReason.STOP_LOSS
    assert OrderKind.MARKET not in kinds(story.submitted()[1:])


def test_a_stop_that_fills_in_part_while_closing_leaves_less_to_sell() -> None:
    story = an_open_position()
    stop, target = story.live()
    story.post(CloseAsked(at_ms=story.now_ms, position_id=story.position.position_id))

    story.fill(stop, "99", "0.4")
    story.cancel(target)
    story.cancel(stop)

    exit_order = story.submitted()[-1]
    assert (exit_order.kind, exit_order.quantity) == (OrderKind.MARKET, Decimal("0.6"))
    story.fill(exit_order, "98")
    closed = story.newest(PositionClosed).position
    assert closed.exit_reason is ExitReason.MANUAL
    assert story.cash - START_CASH == closed.realized_pnl


def test_exit_conditions_close_what_that_trader_holds_of_that_symbol() -> None:
    story = only(max_age_ms=60_000)

    story.post(
        ExitConditionsMet(
            at_ms=story.now_ms, trader_id=TRADER, symbol="ETHUSDT", condition="overbought"
        )
    )
    assert not story.of(ExitWanted)
    story.post(
        ExitConditionsMet(
            at_ms=story.now_ms, trader_id=TRADER, symbol="BTCUSDT", condition="overbought"
        )
    )

    story.fill(story.submitted()[-1], "101")
    assert story.newest(PositionClosed).position.exit_reason is ExitReason.EXIT_CONDITIONS


def test_a_second_wish_to_leave_changes_nothing() -> None:
    story = an_open_position()
    position_id = story.position.position_id
    story.post(CloseAsked(at_ms=story.now_ms, position_id=position_id))

    wish = ExitWanted(at_ms=story.now_ms, position_id=position_id, reason=ExitReason.MAX_AGE)

    assert story.post(wish) == []
    assert story.post(CloseAsked(at_ms=story.now_ms, position_id=position_id)) == []


def test_a_partial_entry_is_canceled_for_the_rest_and_what_was_received_is_protected() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    (entry,) = story.submitted()

    story.fill(entry, "100", "0.4")
    assert not story.of(PositionOpened)
    story.timers(story.now_ms + 2_000)
    assert story.newest(CancelOrders).orders[0].client_order_id == entry.client_order_id
    story.cancel(entry)

    assert story.newest(PositionOpened).position.quantity == Decimal("0.4")
    assert {row.quantity for row in story.live()} == {Decimal("0.4")}


def test_a_fee_in_base_lessens_what_is_protected() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()

    story.fill(story.submitted()[0], "100", fee_asset="BTC")

    position = story.newest(PositionOpened).position
    assert position.quantity == Decimal("0.999")
    assert position.fees == Decimal("0.1")
    assert {row.quantity for row in story.live()} == {Decimal("0.999")}


def test_an_entry_whose_answer_is_lost_is_asked_for_until_its_window_is_over() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    (entry,) = story.submitted()
    order_id = entry.client_order_id

    story.post(
        OrderOutcomeUnknown(at_ms=story.now_ms + 100, client_order_id=order_id, reason="timeout")
    )
    assert len(story.of(QueryOrder)) == 1
    story.post(OrderNotFound(at_ms=story.now_ms + 200, client_order_id=order_id))
    assert not story.of(EntryRefused)
    story.timers(story.now_ms + 2_000)
    assert len(story.of(QueryOrder)) >= 2
    story.post(OrderNotFound(at_ms=entry.not_after_ms + 1, client_order_id=order_id))

    assert story.newest(OrderExpired).client_order_id == order_id
    assert story.order(order_id).status is OrderStatus.EXPIRED
    assert story.signal.status is SignalStatus.SKIPPED
    assert "never arrived" in story.signal.note
    assert len(story.submitted()) == 1


def test_an_entry_whose_answer_is_lost_but_filled_opens_its_position() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    (entry,) = story.submitted()
    story.post(
        OrderOutcomeUnknown(
            at_ms=story.now_ms, client_order_id=entry.client_order_id, reason="timeout"
        )
    )

    story.fill(entry, "100")

    assert story.position.status is PositionStatus.OPEN


def test_a_fill_that_comes_after_the_entry_was_given_up_is_a_position_all_the_same() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    (entry,) = story.submitted()
    story.post(
        OrderExpired(at_ms=story.now_ms, client_order_id=entry.client_order_id, reason="late")
    )
    refused = story.newest(SignalUpdated).signal

    story.fill(entry, "100")

    assert refused.status is SignalStatus.SKIPPED
    assert story.position.status is PositionStatus.OPEN
    assert story.signal.status is SignalStatus.ENTERED
    assert len(story.live()) == 2


def test_rejected_protection_is_tried_three_times_then_the_position_is_left() -> None:
    story = Pipeline(traders=(a_trader(),))
    story.match()
    story.fill(story.submitted()[0], "100")

    for attempt in range(3):
        orders = story.live()
        assert len(orders) == 2, attempt
        for order in orders:
            story.post(
                OrderRejected(
                    at_ms=story.now_ms,
                    client_order_id=order.client_order_id,
                    code=-2010,
                    reason="would trigger at once",
                )
            )
        story.timers(story.now_ms + 1_500)

    assert story.newest(ExitWanted).reason is ExitReason.UNPROTECTED
    (exit_order,) = story.live()
    assert exit_order.kind is OrderKind.MARKET
    story.fill(exit_order, "99.5")
    assert story.newest(PositionClosed).position.exit_reason is ExitReason.UNPROTECTED


def test_protection_that_somebody_took_off_is_planned_again_under_new_ids() -> None:
    story = an_open_position()
    first = story.live()

    for order in first:
        story.cancel(order)
    story.timers(story.now_ms + 1_500)

    again = story.live()
    assert len(again) == 2
    assert not {row.client_order_id for row in again} & {row.client_order_id for row in first}


def test_a_target_that_fills_in_part_and_loses_its_stop_is_protected_anew() -> None:
    story = an_open_position()
    stop, target = story.live()

    story.fill(target, "102", "0.3")
    story.cancel(stop)
    story.timers(story.now_ms + 2_000)
    assert story.newest(CancelOrders).orders[0].client_order_id == target.client_order_id
    story.cancel(target)

    again = story.live()
    assert {row.quantity for row in again} == {Decimal("0.7")}
    assert kinds(again) == [OrderKind.STOP_LOSS, OrderKind.LIMIT]


def test_a_market_exit_that_ends_in_part_is_followed_by_the_next_attempt() -> None:
    story = only(max_age_ms=60_000)
    story.timers(story.now_ms + 60_000)
    first = story.submitted()[-1]

    story.fill(first, "100", "0.3")
    story.post(
        OrderExpired(at_ms=story.now_ms, client_order_id=first.client_order_id, reason="no book")
    )

    second = story.submitted()[-1]
    assert second.client_order_id != first.client_order_id
    assert second.quantity == Decimal("0.7")


def test_a_short_earns_when_the_price_falls() -> None:
    plan = a_plan(side=PositionSide.SHORT)
    story = an_open_position(a_trader(plan=plan))
    stop, target = story.live()

    assert (stop.side, stop.stop_price) == (Side.BUY, Decimal(101))
    assert target.price == Decimal(98)
    story.fill(target, "98")
    story.cancel(stop)

    closed = story.newest(PositionClosed).position
    assert closed.realized_pnl == Decimal(2) - Decimal("0.1") - Decimal("0.098")
    assert story.cash - START_CASH == closed.realized_pnl


def test_repeats_of_every_answer_change_nothing() -> None:
    story = an_open_position()
    stop, target = story.live()
    story.fill(stop, "99")
    story.cancel(target)
    answers = [row for row in story.facts if type(row).__name__ in ("OrderFilled", "OrderCanceled")]
    cash, positions = story.cash, len(story.of(PositionClosed))

    for answer in answers:
        assert story.post(answer) == []

    assert (story.cash, len(story.of(PositionClosed))) == (cash, positions)


def test_equity_is_marked_at_each_close() -> None:
    story = an_open_position()
    story.prices.by_symbol["BTCUSDT"] = 101.5

    story.post(CandlesClosed(at_ms=story.now_ms + 1, intervals=("5m",)))

    marked = story.newest(EquityMarked)
    assert marked.equity == START_CASH + Decimal("1.5") - Decimal("0.1")
    assert marked.open_positions == 1


def test_a_fill_beyond_the_order_quarantines_the_symbol() -> None:
    story = an_open_position()
    stop, _target = story.live()

    story.fill(stop, "99", "1.5")

    assert story.newest(Quarantined).symbol == "BTCUSDT"
    assert story.order(stop.client_order_id).fills == ()
    story.match(a_match(candle_open_ms=story.now_ms))
    assert story.newest(EntryRefused).reason == "BTCUSDT is quarantined for this trader"


def test_cash_freed_after_the_close_is_spendable_at_the_next_close_only() -> None:
    limits = Limits(kind=SizeKind.SIZE, value=Decimal(60), max_open=2)
    story = an_open_position(a_trader(plan=a_plan(limits=limits)))
    stop, target = story.live()
    story.post(CandlesClosed(at_ms=story.now_ms + 1, intervals=("5m",)))
    story.fill(stop, "99")
    story.cancel(target)

    story.match(a_match(candle_open_ms=story.now_ms))
    assert "not enough cash" in story.newest(EntryRefused).reason
    story.post(CandlesClosed(at_ms=story.now_ms + 2, intervals=("5m",)))
    story.match(a_match(candle_open_ms=story.now_ms + 1))

    assert story.live(leg=Leg.ENTRY)
