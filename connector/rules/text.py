"""Texts of a row compared under a collation: `compare` has the quicker form for a column and a literal.

Called by `machine`. Errors: CollationUnsupported for text whose place in the order is not known.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from connector.model.errors import CollationUnsupported, RuleUnsupported
from connector.rules.collation import bytes_like_matcher, collation

_WHERE = "an expression"
BINARY = "binary"


def text_key(name: str | None) -> Callable[[str], bytes]:
    """Bytes in the order of the collation."""
    return collation(name).cell_key(_WHERE)


def like_literal(name: str, pattern: str | bytes, escape: str) -> Callable[[Any], bool]:
    """Whether a text (bytes under `binary`) is like the pattern. Raises RuleUnsupported for what no rule can mean."""
    if isinstance(pattern, bytes):
        return bytes_like_matcher(pattern, escape.encode())
    return collation(name).cell_like(_WHERE, pattern, escape)


@lru_cache(maxsize=1024)
def like_of_row(name: str, pattern: str | bytes, escape: str) -> Callable[[Any], bool]:
    """The same for a pattern that comes from the row."""
    try:
        return like_literal(name, pattern, escape)
    except RuleUnsupported as error:
        raise CollationUnsupported(error.what) from None
