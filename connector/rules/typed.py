"""Expressions with their types: what `predicates` and `calls` build, one program a value. MySQL's conversions.

A conversion that MySQL makes in a way that depends on the session, on the version or on the server's formatting of
floating point numbers is refused (RuleUnsupported), so that a plan's meaning is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NoReturn

from connector.model.errors import RuleUnsupported
from connector.model.plan import Call, Kind, Load, Opcode, Push, ValueType
from connector.model.table import BLOBS, INTEGERS, TEXTS, Column, SqlType, Table
from connector.rules.collation import collation
from connector.rules.syntax import Literal, TemporalLiteral

SESSION_COLLATION = "utf8mb4_0900_ai_ci"
"""The collation of text that comes from no column: MySQL's default, which rowcast's sessions have too."""

INTEGER = ValueType(Kind.INTEGER, length=20)
TRUTH = ValueType(Kind.INTEGER, length=1)
DOUBLE = ValueType(Kind.DOUBLE)

EXPLICIT, IMPLICIT, COERCIBLE = 0, 2, 4  # MySQL's coercibility of a collation: the lowest decides
_DIGITS = {SqlType.TINYINT: 3, SqlType.SMALLINT: 5, SqlType.MEDIUMINT: 8, SqlType.INT: 10, SqlType.BIGINT: 19}
_BYTES_A_CHARACTER = {"utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "ascii": 1, "latin1": 1}
_LONGEST = {
    SqlType.TINYTEXT: 255,
    SqlType.TEXT: 65535,
    SqlType.MEDIUMTEXT: 16_777_215,
    SqlType.LONGTEXT: 4_294_967_295,
}
ANY_LENGTH = _LONGEST[SqlType.LONGTEXT]
MOST_DIGITS, MOST_DECIMALS = 65, 30


@dataclass(frozen=True, slots=True)
class Bound:
    """A typed expression. `program` leaves one value of `type` on the stack."""

    program: tuple[Opcode, ...]
    type: ValueType
    sql: str
    at: int
    coercibility: int = COERCIBLE
    nullable: bool = True
    literal: Literal | None = None
    column: int | None = None
    source: Column | None = None  # of `column`
    truth: bool = False  # the value is 1, 0 or NULL
    labelled: bool = False  # ENUM and SET: text as text, an index as a number

    @property
    def kind(self) -> Kind:
        """Of its type."""
        return self.type.kind

    @property
    def is_null(self) -> bool:
        """The literal NULL."""
        return self.literal is not None and self.literal.value is None


def refuse(what: str, *operands: Bound, hint: str | None = None) -> NoReturn:
    """Raises RuleUnsupported with the operands' place."""
    places = [operand.at for operand in operands if operand.at]
    raise RuleUnsupported(what, hint=hint, position=min(places) if places else None)


# ---- leaves ---------------------------------------------------------------------------------------------------------
def load(table: Table, index: int, at: int) -> Bound:
    """A column's cell; raises RuleUnsupported for a type that has no place in expressions."""
    column = table.columns[index]
    type_ = column_type(column)
    if type_ is None:
        raise RuleUnsupported(
            f"expressions with {column.type.value.upper()} column {column.name} are not supported", position=at or None
        )
    labelled = column.type in (SqlType.ENUM, SqlType.SET)
    program = (Load(index, type_.kind),)
    return Bound(
        program, type_, column.name, at, IMPLICIT, column.nullable, column=index, source=column, labelled=labelled
    )


def column_type(column: Column) -> ValueType | None:
    """What a cell is as a value; None for types that expressions do not have."""
    kind = column.type
    if kind in INTEGERS:
        wide = column.unsigned and kind is SqlType.BIGINT
        return ValueType(Kind.INTEGER, column.unsigned, _DIGITS[kind] + wide)
    if kind is SqlType.YEAR:
        return ValueType(Kind.INTEGER, True, 4)
    if kind is SqlType.BIT:
        return ValueType(Kind.INTEGER, True, 20)
    if kind is SqlType.DECIMAL:
        return ValueType(Kind.DECIMAL, length=column.length, scale=column.scale)
    if kind in (SqlType.FLOAT, SqlType.DOUBLE):
        return DOUBLE
    if kind in BLOBS:
        return ValueType(Kind.BYTES, length=column.length)
    if kind in TEXTS or kind in (SqlType.ENUM, SqlType.SET):
        return ValueType(Kind.TEXT, length=_characters(column), collation=column.collation or "binary")
    if kind in (SqlType.DATETIME, SqlType.TIME, SqlType.TIMESTAMP):
        return ValueType(Kind(kind.value), scale=column.scale)
    return {SqlType.DATE: ValueType(Kind.DATE), SqlType.JSON: ValueType(Kind.JSON)}.get(kind)


