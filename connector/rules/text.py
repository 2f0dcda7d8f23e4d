"""Keys of texts under a collation, for two values of a row: `compare` has the quicker form for a column and a literal.

Called by `machine`.
"""

from collections.abc import Callable, Hashable
from typing import Any

from connector.rules.collation import collation


def equality_key(name: str | None) -> Callable[[str], Hashable]:
    """Equal for texts that the collation holds equal. Raises CollationUnsupported for texts it does not know."""
    known = collation(name)
    key, pad = known.cell_key("an expression"), known.pad
    if not pad:
        return key
    return lambda text: _stripped(key(text), pad)


def _stripped(key: Any, pad: Any) -> Hashable:
    stripped: Hashable = key.rstrip(pad)
    return stripped


def ordering_key(name: str | None) -> Callable[[str, str], int]:
    """Negative, zero or positive as the left text is before, like or after the right one."""
    known = collation(name)
    key, pad = known.cell_key("an expression"), known.pad

    def order(left: str, right: str) -> int:
        a: Any = key(left)
        b: Any = key(right)
        if pad:
            width = max(len(a), len(b))
            a, b = a.ljust(width, pad), b.ljust(width, pad)
        return int(a > b) - int(a < b)

    return order
