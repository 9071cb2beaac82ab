"""No text and no document harms the machine, leaves the language, or takes long."""

# ruff: noqa: E501 -- one case per line reads best

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import msgspec
import pytest
from tests.attacks.corpus import ATTACKS, CANARY, HARMLESS
from tests.filter_programs import Grammar, soup
from tests.filter_worlds import HEAD, compiled, conditions_text, trader_text

from aitrader.filters.document import decode, encode
from aitrader.filters.traderfile import compile_trader
from aitrader.model.errors import FilterFault

SPENDS_ALL = "fibonacci"
"""A text that is refused once it has spent all its steps: 0.05 s of CPU on a quiet machine."""

MOST_OF_IT = 4
"""No refusal may take so many times as long; the target is 0.2 s."""

NEVER_S = 2.0
"""Nor so long on any machine, that text itself included."""


def outcome(text: str) -> str | None:
    """Return the refusal, None when the text compiled."""
    try:
        compile_trader(text)
    except FilterFault as fault:
        return str(fault)
    return None


def took_s(text: str) -> float:
    """CPU seconds that a text takes until it is refused."""
    begun = time.process_time()
    outcome(trader_text(text))
    return time.process_time() - begun


@pytest.mark.filterwarnings("ignore")
def test_every_attack_is_refused_or_does_nothing() -> None:
    modules = set(sys.modules)
    slowest_s = min(MOST_OF_IT * took_s(dict(ATTACKS)[SPENDS_ALL]), NEVER_S)
    succeeded, slow = [], []
    for name, text in ATTACKS:
        if outcome(trader_text(text)) is None and name not in HARMLESS:
            succeeded.append(name)
        if took_s(text) > slowest_s:
            slow.append(name)
    assert len(ATTACKS) > 196
    assert succeeded == [] and slow == []
    assert not (Path("/tmp") / CANARY).exists()
    assert {m.split(".")[0] for m in set(sys.modules) - modules} <= {"aitrader", "encodings"}


@pytest.mark.filterwarnings("ignore")
def test_a_refusal_says_what_was_wrong_in_one_short_line() -> None:
    for name, text in ATTACKS:
        said = outcome(trader_text(text))
        if name not in HARMLESS:
            assert said and len(said) < 400 and "\n" not in said, name


