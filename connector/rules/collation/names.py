"""The collations that rules can compare under, by name. Called through the package."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from connector.model.errors import CollationUnsupported, RuleUnsupported
from connector.rules.collation.characters import character_sets, encoder
from connector.rules.collation.keys import Key, padded, weight_key
from connector.rules.collation.like import ByteFold, Fold, Matcher, WeightFold, matcher
from connector.rules.collation.tables import weight_table

_Result = TypeVar("_Result")

_UNICODE = ("utf8mb4", "utf8mb3", "utf16", "utf16le", "utf32", "ucs2")
_BASIC_PLANE = frozenset({"utf8mb3", "ucs2"})
_NO_PAD_BIN = frozenset({"binary", "utf8mb4_0900_bin"})
_LEVELS = {"ai_ci": 1, "as_ci": 2, "as_cs": 3}
_WEIGHTED = {
    **{f"{charset}_general_ci": ("general_ci", 1) for charset in _UNICODE},
    **{f"{charset}_unicode_ci": ("uca_400", 1) for charset in _UNICODE if charset != "utf16le"},
    **{f"{charset}_unicode_520_ci": ("uca_520", 1) for charset in _UNICODE if charset != "utf16le"},
    **{f"utf8mb4_0900_{suffix}": ("uca_900", levels) for suffix, levels in _LEVELS.items()},
}
"""Collation -> the table of its weights, and how many levels of it count."""
_NO_PAD_TABLE = "uca_900"


@dataclass(frozen=True, slots=True)
class Collation:
    """`key` turns text into bytes that compare as MySQL compares the text, and are equal when MySQL says so.

    It raises UnicodeEncodeError for text that cannot stand in a column of the character set, and for the few
    characters of old sets that are several codes there.
    """

    name: str
    charset: str
    key: Key
    pad_space: bool
    by_code_point: bool = False
    """Whether the order is that of the code points."""
    fold: Fold | None = None
    """Makes characters the same that LIKE holds equal; None when it holds none so."""

    def literal(self, text: str) -> str:
        """The literal itself; RuleUnsupported when the column's character set does not have its characters, which is
        an error in MySQL too.
        """
        try:
            self.key(text)
        except UnicodeEncodeError as error:
            raise RuleUnsupported(
                f"{text!r} cannot be compared under collation {self.name}: {_explained(error, self.charset)}"
            ) from None
        if self.charset in _BASIC_PLANE and max(text, default="") > "\uffff":
            raise RuleUnsupported(
                f"{text!r} cannot be compared under collation {self.name}: {self.charset} has no characters beyond"
                " U+FFFF"
            )
        return text

    def cell_key(self, where: str) -> Key:
        """`key` for cells of the column that `where` names; it raises CollationUnsupported."""
        return _checked(self.key, self, where)

    def like(self, pattern: str, escape: str = "\\") -> Matcher:
        """Whether a text is LIKE the pattern; `escape` is one character, or '' for none. RuleUnsupported as `literal`.

        The function raises UnicodeEncodeError as `key` does; `cell_like` names the column.
        """
        if not escape.isascii() and self.charset not in _UNICODE:
            raise RuleUnsupported(f"ESCAPE {escape!r}: in character set {self.charset} it must be an ASCII character")
        matches = matcher(self.literal(pattern), escape, self.fold)
        if self.charset in _UNICODE or self.fold is not None:
            return matches
        encode = encoder(self.charset)

        def known_and_matches(text: str) -> bool:
            encode(text)
            return matches(text)

        return known_and_matches

    def cell_like(self, where: str, pattern: str, escape: str = "\\") -> Matcher:
        """`like` for cells of the column that `where` names; it raises CollationUnsupported."""
        return _checked(self.like(pattern, escape), self, where)


def _checked(function: Callable[[str], _Result], known: Collation, where: str) -> Callable[[str], _Result]:
    if known.charset in _UNICODE:
        return function

    def checked(text: str) -> _Result:
        try:
            return function(text)
        except UnicodeEncodeError as error:
            raise CollationUnsupported(
                f"a value of {where} has no known place in the order of collation {known.name}: "
                f"{_explained(error, known.charset)}",
                column=where,
            ) from None

    return checked


def _explained(error: UnicodeEncodeError, charset: str) -> str:
    return f"U+{ord(error.object[error.start]):04X} of {charset}: {error.reason}"


@cache
def collation(name: str | None) -> Collation:
    """The collation of a column; RuleUnsupported with the list of what works."""
    known = _modern(name or "none")
    charset = known.partition("_")[0]
    if known in _WEIGHTED:
        table_name, levels = _WEIGHTED[known]
        table = weight_table(table_name)
        pad_space = table_name != _NO_PAD_TABLE
        key = weight_key(table, levels, pad_space=pad_space)
        return Collation(known, charset, key, pad_space, fold=WeightFold(table, levels))
    if known in _NO_PAD_BIN:
        return Collation(known, "utf8mb4", str.encode, pad_space=False, by_code_point=True)
    if known in (f"{unicode}_bin" for unicode in _UNICODE):
        return Collation(known, charset, padded(str.encode), pad_space=True, by_code_point=True)
    try:
        encode = encoder(charset)
    except LookupError:
        raise _refusal(known) from None
    if known == f"{charset}_bin":
        return Collation(known, charset, padded(encode), pad_space=True)
    if known not in character_sets()["weights"]:
        raise _refusal(known)
    weights = bytes.fromhex(character_sets()["weights"][known])
    space = weights[ord(" ")]
    key = padded(lambda text: encode(text).translate(weights), bytes([space]))
    return Collation(known, charset, key, pad_space=True, fold=ByteFold(encode, weights))


def supported() -> list[str]:
    """The names of all collations but the `_bin` ones, which all work."""
    return sorted([*_WEIGHTED, *character_sets()["weights"]])


def sort_key(name: str) -> Key:
    """Text -> bytes in the collation's order; RuleUnsupported, and UnicodeEncodeError as `Collation` says."""
    return collation(name).key


def like_matcher(name: str, pattern: str, escape: str = "\\") -> Matcher:
    """Whether a text is LIKE the pattern under a collation; see `Collation.like`."""
    return collation(name).like(pattern, escape)


def _modern(name: str) -> str:
    """utf8 is utf8mb3's name in servers before 8.0.30."""
    return f"utf8mb3_{name.removeprefix('utf8_')}" if name.startswith("utf8_") else name


def _refusal(name: str) -> RuleUnsupported:
    works = ", ".join(["binary", "every _bin", *supported()])
    return RuleUnsupported(f"comparisons under collation {name} are not supported; these are: {works}")
