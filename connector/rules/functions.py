"""What the functions of plans compute, one row's values at a time. Called by `machine`.

Arguments and results are values as `connector.model.plan` describes them; NULL is handled by the machine, so functions
here see none. `ENTRIES` is the list that every interpreter of plans has to know.
"""

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from math import fmod, isinf
from typing import Any

from connector.model.errors import CollationUnsupported, ValueUnrepresentable
from connector.model.plan import Call, ValueType
from connector.rules import json_value
from connector.rules.collation.characters import encoder
from connector.rules.json_path import parse_path
from connector.rules.letter_case import letter_case
from connector.rules.numbers import leading_decimal, leading_integer, leading_number

_WIDE = Context(prec=200)
_CHUNK = 9  # MySQL keeps nine digits in a word; a quotient has whole words
_LIMITS = {False: (-(1 << 63), (1 << 63) - 1), True: (0, (1 << 64) - 1)}
_MASK = (1 << 64) - 1

Function = Callable[..., Any]
Factory = Callable[[Call], Function]


def _overflow(type_: ValueType, what: str) -> ValueUnrepresentable:
    name = "BIGINT UNSIGNED" if type_.unsigned else type_.kind.value.upper().replace("INTEGER", "BIGINT")
    return ValueUnrepresentable(
        f"the result of {what} is out of range for {name}",
        hint="MySQL fails on this row too: correct the row, or write the rule's expression with a wider type.",
    )


# ---- integers -------------------------------------------------------------------------------------------------------
def _ranged(what: str, compute: Callable[..., int]) -> Factory:
    def factory(call: Call) -> Function:
        low, high = _LIMITS[call.result.unsigned]

        def checked(*values: int) -> int:
            result = compute(*values)
            if low <= result <= high:
                return result
            raise _overflow(call.result, what)

        return checked

    return factory


def _truncated_division(left: int, right: int) -> int | None:
    if right == 0:
        return None
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _int_divide(call: Call) -> Function:
    _, high = _LIMITS[call.result.unsigned]
    low = 0 if call.result.unsigned else -high  # MySQL gives no -9223372036854775808 here

    def divide(left: int, right: int) -> int | None:
        result = _truncated_division(left, right)
        if result is None or low <= result <= high:
            return result
        raise _overflow(call.result, "DIV")

    return divide


def _modulo_integer(left: int, right: int) -> int | None:
    if right == 0:
        return None
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _int_divide_decimal(call: Call) -> Function:
    low, high = _LIMITS[call.result.unsigned]

    def divide(left: Decimal, right: Decimal) -> int | None:
        if not right:
            return None
        result = int(_WIDE.divide_int(left, right))
        if low <= result <= high:
            return result
        raise _overflow(call.result, "DIV")

    return divide


# ---- exact numbers --------------------------------------------------------------------------------------------------
def _modulo_decimal(left: Decimal, right: Decimal) -> Decimal | None:
    return _WIDE.remainder(left, right) if right else None


def _divide_decimal(call: Call) -> Function:
    quantum = Decimal(1).scaleb(-call.result.scale)

    def divide(left: Decimal, right: Decimal) -> Decimal | None:
        if not right:
            return None
        quotient = _WIDE.divide(left, right)
        kept = Decimal(1).scaleb(-_kept_digits(left, right))
        return quotient.quantize(kept, ROUND_DOWN, _WIDE).quantize(quantum, ROUND_HALF_UP, _WIDE)

    return divide


def _kept_digits(left: Decimal, right: Decimal) -> int:
    """Decimals that MySQL computes of a quotient before it rounds: words of nine digits, cut off."""
    scales = [max(0, -int(value.as_tuple().exponent)) for value in (left, right)]
    words = [_words(scale) * _CHUNK for scale in scales]
    more = max(0, 4 - sum(words) + sum(scales))
    return _words(sum(words) + more) * _CHUNK


def _words(digits: int) -> int:
    return -(-digits // _CHUNK)


def round_decimal(value: Decimal, scale: int) -> Decimal:
    """Half away from zero, as MySQL rounds exact numbers."""
    return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _WIDE)


