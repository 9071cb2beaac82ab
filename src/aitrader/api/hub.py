"""What changed, for `/ws`: one reader of the view, a journal, and the newest of everything.

Theory of operation. One task follows the view's frames. Each row that comes gets the next `seq`.
Signals and positions are written into a journal, from which every client reads at its own pace and
may go on where it was, even over a new connection. Prices, marks, traders and health are conflated:
only the newest of each is kept, with its `seq`, and a client is sent what is newer than it has. So
a client costs a few numbers, however slow it is; nothing is queued for it. One that is so far
behind that the journal has gone on without it gets a fresh snapshot, which loses nothing but the
steps between. Until the first client comes nobody can have missed anything, and nothing is kept.

`epoch` names this life of the engine: a `seq` of another life means nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from aitrader.api import outgoing
from aitrader.model.view import Frame, PositionRow, SignalRow, View

HZ = 8.0
JOURNAL_ROWS = 1_000
MOST_LOGS = 500
MOST_ROWS = 400
"""Signals, and positions unless more are open, in a snapshot; the disk has all of them."""

CHANNELS = ("tickers", "signals", "positions", "traders", "logs", "health")
CLOSED = "CLOSED"


class Entry(msgspec.Struct, frozen=True):
    """One line of the journal: a whole message as text."""

    seq: int
    channel: str
    text: str


class Cursor(msgspec.Struct):
    """Up to where a client has everything, per channel; a channel it lacks is not subscribed."""

    seqs: dict[str, int] = {}

    @property
    def seq(self) -> int:
        """The least of them."""
        return min(self.seqs.values(), default=0)


class Hub:
    """The engine's changes for any number of clients."""

    def __init__(self, view: View, epoch: str) -> None:
        self.epoch = epoch
        self.seq = 0
        self.has_ended = False
        self._view = view
        self._journal: deque[Entry] = deque(maxlen=JOURNAL_ROWS)
        self._logs: deque[tuple[int, bytes]] = deque(maxlen=MOST_LOGS)
        self._newest: dict[str, dict[str, tuple[int, bytes]]] = {
            name: {} for name in ("tickers", "marks", "traders", "signals", "positions", "health")
        }
        self._lasting: dict[str, PositionRow] = {}
        self._shared: dict[tuple[str, int], str] = {}
        self._news = asyncio.Event()
        self._has_clients = asyncio.Event()
        self._encode = msgspec.json.Encoder().encode

    async def run(self) -> None:
        """Follow the view, from the first client on, until the engine ends."""
        try:
            await self._has_clients.wait()
            async for frame in self._view.frames(HZ):
                self.take(frame)
        finally:
            self.has_ended = True
            self._wake()

    async def join(self) -> None:
        """Return when there is what a client can begin with; subscribers come here first."""
        self._has_clients.set()
        await self.changed(0)

    async def changed(self, seq: int) -> None:
        """Return when there is something after `seq`, or when the engine has ended."""
        while self.seq == seq and not self.has_ended:
            await self._news.wait()

    def take(self, frame: Frame) -> None:
        """Take note of one frame of the view."""
        self._shared.clear()
        for market in frame.markets:
            self._put("tickers", market.symbol, outgoing.market_out(market))
        for trader in frame.traders:
            self._put("traders", trader.trader_id, outgoing.trader_out(trader))
        for signal in frame.signals:
            self._take_signal(signal)
        for position in frame.positions:
            self._take_position(position)
        for log in frame.logs:
            self.seq += 1
            self._logs.append((self.seq, self._encode(outgoing.log_out(log))))
        for key in frame.gone:
            self._newest["tickers"].pop(key, None)
            self._newest["traders"].pop(key, None)
        status = frame.status
        health = {"market": status.feed, "paused": status.is_paused, "notice": status.notice}
        money = {"equity": status.equity, "dayPnl": status.day_pnl, "timestamp": status.now_ms}
        self._put("health", "health", {**health, **money})
        self._wake()

    def _take_signal(self, row: SignalRow) -> None:
        is_new = row.signal_id not in self._newest["signals"]
        data = self._put("signals", row.signal_id, outgoing.signal_out(row))
        self._write("signals", "signal_created" if is_new else "signal_update", data)
        rows = self._newest["signals"]
        for gone in list(rows)[: max(len(rows) - MOST_ROWS, 0)]:
            del rows[gone]

    def _take_position(self, row: PositionRow) -> None:
        """What lasts goes into the journal; what only the price moved is conflated."""
        before = self._lasting.get(row.position_id)
        lasting = msgspec.structs.replace(row, mark_price=0.0, pnl=0.0, pnl_pct=0.0, trend=())
        if before == lasting:
            self._keep("positions", row.position_id, outgoing.position_out(row))
            self._put("marks", row.position_id, outgoing.mark_out(row))
            return
        self._lasting[row.position_id] = lasting
        data = self._put("positions", row.position_id, outgoing.position_out(row))
        self._write("positions", "position_update", data)
        if row.status == CLOSED:
            self._newest["marks"].pop(row.position_id, None)
        if len(self._lasting) > MOST_ROWS:
            self._forget_closed(len(self._lasting) - MOST_ROWS)

    def _forget_closed(self, most: int) -> None:
        """Forget the oldest positions that are closed; one that is open stays, however old."""
        closed = [key for key, row in self._lasting.items() if row.status == CLOSED]
        for key in closed[:most]:
            del self._lasting[key], self._newest["positions"][key]

    def _put(self, channel: str, key: str, row: object) -> bytes:
        self.seq += 1
        return self._keep(channel, key, row)

    def _keep(self, channel: str, key: str, row: object) -> bytes:
        data = self._encode(row)
        self._newest[channel][key] = (self.seq, data)
        return data

    def _write(self, channel: str, kind: str, data: bytes) -> None:
        text = f'{{"type":"{kind}","seq":{self.seq},"data":{data.decode()}}}'
        self._journal.append(Entry(self.seq, channel, text))

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    # -- what a client is sent -------------------------------------------------------------------

    def subscribe(
        self, cursor: Cursor, channels: Sequence[str], *, epoch: str = "", after: int = 0
    ) -> list[str]:
        """Return the snapshots of channels that begin; those that can go on have none.

        Args:
            cursor: The client's, changed here.
            channels: Which of CHANNELS.
            epoch: The life of the engine the client knows.
            after: The last `seq` it has had.
        """
        may_resume = epoch == self.epoch and self._oldest() <= after <= self.seq
        texts = []
        for channel in channels:
            if may_resume:
                cursor.seqs[channel] = after
            else:
                cursor.seqs[channel] = self.seq
                texts.append(self._snapshot(channel))
        return texts

    def news(self, cursor: Cursor) -> list[str]:
        """Return all that is newer than the client has; it has everything then."""
        if not cursor.seqs:
            return []
        if cursor.seq < self._oldest():
            late = [name for name, seq in cursor.seqs.items() if seq < self._oldest()]
            return self.subscribe(cursor, late)
        texts = [
            entry.text
            for entry in self._journaled(cursor.seq)
            if entry.seq > cursor.seqs.get(entry.channel, self.seq)
        ]
        for channel, seq in cursor.seqs.items():
            if seq < self.seq:
                texts += self._conflated(channel, seq)
                cursor.seqs[channel] = self.seq
        return texts

    def _oldest(self) -> int:
        """The least `seq` a client may have had and miss nothing: the one before the journal's."""
        return self._journal[0].seq - 1 if len(self._journal) == JOURNAL_ROWS else 0

    def _journaled(self, seq: int) -> Iterable[Entry]:
        """Return the lines after `seq`, oldest first; looks from the newest back."""
        found: list[Entry] = []
        for entry in reversed(self._journal):
            if entry.seq <= seq:
                break
            found.append(entry)
        return reversed(found)

    def _conflated(self, channel: str, seq: int) -> list[str]:
        """Return messages with what is newer than `seq`; clients that are level share them."""
        if channel == "logs":
            return self._bundle("log", "logs", seq, [d for at, d in self._logs if at > seq])
        kind = {
            "tickers": "ticker_update",
            "traders": "trader_update",
            "health": "health",
            "positions": "position_mark",
        }.get(channel)
        if kind is None:
            return []
        rows = self._newest["marks" if channel == "positions" else channel]
        return self._bundle(kind, channel, seq, [d for at, d in rows.values() if at > seq])

    def _bundle(self, kind: str, channel: str, seq: int, rows: Sequence[bytes]) -> list[str]:
        if not rows:
            return []
        text = self._shared.get((channel, seq))
        if text is None:
            data = b",".join(rows).decode()
            text = f'{{"type":"{kind}","seq":{self.seq},"data":[{data}]}}'
            self._shared[(channel, seq)] = text
        return [text]

    def _snapshot(self, channel: str) -> str:
        rows = self._logs if channel == "logs" else self._newest[channel].values()
        data = b",".join(row for _, row in rows).decode()
        head = f'"type":"snapshot","channel":"{channel}","epoch":"{self.epoch}"'
        return f'{{{head},"seq":{self.seq},"data":[{data}]}}'
