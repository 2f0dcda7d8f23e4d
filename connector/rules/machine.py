"""Programs of plans -> Python closures: one row in, a value or a truth out. Called by `evaluate` and `explain`.

Opcodes that read the row by themselves are compiled by `compare`; the functions of Call are in `functions`. A closure
evaluates its operands itself, so that what MySQL does not evaluate (the branch that CASE does not take, what follows a
false AND) is not evaluated here either.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connector.model.errors import InternalError
from connector.model.plan import (
    And,
    Call,
    Compare,
    CompareValues,
    Comparison,
    Condition,
    In,
    InKeyRange,
    IsNull,
    KeyspaceId,
    Kind,
    Like,
    Load,
    Member,
    Not,
    Opcode,
    Or,
    Program,
    Push,
    Regexp,
    TestNull,
    TestTruth,
    ValueType,
    Xor,
)
from connector.model.table import Row, SqlType, Table, Value
from connector.rules import json_value
from connector.rules.compare import OPERATORS, Predicate, Truth, compile_leaf, microseconds, row_values
from connector.rules.functions import EAGER, ENTRIES, format_decimal, round_decimal
from connector.rules.regexp import matcher
from connector.rules.text import like_literal, like_of_row, text_key
from connector.vindex.registry import build

Evaluator = Callable[[Row], Any]
_LEAVES = (Compare, In, IsNull, InKeyRange)


class _Constant:
    """A pushed value: what compiles it may use it at once."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, row: Row) -> Any:
        return self.value


def compile_predicate(table: Table, predicate: Program) -> tuple[Predicate, ...]:
    """The conjunction's terms in order: a row passes when all are true. Empty: every row passes.

    The terms of the outermost And stay apart, because a row must be dropped by the first term that is not true: a
    later in_keyrange may have no keyspace id for it.
    """
    if not predicate:
        return ()
    *inner, last = predicate
    if not isinstance(last, And):
        return (compile_program(table, predicate),)
    stack = _run(table, inner)
    terms = _pop(stack, last.count)
    if stack:
        raise InternalError("a predicate leaves more than one result", table=table.qualified)
    return tuple(terms)


def compile_program(table: Table, program: Program) -> Evaluator:
    """The one value or truth that a program leaves."""
    stack = _run(table, program)
    if len(stack) != 1:
        raise InternalError("a program leaves more than one result", table=table.qualified)
    return stack[0]


def split_terms(predicate: Program) -> list[Program]:
    """The terms of the outermost And as programs of their own; the predicate itself when there is no And."""
    if not predicate or not isinstance(predicate[-1], And):
        return [predicate] if predicate else []
    terms: list[Program] = []
    for opcode in predicate[:-1]:
        taken = operand_count(opcode)
        parts = terms[len(terms) - taken :]
        del terms[len(terms) - taken :]
        terms.append((*(each for part in parts for each in part), opcode))
    return terms


def operand_count(opcode: Opcode) -> int:
    """How many values the opcode pops."""
    if isinstance(opcode, And | Or | Call):
        return opcode.count
    if isinstance(opcode, CompareValues | Like | Xor):
        return 2
    return 1 if isinstance(opcode, Member | Regexp | TestNull | TestTruth | Condition | Not) else 0


def _run(table: Table, program: Program | list[Opcode]) -> list[Evaluator]:
    stack: list[Evaluator] = []
    for opcode in program:
        operands = _pop(stack, operand_count(opcode))
        stack.append(_compile(table, opcode, operands))
    return stack


def _pop(stack: list[Evaluator], count: int) -> list[Evaluator]:
    if count > len(stack) or count < 0:
        raise InternalError("a predicate takes more results than there are")
    taken = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    return taken


