"""The weights that Vitess's unicode_loose vindexes hash. Called by `unicode_loose`; the table is read at first use.

The collation is CLDR 23's root over Unicode 6.2.0, primary weights alone: neither case nor accents count, blanks and
punctuation do. It is none of MySQL's collations. unicode_loose.dat has four parts, written by tools/gen_unicode_loose:
ranges of ideographs (implicit weights), elements of code points, contractions, classes of combining marks.

An element is (weight, combining class), weight 0 = ignorable. Combining marks count in canonical order, although the
text is not normalised: it only shows where marks have weights of their own, such as Tibetan vowels.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

from connector.model.errors import VindexUnmappable
from connector.model.table import Value
from connector.vindex.base import text_bytes

Element = tuple[int, int]

_UNKNOWN = 0x50000  # what a code point without a place in the table weighs, above its own number
_LONGEST_RUN = 30  # marks that are put in order at once; more of them begin a new run
_SYLLABLES = (0xAC00, 0xD7A3)


class Weights:
    """The table, and what a text weighs."""

    def __init__(self, packed: str) -> None:
        """`packed`: the four parts of unicode_loose.dat."""
        ideographs, singles, contractions, classes = packed.split("\n\n")
        self._ideographs = [tuple(int(part, 16) for part in line.split()) for line in ideographs.splitlines()]
        self._elements = dict(_singles(singles))
        self._contractions: dict[str, tuple[int, ...]] = {}
        for line in contractions.splitlines():
            key, _, weights = line.partition("=")
            text = "".join(chr(int(code, 16)) for code in key.split())
            self._contractions[text] = tuple(int(weight, 16) for weight in weights.split())
        self._longer = {text[:length] for text in self._contractions for length in range(1, len(text))}
        self._prefixes = self._longer | self._contractions.keys()
        self._classes: dict[str, Element] = {}
        for line in classes.splitlines():
            code, first, last = (int(part, 16) for part in line.split())
            self._classes[chr(code)] = first, last
        self._alone = _Alone(self)
        # Only with one of these behind it does a character weigh something else than alone.
        after = {char for text in self._contractions for char in text[1:]} | self._classes.keys()
        after |= {chr(code) for code, elements in self._elements.items() if any(kind for _, kind in elements)}
        self._after = re.compile(f"[{''.join(map(re.escape, sorted(after)))}]+")

    def key(self, text: str) -> bytes:
        """What is hashed: trailing blanks (U+0020 alone) do not count; empty when nothing has a weight."""
        text = text.rstrip(" ")
        alone = self._alone
        if text.isascii():
            return b"".join([alone[char] for char in text])
        key = b""
        position = 0
        for found in self._after.finditer(text):
            start = max(found.start() - 1, position)
            key += b"".join([alone[char] for char in text[position:start]])
            position = found.end()
            key += packed(self._ordered(text[start:position]))
        return key + b"".join([alone[char] for char in text[position:]])

    def elements(self, char: str) -> Sequence[Element]:
        """The elements of one character."""
        code = ord(char)
        if _SYLLABLES[0] <= code <= _SYLLABLES[1]:
            return [element for letter in _letters(code) for element in self.elements(letter)]
        found = self._elements.get(code)
        if found is not None:
            return found
        offset = next((by for first, last, by in self._ideographs if first <= code <= last), _UNKNOWN)
        return ((code + offset, 0),)

    def _ordered(self, text: str) -> list[Element]:
        """All elements, marks in the order of their classes."""
        ordered: list[Element] = []
        run: list[Element] = []  # of marks, not yet followed by anything else
        position = 0
        while position < len(text):
            found, position = self._next(text, position)
            elements = list(found) or [(0, 0)]
            if run and (elements[0][1] == 0 or len(run) + len(elements) > _LONGEST_RUN):
                ordered += run
                run = []
            if run:
                place = len(run)
                while place and elements[0][1] < run[place - 1][1]:
                    place -= 1
                run[place:place] = elements
                continue
            marks = len(elements)
            if elements[-1][1]:
                marks = next(index for index, (_, kind) in enumerate(elements) if kind)
            ordered += elements[:marks]
            run = elements[marks:]
        return ordered + run

    def _next(self, text: str, position: int) -> tuple[Sequence[Element], int]:
        """Elements of the character or longest contraction at `position`, and where the next one begins."""
        key = text[position]
        found: Sequence[Element] = self.elements(key)
        kind = self._class(key)[0]
        position = end = position + 1
        while position < len(text) and (longer := key + text[position]) in self._prefixes:
            key = longer
            position += 1
            if key in self._contractions:
                found, end = self._contracted(key, kind), position
        # A contraction also reaches over marks in between, as long as no mark of the same or a higher class blocks it.
        if position == len(text) or not self._class(text[position])[0] or key not in self._longer:
            return found, end
        skipped = text[position]
        tail = ""
        before = self._class(skipped)[1]
        for index in range(position + 1, len(text)):
            char = text[index]
            first, last = self._class(char)
            if not first or before >= first:
                break
            before = last
            if key + char not in self._prefixes:
                skipped += char
                continue
            key += char
            if key in self._contractions:
                found, end, tail = self._contracted(key, kind), index + 1, skipped
            if key not in self._longer:
                break
        return [*found, *self._unordered(tail)], end

    def _unordered(self, text: str) -> Iterator[Element]:
        position = 0
        while position < len(text):
            found, position = self._next(text, position)
            yield from found

    def _contracted(self, key: str, kind: int) -> list[Element]:
        return [(weight, kind) for weight in self._contractions[key]]

    def _class(self, char: str) -> Element:
        """Combining classes of the first and the last character that this one decomposes into."""
        return self._classes.get(char, (0, 0))


class _Alone(dict[str, bytes]):
    """What a character weighs that nothing combines with; filled as characters appear."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self._weights = weights

    def __missing__(self, char: str) -> bytes:
        self[char] = found = packed(self._weights.elements(char))
        return found


