"""MySQL's packed DECIMAL to the text MySQL prints; used for cells and for decimals inside JSON.

Nine digits take four bytes, big endian, first the integer part, then the fraction; what is left over takes 1 to 4
bytes. The first bit is inverted; a negative number has all bits inverted.
"""

from collections.abc import Callable
from functools import cache

_LEFTOVER_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)


def decimal_size(precision: int, scale: int) -> int:
    """Bytes of a DECIMAL(precision, scale)."""
    whole = precision - scale
    return whole // 9 * 4 + _LEFTOVER_BYTES[whole % 9] + scale // 9 * 4 + _LEFTOVER_BYTES[scale % 9]


@cache
def decimal_printer(precision: int, scale: int) -> Callable[[bytes], str]:
    """The function that prints exactly `decimal_size` bytes; it raises ValueError when a group holds more than its
    digits allow.

    ValueError at once for a precision or scale that MySQL does not have.
    """
    if not 0 < precision <= 65 or not 0 <= scale <= min(precision, 30):
        raise ValueError(f"no DECIMAL({precision},{scale}) in MySQL")
    size = decimal_size(precision, scale)
    sign = 1 << (size * 8 - 1)
    all_bits = (1 << size * 8) - 1
    whole, leftover_whole = divmod(precision - scale, 9)
    digits = [leftover_whole] * bool(leftover_whole) + [9] * whole
    digits += [9] * (scale // 9) + [scale % 9] * bool(scale % 9)
    groups: list[tuple[int, int, int]] = []  # (bits to shift, mask, 10 ** digits)
    shift = size * 8
    for count in digits:
        bits = _LEFTOVER_BYTES[count] * 8
        shift -= bits
        groups.append((shift, (1 << bits) - 1, 10**count))

    def print_decimal(data: bytes) -> str:
        number = int.from_bytes(data, "big") ^ sign
        negative = number & sign
        if negative:
            number ^= all_bits
        unscaled = 0
        for shift, mask, power in groups:
            group = number >> shift & mask
            if group >= power:
                raise ValueError(f"{group} in a decimal group below {power}")
            unscaled = unscaled * power + group
        text = str(unscaled)
        if scale:
            text = text.zfill(scale + 1)
            text = f"{text[:-scale]}.{text[-scale:]}"
        return f"-{text}" if negative else text

    return print_decimal
