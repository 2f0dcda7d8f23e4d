"""Sort keys: text -> bytes that compare with memcmp as MySQL compares the text; equal when the texts are equal there.
Called by `names`.

A weight becomes a unit of bytes, and units keep the order of the weights. Weights of ASCII characters have units of
one byte, so that ASCII text is keyed by one bytes.translate(); between them a byte that names the gap leads three
bytes >= 80. Byte 00 parts the levels. It is below every unit: MySQL puts what is shorter on a level first.

PAD SPACE compares as if spaces went on for ever after both texts. A key cannot go on for ever, so trailing spaces are
cut and a space with a mark stands at the end. Spaces before a lesser unit have a mark too: they are below the end,
those before a greater unit are above it.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable

from connector.rules.collation.tables import WeightTable

Key = Callable[[str], bytes]

_PART = b"\x00"  # between two levels
_LESS, _END = b"\x01", b"\x02"  # what ends a run of spaces, if not a greater unit


class _Units:
    """Weights of one level as bytes in the same order."""

    def __init__(self, single: Iterable[int]) -> None:
        """`single`: the weights that get units of one byte."""
        self._single = sorted(set(single))
        self._codes: dict[int, int] = {}
        self._leads: list[int] = []
        code = 0
        before = -1
        for weight in [*self._single, 1 << 16]:
            if weight - before > 1:
                code += 1
            self._leads.append(code)
            code += 1
            self._codes[weight] = code
            before = weight

    def unit(self, weight: int) -> bytes:
        """One byte, or four."""
        code = self._codes.get(weight)
        if code is not None:
            return bytes([code])
        lead = self._leads[bisect_left(self._single, weight)]
        return bytes([lead, 0x80 | weight >> 14, 0x80 | weight >> 7 & 0x7F, 0x80 | weight & 0x7F])


class _Level(dict[str, bytes]):
    """Characters -> their units on one level, filled as they are met."""

    def __init__(self, table: WeightTable, level: int) -> None:
        super().__init__()
        self._table = table
        self._level = level
        ascii_weights = [table.weights(code)[level] for code in range(128)]
        self._units = _Units(weight for weights in ascii_weights for weight in weights)
        if any(len(weights) > 1 for weights in ascii_weights):
            raise ValueError("an ASCII character with two weights")
        units = bytes(self[chr(code)][0] if weights else 0 for code, weights in enumerate(ascii_weights))
        self.translation = units.ljust(256, b"\0")
        self.ignored = bytes(code for code, weights in enumerate(ascii_weights) if not weights)

    def __missing__(self, character: str) -> bytes:
        try:
            weights = self._table.weights(ord(character))[self._level]
        except LookupError:
            raise UnicodeEncodeError("utf-8", character, 0, 1, "surrogates are no characters") from None
        units = self[character] = b"".join(map(self._units.unit, weights))
        return units

    def of(self, text: str) -> bytes:
        """The units of a text's characters."""
        return b"".join(map(self.__getitem__, text))


def weight_key(table: WeightTable, levels: int, *, pad_space: bool) -> Key:
    """Keys by the first `levels` levels of a table. The key function raises UnicodeEncodeError for a surrogate."""
    first = _Level(table, 0)
    translation, ignored, units = first.translation, first.ignored, first.of

    def base(text: str) -> bytes:
        if text.isascii():
            return text.encode().translate(translation, ignored)
        return units(text)

    if levels > 1:
        return _levels_key(base, [_Level(table, level) for level in range(1, levels)])
    return padded(base, first[" "]) if pad_space else base


def _levels_key(base: Key, above: list[_Level]) -> Key:
    def key(text: str) -> bytes:
        if text.isascii():
            code = text.encode()
            parts = [code.translate(level.translation, level.ignored) for level in above]
        else:
            parts = [level.of(text) for level in above]
        return _PART.join([base(text), *parts])

    return key


def padded(body: Key, space: bytes = b" ") -> Key:
    """Keys under PAD SPACE from unpadded ones, in which only spaces have the byte `space`, which is above 02."""
    lesser = b"[" + b"".join(b"\\x%02x" % byte for byte in range(space[0])) + b"]"
    has_lesser = re.compile(lesser).search
    run = re.compile(re.escape(space) + b"+(?=" + lesser + b")")
    end = space + _END

    def key(text: str) -> bytes:
        units = body(text).rstrip(space)
        if space in units and has_lesser(units):
            units = run.sub(_marked, units)
        return units + end

    return key


def _marked(run: re.Match[bytes]) -> bytes:
    spaces = run[0]
    return (spaces[:1] + _LESS) * len(spaces)
