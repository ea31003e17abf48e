"""The formulas and conditions of the tables: a small language, read once and then evaluated on what is known.

A formula is written as in Python: numbers, names of inputs and earlier steps, `+ - * / **`, comparisons, `and or not`,
`a if b else c`, `x in ('a', 'b')`, and the functions of `FUNCTIONS`. Nothing else is allowed. Evaluation is over intervals
and three-valued truth: a condition that cannot be decided leaves both ways open.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from trialist.evaluation.calculators.daily import DAILY_FUNCTIONS, apart_daily, combine_daily, compare_daily
from trialist.evaluation.calculators.intervals import Interval, largest, point, smallest
from trialist.evaluation.calculators.values import (
    NOTHING,
    Daily,
    Flag,
    Level,
    Number,
    Series,
    Value,
    any_needs,
    joined,
    needs_of,
)
from trialist.evaluation.truth import Truth, all_of, any_of, at_least, not_


@dataclass(frozen=True, slots=True)
class Scope:
    """What formulas are evaluated on: values by name, and which inputs were not given."""

    values: Mapping[str, Value]
    absent: Collection[str] = ()


_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Interval, Interval], Interval]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: Interval.power,
}


class ExpressionError(ValueError):
    """A formula of a table says something that the language does not have, or mixes kinds of values."""


@dataclass(frozen=True)
class Expression:
    """A formula: its text as the table has it, and what it says."""

    text: str
    body: ast.expr

    @property
    def names(self) -> frozenset[str]:
        """The inputs and steps it speaks of."""
        called = {id(node.func) for node in ast.walk(self.body) if isinstance(node, ast.Call)}
        return frozenset(
            node.id for node in ast.walk(self.body) if isinstance(node, ast.Name) and id(node) not in called
        )


def parse_expression(text: str) -> Expression:
    """A formula's text → the formula; raises `ExpressionError` for what the language does not have."""
    try:
        body = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"not a formula: {text!r}") from error
    for node in ast.walk(body):
        if not isinstance(node, _ALLOWED):
            raise ExpressionError(f"{type(node).__name__} is not allowed in a formula: {text!r}")
        if isinstance(node, ast.Constant) and (
            isinstance(node.value, bool) or not isinstance(node.value, str | int | float)
        ):
            raise ExpressionError(f"a formula holds numbers and words only: {text!r}")
        if isinstance(node, ast.Call) and (
            not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS or node.keywords
        ):
            raise ExpressionError(f"unknown function in a formula: {text!r}")
    return Expression(text, body)


def evaluate(expression: Expression, scope: Scope) -> Value:
    """The value of a formula; raises `ExpressionError` where kinds of values do not fit."""
    try:
        return _value(expression.body, scope, expression.text)
    except (TypeError, KeyError, ValueError) as error:
        raise ExpressionError(f"{expression.text!r}: {error}") from error


def names_replaced(expression: Expression, words: Mapping[str, str]) -> str:
    """The formula's text with values in place of names."""
    called = {id(node.func) for node in ast.walk(expression.body) if isinstance(node, ast.Call)}
    names = [
        node for node in ast.walk(expression.body) if isinstance(node, ast.Name) and id(node) not in called
    ]
    text = expression.text.encode()
    for node in sorted(names, key=lambda node: node.col_offset, reverse=True):
        word = words.get(node.id, node.id).encode()
        text = text[: node.col_offset] + word + text[node.end_col_offset :]
    return text.decode()


def _value(node: ast.expr, scope: Scope, text: str) -> Value:
    match node:
        case ast.Name(id=name):
            return scope.values[name]
        case ast.Constant(value=value):
            # A number as it is written, not as a binary number holds it: 0.85 is 17/20.
            written = ast.get_source_segment(text, node) or str(value)
            return Level((value,)) if isinstance(value, str) else Number(point(written))
        case ast.UnaryOp(op=op, operand=operand):
            inner = _value(operand, scope, text)
            return _negated(inner) if isinstance(op, ast.Not) else _opposite(_number(inner))
        case ast.BinOp(left=left, op=op, right=right):
            one, two = _number(_value(left, scope, text)), _number(_value(right, scope, text))
            return Number(_ARITHMETIC[type(op)](one.interval, two.interval), one.needs | two.needs)
        case ast.BoolOp(op=op, values=parts):
            values = [_value(part, scope, text) for part in parts]
            return _together(values, all_of if isinstance(op, ast.And) else any_of)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            operands = [_value(part, scope, text) for part in (left, *comparators)]
            pairs = zip(ops, operands, operands[1:], strict=False)
            return _together([_compared(op, one, two) for op, one, two in pairs], all_of)
        case ast.Tuple(elts=elements):
            return Level(tuple(_word(_value(element, scope, text)) for element in elements))
        case ast.IfExp(test=test, body=body, orelse=other):
            return _chosen(_flag(_value(test, scope, text)), body, other, scope, text)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            values = [_value(argument, scope, text) for argument in arguments]
            return _either(values, scope.absent) if name == "either" else FUNCTIONS[name](values)
        case _:
            raise TypeError(f"{type(node).__name__} has no value")


def _chosen(test: Flag, body: ast.expr, other: ast.expr, scope: Scope, text: str) -> Value:
    if test.truth is Truth.TRUE:
        return _value(body, scope, text)
    if test.truth is Truth.FALSE:
        return _value(other, scope, text)
    return joined([_value(body, scope, text), _value(other, scope, text)], test.needs)


