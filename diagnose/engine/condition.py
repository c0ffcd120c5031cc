"""The condition language of rules: a small subset of Python's expressions with three truth values.

A condition is parsed, never executed. It has names (a dotted name is one name, looked up whole), numbers, strings,
comparisons, `in`, `and or not`, + - * /, and the functions abs, min, max, known, nan. A name that is absent, a NaN,
or a comparison that holds for a part of an interval only, is UNKNOWN, and Kleene's tables carry it on.
"""

from __future__ import annotations

import ast
import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from diagnose.errors import ConditionError
from diagnose.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["UNKNOWN", "Condition", "Unknown"]

_MAX_LENGTH = 500
_MAX_DEPTH = 20


class Unknown:
    """The third truth value."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        msg = "UNKNOWN is neither true nor false"
        raise TypeError(msg)


UNKNOWN: Final = Unknown()
Result: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition: `text` as written, `names` the fact and parameter names in it."""

    text: str
    names: frozenset[str]
    tree: ast.expr

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Parse `text`; ConditionError where it is not in the language."""
        if len(text) > _MAX_LENGTH:
            raise ConditionError(f"a condition of {len(text)} characters", f"the longest allowed is {_MAX_LENGTH}")
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ConditionError(f"{text!r} is not an expression: {error}") from None
        return cls(text, frozenset(_check(tree, text, 0)), tree)

    def evaluate(self, facts: Mapping[str, Any]) -> bool | Unknown:
        """Return whether the condition holds, given the values of the names that are known."""
        value = _evaluate(self.tree, facts)
        return value if isinstance(value, bool) else UNKNOWN

    def directions(self) -> dict[str, int]:
        """Return 1 for each name that the condition needs to be large, -1 for each that it needs to be small.

        Only plain comparisons joined by `and` and `or` count; a name that is asked for both ways is left out.
        """
        found: dict[str, set[int]] = {}
        for name, direction in _directions(self.tree):
            found.setdefault(name, set()).add(direction)
        return {name: signs.pop() for name, signs in found.items() if len(signs) == 1}

    def basis(self, facts: Mapping[str, Any], rank: Callable[[str], int]) -> frozenset[str]:
        """Return the names that the condition, which holds, rests on.

        Of an `or`, those of the parts that hold and are proved best; rank: 0 for the name that is proved best.
        """
        return frozenset(_basis(self.tree, facts, rank))


def _directions(node: ast.expr) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            yield from _directions(part)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    large = 1 if isinstance(node.ops[0], (ast.Gt, ast.GtE)) else -1 if isinstance(node.ops[0], (ast.Lt, ast.LtE)) else 0
    for side, sign in ((node.left, large), (node.comparators[0], -large)):
        if large and (name := _dotted(side)) is not None:
            yield name, sign


def _dotted(node: ast.expr) -> str | None:
    """Return the dotted name that `node` spells, or None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = _dotted(node.value)
        return f"{left}.{node.attr}" if left else None
    return None


def _check(node: ast.expr, text: str, depth: int) -> Iterator[str]:
    """Yield the names in `node`; ConditionError where something is not in the language."""
    if depth > _MAX_DEPTH:
        raise ConditionError(f"{text!r} is nested deeper than {_MAX_DEPTH} levels")
    if (name := _dotted(node)) is not None:
        if name not in _WORDS:
            yield name
        return
    match node:
        case ast.Constant(value=bool() | int() | float() | str()):
            return
        case ast.Compare(ops=ops) if all(type(op) in _COMPARISONS for op in ops):
            children = [node.left, *node.comparators]
        case ast.BoolOp():
            children = node.values
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            children = [node.operand]
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            children = [node.left, node.right]
        case ast.Call(func=ast.Name(id=function), keywords=[]) if function in _FUNCTIONS and node.args:
            _check_arguments(function, node.args, text)
            children = node.args
        case _:
            raise ConditionError(f"{text!r} uses {ast.unparse(node)!r}, which the condition language does not have")
    for child in children:
        yield from _check(child, text, depth + 1)


def _check_arguments(function: str, arguments: list[ast.expr], text: str) -> None:
    if function in ("known", "nan") and (len(arguments) != 1 or _dotted(arguments[0]) is None):
        raise ConditionError(f"{text!r}: {function}() takes one name")
    if function == "abs" and len(arguments) != 1:
        raise ConditionError(f"{text!r}: abs() takes one value")


def _evaluate(node: ast.expr, facts: Mapping[str, Any]) -> Result:
    if (name := _dotted(node)) is not None:
        return _WORDS[name] if name in _WORDS else _value(facts.get(name, UNKNOWN))
    match node:
        case ast.Constant():
            return node.value
        case ast.BoolOp():
            return _kleene(node, facts)
        case ast.UnaryOp(op=ast.Not()):
            value = _evaluate(node.operand, facts)
            return not value if isinstance(value, bool) else UNKNOWN
        case ast.UnaryOp():
            value = _evaluate(node.operand, facts)
            return -value if _is_number(value) else UNKNOWN
        case ast.BinOp():
            return _arithmetic(node, facts)
        case ast.Compare():
            return _compare(node, facts)
        case ast.Call(func=ast.Name(id=function)):
            return _call(function, node.args, facts)
    return UNKNOWN


