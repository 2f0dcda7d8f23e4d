"""A literal of a rule -> the value a plan keeps for one column, as MySQL converts it. Called by `bind`.

What MySQL decides by session settings, by version or by a lossy conversion is refused (RuleUnsupported), so that the
meaning of a plan is exact. The plan's literal says by its type how to compare:

    column                     literal in the plan
    integers                   int; str = exact decimal number
    DECIMAL                    int; str = exact decimal number; float = compared as doubles
    FLOAT, DOUBLE              float
    CHAR .. TEXT               str = by collation; float = the text's leading number, compared as doubles
    ENUM, SET                  str = the label text, by collation
    BINARY, VARBINARY, BLOB    bytes
    BIT                        int
    YEAR, DATE, DATETIME       str in the column's own form
    TIMESTAMP                  str in the column's own form, in UTC
    TIME                       str in the column's own form, compared as signed durations
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from connector.model.errors import RuleUnsupported
from connector.model.table import BLOBS, INTEGERS, TEXTS, Column, SqlType, Value
from connector.rules.collation import collation
from connector.rules.syntax import Literal, LiteralValue

_INTEGER_TEXT = re.compile(r"-?[0-9]{1,20}")
_NUMBER_TEXT = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_DATETIME_TEXT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[ T](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?(?P<offset>[+-][0-9]{2}:[0-9]{2})?)?"
)
_TIME_TEXT = re.compile(r"(?P<whole>-?[0-9]{2,3}:[0-5][0-9]:[0-5][0-9])(?:\.(?P<fraction>[0-9]{1,6}))?")
_YEARS = range(1901, 2156)
_BITS = {SqlType.TINYINT: 8, SqlType.SMALLINT: 16, SqlType.MEDIUMINT: 24, SqlType.INT: 32, SqlType.BIGINT: 64}
_EXACT_DOUBLES = 2.0**53
_ZERO_DATE = "0000-00-00"
_LONGEST_TIME = 838


def bind_literal(column: Column, literal: Literal) -> Value:
    """The plan's literal; raises RuleUnsupported when the comparison is not exact or not built."""
    convert = _CONVERSIONS.get(column.type)
    if convert is None:
        raise RuleUnsupported(f"comparisons of {column.type.value.upper()} column {column.name} are not supported")
    if literal.value is None:
        return None
    return convert(column, literal)


def bind_list(column: Column, literals: tuple[Literal, ...]) -> tuple[Value, ...]:
    """The literals of an IN list; raises RuleUnsupported."""
    if column.type in INTEGERS and len({_is_bigint(literal.value) for literal in literals} - {None}) > 1:
        # MySQL forgets the signs in such a list: -1 is found as 18446744073709551615.
        raise RuleUnsupported(f"column {column.name}: an IN list of integers and other numbers is not supported")
    return tuple(bind_literal(column, literal) for literal in literals)


def _is_bigint(value: LiteralValue) -> bool | None:
    """Whether MySQL keeps the number as an integer; None for what is no number."""
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 64
    return False if isinstance(value, Decimal | float) else None


def _refusal(column: Column, literal: Literal, wanted: str) -> RuleUnsupported:
    return RuleUnsupported(
        f"{column.type.value.upper()} column {column.name} cannot be compared with {literal.sql}: write {wanted}"
    )


def _from_bytes(value: LiteralValue) -> LiteralValue:
    """Hexadecimal and bit literals are numbers beside a number."""
    return int.from_bytes(value, "big") if isinstance(value, bytes) and 0 < len(value) <= 8 else value


def _exact(number: Decimal) -> int | str:
    return int(number) if number == number.to_integral_value() else format(number, "f")


