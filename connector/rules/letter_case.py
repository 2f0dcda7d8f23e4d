"""UPPER and LOWER, character by character as MySQL's collations have them. Called by `functions`.

The generated file beside this module (tools/case_maps.py) has what a server answers. Python's own mappings are of
another Unicode version and turn one character into several.
"""

import json
import zlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from connector.model.errors import CollationUnsupported

_UNICODE = frozenset({"utf8mb4", "utf8mb3", "utf8", "utf16", "utf16le", "utf32", "ucs2"})


def letter_case(collation: str, *, upper: bool) -> Callable[[str], str]:
    """The function for texts of a collation. It raises CollationUnsupported for characters whose case is not known."""
    family = _family(collation)
    name = "UPPER" if upper else "LOWER"
    convert_ascii = str.upper if upper else str.lower

    def convert(text: str) -> str:
        if text.isascii():
            return convert_ascii(text)
        mapped = None if family is None else text.translate(_map(family, upper))
        if mapped is None or ("\0" in mapped and "\0" not in text):
            raise CollationUnsupported(
                f"{name} of text beyond what is known of collation {collation}",
                hint="The server loses or changes characters here; leave the function out of the rule.",
            )
        return mapped

    return convert


def _family(collation: str) -> str | None:
    charset = collation.split("_", 1)[0]
    if charset == "latin1":
        return "latin1"
    if charset not in _UNICODE:
        return None
    if "_0900_" in collation:
        return "unicode_900"
    return "unicode_520" if "_unicode_520_" in collation else "unicode"


@cache
def _map(family: str, upper: bool) -> dict[int, int]:
    """For str.translate; 0 stands for characters that the server cuts texts at."""
    packed = files(__package__).joinpath("case_maps.dat").read_bytes()
    maps = json.loads(zlib.decompress(packed))[family]["upper" if upper else "lower"]
    plain = {code: ord(chr(code).upper() if upper else chr(code).lower()) for code in range(128)}
    return plain | {int(code): mapped for code, mapped in maps.items()}
