"""The user data stream: every change of the account, told to each subscription, in order.

Events that faults hold back come later than those that followed them, as they may in life.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from aitrader.exchange.simulated import answers, frames
from aitrader.exchange.simulated.answers import Answer
from aitrader.exchange.simulated.faults import DuplicateEvent, Faults, LateEvent, LostEvent
from aitrader.exchange.simulated.orders import VenueFill, VenueList, VenueOrder
from aitrader.exchange.simulated.streams import Connection
from aitrader.exchange.simulated.venue import Venue


class UserData:
    """All subscriptions; a `VenueListener`."""

    def __init__(self, venue: Venue, faults: Faults, *, now_ms: Callable[[], int]) -> None:
        self._venue = venue
        self._faults = faults
        self._now_ms = now_ms
        self._subscriptions: dict[Connection, int] = {}
        self._made: dict[Connection, int] = {}
        venue.matching.news.listeners.append(self)

    def subscribe(self, connection: Connection) -> int | None:
        """Return the number of a new subscription; None if the connection has one."""
        if connection in self._subscriptions:
            return None
        number = self._made.get(connection, 0)
        self._subscriptions[connection], self._made[connection] = number, number + 1
        return number

    def unsubscribe(self, connection: Connection, number: int | None = None) -> bool:
        """End a connection's subscription; False if it has none of that number."""
        if connection not in self._subscriptions:
            return False
        if number is not None and self._subscriptions[connection] != number:
            return False
        del self._subscriptions[connection]
        return True

    def drop(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        self._subscriptions.pop(connection, None)
        self._made.pop(connection, None)

    def numbers(self, connection: Connection) -> list[int]:
        """Return the subscriptions of a connection."""
        found = self._subscriptions.get(connection)
        return [] if found is None else [found]

    def end_all(self) -> None:
        """End every subscription and say so."""
        for connection, number in list(self._subscriptions.items()):
            event: Answer = {"e": "eventStreamTerminated", "E": self._now_ms()}
            self._send(connection, number, event)
            self.unsubscribe(connection)

    # -- what the venue says --------------------------------------------------------------------

    def on_order(
        self, order: VenueOrder, execution: str, *, fill: VenueFill | None, cancel_id: str
    ) -> None:
        """Tell one change of an order."""
        if self._subscriptions:
            at_ms = self._now_ms()
            self._push(
                answers.execution_report(
                    order, execution, at_ms=at_ms, fill=fill, cancel_id=cancel_id
                )
            )

    def on_list(self, order_list: VenueList) -> None:
        """Tell that a list began or ended."""
        if self._subscriptions:
            self._push(answers.list_report(order_list, self._now_ms()))

    def on_balances(self, assets: tuple[str, ...]) -> None:
        """Tell changed balances."""
        if self._subscriptions:
            self._push(answers.account_position(self._venue.account, assets, self._now_ms()))

    def _push(self, event: Answer) -> None:
        kind = str(event["e"])

        def applies(fault: LostEvent | DuplicateEvent | LateEvent) -> bool:
            return fault.event in {"", kind}

        if self._faults.strike(LostEvent, applies) is not None:
            return
        times = 2 if self._faults.strike(DuplicateEvent, applies) is not None else 1
        late = self._faults.strike(LateEvent, applies)
        for connection, number in self._subscriptions.items():
            for _ in range(times):
                if late is None:
                    self._send(connection, number, event)
                else:
                    loop = asyncio.get_running_loop()
                    loop.call_later(late.delay_ms / 1000, self._send, connection, number, event)

    def _send(self, connection: Connection, number: int, event: Answer) -> None:
        text = msgspec.json.encode({"subscriptionId": number, "event": event}).decode()
        connection.add(frames.as_text_frame(text), is_final=True)
        connection.flush()
