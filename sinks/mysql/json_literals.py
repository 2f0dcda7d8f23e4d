"""JSON documents as SQL expressions that a target prints exactly as the source did. Pure; used by `literals`.

MySQL's JSON parser reads every number with a fraction as DOUBLE, but a document that functions have made may hold
DECIMALs, which print digits that no DOUBLE has: `1.10`, or 30 digits. The document goes over as text, and such numbers
are set in it afterwards.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from connector.model.errors import MessageInvalid

_SUSPECT = re.compile(r"\.\d+0(?!\d)|[\d.]{16}|0\.0000", re.ASCII)
_INTEGERS = range(-(2**63), 2**64)
_DOUBLE_PLAIN_BELOW = 1e15  # from here on MySQL prints a DOUBLE with an exponent


class _Number(str):
    """A number as the document writes it."""


def decimals(document: str) -> tuple[tuple[str, str], ...]:
    """(path, digits) of the numbers that only a DECIMAL prints so; MessageInvalid when the text is not JSON."""
    if not _SUSPECT.search(document):
        return ()
    try:
        root = json.loads(document, parse_float=_Number, parse_int=_Number)
    except ValueError as error:
        raise MessageInvalid("a JSON cell is not JSON") from error
    return tuple((path, number) for path, number in _numbers(root, "$") if not _survives(number))


def _numbers(node: Any, path: str) -> Iterator[tuple[str, str]]:
    match node:
        case _Number():
            yield path, str(node)
        case dict():
            for key, value in node.items():
                yield from _numbers(value, f"{path}.{json.dumps(key, ensure_ascii=False)}")
        case list():
            for index, value in enumerate(node):
                yield from _numbers(value, f"{path}[{index}]")


def _survives(number: str) -> bool:
    """Whether the parser makes an integer or a DOUBLE of it that prints the same."""
    if "e" in number or "E" in number:
        return True
    if "." not in number:
        return int(number) in _INTEGERS
    return repr(float(number)) == number and abs(float(number)) < _DOUBLE_PLAIN_BELOW
