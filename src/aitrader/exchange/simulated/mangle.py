"""What stream faults do to frames on their way to one connection: lost, wrong, twice, in pieces."""

from __future__ import annotations

import re

from aitrader.exchange.simulated import frames
from aitrader.exchange.simulated.faults import (
    Corrupt,
    Drop,
    Duplicate,
    Faults,
    Fragment,
    OnStreams,
    RefuseSubscribe,
    Reorder,
    Silence,
)

PRICE = re.compile(r'"c":"([0-9.]+)"')
SYMBOL = re.compile(r'"s":"[^"]*"')
TIME = re.compile(r'"E":[0-9]+')
HUGE = 2_000_000
PRICES = {"nan": "NaN", "zero": "0.00000000", "negative": "-1.00000000"}


class Mangler:
    """Applies the faults that stand to each frame."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.is_on = False
        """True while there is anything to do, or something was held back."""

    def update(self) -> None:
        """Take note that faults were switched on or off."""
        self.is_on = True

    def mangled(self, stream: str, text: str, *, held: list[bytes]) -> list[bytes]:
        """Return the frames to send instead; `held` keeps what a reordering holds back."""

        def applies(fault: OnStreams) -> bool:
            return fault.stream in stream

        strike = self._faults.strike
        if self._faults.standing(Silence) is not None:
            return []
        is_closed = '"x":true' in text
        if strike(Drop, lambda each: applies(each) and (is_closed or not each.only_closed)):
            return []
        wrong = strike(Corrupt, applies)
        sent = corrupted(text, wrong.how) if wrong else frames.as_text_frame(text)
        pieces = strike(Fragment, applies)
        if pieces is not None:
            sent = fragmented(text, pieces.pieces)
        found = [sent, sent] if strike(Duplicate, applies) else [sent]
        reorder = strike(Reorder, applies)
        if reorder is None:
            found = [*held, *found]
            held.clear()
            self.is_on = self._faults.is_any
            return found
        held.extend(found)
        if len(held) < reorder.size:
            return []
        found = held[:]
        held.clear()
        self._faults.shuffle(found)
        return found

    def subscribe_refusal(self) -> RefuseSubscribe | None:
        """Return the fault that refuses a subscription now."""
        return self._faults.strike(RefuseSubscribe)


def corrupted(text: str, how: str) -> bytes:
    """Return a frame of this text with one thing wrong."""
    match how:
        case "nan" | "zero" | "negative":
            return frames.as_text_frame(PRICE.sub(f'"c":"{PRICES[how]}"', text))
        case "jump":
            return frames.as_text_frame(
                PRICE.sub(lambda found: f'"c":"{float(found[1]) * 1000:.8f}"', text)
            )
        case "symbol":
            return frames.as_text_frame(SYMBOL.sub('"s":"NOPEUSDT"', text))
        case "type":
            return frames.as_text_frame(TIME.sub('"E":"soon"', text))
        case "huge":
            return frames.as_text_frame(text[:-1] + ',"pad":"' + "x" * HUGE + '"}')
        case "utf8":
            frame = bytearray(frames.as_text_frame(text))
            frame[-3] = 0xFF
            return bytes(frame)
        case "rsv":
            frame = bytearray(frames.as_text_frame(text))
            frame[0] |= 0x40
            return bytes(frame)
        case _:
            return frames.as_text_frame(text[: len(text) // 2])


def fragmented(text: str, pieces: int) -> bytes:
    """Return a text as so many fragments of one message, with a ping between them."""
    body = text.encode()
    size = max(len(body) // max(pieces, 1), 1)
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    found = b""
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        head = (0x80 if is_last else 0) | (0 if number else 1)
        found += frames.as_frame(head, part) + (b"" if is_last else frames.as_frame(0x89, b"sim"))
    return found
