"""Reads the equations of a sentence as its reader would, and computes their sides from the numbers as printed.

    "(tp + fn)/rows = 822/8,169 = 0.100624"   ->   one equation: left 0.100624..., right 0.100624, unit 0.000001

A side is arithmetic on numbers: + - x / ^, "minus", brackets, sqrt, ln and exp. Words beside a number name it ("recall
0.5 x 20 rows"); an operand without a number is a symbol, and what holds one is a formula and no equation. "A to B" is
a range: a side with ranges is computed at all of their ends.
"""

from __future__ import annotations

import ast
import itertools
import math
import operator
import re
from dataclasses import dataclass
from functools import cache

__all__ = ["Equation", "Number", "equations", "numbers"]

_ONE = r"(?<![\w.)])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?: ?%)?"
_TOKEN = re.compile(
    rf"(?P<number>{_ONE}(?: to {_ONE})?)(?![\w.]*\w)|(?P<relation><=|>=|[=<>])|(?P<operator>[-+/^()]|\bminus\b|\bx\b)"
    r"|(?P<word>[^\W_][\w.-]*|\w+|[|'])|(?P<stop>[,;:])"
)
_OPERATORS = {"x": "*", "^": "**", "minus": "-"}
_FUNCTIONS = {"sqrt": math.sqrt, "ln": math.log, "exp": math.exp}
_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_RELATIONS = {("at", "least"): ">=", ("at", "most"): "<="}
_BOUNDS = {"at", "least", "most", "about"}
# Between a number and what it is said to equal, these begin another statement.
_BREAKS = {"and", "as", "by", "for", "from", "is", "or", "over", "where", "with"}


@dataclass(frozen=True)
class Number:
    """A printed number: its value, and the unit of its last digit (0 for a whole number)."""

    value: float
    unit: float

    def prints(self, number: float) -> bool:
        """Whether `number` may have been printed so, rounded or truncated; a whole number only from its like."""
        unit = self.unit or (0.0 if float(number).is_integer() else 0.5)
        return abs(self.value - number) <= unit * (1 + 1e-9) + 1e-12 * abs(number)


@dataclass(frozen=True)
class Equation:
    """Both sides as (least, largest), what stands between them, and the unit of the right side's last digit.

    A range on the right holds for all that prints so, and so for the numbers as printed; a whole number on the right
    of a broken one is the nearest.
    """

    text: str
    relation: str
    left: tuple[float, float]
    right: tuple[float, float]
    unit: float

    @property
    def holds(self) -> bool:
        """Whether the left side is the right one to its last digit, or lies in its range."""
        (low, high), (least, largest) = self.left, self.right
        unit = self.unit or (0.0 if float(low).is_integer() else 0.5)
        slack = unit * (1 + 1e-6) + 1e-9 * max(map(abs, self.right))
        if self.relation in ("<", "<="):
            return high <= largest + slack
        if self.relation in (">", ">="):
            return low >= least - slack
        return least - slack <= low and high <= largest + slack


@cache
def numbers(sentence: str) -> tuple[Number, ...]:
    """Return every number of the sentence; the ends of a range are two."""
    return tuple(
        number
        for kind, text in _tokens(sentence)
        if kind == "number"
        for part in text.split(" to ")
        for number in _readings(part)
    )


def equations(sentence: str) -> list[Equation]:
    """Return the equations and inequalities of the sentence both sides of which are arithmetic."""
    tokens = _tokens(sentence)
    found = []
    for place, (kind, relation) in enumerate(tokens):
        if kind != "relation":
            continue
        left = _operands(list(reversed(tokens[:place])), backwards=True)
        right = _operands(tokens[place + 1 :], backwards=False)
        bound = tuple(text for _, text in tokens[place + 1 : place + 3])
        if left and right:
            unit = max((_number(end).unit for _, text in right for end in _ends(text)), default=0.0)
            text = " ".join(text for _, text in (*left, ("", relation), *right))
            found.append(Equation(text, _RELATIONS.get(bound, relation), _range(left), _range(right), unit))
    return found


def _tokens(sentence):
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", sentence)
    text = re.sub(r"(?<!\w)'[^']*'", "label", text)
    return [(m.lastgroup, m.group()) for m in _TOKEN.finditer(text)]


def _readings(text):
    """Return the number, and for a percentage the one without its sign as well: it may be meant as it stands."""
    number = _number(text)
    return [number, Number(number.value * 100, number.unit * 100)] if "%" in text else [number]


def _number(text):
    digits = text.rstrip(" %")
    scale = 0.01 if text != digits else 1.0
    mantissa, _, exponent = digits.partition("e")
    decimals = len(mantissa.partition(".")[2])
    whole = "." not in mantissa and not exponent and scale == 1.0
    return Number(float(digits) * scale, 0.0 if whole else scale * 10.0 ** (int(exponent or 0) - decimals))


def _ends(text):
    return text.split(" to ") if text[-1] in "0123456789%" else ()


def _operands(tokens, *, backwards):
    """Return the arithmetic at the beginning of `tokens` (which run backwards for a left side), or None."""
    opening, closing = (")", "(") if backwards else ("(", ")")
    taken, depth, wants = [], 0, True
    for kind, text in tokens:
        if kind in ("stop", "relation"):
            break
        if kind == "word":
            if text in _FUNCTIONS:
                taken.append((kind, text))
            elif (
                (wants and (text in _BREAKS or taken[-1:] == [("operator", "^")]))
                if backwards
                else (not taken and text not in _BOUNDS)
            ):
                return None
            continue
        begins = kind == "number" or text == opening
        if (begins and not wants) or (text == closing and depth == 0):
            break
        if not begins and wants:
            return None
        depth += {opening: 1, closing: -1}.get(text, 0)
        wants = text == opening or not (begins or text == closing)
        taken.append((kind, text))
    if wants or depth:
        return None
    return taken[::-1] if backwards else taken


def _range(side):
    """Return the least and the largest value of a side over the ends of its ranges."""
    ends = [[repr(_number(end).value) for end in _ends(text)] if kind == "number" else [text] for kind, text in side]
    values = [_value(" ".join(_OPERATORS.get(text, text) for text in choice)) for choice in itertools.product(*ends)]
    return min(values), max(values)


def _value(expression):
    return _evaluated(ast.parse(re.sub(r"\b(ln|exp) (-?[\d.e+-]+)", r"\1(\2)", expression), mode="eval").body)


def _evaluated(node):
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.UnaryOp):
        return -_evaluated(node.operand)
    if isinstance(node, ast.Call):
        return _FUNCTIONS[node.func.id](*map(_evaluated, node.args))
    left, right = _evaluated(node.left), _evaluated(node.right)
    if isinstance(node.op, ast.Div) and right == 0:
        return math.nan
    return _BINARY[type(node.op)](left, right)