def _compile(table: Table, opcode: Opcode, operands: list[Evaluator]) -> Evaluator:
    if isinstance(opcode, _LEAVES):
        return compile_leaf(table, opcode)
    match opcode:
        case KeyspaceId():
            values, keyspace_id = row_values(opcode.columns), build(opcode.vindex).map
            return lambda row: keyspace_id(values(row))
        case Load():
            return _load(table, opcode)
        case Push():
            return _Constant(stack_value(opcode.kind, opcode.value))
        case CompareValues():
            return _compare(opcode, *operands)
        case Member():
            return _member(opcode, *operands)
        case Like():
            return _like(opcode, *operands)
        case Regexp():
            return _strict(matcher(opcode.pattern, opcode.ignore_case, table.qualified), operands)
        case TestNull():
            (value,), negated = operands, opcode.negated
            return lambda row: (value(row) is None) is not negated
        case TestTruth():
            return _test_truth(opcode, *operands)
        case Condition():
            return _strict(bool, operands)
        case Call():
            return _call(opcode, operands)
        case Not():
            return _strict(lambda truth: not truth, operands)
        case And():
            return _conjunction(operands)
        case Or():
            return _disjunction(operands)
        case Xor():
            return _eager(lambda left, right: bool(left) is not bool(right), *operands)
    raise InternalError(f"a plan has an opcode of unknown type {type(opcode).__name__}")


# ---- values ---------------------------------------------------------------------------------------------------------
def stack_value(kind: Kind, value: Value) -> Any:
    """A constant of a plan as the value on the stack."""
    if value is None:
        return None
    if kind is Kind.DECIMAL:
        return Decimal(str(value))
    if kind is Kind.JSON:
        return json_value.read(str(value))
    return value


def cell_of(type_: ValueType) -> Callable[[Any], Value]:
    """How a value of the type becomes an output column's cell."""
    if type_.kind is Kind.INTEGER:
        return int
    if type_.kind is Kind.DECIMAL:
        return lambda value: format_decimal(round_decimal(value, type_.scale))
    return json_value.write if type_.kind is Kind.JSON else lambda value: value


def _load(table: Table, opcode: Load) -> Evaluator:
    column = opcode.column
    convert = _cell(table.columns[column].type, opcode.kind)
    if convert is None:
        return lambda row: row[column]

    def load(row: Row) -> Any:
        cell = row[column]
        return None if cell is None else convert(cell)

    return load


def _cell(type_: SqlType, kind: Kind) -> Callable[[Any], Any] | None:
    """How a cell becomes a value of the kind; None when it is one."""
    if kind is Kind.DECIMAL:
        return Decimal
    if kind is Kind.JSON:
        return json_value.read
    if kind is Kind.INTEGER and type_ is SqlType.YEAR:
        return int
    if kind is Kind.INTEGER and type_ is SqlType.BIT:
        return lambda cell: int.from_bytes(cell, "big")
    return None


def _strict(function: Callable[..., Any], operands: list[Evaluator]) -> Evaluator:
    """NULL when an argument is; the arguments after it are not evaluated."""
    if len(operands) == 1:
        (only,) = operands

        def one(row: Row) -> Any:
            value = only(row)
            return None if value is None else function(value)

        return one
    if len(operands) == 2:
        first, second = operands

        def two(row: Row) -> Any:
            left = first(row)
            if left is None:
                return None
            right = second(row)
            return None if right is None else function(left, right)

        return two

    def several(row: Row) -> Any:
        values = []
        for operand in operands:
            value = operand(row)
            if value is None:
                return None
            values.append(value)
        return function(*values)

    return several


def _call(opcode: Call, operands: list[Evaluator]) -> Evaluator:
    if opcode.function == "coalesce":
        return _coalesce(operands)
    if opcode.function == "case":
        return _case(operands)
    if opcode.function == "nullif":
        same, value = operands
        return lambda row: None if same(row) else value(row)
    factory = ENTRIES.get(opcode.function)
    if factory is None:
        raise InternalError(f"a plan calls the unknown function {opcode.function}")
    if opcode.function in EAGER and opcode.count == 2:
        return _eager(factory(opcode), *operands)
    return _strict(factory(opcode), operands)


