"""The reference of the language, written from the tables it runs on, so that it cannot be wrong.

`python -c "from aitrader.filters.reference import page; print(page(), end='')" > docs/filters.md`
makes the document; a test compares it.
"""

from __future__ import annotations

from collections.abc import Iterable

from aitrader.filters.catalog import GROUPS
from aitrader.filters.constants import MAX_TARGETS
from aitrader.filters.document import MAX_CONDITIONS
from aitrader.filters.graph import MAX_NODES
from aitrader.filters.indicators import MAX_LENGTH
from aitrader.filters.interpret import MAX_CALL_DEPTH, MAX_SOURCE_BYTES, MAX_STEPS
from aitrader.filters.kernels import PATTERNS
from aitrader.filters.library import Function
from aitrader.filters.lookback import MAX_COST_US, MAX_LOOKBACK
from aitrader.filters.operands import DERIVED_FIELDS, TIME_FIELDS
from aitrader.filters.words import listed
from aitrader.model.candle import INTERVAL_MS, ROW_FIELDS

_INTRODUCTION = '''# The filter language

A trader is one file. It looks like Python, but Python never runs it: the text is read once and
becomes a graph of operations on candles, the same for live trading and for backtests. It cannot
look into the future, loop for ever, or touch the machine.

```python
"""What this trader waits for, in a sentence."""
NAME = "RSI rebound"
SYMBOLS = "top 50 USDT"
INTERVAL = "5m"
SIDE = "LONG"
EXITS = {"stop_loss": "1.5 atr", "take_profit": [("2%", 0.5), ("4%", 0.5)], "max_age": "12h"}
RISK = {"risk": "1%", "max_open": 3}


def conditions(m):
    hour = m.at("1h")
    return {
        "RSI comes back": crosses_above(rsi(m.close, 14), 30),
        "1h uptrend": hour.close > ema(hour.close, 50),
    }


def exit_conditions(m):
    return {"overbought": rsi(m.close, 14) > 75}
```

A signal is raised on the closed candle where all conditions *become* true together. It is not
raised again while they stay true, nor while the trader holds or awaits that symbol.

## Trying it

    aitrader traders check my_trader.py
    aitrader traders explain my_trader.py ETHUSDT --candles candles/ --at 2025-01-31T12:00
    aitrader screen my_trader.py --candles candles/

`check` says what a file would do, how many closed candles it needs and what it costs, or the first
thing that is wrong with it (exit code 2). `explain` says of one candle whether each condition
held, and the values behind it. `screen` says which symbols match. `candles/` is a folder of files
such as `ETHUSDT_5m.csv` or `.parquet`, or one such file: slower intervals are added up from faster
ones, and a ranked universe is ranked among the symbols that are there. Without `--at` the newest
candle counts. Each takes `--json` for programs.

## Constants
'''

_CONSTANTS = (
    ("NAME", "Required. What the trader is called."),
    (
        "SYMBOLS",
        'Required. A list `["BTCUSDT", "ETHUSDT"]`, or a universe: `"top 50 USDT"` (ranked daily '
        'by volume), `"all USDT"`, `"top 50 USDT except BTCUSDT, ETHUSDT"`.',
    ),
    ("INTERVAL", f"Required. The candles that are screened: {listed(INTERVAL_MS)}."),
    ("SIDE", '`"LONG"` (when it is missing) or `"SHORT"`; selling short works on paper only.'),
    (
        "ENTRY",
        'Without it an entry is a market order. `{"limit": "0.2%"}` rests a limit order instead, '
        "so far below the close of the signal's candle (above it for a SHORT), on the tick. "
        '`"good_for"` (`"10m"`, `"4h"`) says how long after that close it rests, one candle when '
        "it is missing; then it is canceled. What fills in part is kept, protected, and the rest "
        "canceled. Meanwhile the trader awaits the symbol: no other signal of it is entered, and "
        "the order counts as one of its `max_open`.",
    ),
    (
        "EXITS",
        'Required unless functions give them; at least one of `"stop_loss"` and `"take_profit"` '
        '(`"2%"` of the fill price, or `"1.5 atr"`: 1.5 x `atr(m, 14)` at the signal candle; '
        '`"2 atr(21)"` for another length), `"trailing"` (`"1%"`), `"max_age"` (`"90m"`, `"12h"`, '
        f'`"2d"`). `"break_even"` (`"1%"`) moves the stop to where nothing is lost, fees counted, '
        "once the price is that far in favor. "
        f'`"take_profit"` also takes up to {MAX_TARGETS} targets: '
        '`[("2%", 0.5), ("4%", 0.5)]`.',
    ),
    (
        "RISK",
        'Required. Exactly one of `"risk"` (`"1%"` of equity is lost if the stop is hit), `"size"` '
        '(`"5%"` of equity is bought) and `"amount"` (quote units), and `"max_open"` positions '
        "(1 when it is missing). Further limits hold new entries back, never exits: "
        '`"max_exposure"` (`"30%"` of equity in positions), `"max_daily_loss"` (`"3%"` lost since '
        '00:00 UTC), `"max_drawdown"` (`"10%"` of equity below the best that its closed positions '
        'made in all; saving the trader or resuming entries counts anew), `"cooldown"` (`"30m"` '
        'without an entry in a symbol after a position in it closed), `"loss_streak"` (so many '
        'losses in a row end the day, UTC) and `"max_per_minute"` entries.',
    ),
    ("ANALYST", "A sentence that tells the analyst what to look for, or None."),
    (
        "NOTIFY",
        'Which of its own you are told, wherever notices go: `["signals", "analyses"]`, one of '
        "them, or `[]` for none. When it is missing the setting `NOTIFY_ON` says.",
    ),
)

