"""What a signed request may ask about order lists."""

from __future__ import annotations

from functools import partial

from aitrader.exchange.simulated import answers
from aitrader.exchange.simulated.gate import Operation
from aitrader.exchange.simulated.orders import NewList
from aitrader.exchange.simulated.parameters import Params, needed, whole
from aitrader.exchange.simulated.reading import Reader, order_name, respond_type
from aitrader.exchange.simulated.venue import Venue

DEFAULT_ROWS, MAX_ROWS = 500, 1000


class OrderLists:
    """OCO, OTO, OTOCO, OPO and OPOCO."""

    def __init__(self, venue: Venue, reader: Reader) -> None:
        self._venue = venue
        self._reader = reader

    def operations(self) -> list[Operation]:
        """Return what can be asked."""
        oto, otoco = partial(self._oto, is_paired=False), partial(self._oto, is_paired=True)
        table = (
            ("POST", "orderList/oco", "orderList.place.oco", self.place_oco, 1, 2),
            ("POST", "order/oco", "orderList.place", self.place_old_oco, 1, 2),
            ("POST", "orderList/oto", "orderList.place.oto", oto, 1, 2),
            ("POST", "orderList/otoco", "orderList.place.otoco", otoco, 1, 3),
            ("POST", "orderList/opo", "orderList.place.opo", partial(oto, takes=True), 1, 2),
            ("POST", "orderList/opoco", "orderList.place.opoco", partial(otoco, takes=True), 1, 3),
            ("DELETE", "orderList", "orderList.cancel", self.cancel, 1, 0),
            ("GET", "orderList", "orderList.status", self.query, 4, 0),
            ("GET", "allOrderList", "allOrderLists", self.all_lists, 20, 0),
            ("GET", "openOrderList", "openOrderLists.status", self.open_lists, 6, 0),
        )
        return [
            Operation(verb, path, socket, handler, weight, is_signed=True, orders=orders)
            for verb, path, socket, handler, weight, orders in table
        ]

    def place_oco(self, params: Params) -> object:
        """Place two orders that end each other."""
        return self._placed(self._reader.oco(params), params)

    def place_old_oco(self, params: Params) -> object:
        """Place a limit and a stop as the deprecated endpoint takes them."""
        return self._placed(self._reader.old_oco(params), params)

    def _oto(self, params: Params, *, is_paired: bool, takes: bool = False) -> object:
        asked = self._reader.oto(params, is_paired=is_paired, takes_received=takes)
        return self._placed(asked, params)

    def cancel(self, params: Params) -> object:
        """Take a list off."""
        self._venue.rank_of(needed(params, "symbol"))
        list_id, name = order_name(params, "orderListId", "listClientOrderId")
        return answers.list_canceled(self._venue.cancel_list(list_id=list_id, client_list_id=name))

    def query(self, params: Params) -> object:
        """Tell all about one list."""
        list_id, name = order_name(params, "orderListId", "origClientOrderId")
        return answers.listed(self._venue.records.find_list(list_id=list_id, client_list_id=name))

    def all_lists(self, params: Params) -> object:
        """List all that are remembered, oldest first."""
        first, limit = whole(params, "fromId", 0), whole(params, "limit", DEFAULT_ROWS)
        start, end = whole(params, "startTime", 0), whole(params, "endTime", 2**63)
        rows = [
            answers.listed(each)
            for each in self._venue.records.all_lists()
            if each.list_id >= first and start <= each.created_ms <= end
        ]
        return rows[: min(limit, MAX_ROWS)]

    def open_lists(self, params: Params) -> object:
        """List those that are not over."""
        return [answers.listed(each) for each in self._venue.records.live_lists()]

    def _placed(self, asked: NewList, params: Params) -> object:
        kind = respond_type(params, "RESULT")
        return answers.list_placed(self._venue.place_list(asked), kind)