def _characters(column: Column) -> int:
    if column.type is SqlType.ENUM:
        return max(map(len, column.labels), default=0)
    if column.type is SqlType.SET:
        return sum(map(len, column.labels)) + max(0, len(column.labels) - 1)
    return column.length or _LONGEST.get(column.type, 0)


def constant(literal: Literal) -> Bound:
    """A literal as a value of its own type."""
    value = literal.value
    if value is None:
        # NULL fits every type: whoever combines it with others gives it theirs.
        return Bound((Push(Kind.INTEGER, None),), TRUTH, literal.sql, literal.at, literal=literal)
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
        type_ = ValueType(Kind.INTEGER, value >= 1 << 63, len(str(abs(value))))
        return _pushed(literal, type_, value)
    if isinstance(value, int | Decimal):
        digits, scale = _decimal_size(Decimal(value))
        if digits > MOST_DIGITS or scale > MOST_DECIMALS:
            raise RuleUnsupported(f"the number {literal.sql} has too many digits", position=literal.at or None)
        return _pushed(literal, ValueType(Kind.DECIMAL, length=digits, scale=scale), format(Decimal(value), "f"))
    if isinstance(value, float):
        return _pushed(literal, DOUBLE, value)
    if isinstance(value, bytes):
        return _pushed(literal, ValueType(Kind.BYTES, length=len(value)), value)
    return _pushed(literal, ValueType(Kind.TEXT, length=len(value), collation=SESSION_COLLATION), value)


def _pushed(literal: Literal, type_: ValueType, value: int | float | str | bytes) -> Bound:
    push = Push(type_.kind, value)
    return Bound((push,), type_, literal.sql, literal.at, nullable=False, literal=literal, truth=literal.truth)


def _decimal_size(number: Decimal) -> tuple[int, int]:
    _, digits, exponent = number.as_tuple()
    scale = max(0, -int(exponent))
    return max(len(digits), scale), scale


def typed_null(type_: ValueType, null: Bound) -> Bound:
    """NULL as a value of the type."""
    return replace(null, program=(Push(type_.kind, None),), type=type_)


# ---- conversions ----------------------------------------------------------------------------------------------------
def call(
    function: str, result: ValueType, arguments: Sequence[Bound], details: tuple[str | int, ...] = (), **known: object
) -> Bound:
    """The function over the arguments. Without `known` it can be NULL when an argument can."""
    program = tuple(opcode for argument in arguments for opcode in argument.program)
    first = arguments[0]
    nullable = any(argument.nullable for argument in arguments)
    bound = Bound(
        (*program, Call(function, len(arguments), result, details)), result, first.sql, first.at, nullable=nullable
    )
    return replace(bound, **known)  # type: ignore[arg-type]


def number(value: Bound) -> Bound:
    """As MySQL reads it where a number is wanted: INTEGER, DECIMAL or DOUBLE."""
    if value.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.DOUBLE):
        return value
    if value.kind is Kind.TEXT and not value.labelled:
        return call("text_to_double", DOUBLE, [value])
    if value.kind is Kind.BYTES and value.literal is not None and isinstance(value.literal.value, bytes):
        bits = value.literal.value
        if len(bits) <= 8:
            whole = int.from_bytes(bits, "big")
            push = Push(Kind.INTEGER, whole)
            return replace(value, program=(push,), type=ValueType(Kind.INTEGER, True, max(1, len(str(whole)))))
    refuse(f"{_named(value)} as a number is not supported", value)


