"""LIKE: character by character, under the equality of a collation. Called by `names`.

`%` is any number of characters, `_` is one. The escape character makes the next one ordinary; at the end of a pattern
it stands for itself. Nothing is padded. What LIKE holds equal are single characters: expansions do not match (`ss` is
not LIKE `ß`), and characters that `=` ignores count.
"""

import re
from collections.abc import Callable, Iterator

from connector.model.errors import RuleUnsupported
from connector.rules.collation.tables import Levels, WeightTable

Matcher = Callable[[str], bool]
Fold = dict[int, int]
"""For str.translate: code points that LIKE holds equal become the same one."""

_ONE, _MANY = "_", "%"
_NO_ESCAPE = "\0"  # what ESCAPE '' means to MySQL: NUL escapes


class WeightFold(Fold):
    """Code points folded by their weights on some levels, filled as they are met."""

    def __init__(self, table: WeightTable, levels: int) -> None:
        super().__init__()
        self._table = table
        self._levels = levels
        self._first: dict[Levels, int] = {}

    def __missing__(self, code: int) -> int:
        folded = code
        if not self._table.alone(code):
            folded = self._first.setdefault(self._table.weights(code)[: self._levels], code)
        self[code] = folded
        return folded


class ByteFold(Fold):
    """Code points of a single-byte character set folded by the weights of their bytes."""

    def __init__(self, encode: Callable[[str], bytes], weights: bytes) -> None:
        super().__init__()
        self._encode = encode
        self._weights = weights
        self._first: dict[int, int] = {}

    def __missing__(self, code: int) -> int:
        (byte,) = self._encode(chr(code))
        folded = self[code] = self._first.setdefault(self._weights[byte], code)
        return folded


def matcher(pattern: str, escape: str, fold: Fold | None = None) -> Matcher:
    """Whether a text is LIKE the pattern; `escape` is a character, or ''. RuleUnsupported for others."""
    match = re.compile(_expression(pattern, escape, fold), re.DOTALL).fullmatch
    if fold is None:
        return lambda text: match(text) is not None
    return lambda text: match(text.translate(fold)) is not None


def bytes_like_matcher(pattern: bytes, escape: bytes = b"\\") -> Callable[[bytes], bool]:
    """LIKE on BINARY, VARBINARY and BLOB: byte by byte. `escape` is one byte, or none for ESCAPE ''."""
    expression = _expression(pattern.decode("latin-1"), escape.decode("latin-1"), None)
    match = re.compile(expression.encode("latin-1"), re.DOTALL).fullmatch
    return lambda value: match(value) is not None


def _expression(pattern: str, escape: str, fold: Fold | None) -> str:
    if len(escape) > 1 or escape in (_ONE, _MANY):
        # With a wildcard as the escape character MySQL takes byte FF for the wildcard in some collations.
        raise RuleUnsupported(f"LIKE ... ESCAPE {escape!r}: one character is needed that is neither % nor _")
    pieces = [""]
    for token in _tokens(pattern, escape or _NO_ESCAPE, fold):
        if token is None:
            pieces.append("")
        else:
            pieces[-1] += token
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    # The leftmost place of a piece is always right. Atomic groups keep it: no pattern takes exponential time.
    return f"{first}{''.join(f'(?>.*?{piece})' for piece in middle if piece)}.*{last}"


def _tokens(pattern: str, escape: str, fold: Fold | None) -> Iterator[str | None]:
    """A regular expression for each character; None is `%`."""
    characters = iter(pattern)
    for character in characters:
        literal = character
        if character == escape:
            literal = next(characters, escape)
        elif character == _MANY:
            yield None
            continue
        elif character == _ONE:
            yield "."
            continue
        yield re.escape(literal.translate(fold) if fold is not None else literal)