def _eager(function: Callable[[Any, Any], Any], first: Evaluator, second: Evaluator) -> Evaluator:
    def both(row: Row) -> Any:
        left, right = first(row), second(row)
        return None if left is None or right is None else function(left, right)

    return both


def _coalesce(operands: list[Evaluator]) -> Evaluator:
    def coalesce(row: Row) -> Any:
        for operand in operands:
            value = operand(row)
            if value is not None:
                return value
        return None

    return coalesce


def _case(operands: list[Evaluator]) -> Evaluator:
    branches = list(zip(operands[:-1:2], operands[1::2], strict=True))
    default = operands[-1]

    def case(row: Row) -> Any:
        for condition, value in branches:
            if condition(row):
                return value(row)
        return default(row)

    return case


# ---- comparisons ----------------------------------------------------------------------------------------------------
def _compare(opcode: CompareValues, left: Evaluator, right: Evaluator) -> Evaluator:
    outcome = _outcome(opcode)
    if opcode.op is not Comparison.NULL_SAFE_EQ:
        return _strict(outcome, [left, right])

    def null_safe(row: Row) -> Truth:
        a, b = left(row), right(row)
        return a is b if a is None or b is None else outcome(a, b)

    return null_safe


def _outcome(opcode: CompareValues) -> Callable[[Any, Any], bool]:
    operator = OPERATORS[opcode.op]
    if opcode.kind is Kind.JSON:
        return lambda left, right: json_value.compare(opcode.op, left, right)
    if opcode.kind is Kind.TEXT:
        key = text_key(opcode.collation)
        return lambda left, right: operator(key(left), key(right))
    if opcode.kind in (Kind.DATETIME, Kind.TIMESTAMP, Kind.DATE):
        return lambda left, right: operator(moment(left), moment(right))
    if opcode.kind is Kind.TIME:
        return lambda left, right: operator(microseconds(left), microseconds(right))
    return operator


def moment(text: str) -> str:
    """A date or a time of day in one form, so that the order of texts is the order of moments."""
    if len(text) == 10:
        return f"{text} 00:00:00.000000"
    return f"{text}.000000" if len(text) == 19 else text.ljust(26, "0")


def _member(opcode: Member, value: Evaluator) -> Evaluator:
    literals = [stack_value(opcode.kind, literal) for literal in opcode.literals if literal is not None]
    miss: Truth = None if len(literals) < len(opcode.literals) else False
    if opcode.kind is Kind.TEXT:
        key = text_key(opcode.collation)
        members = frozenset(key(literal) for literal in literals)
        return _strict(lambda text: True if key(text) in members else miss, [value])
    numbers = frozenset(literals)
    return _strict(lambda number: True if number in numbers else miss, [value])


def _like(opcode: Like, text: Evaluator, pattern: Evaluator) -> Evaluator:
    if isinstance(pattern, _Constant) and pattern.value is not None:
        return _strict(like_literal(opcode.collation, pattern.value, opcode.escape), [text])
    return _strict(lambda cell, given: like_of_row(opcode.collation, given, opcode.escape)(cell), [text, pattern])


# ---- logic ----------------------------------------------------------------------------------------------------------
def _test_truth(opcode: TestTruth, condition: Evaluator) -> Evaluator:
    wanted, negated = opcode.truth, opcode.negated

    def test(row: Row) -> bool:
        truth = condition(row)
        return (truth is not None and bool(truth) is wanted) is not negated

    return test


def _conjunction(terms: list[Evaluator]) -> Evaluator:
    """False if one is false, else unknown if one is unknown, else true."""

    def conjunction(row: Row) -> Truth:
        result: Truth = True
        for term in terms:
            truth = term(row)
            if truth is None:
                result = None
            elif not truth:
                return False
        return result

    return conjunction


def _disjunction(terms: list[Evaluator]) -> Evaluator:
    """True if one is true, else unknown if one is unknown, else false."""

    def disjunction(row: Row) -> Truth:
        result: Truth = False
        for term in terms:
            truth = term(row)
            if truth is None:
                result = None
            elif truth:
                return True
        return result

    return disjunction