def _integer(column: Column, literal: Literal) -> Value:
    value = _from_bytes(literal.value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        # Within _EXACT_DOUBLES comparing as doubles, as MySQL does, and comparing exactly are the same for integers.
        return _exact(Decimal(_exact_double(value, column, literal)))
    if isinstance(value, Decimal):
        return _exact(value)
    if isinstance(value, str) and _INTEGER_TEXT.fullmatch(value):
        bits = _BITS[column.type]
        low, high = (0, 1 << bits) if column.unsigned else (-(1 << bits - 1), 1 << bits - 1)
        if low <= int(value) < high:
            return int(value)
    raise _refusal(column, literal, "a number")


def _decimal(column: Column, literal: Literal) -> Value:
    value = literal.value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return _exact_double(value, column, literal)
    if isinstance(value, Decimal):
        return _exact(value)
    # Servers before and after 8.0 compare DECIMAL with text in different types.
    raise _refusal(column, literal, "a number without quotes")


def _exact_double(value: float, column: Column, literal: Literal) -> float:
    # Beyond, MySQL's answer depends on whether its optimizer folded the constant into an integer first.
    if abs(value) > _EXACT_DOUBLES:
        raise _refusal(column, literal, "the number without an exponent")
    return value


def _float(column: Column, literal: Literal) -> Value:
    value = literal.value
    if isinstance(value, int | float | Decimal):
        return _double(value, column, literal)
    if isinstance(value, str) and _NUMBER_TEXT.fullmatch(value):
        return float(value)
    raise _refusal(column, literal, "a number")


def _double(value: int | float | Decimal, column: Column, literal: Literal) -> float:
    try:
        return float(value)
    except OverflowError:
        raise _refusal(column, literal, "a number that a DOUBLE can hold") from None


def _text(column: Column, literal: Literal) -> Value:
    value = literal.value
    if isinstance(value, str):
        return collation(column.collation).literal(value)
    if isinstance(value, int | float | Decimal):
        return _double(value, column, literal)
    raise _refusal(column, literal, "quoted text")


def _label(column: Column, literal: Literal) -> Value:
    if isinstance(literal.value, str):
        return collation(column.collation).literal(literal.value)
    raise _refusal(column, literal, "the label as quoted text")


def _bytes(column: Column, literal: Literal) -> Value:
    if isinstance(literal.value, str):
        return literal.value.encode()
    if isinstance(literal.value, bytes):
        return literal.value
    raise _refusal(column, literal, "quoted text or a hexadecimal literal")


def _bit(column: Column, literal: Literal) -> Value:
    value = _from_bytes(literal.value)
    if isinstance(value, int) and value >= 0:
        return value
    raise _refusal(column, literal, "a number or a bit literal such as b'101'")


def _year(column: Column, literal: Literal) -> Value:
    text = str(literal.value) if isinstance(literal.value, int | str) else ""
    if text == "0000" or (re.fullmatch(r"[0-9]{4}", text) and int(text) in _YEARS):
        return text
    raise _refusal(column, literal, "a year from 1901 to 2155")


# ---- dates and times ------------------------------------------------------------------------------------------------
def _date(column: Column, literal: Literal) -> Value:
    found = _parsed(column, literal)
    if found["offset"] or _midnight(found) is None:
        raise _refusal(column, literal, "a date such as '2024-01-31'")
    return found["date"]


def _datetime(column: Column, literal: Literal) -> Value:
    found = _parsed(column, literal)
    if found["offset"]:
        raise _refusal(column, literal, "a time without an offset: a DATETIME belongs to no time zone")
    return f"{found['date']} {found['time'] or '00:00:00'}{_fraction(found['fraction'], column, literal)}"


def _timestamp(column: Column, literal: Literal) -> Value:
    found = _parsed(column, literal)
    if not found["offset"] or found["date"] == _ZERO_DATE:
        # Without an offset MySQL reads the literal in the session's time zone, which a stream has not.
        raise _refusal(column, literal, "the offset too, such as '2024-01-31 12:00:00+00:00'")
    moment = datetime.fromisoformat(f"{found['date']}T{found['time']}{found['offset']}").astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}{_fraction(found['fraction'], column, literal)}"


def _parsed(column: Column, literal: Literal) -> dict[str, str | None]:
    found = _DATETIME_TEXT.fullmatch(literal.value) if isinstance(literal.value, str) else None
    if found is None:
        raise _refusal(column, literal, "quoted text such as '2024-01-31' or '2024-01-31 12:00:00'")
    parts = found.groupdict()
    try:
        if parts["date"] != _ZERO_DATE or _midnight(parts) is None:
            date.fromisoformat(found["date"])
        if parts["time"]:
            datetime.fromisoformat(f"2000-01-01T{parts['time']}{parts['offset'] or ''}")
    except ValueError:
        raise _refusal(column, literal, "a date and time that exist") from None
    return parts


def _midnight(parts: dict[str, str | None]) -> str | None:
    """The date when there is no time of day in the literal, or a zero one."""
    zero = parts["time"] in (None, "00:00:00") and not (parts["fraction"] or "").strip("0")
    return parts["date"] if zero else None


def _time(column: Column, literal: Literal) -> Value:
    found = _TIME_TEXT.fullmatch(literal.value) if isinstance(literal.value, str) else None
    if found is None or int(found["whole"].lstrip("-").split(":")[0]) > _LONGEST_TIME:
        raise _refusal(column, literal, "quoted text such as '12:00:00' or '-838:59:59'")
    return found["whole"] + _fraction(found["fraction"], column, literal)


def _fraction(digits: str | None, column: Column, literal: Literal) -> str:
    """The fraction in exactly the column's digits: then the order of the texts is the order of the moments."""
    significant = (digits or "").rstrip("0")
    if len(significant) > column.scale:
        raise _refusal(column, literal, f"at most {column.scale} digits after the second, as the column has")
    return "." + significant.ljust(column.scale, "0") if column.scale else ""


_CONVERSIONS: dict[SqlType, Callable[[Column, Literal], Value]] = {
    **dict.fromkeys(INTEGERS, _integer),
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(BLOBS, _bytes),
    SqlType.FLOAT: _float,
    SqlType.DOUBLE: _float,
    SqlType.DECIMAL: _decimal,
    SqlType.BIT: _bit,
    SqlType.YEAR: _year,
    SqlType.DATE: _date,
    SqlType.DATETIME: _datetime,
    SqlType.TIMESTAMP: _timestamp,
    SqlType.TIME: _time,
    SqlType.ENUM: _label,
    SqlType.SET: _label,
}