def _compared(op: ast.cmpop, one: Value, two: Value) -> Value:
    if isinstance(op, ast.In):
        if not isinstance(one, Level) or not isinstance(two, Level):
            raise TypeError("'in' asks whether a level is one of some")
        inside = [option in two.options for option in one.options]
        return Flag(_of_all(inside), one.needs)
    symbol = _COMPARISONS[type(op)]
    if isinstance(one, Series) and isinstance(two, Number):
        return compare_daily(one, symbol, two)
    if isinstance(one, Flag) or isinstance(two, Flag):
        raise TypeError("a flag is not compared; write it alone, or after 'not'")
    if symbol == "!=":
        return _negated(_compared(ast.Eq(), one, two))
    needs = one.needs | two.needs
    if isinstance(one, Level) and isinstance(two, Level):
        if symbol != "==":
            raise TypeError("levels are only equal or not")
        return Flag(_of_all([left == right for left in one.options for right in two.options]), needs)
    return Flag(_each_compared(_intervals(one), symbol, _intervals(two)), needs)


def _each_compared(ones: list[Interval], symbol: str, twos: list[Interval]) -> Truth:
    truths = {one.compare(symbol, two) for one in ones for two in twos}
    return truths.pop() if len(truths) == 1 else Truth.UNKNOWN


def _of_all(answers: list[bool]) -> Truth:
    if all(answers):
        return Truth.TRUE
    return Truth.UNKNOWN if any(answers) else Truth.FALSE


def _intervals(value: Value) -> list[Interval]:
    """What a number may be, the options of a level each for itself."""
    if isinstance(value, Level):
        return [point(option) for option in value.options]
    return [_number(value).interval]


def _together(values: list[Value], combine: Callable[[list[Truth]], Truth]) -> Value:
    """Flags combined; day by day as soon as one of them is a daily one."""
    if len(values) == 1:
        return values[0]
    if any(isinstance(value, Daily) for value in values):
        return combine_daily(values, combine)
    flags = [_flag(value) for value in values]
    return Flag(
        combine([flag.truth for flag in flags]),
        needs_of([flag for flag in flags if not flag.truth.is_decided]),
    )


def _negated(value: Value) -> Value:
    if isinstance(value, Daily):
        return Daily({day: not_(truth) for day, truth in value.days.items()}, value.needs, value.is_given)
    flag = _flag(value)
    return Flag(not_(flag.truth), flag.needs)


def _opposite(number: Number) -> Number:
    return Number(-number.interval, number.needs)


def _number(value: Value) -> Number:
    if isinstance(value, Level):
        return value.as_number()
    if not isinstance(value, Number):
        raise TypeError(f"a number is wanted, not a {type(value).__name__.lower()}")
    return value


def _flag(value: Value) -> Flag:
    if not isinstance(value, Flag):
        raise TypeError(f"a yes or no is wanted, not a {type(value).__name__.lower()}")
    return value


def _word(value: Value) -> str:
    if not isinstance(value, Level) or len(value.options) != 1:
        raise TypeError("a list holds words")
    return value.options[0]


def _smallest(values: list[Value]) -> Value:
    numbers = [_number(value) for value in values]
    return Number(smallest(number.interval for number in numbers), needs_of(numbers))


def _largest(values: list[Value]) -> Value:
    numbers = [_number(value) for value in values]
    return Number(largest(number.interval for number in numbers), needs_of(numbers))


def _at_least(values: list[Value]) -> Value:
    count = int(_number(values[0]).interval.point)
    return _together(values[1:], lambda truths: at_least(count, truths))


def _count(values: list[Value]) -> Value:
    flags = [_flag(value) for value in values]
    sure = sum(flag.truth is Truth.TRUE for flag in flags)
    most = sum(flag.truth is not Truth.FALSE for flag in flags)
    return Number(Interval(Fraction(sure), Fraction(most)), needs_of(flags))


def _either(values: list[Value], absent: Collection[str]) -> Value:
    """The first value for which all is given; where none is, what any of them may be, and what any of them needs."""
    for value in values:
        if not any(name in absent for need in value.needs for name in need):
            return value
    needs = values[0].needs
    for value in values[1:]:
        needs = any_needs(needs, value.needs)
    match joined(values, NOTHING):
        case Number(interval=interval):
            return Number(interval, needs)
        case Level(options=options):
            return Level(options, needs)
        case other:
            return Flag(_flag(other).truth, needs)


FUNCTIONS: Mapping[str, Callable[[list[Value]], Value]] = {
    "min": _smallest,
    "max": _largest,
    "at_least": _at_least,
    "count": _count,
    "either": lambda values: _either(values, ()),
    "apart": apart_daily,
    **DAILY_FUNCTIONS,
}
"""Functions of the language:

`min(a, b)`, `max(a, b)`; `at_least(n, a, b, …)` whether at least n of the conditions hold; `count(a, b, …)` how many do;
`either(a, b)` the first that is known; and those over days, see `daily.py`.
"""

_ALLOWED = (
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.UnaryOp,
    ast.USub,
    ast.Not,
    ast.BinOp,
    *_ARITHMETIC,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.Compare,
    *_COMPARISONS,
    ast.In,
    ast.IfExp,
    ast.Call,
    ast.Tuple,
)


def iter_compared_words(expression: Expression) -> Iterator[str]:
    """The words that a formula compares with, for checking them against the inputs' choices."""
    for node in ast.walk(expression.body):
        if isinstance(node, ast.Compare):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value
