"""Texts that look small and are not: paths, walks, lists and torn series that would take for ever."""

# ruff: noqa: E501 -- one line of a text per line

from __future__ import annotations

import itertools
import resource
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from tests.attacks.corpus import body
from tests.filter_worlds import DATA, compiled, conditions_text, trader_text, walk

from aitrader.filters.catalog import FUNCTIONS
from aitrader.filters.compiled import CompiledTrader
from aitrader.filters.evaluate import Program
from aitrader.filters.indicators import ALL_INDICATORS, Bound
from aitrader.filters.kernels import indicator_rows
from aitrader.filters.library import Slot
from aitrader.filters.lookback import MAX_COST_US
from aitrader.filters.traderfile import compile_trader
from aitrader.model.errors import FilterFault
from aitrader.model.ids import TraderId

SLOWEST_S = 5.0
"""CPU. Each takes under 0.3 s alone; unguarded they took minutes. Coverage makes all of it slower."""

BOMBS = {
    "a negation walked once per path": body("x = m.close > 1", "for i in range(200):", "    x = x and x", "return {'a': not x}"),
    "a large negation again and again": body("x = m.close > 1", "for i in range(200):", "    x = x and (m.close > i)", "for i in range(9000):", "    not x", "return {'a': x}"),
    "negations in two loops": body("x = m.close > 1", "for i in range(200):", "    x = x and (m.close > i)", "for i in range(1000):", "    for j in range(9):", "        not x", "return {'a': x}"),
    "walks of nz": body("x = m.close", "for i in range(200):", "    x = x + i", "for i in range(1000):", "    for j in range(3):", "        nz(x)", "return {'a': x > 1}"),
    "sums of numbers": body("a = range(1000)", "for i in a:", "    for j in range(3):", "        sum(a)", "return {'a': m.close > 1}"),
    "sums of series": body("a = [m.close for i in range(200)]", "for i in range(1000):", "    for j in range(3):", "        sum(a)", "return {'a': m.close > 1}"),
    "lists that are joined": body("a = range(500)", "l = []", "for i in range(900):", "    l.append([a + a, a + a, a + a, a + a])", "return {'a': m.close > 1}"),
    "names of values with many paths": body("d = {}", "for i in range(64):", "    x = mfi(m.close + i, m.close + i, m.close + i, m.close + i, 2)", "    for j in range(5):", "        x = mfi(x, x, x, x, 2)", "    d[f'a{i}'] = (x > 1) and (x + 1 > 2) and (x + 2 > 2) and (x + 3 > 2)", "return d"),
    "origins that add up": body("xs = [cumulative(m.close + i) for i in range(240)]", "x = sum(xs)", "ys = [x + i for i in range(700)]", "return {'a': ys[3] > ys[9]}"),
    "a list in itself": body("a = []", "a.append(a)", "return {'a': a}"),
    "a chain of elif": "def conditions(m):\n if 0:0\n" + " elif 0:0\n" * 900 + " return {'a': m.close > 1}\n",
}  # fmt: skip


def outcome(text: str) -> str | None:
    """Return the refusal, None when the text compiled."""
    try:
        compile_trader(text)
    except FilterFault as fault:
        return str(fault)
    return None


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_text_takes_little_time(name: str) -> None:
    begun = time.process_time()
    outcome(trader_text(BOMBS[name]))
    assert time.process_time() - begun < SLOWEST_S


def test_a_universe_is_read_in_linear_time() -> None:
    text = trader_text(body("return {'a': m.close > 1}"))
    begun = time.process_time()
    for words in (
        "top 5 USDT except " + " " * 1500 + "!",
        "top" + " " * 1900,
        "all USDT but A" + ", " * 900 + "!",
    ):
        assert outcome(text.replace('["AAAUSDT"]', repr(words))) is not None
    assert time.process_time() - begun < SLOWEST_S


NOT_NUMBERS = (
    "m.close[np.nan] > 1",
    "m.close.rolling(np.nan).mean() > 1",
    "any_of(m.close > 1, np.nan)",
    "any_of(m.close > 1, 2.5)",
    "m.close.shift(np.nan) > 1",
    "m.close.ewm(span=np.nan).mean() > 1",
    "sma(m.close, np.nan) > 1",
    "m.close > len(range(np.nan))",
)


@pytest.mark.parametrize("condition", NOT_NUMBERS)
def test_nan_is_no_number_of_bars(condition: str) -> None:
    with pytest.raises(FilterFault):
        compiled(condition)


@pytest.mark.parametrize("exits", ['{"take_profit": [("2%", np.nan)]}', '{"stop_loss": np.nan}', '{"trailing": np.nan}', '{"max_age": np.nan}'])  # fmt: skip
def test_nan_is_no_exit(exits: str) -> None:
    with pytest.raises(FilterFault):
        compile_trader(trader_text(body("return {'a': m.close > 1}"), exits=exits))


def corners(bounds: tuple[Bound, ...]) -> list[tuple[float, ...]]:
    """Return every combination of the least and the largest of each parameter."""
    ends = [(b.low, b.high) if not b.is_whole else (int(b.low), int(b.high)) for b in bounds]
    return [
        tuple(n if b.is_whole else float(n) for n, b in zip(each, bounds, strict=True))
        for each in itertools.product(*ends)
    ]