def _clipped_decimal(result: ValueType) -> Callable[[Decimal], Decimal]:
    most = Decimal(10**result.length - 1).scaleb(-result.scale, _WIDE)

    def clip(value: Decimal) -> Decimal:
        rounded = round_decimal(value, result.scale)
        return max(-most, min(rounded, most))

    return clip


def _text_to_decimal(call: Call) -> Function:
    clip = _clipped_decimal(call.result)
    return lambda text: clip(leading_decimal(text))


def _decimal_to_integer(call: Call) -> Function:
    def convert(value: Decimal) -> int:
        whole = int(round_decimal(value, 0))
        low, high = _LIMITS[call.result.unsigned and whole > 0]
        clipped = max(-(1 << 63), min(whole, high)) if whole > 0 else max(low, whole, -(1 << 63))
        return clipped & _MASK if call.result.unsigned else clipped

    return convert


def _integer_to_integer(call: Call) -> Function:
    if call.result.unsigned:
        return lambda value: value & _MASK
    return _signed


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 == 1 else value


def _text_to_integer(call: Call) -> Function:
    def convert(text: str) -> int:
        bits = leading_integer(text) & _MASK
        return bits if call.result.unsigned else _signed(bits)

    return convert


def _double_to_integer(value: float) -> int:
    return max(-(1 << 63), min(round(value), (1 << 63) - 1))


# ---- doubles --------------------------------------------------------------------------------------------------------
def _finite(what: str, compute: Callable[[float, float], float]) -> Factory:
    def factory(call: Call) -> Function:
        def checked(left: float, right: float) -> float:
            result = compute(left, right)
            if isinf(result):
                raise _overflow(call.result, what)
            return result

        return checked

    return factory


def _divide_double(call: Call) -> Function:
    def divide(left: float, right: float) -> float | None:
        if right == 0:
            return None
        result = left / right
        if isinf(result):
            raise _overflow(call.result, "/")
        return result

    return divide


def _modulo_double(left: float, right: float) -> float | None:
    return None if right == 0 else fmod(left, right)


# ---- text -----------------------------------------------------------------------------------------------------------
def _mapped(upper: bool) -> Factory:
    return lambda call: letter_case(call.result.collation or "binary", upper=upper)


def _substring(text: str, start: int, length: int | None = None) -> str:
    if start == 0 or (length is not None and length <= 0) or abs(start) > len(text):
        return ""
    begin = start - 1 if start > 0 else len(text) + start
    return text[begin:] if length is None else text[begin : begin + length]


def _left(text: str, length: int) -> str:
    return text[: max(0, length)]


def _right(text: str, length: int) -> str:
    return text[max(0, len(text) - length) :] if length > 0 else ""


def _to_char(call: Call) -> Function:
    if not call.details:
        return _same
    length = int(call.details[0])
    return lambda text: text[:length]


def _to_bytes(call: Call) -> Function:
    (charset,) = call.details
    if charset != "latin1":
        return str.encode
    encode = encoder(charset)

    def convert(text: str) -> bytes:
        try:
            return encode(text)
        except UnicodeEncodeError:
            raise CollationUnsupported("a text has characters that latin1 has not") from None

    return convert


# ---- dates and times ------------------------------------------------------------------------------------------------
def _to_datetime(call: Call) -> Function:
    scale = int(call.details[0])
    width = 20 + scale if scale else 19

    def convert(text: str) -> str:
        if len(text) == 10:
            text += " 00:00:00"
        if len(text) < width and scale:
            text = (text if len(text) > 19 else f"{text}.").ljust(width, "0")
        return text

    return convert


def _hour(text: str) -> int:
    clock = text.rpartition(" ")[2].lstrip("-")
    return int(clock.split(":")[0])


def _minute(text: str) -> int:
    return int(text.rpartition(" ")[2].split(":")[1])


def _second(text: str) -> int:
    return int(text.rpartition(" ")[2].split(":")[2][:2])


# ---- JSON -----------------------------------------------------------------------------------------------------------
def _json_extract(call: Call) -> Function:
    path = parse_path(str(call.details[0]))
    return lambda value: json_value.extract(value, path)


