"""How vindexes read their parameters. Called by the vindexes that have some; raises ConfigError."""

import json
import re
from itertools import pairwise
from typing import NoReturn

from connector.model.errors import ConfigError
from connector.vindex.base import UINT64_END

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def integer(text: str, what: str) -> int:
    """A whole number; `what` names the parameter in the error. Blanks are not part of one."""
    if not _INTEGER.fullmatch(text):
        raise ConfigError(f"{what} must be a whole number, not {text[:60]!r}")
    return int(text)


def number_map(text: str, what: str) -> dict[str, int]:
    """A JSON object of numbers 0..2^64-1; null counts as an empty object, and as 0 inside it, as in Vitess."""
    found = _parsed(text, what)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ConfigError(f"{what} must be a JSON object")
    numbers: dict[str, int] = {}
    for key, number in found.items():
        if number is None:
            number = 0
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < UINT64_END:
            raise ConfigError(f"{what}: {key[:60]!r} must have a whole number from 0 to 2^64-1")
        numbers[key] = number
    return numbers


def ascending_offsets(text: str, what: str) -> tuple[int, ...]:
    """A JSON list of positive whole numbers in ascending order, at least one."""
    found = _parsed(text, what)
    offsets = tuple(found) if isinstance(found, list) else ()
    positive = all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in offsets)
    if not offsets or not positive or any(low >= high for low, high in pairwise(offsets)):
        raise ConfigError(f"{what} must be a list of ascending positive numbers such as [2,4], not {text[:60]!r}")
    return offsets


def _parsed(text: str, what: str) -> object:
    try:
        found: object = json.loads(text, parse_float=_refused, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{what} is not the JSON that it should be: {error}") from None
    return found


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text[:60]} is not a whole number")
