"""Random filter programs: grammar-based ones that mean something, and token soup that does not."""

# ruff: noqa: E501 -- one case per line reads best

from __future__ import annotations

import random

from aitrader.filters.catalog import FUNCTIONS
from aitrader.filters.library import Function, Parameter, Slot

FIELDS = (
    "open", "high", "low", "close", "volume", "quote_volume", "trades", "taker_buy_volume",
    "hl2", "hlc3", "ohlc4", "range", "body", "delta", "hour", "weekday",
)  # fmt: skip
PRICES = FIELDS[:14]
YES_NO = frozenset(
    {"crosses_above", "crosses_below", "crosses", "within", "always", "became", "rising", "falling",
     "between", "all_of", "any_of", "bullish_divergence", "bearish_divergence", "logical_not"}
)  # fmt: skip
NOT_SERIES = frozenset(
    {"float", "str", "len", "enumerate", "list", "reversed", "sorted", "sum", "int", "range", "zip",
     "heikin_ashi", "pattern", "cumulative"}
)  # fmt: skip
SERIES_FUNCTIONS = tuple(
    f for f in FUNCTIONS.values() if f.name not in YES_NO | NOT_SERIES and not f.takes_many
)
PATTERNS = ("engulfing", "hammer", "doji", "harami", "morningstar")


class Grammar:
    """Writes expressions of the language from a seed; lengths stay short so that they warm up."""

    def __init__(
        self,
        seed: int,
        *,
        longest: int = 30,
        markets: tuple[str, ...] = ("m",),
        is_smooth: bool = False,
    ) -> None:
        """`is_smooth`: no equality and no input that mostly stands still (hours, patterns)."""
        self._smooth = is_smooth
        self._random = random.Random(seed)
        self._longest = longest
        self._markets = markets

    def program(self, conditions: int = 3) -> tuple[str, ...]:
        """Return some conditions."""
        return tuple(self.condition(2) for _ in range(conditions))

    def condition(self, depth: int) -> str:
        """Return a yes-or-no expression."""
        pick = self._random.randrange(12) if depth > 0 else self._random.randrange(4)
        if pick < 4:
            signs = ("<", "<=", ">", ">=") if self._smooth else ("<", "<=", ">", ">=", "==", "!=")
            sign = self._random.choice(signs)
            return f"({self.series(depth)} {sign} {self.series(depth)})"
        if pick < 6:
            return f"({self.condition(depth - 1)} {self._random.choice(('and', 'or'))} {self.condition(depth - 1)})"
        if pick == 6:
            return f"(not {self.condition(depth - 1)})"
        if pick == 7:
            return f"{self._random.choice(('within', 'always'))}({self.condition(depth - 1)}, {self._length()})"
        if pick == 8:
            return f"{self._random.choice(('crosses_above', 'crosses_below'))}({self.series(depth)}, {self.series(depth)})"
        if pick == 9:
            return f"{self._random.choice(('rising', 'falling'))}({self.series(depth)}, {self._random.randint(1, 4)})"
        if pick == 10:
            return f"(count({self.condition(depth - 1)}, {self._length()}) >= 2)"
        return f"(bars_since({self.condition(depth - 1)}, {self._length() + 3}) < 4)"

    def series(self, depth: int) -> str:
        """Return a numeric expression."""
        pick = self._random.randrange(10) if depth > 0 else 0
        if pick < 2:
            return f"{self._market()}.{self._random.choice(PRICES if self._smooth else FIELDS)}"
        if pick == 2:
            return f"{self.series(depth - 1)}[{self._random.randint(0, 5)}]"
        if pick == 3:
            sign = self._random.choice(("+", "-", "*", "/"))
            return f"({self.series(depth - 1)} {sign} {self.series(depth - 1)})"
        if pick == 4:
            return f"where({self.condition(depth - 1)}, {self.series(depth - 1)}, {self.series(depth - 1)})"
        if pick == 5 and not self._smooth:
            return f'pattern({self._market()}, "{self._random.choice(PATTERNS)}")'
        return self._call(self._random.choice(SERIES_FUNCTIONS), depth)

    def _call(self, function: Function, depth: int) -> str:
        given = ", ".join(self._argument(p, depth) for p in function.parameters)
        text = f"{function.name}({given})"
        if function.outputs:
            names = [n for n in function.outputs if function.name != "supertrend" or n == "line"]
            text += f".{self._random.choice(names)}"
        return text

    def _argument(self, parameter: Parameter, depth: int) -> str:
        if parameter.slot in (Slot.MARKET, Slot.VIEW):
            return self._market()
        if parameter.slot is Slot.CONDITION or parameter.name == "condition":
            return self.condition(depth - 1)
        if parameter.slot is Slot.WHOLE:
            low = int(max(parameter.low, 3 if self._smooth else 2))
            return str(self._random.randint(low, int(min(parameter.high, max(low, self._longest)))))
        if parameter.slot is Slot.REAL:
            return str(parameter.default)
        return self.series(depth - 1)

    def _length(self) -> int:
        return self._random.randint(2, self._longest)

    def _market(self) -> str:
        return self._random.choice(self._markets)


TOKENS = (
    "m", "m.close", "m.at('1h')", "rsi", "ema", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "==",
    "<", ">", "+", "-", "*", "**", "/", "//", "%", "&", "|", "~", "^", "<<", "not", "and", "or", "if",
    "else", "for", "in", "is", "lambda", "def", "return", "class", "import", "while", "yield", "await",
    "None", "True", "1", "0", "-1", "14", "1e308", "9" * 40, "'a'", "'%s'", "f'{m}'", "__class__", "_",
    "x", "x.append", "range", "zip", "sum", "max", "within", "where", "@", ";", "\n    ", "\n", "...",
    "global", "try", "except", "with", "as", "del", "assert", "raise", "pass", "break", "match", ":=",
)  # fmt: skip


def soup(seed: int, length: int = 40) -> str:
    """Return tokens in any order."""
    chooser = random.Random(seed)
    body = " ".join(chooser.choice(TOKENS) for _ in range(chooser.randint(1, length)))
    if chooser.random() < 0.5:
        return f"def conditions(m):\n    x = [1]\n    y = {body}\n    return {{'a': y}}\n"
    return body
