"""LIKE: characters compare by the collation one by one, `_` is any character, `%` any number of them.

Called by `machine`. Trailing spaces count, whatever the collation does with them elsewhere.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from connector.rules.collation import collation

_PRIVATE = 0xF0000  # where characters that stand for equal ones are numbered


class _Folding(dict[int, str]):
    """Code point -> one character for all that the collation holds equal to it; filled as characters come."""

    def __init__(self, key: Callable[[str], Any]) -> None:
        super().__init__()
        self._key = key
        self._standing: dict[Any, str] = {}

    def __missing__(self, code: int) -> str:
        key = self._key(chr(code))
        standing = self._standing.setdefault(key, chr(_PRIVATE + len(self._standing)))
        self[code] = standing
        return standing


@lru_cache(maxsize=64)
def _folding(name: str) -> _Folding:
    return _Folding(collation(name).cell_key("an expression"))


def like_matcher(name: str, pattern: str | bytes, escape: str) -> Callable[[Any], bool]:
    """Whether a text (bytes for `binary`) is like the pattern."""
    if isinstance(pattern, bytes):
        match = re.compile(_expression(pattern.decode("latin-1"), escape, str), re.DOTALL).fullmatch
        return lambda value: match(value.decode("latin-1")) is not None
    folding = _folding(name)
    match = re.compile(_expression(pattern, escape, lambda text: text.translate(folding)), re.DOTALL).fullmatch
    return lambda text: match(text.translate(folding)) is not None


def _expression(pattern: str, escape: str, fold: Callable[[str], str]) -> str:
    parts: list[str] = []
    index = 0
    while index < len(pattern):
        character = pattern[index]
        if character == escape and index + 1 < len(pattern):
            index += 1
            parts.append(re.escape(fold(pattern[index])))
        elif character == "%":
            if parts[-1:] != [".*"]:
                parts.append(".*")
        else:
            parts.append("." if character == "_" else re.escape(fold(character)))
        index += 1
    return "".join(parts)