@cache
def weights() -> Weights:
    """The table; takes about 0.1 s once per process."""
    header_and_rest = files("connector.vindex").joinpath("unicode_loose.dat").read_bytes()
    return Weights(zlib.decompress(header_and_rest.partition(b"\n\n")[2]).decode())


def loose_key(value: Value, vindex: str) -> bytes:
    """What the vindex of this name hashes; raises VindexUnmappable for a float and for bytes that are not UTF-8."""
    try:
        text = value if isinstance(value, str) else text_bytes(value, vindex).decode()
    except UnicodeDecodeError:
        raise VindexUnmappable(f"{vindex} has no keyspace id for bytes that are not UTF-8", vindex=vindex) from None
    return weights().key(text)


def packed(elements: Sequence[Element]) -> bytes:
    """Weights one after the other: two bytes, or three with the highest bit set."""
    return b"".join(
        [
            weight.to_bytes(2, "big") if weight <= 0x7FFF else (weight | 0x800000).to_bytes(3, "big")
            for weight, _ in elements
            if weight
        ]
    )


def _singles(text: str) -> Iterator[tuple[int, Sequence[Element]]]:
    code = 0
    for line in text.splitlines():
        step, _, elements = line.partition("=")
        code += int(step, 16)
        yield code, tuple(_element(element) for element in elements.split())


def _element(text: str) -> Element:
    weight, _, kind = text.partition(".")
    return int(weight, 16), int(kind or "0", 16)


def _letters(syllable: int) -> str:
    """The jamo of a Hangul syllable."""
    lead, rest = divmod(syllable - _SYLLABLES[0], 588)
    vowel, tail = divmod(rest, 28)
    return chr(0x1100 + lead) + chr(0x1161 + vowel) + (chr(0x11A7 + tail) if tail else "")
