"""Rows of the view and of the disk, made into what is sent."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aitrader.api.schemas import (
    AccountOut,
    CandleOut,
    CoinOut,
    ConditionOut,
    ExplanationOut,
    FillOut,
    LogOut,
    Mark,
    MarketOut,
    OrderOut,
    PastPosition,
    PastSignal,
    PositionOut,
    SignalDetail,
    SignalOut,
    TraderOut,
    Value,
)
from aitrader.model.candle import ROW_FIELDS, Candle
from aitrader.model.control import ExplanationRow
from aitrader.model.order import Order
from aitrader.model.position import Position
from aitrader.model.signal import Signal
from aitrader.model.view import AccountRow, LogRow, MarketRow, PositionRow, SignalRow, TraderRow

PNL_DIGITS, PCT_DIGITS = 8, 4
"""What lies behind is the noise of a float."""


def market_out(row: MarketRow) -> MarketOut:
    """Return a market as it is sent."""
    return MarketOut(row.symbol, row.price, row.change_24h_pct, row.volume_24h, row.at_ms)


def trader_out(row: TraderRow) -> TraderOut:
    """Return a trader as it is sent."""
    return TraderOut(
        row.trader_id,
        row.name,
        row.mode,
        row.is_enabled,
        row.state,
        row.interval,
        row.symbols,
        row.signals,
        row.open_positions,
        row.pnl,
        row.last_check_ms,
        row.version,
    )


def signal_out(row: SignalRow) -> SignalOut:
    """Return a signal as it is sent."""
    return SignalOut(
        row.signal_id,
        row.at_ms,
        row.trader,
        row.symbol,
        row.price,
        row.conditions,
        row.status,
        row.note,
    )


def position_out(row: PositionRow) -> PositionOut:
    """Return a position as it is sent."""
    return PositionOut(
        row.position_id,
        row.trader,
        row.symbol,
        row.side,
        row.status,
        row.quantity,
        row.entry_price,
        row.mark_price,
        row.stop_price,
        row.target_price,
        round(row.pnl, PNL_DIGITS),
        round(row.pnl_pct, PCT_DIGITS),
        row.opened_ms,
        row.closed_ms,
        row.exit_reason,
        row.account,
    )


def account_out(row: AccountRow) -> AccountOut:
    """Return an account's money as it is sent."""
    others = tuple(CoinOut(coin.asset, coin.quantity) for coin in row.others)
    return AccountOut(**{**msgspec.structs.asdict(row), "others": others})


def mark_out(row: PositionRow) -> Mark:
    """Return what moves with the price."""
    pnl, pnl_pct = round(row.pnl, PNL_DIGITS), round(row.pnl_pct, PCT_DIGITS)
    return Mark(row.position_id, row.mark_price, pnl, pnl_pct)


def log_out(row: LogRow) -> LogOut:
    """Return a line of the log as it is sent."""
    return LogOut(row.at_ms, row.level, row.text)


def candle_out(candle: Candle) -> CandleOut:
    """Return a candle as it is sent."""
    return CandleOut(candle.open_ms, **dict(zip(ROW_FIELDS, candle.row, strict=True)))


def past_signal(signal: Signal) -> PastSignal:
    """Return a signal from the disk as it is sent."""
    return PastSignal(
        id=signal.signal_id,
        trader_id=signal.trader_id,
        symbol=signal.symbol,
        interval=signal.interval,
        candle_open_ms=signal.candle_open_ms,
        raised_ms=signal.raised_ms,
        price=signal.price,
        conditions=tuple(finding.condition for finding in signal.findings),
        status=signal.status.value,
        note=signal.note,
    )


def signal_detail(signal: Signal) -> SignalDetail:
    """Return a signal with the values behind its conditions."""
    conditions = tuple(
        ConditionOut(finding.condition, "true", _values(finding.values))
        for finding in signal.findings
    )
    return SignalDetail(past_signal(signal), conditions)


def explanation_out(row: ExplanationRow) -> ExplanationOut:
    """Return an explanation as it is sent."""
    return ExplanationOut(
        symbol=row.symbol,
        candle_open_ms=row.candle_open_ms,
        is_ready=row.is_ready,
        is_signal=row.is_signal,
        held_before=row.held_before,
        conditions=tuple(
            ConditionOut(each.name, each.truth, _values(each.values)) for each in row.conditions
        ),
    )


def _values(values: Iterable[tuple[str, float | None]]) -> tuple[Value, ...]:
    return tuple(Value(name, value) for name, value in values)


def past_position(position: Position) -> PastPosition:
    """Return a position from the disk as it is sent."""
    return PastPosition(
        id=position.position_id,
        trader_id=position.trader_id,
        signal_id=position.signal_id,
        symbol=position.symbol,
        side=position.side.value,
        status=position.status.value,
        opened_ms=position.opened_ms,
        closed_ms=position.closed_ms,
        entry_quantity=position.entry_quantity,
        quantity=position.quantity,
        entry_price=position.entry_price,
        exit_price=position.exit_price,
        stop_price=position.stop_price,
        realized_pnl=position.realized_pnl,
        fees=position.fees,
        exit_reason=position.exit_reason.value if position.exit_reason else "",
        account=position.account,
    )


def order_out(order: Order) -> OrderOut:
    """Return an order as it is sent."""
    return OrderOut(
        id=order.client_order_id,
        trader_id=order.trader_id,
        position_id=order.position_id,
        leg=order.leg.value,
        symbol=order.symbol,
        side=order.side.value,
        kind=order.kind.value,
        quantity=order.quantity,
        filled=order.filled,
        price=order.price,
        stop_price=order.stop_price,
        status=order.status.value,
        planned_ms=order.planned_ms,
        note=order.note,
        account=order.account,
    )


def fills_out(order: Order) -> tuple[FillOut, ...]:
    """Return an order's fills as they are sent."""
    return tuple(
        FillOut(
            id=fill.fill_id,
            order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side.value,
            at_ms=fill.at_ms,
            quantity=fill.quantity,
            price=fill.price,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
        )
        for fill in order.fills
    )