@pytest.mark.parametrize("name", ALL_INDICATORS)
def test_ta_lib_takes_every_parameter_and_number_that_a_graph_may_hold(name: str) -> None:
    indicator = ALL_INDICATORS[name]
    random = np.random.default_rng(1)
    rows = [random.lognormal(0, 1, (1, bars)) for bars in (1, 2, 60)]
    rows += [np.full((1, 40), value) for value in (0.0, 1e300, -1e300, np.nan)]
    rows.append(np.where(np.arange(60) % 2, 1.0, np.nan)[np.newaxis, :])
    with np.errstate(all="ignore"):
        for numbers in corners(indicator.bounds):
            arguments = indicator.arguments(numbers)
            for row in rows:
                made = indicator_rows(name, arguments, [row] * indicator.inputs)
                assert len(made) == indicator.outputs and made[0].shape == row.shape


USUAL = {Slot.SERIES: "m.close", Slot.OPERAND: "m.close", Slot.CONDITION: "m.close > m.open", Slot.MARKET: "m", Slot.VIEW: "m", Slot.TEXT: "'doji'", Slot.ANY: "m.close"}  # fmt: skip
ODD = ("np.nan", "1e15", "-1", "0", "1", "2000", "True", "None", "'x'", "[]", "{}", "m", "m.close > 1", "lambda: 0", "ema", "macd(m)", "np", "m.at", "cumulative(m.close)")  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_refuses_or_takes_whatever_it_is_given(name: str) -> None:
    function = FUNCTIONS[name]
    usual = [USUAL.get(p.slot, str(p.default or 5)) for p in function.parameters] or ["m.close"] * 2
    panel = walk(bars=30)
    for place, odd in itertools.product(range(len(usual) + 1), ODD):
        given = [*usual[:place], odd, *usual[place + 1 :]]
        text = conditions_text(f"{name}({', '.join(given)}) > 1")
        if outcome(text) is None:
            Program({TraderId("a"): compile_trader(text)}).run({"5m": panel})


HEAVY = {
    "torn series": "sma(where(m.close > m.open, m.close * i, np.nan), 2) > 0",
    "look-ups": "value_when(m.close > m.open, m.close * i, 0, 2000) > 0",
    "counts": "bars_since(m.close > m.open * i, 2000) < 9",
    "highest of what falls": "highest(-m.trades * i, 1000) > 0",
    "correlations": "correlation(m.close, m.volume, 1500 - i) > 0",
}


def dearest(condition: str) -> CompiledTrader:
    """Return the trader with as many of these conditions as its budget allows."""
    found, low, high = None, 1, 400
    while low <= high:
        count = (low + high) // 2
        lines = body(f"a = [{condition} for i in range(2, {count} + 2)]", "return {'a': any_of(a)}")
        try:
            found, low = compile_trader(trader_text(lines)), count + 1
        except FilterFault:
            high = count - 1
    assert found is not None
    return found


@pytest.mark.parametrize("name", HEAVY)
def test_the_budget_holds_for_real(name: str) -> None:
    trader = dearest(HEAVY[name])
    assert trader.cost <= MAX_COST_US
    panel = walk(tuple(f"S{i}USDT" for i in range(50)), trader.lookback["5m"] + 1)
    panel.values["trades"][:] = np.arange(panel.bars)
    program = Program({TraderId("a"): trader})
    begun = time.process_time()
    program.run({"5m": panel})
    assert time.process_time() - begun < 5 * len(panel.symbols) * MAX_COST_US / 1e6


def test_a_graph_that_keeps_many_rows_takes_little_memory() -> None:
    lines = body("a = [shift(m.close, 4800 + i) for i in range(1, 150)]", "return {'a': any_of([x > 0 for x in a])}")  # fmt: skip
    program = Program({TraderId("a"): compile_trader(trader_text(lines))})
    panel = walk(tuple(f"S{i}USDT" for i in range(50)), 4990)
    before = peak_bytes()
    program.run({"5m": panel})
    assert peak_bytes() - before < 150 * 2**20


def peak_bytes() -> int:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_texts_compile_beside_each_other() -> None:
    texts = [conditions_text(f"ema(m.close, {n}) > sma(m.close, {n + 3})") for n in range(2, 40)]
    expected = [compile_trader.__wrapped__(text).digest for text in texts]
    compile_trader.cache_clear()
    found: dict[int, list[str]] = {}

    def work(number: int) -> None:
        found[number] = [compile_trader(text).digest for text in texts]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(4)] == [expected] * 4


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x00", "\x7f", "\x9b"])
def test_a_text_cannot_steer_a_terminal(character: str) -> None:
    text = trader_text(body(f"x = '{chr(92)}{character}[31m'", "return {'a': m.close > 1}"))
    said = outcome(text)
    assert said is not None and said.startswith("line 7: ") and said.isprintable()


def test_a_stack_of_a_megabyte_is_enough() -> None:
    code = (
        "import sys, threading; sys.path.insert(0, 'src')\n"
        "from aitrader.filters.interpret import parse\n"
        "from aitrader.model.errors import FilterFault\n"
        "def work():\n"
        "    for text in ('-' * 9000 + '1', 'not ' * 2500 + '1', '(' * 199 + ')' * 199,\n"
        "                 'x' + '.a' * 5000, 'x' + '()' * 5000, 'lambda:' * 1400 + '1'):\n"
        "        try: parse(text)\n"
        "        except FilterFault: pass\n"
        "threading.stack_size(1024 * 1024)\n"
        "thread = threading.Thread(target=work); thread.start(); thread.join()\n"
        "print('alive')\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=DATA.parents[2])  # fmt: skip
    assert found.stdout == "alive\n", found.stderr[-300:]
