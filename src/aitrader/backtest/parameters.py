"""The constants of a trader file as parameters: which values to try, and the file with others.

A parameter is a module constant with a literal value (`FAST = 12`), or one entry of a constant that
is a dict (`EXITS.stop_loss`). Values are written `5..20`, `5..20:5` (in steps of 5), `30,50,100` or
a mix; what is no number is a text (`1%,2%`). A file may bring them along:
`SWEEP = {"FAST": "5..20", "SLOW": [30, 50, 100]}`; who asks for others by name is heard first.

The text is changed in place, so everything that is counted from a constant follows, and the lines
of its faults stay where they were.
"""

from __future__ import annotations

import ast
import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from aitrader.filters.interpret import BYTE_ORDER_MARK, parse
from aitrader.model.errors import ConfigError

SWEEP = "SWEEP"
MOST_VALUES = 10_000

Value = int | float | str
"""What a constant may be set to."""

Values = Mapping[str, Value]


class Axis(msgspec.Struct, frozen=True):
    """One parameter and the values to try, in their order."""

    name: str
    values: tuple[Value, ...]


def axis_of(text: str) -> Axis:
    """Return what `NAME=VALUES` says.

    Raises:
        ConfigError: It does not say it so.
    """
    name, equals, values = text.partition("=")
    if not equals or not name.strip() or not values.strip():
        raise ConfigError(
            f"expected a constant and its values such as FAST=5..20 or SLOW=30,50,100, "
            f"found {text!r}"
        )
    return Axis(name.strip(), values_of(name.strip(), values.split(",")))


def values_of(name: str, parts: Sequence[object]) -> tuple[Value, ...]:
    """Return the values that these parts name, each once.

    Raises:
        ConfigError: A range cannot be counted through, or there are too many values.
    """
    found: dict[Value, None] = {}
    for part in parts:
        if isinstance(part, int | float):
            found[part] = None
        else:
            found |= dict.fromkeys(_values(name, str(part).strip()))
        if len(found) > MOST_VALUES:
            raise ConfigError(f"{name} has more than {MOST_VALUES:,} values")
    return tuple(found)


def axes_in(source: str) -> tuple[Axis, ...]:
    """Return the parameters that a file itself names in `SWEEP`; none is not a fault.

    Raises:
        ConfigError: It is not a dict of names and values.
        FilterFault: The text is not Python's syntax.
    """
    for statement in parse(source).body:
        if _assigned(statement) == SWEEP:
            assert isinstance(statement, ast.Assign)
            return _axes_of(statement.value)
    return ()


def with_values(source: str, values: Values) -> str:
    """Return the file with these constants set to these values, all else as it was.

    Raises:
        ConfigError: There is no such constant, or its value is not a literal one.
        FilterFault: The text is not Python's syntax.
    """
    source = source.removeprefix(BYTE_ORDER_MARK)
    places = dict(_places(parse(source)))
    lines = list(io.StringIO(source, newline=""))  # splitlines() knows more ends than Python
    spots = []
    for name, value in values.items():
        node = places.get(name)
        if node is None:
            raise ConfigError(_unknown(name, tuple(places)))
        spots.append((node, repr(value)))
    for node, text in sorted(spots, key=lambda row: _at(row[0]), reverse=True):
        _put(lines, node, text)
    return "".join(lines)


def base_values(source: str, names: Sequence[str]) -> dict[str, Value]:
    """Return what the file itself sets these constants to.

    Raises:
        ConfigError: As `with_values`.
    """
    places = dict(_places(parse(source)))
    found: dict[str, Value] = {}
    for name in names:
        if name not in places:
            raise ConfigError(_unknown(name, tuple(places)))
        found[name] = ast.literal_eval(places[name])
    return found


def _values(name: str, text: str) -> Iterator[Value]:
    first, dots, rest = text.partition("..")
    if not dots:
        number = _number(text)
        yield text.strip("'\"") if number is None else _plain(number)
        return
    last, _colon, step = rest.partition(":")
    low, high, by = _number(first), _number(last), _number(step or "1")
    if low is None or high is None or by is None or by <= 0 or high < low:
        raise ConfigError(
            f"{name}: expected a range such as 5..20 or 0.5..2:0.5 that goes up, found {text!r}"
        )
    if (high - low) / by > MOST_VALUES:
        raise ConfigError(f"{name} has more than {MOST_VALUES:,} values")
    while low <= high:
        yield _plain(low)
        low += by


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _axes_of(node: ast.expr) -> tuple[Axis, ...]:
    try:
        found = ast.literal_eval(node)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise ConfigError(
            f'{SWEEP} must be a dict such as {{"FAST": "5..20", "SLOW": [30, 50, 100]}}'
        )
    return tuple(
        Axis(name, values_of(name, row if isinstance(row, list | tuple) else str(row).split(",")))
        for name, row in found.items()
    )


def _assigned(statement: ast.stmt) -> str:
    """Return the one name that a statement sets, "" otherwise."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return target.id if isinstance(target, ast.Name) else ""
    return ""


def _places(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield every constant with a literal value, and where in the text its value stands."""
    for statement in tree.body:
        name = _assigned(statement)
        if not name or name == SWEEP:
            continue
        assert isinstance(statement, ast.Assign)
        if _is_literal(statement.value):
            yield name, statement.value
        if isinstance(statement.value, ast.Dict):
            for key, node in zip(statement.value.keys, statement.value.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and isinstance(key.value, str)
                    and _is_literal(node)
                ):
                    yield f"{name}.{key.value}", node


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float | str)


def _at(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _put(lines: list[str], node: ast.expr, text: str) -> None:
    """Replace what a node spans; columns count bytes of UTF-8."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before = lines[first].encode()[: node.col_offset].decode()
    after = lines[last].encode()[node.end_col_offset :].decode()
    more = "\n" * (last - first)
    lines[first : last + 1] = [before + text + after + more]


def _unknown(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none'}"
    return f"the file has no constant {name} with a plain number or text; {hint}"