def _value(value: Any) -> Any:
    """Return a fact's value as the language sees it: None and NaN are unknown, a point interval is its number."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN
    return value.low if isinstance(value, Interval) and value.is_point else value


def _kleene(node: ast.BoolOp, facts: Mapping[str, Any]) -> bool | Unknown:
    decisive = isinstance(node.op, ast.Or)
    unknown = False
    for child in node.values:
        value = _evaluate(child, facts)
        if value is decisive:
            return isinstance(node.op, ast.Or)
        unknown = unknown or not isinstance(value, bool)
    return UNKNOWN if unknown else not decisive


def _basis(node: ast.expr, facts: Mapping[str, Any], rank: Callable[[str], int]) -> set[str]:
    """Return the names in the parts of a true expression that make it true."""
    if not isinstance(node, ast.BoolOp):
        return set(_check(node, "", 0))
    if isinstance(node.op, ast.And):
        return set().union(*(_basis(child, facts, rank) for child in node.values))
    parts = [_basis(child, facts, rank) for child in node.values if _evaluate(child, facts) is True]
    ranks = [max(map(rank, names), default=0) for names in parts]
    return set().union(*(names for names, worst in zip(parts, ranks, strict=True) if worst == min(ranks)))


def _is_number(value: Any) -> bool:
    return isinstance(value, Interval) or (not isinstance(value, (bool, str)) and hasattr(value, "__float__"))


def _arithmetic(node: ast.BinOp, facts: Mapping[str, Any]) -> Result:
    left, right = _evaluate(node.left, facts), _evaluate(node.right, facts)
    if not (_is_number(left) and _is_number(right)):
        return UNKNOWN
    try:
        result = _ARITHMETIC[type(node.op)](left, right)
    except (ZeroDivisionError, OverflowError):
        return UNKNOWN
    return _value(result)


def _compare(node: ast.Compare, facts: Mapping[str, Any]) -> bool | Unknown:
    values = [_evaluate(child, facts) for child in (node.left, *node.comparators)]
    unknown = False
    for op, left, right in zip(node.ops, values, values[1:], strict=False):
        held = _COMPARISONS[type(op)](left, right)
        if held is False:
            return False
        unknown = unknown or held is not True
    return UNKNOWN if unknown else True


def _less(left: Any, right: Any, *, or_equal: bool) -> bool | Unknown:
    if not (_is_number(left) and _is_number(right)):
        return UNKNOWN
    left, right = Interval.of(left), Interval.of(right)
    if (left.high <= right.low) if or_equal else (left.high < right.low):
        return True
    if (left.low > right.high) if or_equal else (left.low >= right.high):
        return False
    return UNKNOWN


def _equal(left: Any, right: Any) -> bool | Unknown:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if isinstance(left, Interval) or isinstance(right, Interval):
        if not (_is_number(left) and _is_number(right)):
            return UNKNOWN
        return UNKNOWN if Interval.of(left).meet(Interval.of(right)) else False
    if isinstance(left, (bool, str)) != isinstance(right, (bool, str)):
        return UNKNOWN
    return bool(left == right)


def _contains(left: Any, right: Any) -> bool | Unknown:
    if isinstance(left, Unknown) or not isinstance(right, (str, list, tuple, set, frozenset, dict)):
        return UNKNOWN
    if isinstance(right, str) and not isinstance(left, str):
        return UNKNOWN
    return bool(left in right)


def _negated(result: bool | Unknown) -> bool | Unknown:  # noqa: FBT001  # it is the operand
    return not result if isinstance(result, bool) else UNKNOWN


def _call(function: str, arguments: list[ast.expr], facts: Mapping[str, Any]) -> Result:
    if function in ("known", "nan"):
        raw = facts.get(_dotted(arguments[0]) or "")
        if function == "known":
            return _value(raw) is not UNKNOWN
        return UNKNOWN if raw is None else isinstance(raw, float) and math.isnan(raw)
    values = [_evaluate(argument, facts) for argument in arguments]
    return _FUNCTIONS[function](*values) if all(_is_number(value) for value in values) else UNKNOWN


def _extreme(pick: Callable[..., Any], *values: Any) -> Any:
    intervals = [Interval.of(value) for value in values]
    return _value(Interval(pick(i.low for i in intervals), pick(i.high for i in intervals)))


_WORDS: Final[dict[str, bool]] = {"true": True, "false": False}
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool | Unknown]]] = {
    ast.Lt: lambda a, b: _less(a, b, or_equal=False),
    ast.LtE: lambda a, b: _less(a, b, or_equal=True),
    ast.Gt: lambda a, b: _less(b, a, or_equal=False),
    ast.GtE: lambda a, b: _less(b, a, or_equal=True),
    ast.Eq: _equal,
    ast.NotEq: lambda a, b: _negated(_equal(a, b)),
    ast.In: _contains,
    ast.NotIn: lambda a, b: _negated(_contains(a, b)),
}
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "abs": abs,
    "min": lambda *values: _extreme(min, *values),
    "max": lambda *values: _extreme(max, *values),
    "known": bool,
    "nan": bool,
}