_FUNCTIONS = """
## Functions of the file

| function | returns |
|---|---|
| `conditions(m)` | required; a dict of names and conditions, all of which must hold |
| `exit_conditions(m)` | a dict; the position is left when one of them holds on a closed candle |
| `stop_loss(m)` | a price series; its value at the signal candle is the stop loss |
| `take_profit(m)` | a price series; its value at the signal candle is the target |

A constant and a function for the same thing is an error.

## The market

`m` is the symbol that is screened, on the trader's interval. `m.at("1h")` is the same symbol on a
slower interval: its newest bar that has *closed*. `m.of("BTCUSDT")` is another symbol.
"""

_RULES = """
## Series

- `x[1]` is the value one candle ago; negative places and slices do not exist.
- `+ - * / // % **`, `< <= > >= == !=`, chained: `40 < rsi(m.close) < 60`.
- `and`, `or`, `not` (also `&`, `|`, `~` with brackets), `a if condition else b`.
- A series of a slower interval may meet a faster one; every candle then sees the last closed bar.
- `for` goes over lists and `range(...)`, never over candles; `if` decides on plain values only.
- Helper functions, lambdas, comprehensions, f-strings and constants of your own are welcome.

## Unknown values

Before an indicator has warmed up, in a gap, and after a division by zero a value is unknown. A
comparison with an unknown value does not hold, and neither does its `not`. A trader is not
screened on a symbol before its whole lookback of candles is there.

An indicator that remembers (EMA, RSI, ATR, ...) gets as many candles as it takes until its start
weighs less than one millionth. `obv`, `ad`, `pvt` and `cumulative` count from the first candle
ever seen: their level is refused, a comparison with their own average or past is fine.
"""


def page() -> str:
    """Return the whole document as Markdown."""
    parts = [_INTRODUCTION, "\n| constant | meaning |\n|---|---|\n"]
    parts += [f"| `{name}` | {text} |\n" for name, text in _CONSTANTS]
    parts += [_FUNCTIONS, "\n| series of `m` | |\n|---|---|\n"]
    parts += [f"| of each candle | {_code(ROW_FIELDS)} |\n"]
    parts += [f"| derived | {_code(DERIVED_FIELDS)} |\n"]
    parts += [f"| time of the candle's opening, UTC | {_code(TIME_FIELDS)} (Monday is 0) |\n"]
    parts += [_RULES, "\n## Functions\n"]
    for title, functions in GROUPS.items():
        parts.append(f"\n### {title}\n\n| call | meaning | example |\n|---|---|---|\n")
        parts += [_row(function) for function in functions]
    parts += ["\n## Candle patterns\n\n", _code(PATTERNS), "\n", _limits()]
    return "".join(parts)


def _row(function: Function) -> str:
    notes = function.summary
    if function.outputs:
        notes += f" Outputs: {_code('.' + name for name in function.outputs)}."
    if function.aliases:
        notes += f" Also {_code(function.aliases)}."
    return f"| `{function.signature}` | {notes} | `{function.example}` |\n"


def _code(words: Iterable[str]) -> str:
    return listed(f"`{word}`" for word in words)


def _limits() -> str:
    rows = (
        ("length of the text", f"{MAX_SOURCE_BYTES:,} bytes"),
        ("steps while it is read", f"{MAX_STEPS:,}"),
        ("operations in the graph", f"{MAX_NODES:,}"),
        ("functions calling functions", str(MAX_CALL_DEPTH)),
        ("conditions", str(MAX_CONDITIONS)),
        ("length of an indicator", f"{MAX_LENGTH:,} bars"),
        ("lookback per interval", f"{MAX_LOOKBACK:,} bars"),
        ("cost of one check", f"{MAX_COST_US:,.0f} microseconds per symbol"),
    )
    body = "".join(f"| {what} | {limit} |\n" for what, limit in rows)
    return f"\n## Limits\n\n| of | most |\n|---|---|\n{body}"
