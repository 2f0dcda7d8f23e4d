"""Programs of plans as one expression, as SQL writes it: how a rule was understood. Called by `describe`, `explain`."""

from connector.model.plan import (
    And,
    Call,
    Compare,
    CompareValues,
    Condition,
    In,
    InKeyRange,
    IsNull,
    KeyspaceId,
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
    VindexRef,
    Xor,
)
from connector.model.table import Table, Value
from connector.rules.machine import operand_count

_OPERATORS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "int_divide": "DIV",
    "modulo": "%",
    "bit_and": "&",
    "bit_or": "|",
    "bit_xor": "^",
    "shift_left": "<<",
    "shift_right": ">>",
}
_PREFIXES = {"negate": "-", "bit_not": "~"}


def infix(program: Program, table: Table) -> str:
    """The program as one expression; conversions of types are written as functions where they are not plain."""
    stack: list[str] = []
    for opcode in program:
        count = operand_count(opcode)
        operands = stack[len(stack) - count :]
        del stack[len(stack) - count :]
        stack.append(_written(opcode, operands, table))
    (whole,) = stack
    return whole[1:-1] if _enclosed(whole) else whole


def _enclosed(text: str) -> bool:
    """Whether the first parenthesis is closed by the last one."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(text) - 1
    return False


def _written(opcode: Opcode, operands: list[str], table: Table) -> str:
    match opcode:
        case Compare():
            return f"{table.columns[opcode.column].name} {opcode.op} {written_value(opcode.literal)}"
        case In():
            return f"{table.columns[opcode.column].name} IN ({', '.join(map(written_value, opcode.literals))})"
        case IsNull():
            return f"{table.columns[opcode.column].name} IS {'NOT ' if opcode.negated else ''}NULL"
        case InKeyRange():
            return f"in_keyrange({_vindex(opcode.vindex, opcode.columns, table)}, '{opcode.keyrange}')"
        case KeyspaceId():
            return f"keyspace_id({_vindex(opcode.vindex, opcode.columns, table)})"
        case Load():
            return table.columns[opcode.column].name
        case Push():
            return written_value(opcode.value)
        case CompareValues():
            return f"{operands[0]} {opcode.op} {operands[1]}"
        case Member():
            return f"{operands[0]} IN ({', '.join(map(written_value, opcode.literals))})"
        case Like():
            return f"{operands[0]} LIKE {operands[1]}" + (
                "" if opcode.escape == "\\" else f" ESCAPE {written_value(opcode.escape)}"
            )
        case Regexp():
            return f"{operands[0]} REGEXP {written_value(opcode.pattern)}"
        case TestNull():
            return f"{operands[0]} IS {'NOT ' if opcode.negated else ''}NULL"
        case TestTruth():
            return f"({operands[0]}) IS {'NOT ' if opcode.negated else ''}{'TRUE' if opcode.truth else 'FALSE'}"
        case Condition():
            return operands[0]
        case Call():
            return _called(opcode, operands)
        case Not():
            return f"NOT ({operands[0]})"
        case And():
            return f"({' AND '.join(operands)})"
        case Or():
            return f"({' OR '.join(operands)})"
        case Xor():
            return f"({operands[0]} XOR {operands[1]})"


def _called(call: Call, operands: list[str]) -> str:
    verb = call.function.rsplit("_", 1)[0] if call.function not in _OPERATORS | _PREFIXES else call.function
    if verb in _OPERATORS and call.count == 2:
        return f"({operands[0]} {_OPERATORS[verb]} {operands[1]})"
    if verb in _PREFIXES:
        return f"{_PREFIXES[verb]}{operands[0]}"
    if "_to_" in call.function and call.count == 1:
        return (
            operands[0] if call.function.startswith(("integer_to", "number_to")) else f"{call.function}({operands[0]})"
        )
    arguments = [*operands, *(written_value(detail) for detail in call.details)]
    return f"{call.function}({', '.join(arguments)})"


def _vindex(ref: VindexRef, columns: tuple[int, ...], table: Table) -> str:
    return f"{ref.name or ref.type}({', '.join(table.columns[index].name for index in columns)})"


def written_value(value: Value) -> str:
    """A constant as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return repr(value)
