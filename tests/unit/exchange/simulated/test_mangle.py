import json

import pytest

from aitrader.exchange.simulated import frames
from aitrader.exchange.simulated.faults import (
    AnyFault,
    Corrupt,
    Drop,
    Duplicate,
    Faults,
    Fragment,
    RefuseSubscribe,
    Reorder,
    Silence,
)
from aitrader.exchange.simulated.mangle import Mangler, corrupted, fragmented

TEXT = '{"e":"kline","E":5,"s":"AB","k":{"c":"10.50000000","x":true}}'
OPEN = TEXT.replace("true", "false")
FRAME = frames.as_text_frame(TEXT)


class Bench:
    """A mangler with these faults, and what one connection is sent."""

    def __init__(self, *faults: AnyFault) -> None:
        self.faults = Faults(lambda: 0.0)
        self.mangler = Mangler(self.faults)
        self.faults.on_change = lambda _: self.mangler.update()
        for fault in faults:
            self.faults.add(fault)
        self.held: list[bytes] = []

    def send(self, text: str = TEXT, stream: str = "ab@kline_1m") -> list[bytes]:
        return self.mangler.mangled(stream, text, held=self.held)


def test_nothing_switched_on_changes_nothing() -> None:
    bench = Bench()
    assert not bench.mangler.is_on
    assert bench.send() == [FRAME]


def test_frames_get_lost_by_name_or_only_when_they_close_a_candle() -> None:
    assert Bench(Drop(stream="kline")).send() == []
    assert Bench(Drop(stream="ticker")).send() == [FRAME]
    bench = Bench(Drop(only_closed=True))
    assert bench.send() == []
    assert len(bench.send(OPEN)) == 1


def test_silence_is_for_all() -> None:
    assert Bench(Silence()).send() == []


def test_frames_come_twice() -> None:
    assert Bench(Duplicate()).send() == [FRAME, FRAME]


def test_frames_change_places_and_none_is_lost() -> None:
    bench = Bench(Reorder(size=4))
    texts = [TEXT.replace('"E":5', f'"E":{n}') for n in range(10)]
    sent = [frame for text in texts for frame in bench.send(text)]
    assert len(sent) == 8
    bench.faults.clear()
    sent += bench.send("{}")
    assert sorted(sent[:10]) == sorted(frames.as_text_frame(text) for text in texts)
    assert sent[:8] != [frames.as_text_frame(text) for text in texts[:8]]
    assert not bench.mangler.is_on


def test_a_fragmented_text_adds_up() -> None:
    (sent,) = Bench(Fragment(pieces=4)).send()
    assert sent == fragmented(TEXT, 4)
    body, heads, rest = b"", [], sent
    while rest:
        heads.append(rest[0])
        body += rest[2 : 2 + rest[1]] if rest[0] != 0x89 else b""
        rest = rest[2 + rest[1] :]
    assert body.decode() == TEXT
    assert (heads[0], heads[-1], heads.count(0x89)) == (0x01, 0x80, len(heads) // 2)


@pytest.mark.parametrize(
    ("how", "price"),
    [
        ("nan", "NaN"),
        ("zero", "0.00000000"),
        ("negative", "-1.00000000"),
        ("jump", "10500.00000000"),
    ],
)
def test_a_price_may_be_impossible(how: str, price: str) -> None:
    assert json.loads(corrupted(TEXT, how)[2:])["k"]["c"] == price


def test_a_frame_may_be_wrong_in_other_ways() -> None:
    assert json.loads(corrupted(TEXT, "symbol")[2:])["s"] == "NOPEUSDT"
    assert json.loads(corrupted(TEXT, "type")[2:])["E"] == "soon"
    assert len(corrupted(TEXT, "huge")) > 2_000_000
    assert corrupted(TEXT, "rsv")[0] == 0xC1
    for how in ("json", "utf8"):
        with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting|utf-8"):
            json.loads(corrupted(TEXT, how)[2:])
    (sent,) = Bench(Corrupt(how="zero")).send()
    assert sent == corrupted(TEXT, "zero")


def test_a_subscription_is_refused_as_often_as_told() -> None:
    bench = Bench(RefuseSubscribe(times=1))
    assert bench.mangler.subscribe_refusal() is not None
    assert bench.mangler.subscribe_refusal() is None
