"""The payloads of the streams, in Binance's words and order of keys, as text made once.

Numbers are text with eight decimals, as on the wire. Nothing here knows who receives them.
"""

from __future__ import annotations

from collections.abc import Sequence

from aitrader.exchange.simulated.book import Level
from aitrader.exchange.simulated.source import Listing
from aitrader.model.candle import DAY_MS

Row = Sequence[float]
"""Eight numbers of one candle or window, columns as `model.candle.ROW_FIELDS`."""


def ticker(listing: Listing, at_ms: int, day: Row) -> str:
    """Return a `24hrTicker` of the window `day` that ends now; best prices are one tick apart."""
    opened, high, low, last, volume, quote_volume, trades, _ = day
    change = last - opened
    ask = last + 10.0**-listing.price_decimals
    mean = quote_volume / volume if volume else last
    size = 10.0 ** (1 - listing.quantity_decimals)
    count = int(trades)
    return (
        f'{{"e":"24hrTicker","E":{at_ms},"s":"{listing.symbol}","p":"{change:.8f}",'
        f'"P":"{change / opened * 100:.3f}","w":"{mean:.8f}","x":"{opened:.8f}",'
        f'"c":"{last:.8f}","Q":"{size:.8f}","b":"{last:.8f}","B":"{size:.8f}","a":"{ask:.8f}",'
        f'"A":"{size:.8f}","o":"{opened:.8f}","h":"{high:.8f}","l":"{low:.8f}",'
        f'"v":"{volume:.8f}","q":"{quote_volume:.8f}","O":{at_ms - DAY_MS},"C":{at_ms},'
        f'"F":{at_ms - count + 1},"L":{at_ms},"n":{count}}}'
    )


def mini_ticker(listing: Listing, at_ms: int, day: Row) -> str:
    """Return a `24hrMiniTicker` of the window `day` that ends now."""
    return (
        f'{{"e":"24hrMiniTicker","E":{at_ms},"s":"{listing.symbol}","c":"{day[3]:.8f}",'
        f'"o":"{day[0]:.8f}","h":"{day[1]:.8f}","l":"{day[2]:.8f}","v":"{day[4]:.8f}",'
        f'"q":"{day[5]:.8f}"}}'
    )


def kline(listing: Listing, at_ms: int, row: Row, *, interval: str, span: tuple[int, int]) -> str:
    """Return a `kline` of the candle with this (open, end) `span`, closed once that is over."""
    open_ms, end_ms = span
    opened, high, low, close, volume, quote_volume, trades, taker_volume = row
    count = int(trades)
    taker_quote = taker_volume * quote_volume / volume if volume else 0.0
    first, last = (open_ms, open_ms + count - 1) if count else (-1, -1)
    return (
        f'{{"e":"kline","E":{at_ms},"s":"{listing.symbol}","k":{{"t":{open_ms},'
        f'"T":{end_ms - 1},"s":"{listing.symbol}","i":"{interval}","f":{first},"L":{last},'
        f'"o":"{opened:.8f}","c":"{close:.8f}","h":"{high:.8f}","l":"{low:.8f}",'
        f'"v":"{volume:.8f}","n":{count},"x":{"true" if at_ms >= end_ms else "false"},'
        f'"q":"{quote_volume:.8f}","V":"{taker_volume:.8f}","Q":"{taker_quote:.8f}","B":"0"}}}}'
    )


def clock(at_ms: int) -> str:
    """Return the notice that all of an instant has been sent and an acknowledgement is awaited."""
    return f'{{"e":"simulatedClock","E":{at_ms}}}'


def end(at_ms: int) -> str:
    """Return the notice that a replayed file is over."""
    return f'{{"e":"simulatedEnd","E":{at_ms}}}'


def combined(stream: str, payload: str) -> str:
    """Return a payload in the envelope of `/stream`."""
    return f'{{"stream":"{stream}","data":{payload}}}'


def server_shutdown(at_ms: int) -> str:
    """Return the notice that the connection will end soon."""
    return f'{{"e":"serverShutdown","E":{at_ms}}}'


def book_ticker(listing: Listing, at_ms: int, price: float) -> str:
    """Return a `bookTicker`: the price and one tick above it; it carries no time."""
    ask, size = price + 10.0**-listing.price_decimals, 10.0 ** (1 - listing.quantity_decimals)
    return (
        f'{{"u":{at_ms},"s":"{listing.symbol}","b":"{price:.8f}","B":"{size:.8f}",'
        f'"a":"{ask:.8f}","A":"{size:.8f}"}}'
    )


def trade(listing: Listing, at_ms: int, price: float, *, is_aggregate: bool) -> str:
    """Return a `trade` or an `aggTrade` at a price."""
    size = 10.0 ** (1 - listing.quantity_decimals)
    body = f'"p":"{price:.8f}","q":"{size:.8f}"'
    if is_aggregate:
        return (
            f'{{"e":"aggTrade","E":{at_ms},"s":"{listing.symbol}","a":{at_ms},{body},'
            f'"f":{at_ms},"l":{at_ms},"T":{at_ms},"m":false,"M":true}}'
        )
    return (
        f'{{"e":"trade","E":{at_ms},"s":"{listing.symbol}","t":{at_ms},{body},'
        f'"T":{at_ms},"m":false,"M":true}}'
    )


def depth(
    symbol: str, at_ms: int, sides: tuple[Sequence[Level], Sequence[Level]], *, is_change: bool
) -> str:
    """Return the levels of a book: as a whole, or as a `depthUpdate` that sets each of them."""
    bids, asks = (
        ",".join(f'["{price:.8f}","{quantity:.8f}"]' for price, quantity in side) for side in sides
    )
    if not is_change:
        return f'{{"lastUpdateId":{at_ms},"bids":[{bids}],"asks":[{asks}]}}'
    return (
        f'{{"e":"depthUpdate","E":{at_ms},"s":"{symbol}","U":{at_ms},"u":{at_ms},'
        f'"b":[{bids}],"a":[{asks}]}}'
    )


def as_text_frame(text: str) -> bytes:
    """Return text as one unmasked WebSocket frame, as a server sends it."""
    return as_frame(0x81, text.encode())


def as_frame(head: int, body: bytes) -> bytes:
    """Return one unmasked WebSocket frame; `head` is its first byte."""
    size = len(body)
    if size < 126:
        return bytes((head, size)) + body
    if size < 1 << 16:
        return bytes((head, 0x7E)) + size.to_bytes(2, "big") + body
    return bytes((head, 0x7F)) + size.to_bytes(8, "big") + body