def double(value: Bound) -> Bound:
    """As a double."""
    value = number(value)
    if value.kind is Kind.DOUBLE:
        return value
    return call(f"{value.kind}_to_double", DOUBLE, [value])


def decimal(value: Bound) -> Bound:
    """An exact number as DECIMAL."""
    if value.kind is Kind.DECIMAL:
        return value
    return call("integer_to_decimal", ValueType(Kind.DECIMAL, length=max(1, value.type.length)), [value])


def text(value: Bound) -> Bound:
    """As MySQL writes it where text is wanted."""
    if value.kind is Kind.TEXT:
        return value
    if value.source is not None and value.source.type is SqlType.YEAR:
        assert value.column is not None
        return replace(
            value,
            program=(Load(value.column, Kind.TEXT),),
            type=ValueType(Kind.TEXT, length=4, collation=SESSION_COLLATION),
            coercibility=COERCIBLE,
        )
    width = _width(value)
    if width is None or (value.source is not None and value.source.type is SqlType.BIT):
        refuse(f"{_named(value)} as text is not supported", value)
    result = ValueType(Kind.TEXT, length=width, collation=SESSION_COLLATION)
    return call(f"{value.kind}_to_text", result, [value])


def _width(value: Bound) -> int | None:
    type_ = value.type
    if type_.kind is Kind.INTEGER:
        return type_.length + (not type_.unsigned)
    if type_.kind is Kind.DECIMAL:
        return type_.length + 1 + (type_.scale > 0)
    fraction = type_.scale + 1 if type_.scale else 0
    return {Kind.DATE: 10, Kind.DATETIME: 19 + fraction, Kind.TIME: 10 + fraction}.get(type_.kind)


def _named(value: Bound) -> str:
    what = value.source.type.value.upper() if value.source is not None else f"{value.kind.value.upper()} expression"
    return f"{what} {value.sql}"


# ---- collations -----------------------------------------------------------------------------------------------------
def common_collation(values: Sequence[Bound]) -> tuple[str, int]:
    """The collation that TEXT values together have, and how firmly; raises RuleUnsupported where MySQL has none."""
    strongest = min(value.coercibility for value in values)
    names = sorted({value.type.collation or "binary" for value in values if value.coercibility == strongest})
    if len(names) == 2 and strongest == COERCIBLE and names == ["utf8mb4_0900_ai_ci", "utf8mb4_bin"]:
        names = ["utf8mb4_bin"]  # JSON's text beside a literal
    if len(names) > 1:
        refuse(f"texts of different collations together ({', '.join(names)}) are not supported", *values)
    (name,) = names
    charset = name.split("_", 1)[0]
    for value in values:
        other = (value.type.collation or "binary").split("_", 1)[0]
        if charset not in (other, "utf8mb4") and not _fits(value, name):
            refuse(f"text of character set {charset} together with {other} is not supported", value)
    return name, strongest


def _fits(value: Bound, name: str) -> bool:
    """Whether every character set, or the collation's own, can hold the text."""
    if value.literal is not None and isinstance(value.literal.value, str):
        try:
            collation(name).literal(value.literal.value)
        except RuleUnsupported as error:
            refuse(error.what, value)
        return True
    last = value.program[-1]
    return isinstance(last, Call) and last.function.endswith("_to_text")


def comparable_collation(values: Sequence[Bound]) -> str:
    """`common_collation`, checked to be one whose order is known exactly, for the literals too."""
    name, _ = common_collation(values)
    try:
        known = collation(name)
        for value in values:
            if value.literal is not None and isinstance(value.literal.value, str):
                known.literal(value.literal.value)
    except RuleUnsupported as error:
        refuse(error.what, *values, hint=error.specific_hint)
    return name


def bytes_a_character(name: str | None) -> int | None:
    """Most bytes of a character in the collation's character set; None when LENGTH is not known for it."""
    return _BYTES_A_CHARACTER.get((name or "binary").split("_", 1)[0])


def temporal_constant(literal: TemporalLiteral) -> Literal:
    """The text of DATE'...' and its kin as a quoted literal."""
    return Literal(literal.text, f"{literal.type.upper()}'{literal.text}'", at=literal.at)
