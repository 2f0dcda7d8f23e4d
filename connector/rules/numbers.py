"""Numbers at the start of texts, as MySQL reads them. Called by `compare` and `functions`."""

import re
import sys
from decimal import Decimal

from connector.model.errors import ValueUnrepresentable

_LEADING_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_LEADING_INTEGER = re.compile(r"[ \t]*([+-]?)([0-9]+)")
_MOST_DIGITS = 65
_BEYOND = 90  # a power of ten that no DECIMAL reaches
_MOST_UNSIGNED = (1 << 64) - 1


def leading_number(text: str | float) -> float:
    """The double at the start of a text, 0 when there is none."""
    if isinstance(text, float):
        return text
    found = _LEADING_NUMBER.match(text)
    number = float(found[1]) if found else 0.0
    return max(-sys.float_info.max, min(number, sys.float_info.max))


def leading_decimal(text: str) -> Decimal:
    """The exact number at the start of a text, 0 when there is none; beyond every DECIMAL it is cut.

    Raises ValueUnrepresentable for more digits than a DECIMAL has, which MySQL reads as the largest number at times.
    """
    found = _LEADING_NUMBER.match(text)
    if found is None:
        return Decimal(0)
    mantissa, _, exponent = found[1].lower().partition("e")
    number = Decimal(mantissa)
    if len(number.as_tuple().digits) > _MOST_DIGITS:
        raise ValueUnrepresentable(f"a text of {len(mantissa)} digits is no exact number")
    if not number:
        return Decimal(0)
    power = max(-_BEYOND * 3, min(int(exponent or 0), _BEYOND * 3))
    if number.adjusted() + power < -_BEYOND:
        return Decimal(0)
    if number.adjusted() + power >= _BEYOND:
        return Decimal(1).scaleb(_BEYOND).copy_sign(number)
    return number.scaleb(power)


def leading_integer(text: str) -> int:
    """The integer at the start of a text, cut to what 64 bits can hold; 0 when there is none."""
    found = _LEADING_INTEGER.match(text)
    if found is None:
        return 0
    number = int(found[2])
    return max(-number, -(1 << 63)) if found[1] == "-" else min(number, _MOST_UNSIGNED)