def _number_to_json(value: int | Decimal) -> Any:
    return value if isinstance(value, int) else json_value.Real(format(value, "f"))


def _same(value: Any) -> Any:
    return value


def _plain(function: Function) -> Factory:
    return lambda call: function


ENTRIES: dict[str, Factory] = {
    "add_integer": _ranged("+", lambda left, right: left + right),
    "subtract_integer": _ranged("-", lambda left, right: left - right),
    "multiply_integer": _ranged("*", lambda left, right: left * right),
    "negate_integer": _ranged("-", lambda value: -value),
    "modulo_integer": _plain(_modulo_integer),
    "int_divide_integer": _int_divide,
    "int_divide_decimal": _int_divide_decimal,
    "add_decimal": _plain(_WIDE.add),
    "subtract_decimal": _plain(_WIDE.subtract),
    "multiply_decimal": _plain(_WIDE.multiply),
    "negate_decimal": _plain(_WIDE.minus),
    "modulo_decimal": _plain(_modulo_decimal),
    "divide_decimal": _divide_decimal,
    "add_double": _finite("+", lambda left, right: left + right),
    "subtract_double": _finite("-", lambda left, right: left - right),
    "multiply_double": _finite("*", lambda left, right: left * right),
    "divide_double": _divide_double,
    "modulo_double": _plain(_modulo_double),
    "negate_double": _plain(lambda value: -value),
    "bit_and": _plain(lambda left, right: left & right & _MASK),
    "bit_or": _plain(lambda left, right: (left | right) & _MASK),
    "bit_xor": _plain(lambda left, right: (left ^ right) & _MASK),
    "bit_not": _plain(lambda value: ~value & _MASK),
    "shift_left": _plain(lambda left, right: (left & _MASK) << right & _MASK if 0 <= right < 64 else 0),
    "shift_right": _plain(lambda left, right: (left & _MASK) >> right if 0 <= right < 64 else 0),
    "integer_to_decimal": _plain(Decimal),
    "integer_to_double": _plain(float),
    "decimal_to_double": _plain(float),
    "text_to_double": _plain(leading_number),
    "integer_to_integer": _integer_to_integer,
    "decimal_to_integer": _decimal_to_integer,
    "double_to_integer": _plain(_double_to_integer),
    "text_to_integer": _text_to_integer,
    "decimal_to_decimal": lambda call: _clipped_decimal(call.result),
    "text_to_decimal": _text_to_decimal,
    "integer_to_text": _plain(lambda value: str(int(value))),
    "decimal_to_text": _plain(lambda value: format_decimal(value)),
    "date_to_text": _plain(_same),
    "datetime_to_text": _plain(_same),
    "time_to_text": _plain(_same),
    "text_to_char": _to_char,
    "text_to_bytes": _to_bytes,
    "number_to_json": _plain(_number_to_json),
    "concat": _plain(lambda *texts: "".join(texts)),
    "upper": _mapped(True),
    "lower": _mapped(False),
    "substring": _plain(_substring),
    "left": _plain(_left),
    "right": _plain(_right),
    "char_length_text": _plain(len),
    "char_length_bytes": _plain(len),
    "utf8_length_text": _plain(lambda text: len(text.encode())),
    "datetime_to_date": _plain(lambda text: text[:10]),
    "to_datetime": _to_datetime,
    "year": _plain(lambda text: int(text[:4])),
    "month": _plain(lambda text: int(text[5:7])),
    "day": _plain(lambda text: int(text[8:10])),
    "hour": _plain(_hour),
    "minute": _plain(_minute),
    "second": _plain(_second),
    "json_extract": _json_extract,
    "json_unquote": _plain(json_value.unquote),
}
LAZY = frozenset({"coalesce", "case", "nullif"})
"""Functions that the machine itself computes, because they do not evaluate all of their arguments."""

EAGER = frozenset(name for name in ENTRIES if name.endswith(("_integer", "_decimal", "_double")) and "_to_" not in name)
"""Functions that evaluate all arguments even when one is NULL: what is out of range there is an error all the same."""


def format_decimal(value: Decimal) -> str:
    """As MySQL prints it: no exponent, no negative zero."""
    return format(value if value else abs(value), "f")
