"""Arithmetic for models, which are bad at it: exact decimals, a parsed expression, no names but a few functions.

Invariant: nothing is ever evaluated by Python itself, and no expression can take long or grow without bound.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal, DecimalException, localcontext
from typing import Any

from greenroom.tools.declare import tool

_LONGEST = 400
_DEEPEST = 40
_HIGHEST_POWER = 1000

_UNDERSTOOD = "only numbers, + - * / // % **, brackets, abs, min, max and round are understood"
_TOKENS = re.compile(r"(?:\s|\d+(?:\.\d*)?(?:[eE][+-]?\d{1,4})?(?!\w)|\.\d+(?!\w)|abs|min|max|round|[-+*/%(),])*")

_BINARY: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


@tool("calculate", effects="none", sensitivity="public", timeout=5)
def calculate(expression: str) -> dict[str, Any]:
    """Work out an arithmetic expression exactly, such as `(120 - 30) * 0.19`.

    Args:
        expression: Numbers with + - * / // % **, brackets, and abs, min, max, round.
    """
    return {"expression": expression, "value": evaluate(expression)}


def evaluate(expression: str) -> int | float:
    """The value of an arithmetic expression: an int where it is whole and can be kept exactly, else a float.

    Raises:
        ValueError: not such an expression, too long or too deep, a division by zero, or a result beyond 1e300.
    """
    if len(expression) > _LONGEST:
        raise ValueError(f"the expression is longer than {_LONGEST} characters")
    if not _TOKENS.fullmatch(expression):  # also keeps Python's parser from warning on the terminal
        raise ValueError(_UNDERSTOOD)
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        with localcontext(prec=34, Emax=300, Emin=-300):
            value = _value(tree.body, 0)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("this is not an arithmetic expression") from None
    except (DecimalException, ZeroDivisionError):
        raise ValueError("this has no value: a division by zero, or a number too large") from None
    if not value.is_finite():
        raise ValueError("this has no value: a number too large")
    whole = value == value.to_integral_value() and abs(value) < 2**53
    return int(value) if whole else float(value)


def _value(node: ast.expr, depth: int) -> Decimal:
    if depth > _DEEPEST:
        raise ValueError("the expression is nested too deeply")
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return +Decimal(str(number))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, depth + 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, depth + 1)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left, depth + 1), _value(right, depth + 1))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, depth + 1), _value(right, depth + 1))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _function(name, [_value(item, depth + 1) for item in args])
        case _:
            raise ValueError(_UNDERSTOOD)


def _power(left: Decimal, right: Decimal) -> Decimal:
    if abs(right) > _HIGHEST_POWER:
        raise ValueError(f"powers above {_HIGHEST_POWER} are not worked out")
    return Decimal(left**right)


def _function(name: str, args: Sequence[Decimal]) -> Decimal:
    match name, list(args):
        case "abs", [number]:
            return abs(number)
        case "min", [_, *_] as numbers:
            return min(numbers)
        case "max", [_, *_] as numbers:
            return max(numbers)
        case "round", [number]:
            return number.to_integral_value(ROUND_HALF_UP)
        case "round", [number, places] if places == places.to_integral_value() and 0 <= places <= 20:
            return number.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)
        case _:
            raise ValueError(
                f"'{name[:40]}' with {len(args)} values is not understood; there are abs, min, max and round"
            )
