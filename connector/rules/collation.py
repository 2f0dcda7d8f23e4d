"""Text comparison as MySQL's collations do it, where that is known exactly. Called by `compare` and `literals`.

`binary` and `_bin` collations order characters by their codes. For the others the generated tables know ASCII; text
beyond ASCII is an error there (CollationUnsupported), never a guess.
"""

from collections.abc import Callable
from dataclasses import dataclass

from connector.model.errors import CollationUnsupported, RuleUnsupported
from connector.rules.collation_weights import WEIGHTS

SortKey = str | bytes

_BY_CODE_POINT = frozenset({"ascii_bin", "utf8mb3_bin", "utf8mb4_bin", "utf8mb4_0900_bin", "binary"})
_NO_PAD_BIN = frozenset({"utf8mb4_0900_bin", "binary"})


@dataclass(frozen=True, slots=True)
class Collation:
    """`key` turns text into what compares like it, apart from trailing pad characters when `pad` is not empty.

    `key` raises ValueError for text whose place in the order is not known.
    """

    name: str
    key: Callable[[str], SortKey]
    pad: SortKey = ""

    def literal(self, text: str) -> str:
        """The literal itself; raises RuleUnsupported when its place in the order is not known."""
        try:
            self.key(text)
        except ValueError:
            raise RuleUnsupported(
                f"text beyond {self._reach} is not supported in comparisons under collation {self.name}: {text!r}"
            ) from None
        return text

    def cell_key(self, where: str) -> Callable[[str], SortKey]:
        """`key` for cells of the column that `where` names; raises CollationUnsupported."""
        key = self.key
        if key is _identity:
            return key

        def checked(text: str) -> SortKey:
            try:
                return key(text)
            except ValueError:
                raise CollationUnsupported(
                    f"a value of {where} has characters beyond {self._reach}: their order under collation "
                    f"{self.name} is not known to rowcast",
                    column=where,
                ) from None

        return checked

    @property
    def _reach(self) -> str:
        return "latin1" if self.key is _latin1 else "ASCII"


def collation(name: str | None) -> Collation:
    """The collation of a column; raises RuleUnsupported with the list of what works."""
    known = _modern(name or "none")
    if known in _BY_CODE_POINT:
        return Collation(known, _identity, "" if known in _NO_PAD_BIN else " ")
    if known == "latin1_bin":
        return Collation(known, _latin1, b" ")
    if known.endswith("_bin") and known != "swe7_bin":
        # Every character set of MySQL but swe7 keeps ASCII's characters in ASCII's order; beyond it each has its own.
        return Collation(known, _ascii, " ")
    if known not in WEIGHTS:
        works = ", ".join(["binary", "every _bin but swe7_bin", *sorted(WEIGHTS)])
        raise RuleUnsupported(f"comparisons under collation {known} are not supported; these are: {works}")
    ranks, deciding, pads = WEIGHTS[known]
    primary = _translation(ranks)
    if deciding is None:
        return Collation(known, lambda text: _ascii(text).translate(primary), chr(int(ranks[64:66], 16)) * pads)
    tertiary = _translation(deciding)
    # \0 is below every rank, so a text that is a prefix of another by its primary weights comes first.
    return Collation(known, lambda text: f"{_ascii(text).translate(primary)}\0{text.translate(tertiary)}")


def _modern(name: str) -> str:
    """utf8 is utf8mb3's name in servers before 8.0.30."""
    return f"utf8mb3_{name.removeprefix('utf8_')}" if name.startswith("utf8_") else name


def _translation(ranks: str) -> dict[int, int | None]:
    return {code: rank or None for code, rank in enumerate(bytes.fromhex(ranks))}


def _identity(text: str) -> str:
    return text


def _ascii(text: str) -> str:
    if not text.isascii():
        raise ValueError("not ASCII")
    return text


def _latin1(text: str) -> bytes:
    """MySQL's latin1: Windows-1252, and the five codes that it leaves open as they are."""
    try:
        return text.encode("cp1252")
    except UnicodeEncodeError:
        return b"".join(_latin1_character(character) for character in text)


def _latin1_character(character: str) -> bytes:
    if character in "\x81\x8d\x8f\x90\x9d":
        return bytes([ord(character)])
    return character.encode("cp1252")