def hostile_documents() -> list[tuple[str, bytes]]:
    """Return JSON that no typed filter makes."""
    good = json.loads(encode(compiled("rsi(m.close, 14) < 30", "m.close[1] > 1").graph))

    def with_(**changed: object) -> bytes:
        return json.dumps({**good, **changed}).encode()

    def node(op: object, args: object = (), params: object = ()) -> bytes:
        nodes = [*good["nodes"], [op, list(args), list(params)]]  # type: ignore[call-overload]
        return with_(nodes=nodes, conditions={"a": len(nodes) - 1})

    close = [["in", [], ["close", "", "5m"]]]
    return [
        ("not JSON", b"{"),
        ("empty", b""),
        ("null", b"null"),
        ("a list", b"[]"),
        ("deep JSON", b"[" * 100_000),
        ("too large", b" " * 600_000),
        ("other version", with_(version=2)),
        ("version as text", with_(version="1")),
        ("unknown interval", with_(interval="7m")),
        ("unknown field", with_(extra=1)),
        ("no conditions", with_(conditions={})),
        ("thousand conditions", with_(conditions={str(i): 0 for i in range(999)})),
        ("thousand exits", with_(exits={str(i): 0 for i in range(999)})),
        ("condition out of range", with_(conditions={"a": 999})),
        ("negative condition", with_(conditions={"a": -1})),
        ("a number as a condition", with_(conditions={"a": 0})),
        ("a condition as a level", with_(levels={"stop_loss": good["conditions"]["c0"]})),
        ("empty name", with_(conditions={"": good["conditions"]["c0"]})),
        ("a name for the terminal", with_(conditions={"\x1b[31mred": good["conditions"]["c0"]})),
        ("an unknown field for the terminal", with_(**{"\x1b[31m": 1})),
        ("a node of no use", with_(nodes=[*good["nodes"], ["in", [], ["close", "", "1w"]]])),
        ("a node that stands twice", with_(nodes=[*good["nodes"], good["nodes"][0]])),
        ("long name", with_(conditions={"a" * 200: good["conditions"]["c0"]})),
        ("too many nodes", with_(nodes=[["const", [], [float(i)]] for i in range(3000)])),
        ("points forward", with_(nodes=[["lt", [1, 2], []], *good["nodes"]])),
        ("points at itself", with_(nodes=[["neg", [0], []]])),
        ("negative edge", with_(nodes=[*close, ["neg", [-1], []]])),
        ("unknown operation", node("exec")),
        ("operation as a number", node(1)),
        ("look-ahead", node("lag", [0], [-1])),
        ("lag of a half", node("lag", [0], [0.5])),
        ("huge lag", node("lag", [0], [10**9])),
        ("lag of nothing", node("lag", [], [1])),
        ("lag without bars", node("lag", [0], [])),
        ("unknown indicator", node("ta", [0], ["CUMSUM"])),
        ("indicator as a path", node("ta", [0], ["__class__"])),
        ("indicator as a number", node("ta", [0], [5])),
        ("indicator without a name", node("ta", [0], [])),
        ("period of 0", node("ta", [0], ["EMA", 0])),
        ("period of a million", node("ta", [0], ["EMA", 10**6])),
        ("period as a text", node("ta", [0], ["EMA", "14"])),
        ("too many inputs", node("ta", [0, 0], ["EMA", 14])),
        ("unknown field of the market", node("in", [], ["secret", "", "5m"])),
        ("symbol as a path", node("in", [], ["close", "../../x", "5m"])),
        ("faster interval", node("in", [], ["close", "", "1m"])),
        ("unknown interval of a series", node("in", [], ["close", "", "9m"])),
        ("align to a slower one", node("align", [0], ["1h"])),
        ("align to itself", node("align", [0], ["5m"])),
        ("an output of a number", node("out", [0], [0])),
        ("nan constant", b'{"version":1,"interval":"5m","nodes":[["const",[],[NaN]]],"conditions":{"a":0}}'),
        ("constant too large", node("const", [], [1e300])),
        ("constant compared with itself", with_(nodes=[["const", [], [1.0]], ["lt", [0, 0], []]], conditions={"a": 1})),
        ("and of numbers", node("and", [0, 0])),
        ("window of 0", node("any", [0], [0])),
        ("mixed intervals", with_(nodes=[*close, ["in", [], ["close", "", "1h"]], ["lt", [0, 1], []]], conditions={"a": 2})),
        ("level that counts from the first candle", with_(nodes=[*close, ["in", [], ["volume", "", "5m"]], ["ta", [0, 1], ["OBV"]], ["const", [], [1.0]], ["lt", [2, 3], []]], conditions={"a": 4})),
        ("a slow root", with_(nodes=[["in", [], ["close", "", "1h"]], ["const", [], [1.0]], ["lt", [0, 1], []]], conditions={"a": 2})),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "body"), hostile_documents(), ids=lambda x: str(x)[:30])
def test_a_hostile_document_is_refused(name: str, body: bytes) -> None:
    with pytest.raises(FilterFault) as found:
        decode(body)
    assert str(found.value).isprintable()


def test_a_slow_document_is_refused() -> None:
    text = trader_text("def conditions(m):\n    return {'a': ema(m.close, 9) > 0}\n")
    good = compile_trader(text).graph
    rows = [("in", (), ("close", "", "5m"))]
    rows += [("ta", (0,), ("LINEARREG", 1000 + i)) for i in range(199)]
    total = 1
    for i in range(2, 200):
        rows.append(("add", (total, i), ()))
        total = len(rows) - 1
    rows += [("const", (), (0.0,)), ("gt", (total, len(rows)), ())]
    slow = msgspec.structs.replace(good, nodes=tuple(rows), conditions={"a": len(rows) - 1})
    with pytest.raises(FilterFault, match="too slow"):
        decode(encode(slow))


def fuzz(count: int, seed: int) -> int:
    """Compile random texts; return how many compiled."""
    done = 0
    for number in range(seed, seed + count):
        if number % 3:
            text = HEAD.format(interval="5m", exits='{"stop_loss": "1%"}') + soup(number)
        else:
            text = conditions_text(*Grammar(number).program(2))
        begun = time.process_time()
        done += outcome(text) is None
        assert time.process_time() - begun < 1.0, text
    return done


@pytest.mark.filterwarnings("ignore")
def test_random_texts_compile_or_are_refused() -> None:
    assert fuzz(200, 0) > 30


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_a_hundred_thousand_random_texts_neither_crash_nor_grow() -> None:
    assert fuzz(100_000, 1000) > 10_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 200_000
