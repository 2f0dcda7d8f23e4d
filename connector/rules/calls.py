"""Functions and arithmetic of rules: argument types, result types, and the opcodes that compute them.

Result types are MySQL's; every integer result is a BIGINT. Called by `expressions`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from connector.model.errors import RuleInvalid
from connector.model.plan import Kind, ValueType
from connector.model.table import SqlType
from connector.rules.json_path import parse_path
from connector.rules.typed import (
    ANY_LENGTH,
    COERCIBLE,
    DOUBLE,
    IMPLICIT,
    INTEGER,
    MOST_DECIMALS,
    MOST_DIGITS,
    SESSION_COLLATION,
    Bound,
    bytes_a_character,
    call,
    common_collation,
    decimal,
    double,
    number,
    refuse,
    text,
    typed_null,
)

Details = tuple[str | int, ...]
_DIVISION_DIGITS = 4  # div_precision_increment's default: decimals that a division adds
_NAMES = {"+": "add", "-": "subtract", "*": "multiply", "%": "modulo"}
_BITS = {"&": "bit_and", "|": "bit_or", "^": "bit_xor", "<<": "shift_left", ">>": "shift_right"}
_DATES = (Kind.DATE, Kind.DATETIME)
_INT_DIGITS = 10  # of INT UNSIGNED
UNSIGNED = ValueType(Kind.INTEGER, True, 20)


def arity(name: str, arguments: Sequence[Bound], least: int, most: int | None) -> None:
    """Raises RuleInvalid unless the function takes that many arguments."""
    if len(arguments) < least or (most is not None and len(arguments) > most):
        at = arguments[0].at if arguments else None
        raise RuleInvalid(f"function {name}() does not take {len(arguments)} arguments", position=at or None)


# ---- arithmetic -----------------------------------------------------------------------------------------------------
def _arithmetic(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 2, 2)
    left, right = (_operand(argument) for argument in arguments)
    verb = _NAMES[name]
    if Kind.DOUBLE in (left.kind, right.kind):
        return call(f"{verb}_double", DOUBLE, [double(left), double(right)], nullable=True)
    if left.kind is right.kind is Kind.INTEGER:
        unsigned = left.type.unsigned if name == "%" else left.type.unsigned or right.type.unsigned
        result = replace(INTEGER, unsigned=unsigned)
        nullable = name == "%" or left.nullable or right.nullable
        return call(f"{verb}_integer", result, [left, right], nullable=nullable)
    left, right = decimal(left), decimal(right)
    result = _decimal_type(name, left, right)
    return call(f"{verb}_decimal", result, [left, right], nullable=name == "%" or left.nullable or right.nullable)


def _operand(value: Bound) -> Bound:
    if value.is_null:
        refuse("NULL in arithmetic is not supported: the result is always NULL", value)
    return number(value)


def _decimal_type(name: str, left: Bound, right: Bound) -> ValueType:
    a, b = left.type, right.type
    if name == "*":
        digits, scale = a.length + b.length, a.scale + b.scale
    elif name == "%":
        digits, scale = max(a.length, b.length), max(a.scale, b.scale)
    else:
        scale = max(a.scale, b.scale)
        digits = max(a.length - a.scale, b.length - b.scale) + 1 + scale
    return _sized(digits, scale, left, right)


def _sized(digits: int, scale: int, *operands: Bound) -> ValueType:
    if digits > MOST_DIGITS or scale > MOST_DECIMALS:
        refuse(
            f"a DECIMAL of {digits} digits and {scale} decimals is not supported: MySQL's has {MOST_DIGITS} and "
            f"{MOST_DECIMALS}",
            *operands,
        )
    return ValueType(Kind.DECIMAL, length=digits, scale=scale)


def _divide(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    left, right = (_operand(argument) for argument in arguments)
    if Kind.DOUBLE in (left.kind, right.kind):
        return call("divide_double", DOUBLE, [double(left), double(right)], nullable=True)
    left, right = decimal(left), decimal(right)
    digits = left.type.length + right.type.scale + _DIVISION_DIGITS
    result = _sized(digits, left.type.scale + _DIVISION_DIGITS, left, right)
    return call("divide_decimal", result, [left, right], nullable=True)


def _whole_division(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    left, right = (_operand(argument) for argument in arguments)
    result = replace(INTEGER, unsigned=left.type.unsigned or right.type.unsigned)
    if Kind.DOUBLE in (left.kind, right.kind):
        refuse("DIV with a floating point number is not supported", left, right)
    if left.kind is right.kind is Kind.INTEGER:
        return call("int_divide_integer", result, [left, right], nullable=True)
    return call("int_divide_decimal", result, [decimal(left), decimal(right)], nullable=True)


def _negate(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    value = _operand(arguments[0])
    if value.literal is not None:
        refuse("a sign before a constant that has one is not supported: write the number", value)
    result = INTEGER if value.kind is Kind.INTEGER else value.type
    return call(f"negate_{value.kind}", result, [value])


def _bits(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    operands = [_operand(argument) for argument in arguments]
    if any(operand.kind is not Kind.INTEGER for operand in operands):
        refuse(f"the operator {name} is supported for integers only", *operands)
    return call(_BITS.get(name, "bit_not"), UNSIGNED, operands)


# ---- choosing -------------------------------------------------------------------------------------------------------
def common_type(values: Sequence[Bound]) -> tuple[ValueType, list[Bound], int]:
    """One type for the values of COALESCE, IF and CASE: the type, the values in it, and its coercibility."""
    known = [value for value in values if not value.is_null]
    if not known:
        refuse("only NULL to choose from is not supported", *values)
    refuse_float(known)
    kinds = {value.kind for value in known}
    converted, result, coercibility = _unified(known, kinds)
    chosen = iter(converted)
    return result, [typed_null(result, value) if value.is_null else next(chosen) for value in values], coercibility


def _too_wide(known: list[Bound]) -> bool:
    """BIGINT UNSIGNED beside a signed integer: only DECIMAL holds both."""
    wide = any(value.type.unsigned and value.type.length > _INT_DIGITS for value in known)
    return wide and not all(value.type.unsigned for value in known)


def refuse_float(values: Sequence[Bound]) -> None:
    """A chosen FLOAT is a FLOAT or a DOUBLE by what stands beside it, and printed accordingly."""
    for value in values:
        if value.source is not None and value.source.type is SqlType.FLOAT:
            refuse(
                f"FLOAT column {value.sql} to choose from is not supported",
                value,
                hint=f"Write CAST({value.sql} AS DOUBLE).",
            )


def _unified(known: list[Bound], kinds: set[Kind]) -> tuple[list[Bound], ValueType, int]:
    if kinds == {Kind.INTEGER} and not _too_wide(known):
        return known, replace(INTEGER, unsigned=all(value.type.unsigned for value in known)), IMPLICIT
    if kinds <= {Kind.INTEGER, Kind.DECIMAL}:
        numbers = [decimal(value) for value in known]
        scale = max(value.type.scale for value in numbers)
        digits = max(value.type.length - value.type.scale for value in numbers) + scale
        return numbers, _sized(digits, scale, *known), IMPLICIT
    if kinds <= {Kind.INTEGER, Kind.DECIMAL, Kind.DOUBLE}:
        return [double(value) for value in known], DOUBLE, IMPLICIT
    if Kind.TEXT in kinds and kinds <= {Kind.TEXT, Kind.INTEGER, Kind.DECIMAL}:
        texts = [text(value) for value in known]
        name, coercibility = common_collation(texts)
        length = max(value.type.length for value in texts)
        return texts, ValueType(Kind.TEXT, length=length, collation=name), coercibility
    if len({value.type for value in known}) == 1 and kinds <= {Kind.DATE, Kind.DATETIME, Kind.TIME}:
        return known, known[0].type, IMPLICIT
    names = ", ".join(sorted(kind.value.upper() for kind in kinds))
    refuse(f"values of these types to choose from are not supported: {names}", *known)


def _coalesce(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 2, 2) if name == "ifnull" else arity(name, arguments, 1, None)
    result, values, coercibility = common_type(arguments)
    nullable = all(value.nullable for value in values)
    labelled = any(value.labelled for value in arguments)
    return call("coalesce", result, values, coercibility=coercibility, nullable=nullable, labelled=labelled)


# ---- text -----------------------------------------------------------------------------------------------------------
def _concat(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 1, None)
    if any(value.is_null for value in arguments):
        refuse("NULL in CONCAT is not supported: the result is always NULL", *arguments)
    values = [text(value) for value in arguments]
    collation, coercibility = common_collation(values)
    result = ValueType(
        Kind.TEXT, length=min(ANY_LENGTH, sum(value.type.length for value in values)), collation=collation
    )
    return call("concat", result, values, coercibility=coercibility)


def _case_mapping(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 1, 1)
    value = text(arguments[0])
    return call(name, value.type, [value], coercibility=value.coercibility)


def _substring(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 2, 3 if name == "substring" else 2)
    value, *numbers = arguments
    value = text(value)
    for each in numbers:
        if each.kind is not Kind.INTEGER or each.is_null:
            refuse(f"{name.upper()} takes integers as position and length", each)
    return call(name, value.type, [value, *numbers], coercibility=value.coercibility)


def _char_length(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 1, 1)
    (value,) = arguments
    if value.kind is not Kind.BYTES:
        value = text(value)
    return call(f"char_length_{value.kind}", replace(INTEGER, length=10), [value])


def _length(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 1, 1)
    (value,) = arguments
    if value.kind is Kind.BYTES:
        return call("char_length_bytes", replace(INTEGER, length=10), [value])
    value = text(value)
    width = bytes_a_character(value.type.collation)
    if width is None:
        refuse(f"LENGTH of text under collation {value.type.collation} is not supported", value)
    function = "char_length_text" if width == 1 else "utf8_length_text"
    return call(function, replace(INTEGER, length=10), [value])


# ---- dates ----------------------------------------------------------------------------------------------------------
def _temporal(value: Bound, name: str, kinds: tuple[Kind, ...]) -> Bound:
    if value.kind is Kind.TIMESTAMP:
        refuse(
            f"{name.upper()} of TIMESTAMP {value.sql} is not supported: it depends on the session's time zone", value
        )
    if value.kind not in kinds:
        wanted = " or ".join(kind.value.upper() for kind in kinds)
        refuse(f"{name.upper()} takes a {wanted}, not {value.sql}", value)
    return value


def _date(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 1, 1)
    value = _temporal(arguments[0], name, _DATES)
    return (
        call("datetime_to_date", ValueType(Kind.DATE), [value], nullable=True) if value.kind is not Kind.DATE else value
    )


def _part(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 1, 1)
    value = _temporal(arguments[0], name, _DATES)
    # YEAR() is unsigned in MySQL: YEAR(d) - 3000 is out of range.
    return call(name, replace(INTEGER, length=4, unsigned=name == "year"), [value])


def _clock_part(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 1, 1)
    value = _temporal(arguments[0], name, (Kind.DATETIME, Kind.TIME))
    return call(name, replace(INTEGER, length=4), [value])


# ---- JSON -----------------------------------------------------------------------------------------------------------
def _json_extract(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    (value,) = arguments
    if value.kind is not Kind.JSON:
        refuse(f"a JSON path into {value.sql}, which is no JSON column, is not supported", value)
    path = str(details[0])
    parse_path(path, value.at)
    return call("json_extract", ValueType(Kind.JSON), [value], (path,), nullable=True)


def _json_unquote(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    arity(name, arguments, 1, 1)
    (value,) = arguments
    if value.kind is not Kind.JSON:
        refuse(f"JSON_UNQUOTE of {value.sql}, which is no JSON value, is not supported", value)
    return call(
        "json_unquote",
        ValueType(Kind.TEXT, length=ANY_LENGTH, collation="utf8mb4_bin"),
        [value],
        coercibility=COERCIBLE,
    )


# ---- casts ----------------------------------------------------------------------------------------------------------
def _cast(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    (value,) = arguments
    kind, *sizes = details
    if value.is_null:
        refuse("a cast of NULL is not supported", value)
    return _CASTS[str(kind)](value, [int(size) for size in sizes])


def _no_sizes(sizes: list[int], value: Bound, most: int = 0) -> None:
    if len(sizes) > most:
        refuse("a cast to a type of this size is not supported", value)


def _to_integer(value: Bound, unsigned: bool) -> Bound:
    result = replace(INTEGER, unsigned=unsigned)
    if value.kind is Kind.TEXT and not value.labelled:
        return call("text_to_integer", result, [value])
    found = number(value)
    if found.kind is Kind.DOUBLE and (unsigned or value.column is None):
        # The server cuts what a column has to the range of integers, and fails on what an expression has.
        refuse("a cast of a floating point number to an integer is supported for columns, to SIGNED", value)
    return call(f"{found.kind}_to_integer", result, [found])


def _to_signed(value: Bound, sizes: list[int]) -> Bound:
    _no_sizes(sizes, value)
    return _to_integer(value, unsigned=False)


def _to_unsigned(value: Bound, sizes: list[int]) -> Bound:
    _no_sizes(sizes, value)
    return _to_integer(value, unsigned=True)


def _to_decimal(value: Bound, sizes: list[int]) -> Bound:
    _no_sizes(sizes, value, 2)
    digits, scale = (*sizes, *(10, 0)[len(sizes) :])
    if not 0 < digits <= MOST_DIGITS or scale > min(digits, MOST_DECIMALS):
        raise RuleInvalid(f"DECIMAL({digits},{scale}) is not a type", position=value.at or None)
    result = ValueType(Kind.DECIMAL, length=digits, scale=scale)
    if value.kind is Kind.TEXT and not value.labelled:
        return call("text_to_decimal", result, [value])
    if value.kind is Kind.DOUBLE:
        refuse("a cast of a floating point number to DECIMAL is not supported", value)
    return call("decimal_to_decimal", result, [decimal(number(value))])


def _to_double(value: Bound, sizes: list[int]) -> Bound:
    _no_sizes(sizes, value)
    return double(value)


def _to_char(value: Bound, sizes: list[int]) -> Bound:
    _no_sizes(sizes, value, 1)
    found = text(value)
    result = ValueType(Kind.TEXT, length=sizes[0] if sizes else found.type.length, collation=SESSION_COLLATION)
    return call("text_to_char", result, [found], tuple(sizes), coercibility=IMPLICIT)


def _to_binary(value: Bound, sizes: list[int]) -> Bound:
    _no_sizes(sizes, value)
    if value.kind is Kind.BYTES:
        return value
    return as_bytes(text(value))


def as_bytes(value: Bound) -> Bound:
    """Text as its bytes in its character set."""
    charset = (value.type.collation or "binary").split("_", 1)[0]
    width = bytes_a_character(value.type.collation)
    if width is None:
        refuse(f"the bytes of text in character set {charset} are not supported", value)
    return call("text_to_bytes", ValueType(Kind.BYTES, length=value.type.length * width), [value], (charset,))


def _to_date(value: Bound, sizes: list[int]) -> Bound:
    _no_sizes(sizes, value)
    return _date("cast", [value], ())


def _to_datetime(value: Bound, sizes: list[int]) -> Bound:
    _no_sizes(sizes, value, 1)
    scale = sizes[0] if sizes else 0
    found = _temporal(value, "cast", _DATES)
    if scale > 6:
        raise RuleInvalid(f"DATETIME({scale}) is not a type", position=value.at or None)
    if found.type.scale > scale:
        refuse(f"a cast that rounds the fraction of {value.sql} is not supported", value)
    return call("to_datetime", ValueType(Kind.DATETIME, scale=scale), [found], (scale,), nullable=True)


_CASTS: dict[str, Callable[[Bound, list[int]], Bound]] = {
    "signed": _to_signed,
    "unsigned": _to_unsigned,
    "decimal": _to_decimal,
    "double": _to_double,
    "char": _to_char,
    "binary": _to_binary,
    "date": _to_date,
    "datetime": _to_datetime,
}


def _convert_using(name: str, arguments: Sequence[Bound], details: Details) -> Bound:
    (value,) = arguments
    if details[0] != "utf8mb4":
        refuse(f"CONVERT USING {details[0]} is not supported: only utf8mb4 is", value)
    return _to_char(value, [])


FUNCTIONS: dict[str, Callable[[str, Sequence[Bound], Details], Bound]] = {
    **dict.fromkeys(_NAMES, _arithmetic),
    "/": _divide,
    "div": _whole_division,
    "neg": _negate,
    **dict.fromkeys(_BITS, _bits),
    "~": _bits,
    "coalesce": _coalesce,
    "ifnull": _coalesce,
    "concat": _concat,
    "upper": _case_mapping,
    "lower": _case_mapping,
    "substring": _substring,
    "left": _substring,
    "right": _substring,
    "length": _length,
    "char_length": _char_length,
    "date": _date,
    "year": _part,
    "month": _part,
    "day": _part,
    "hour": _clock_part,
    "minute": _clock_part,
    "second": _clock_part,
    "json_extract": _json_extract,
    "json_unquote": _json_unquote,
    "cast": _cast,
    "convert_using": _convert_using,
}
"""Functions of values only, by their names; IF, CASE and NULLIF take conditions too and are in `expressions`."""
