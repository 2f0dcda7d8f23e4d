"""The generated collation data beside this module: weights of code points and character sets. Read by `keys`, `like`
and `characters`, each file at the first use of a collation that needs it.

A .dat file is JSON under zlib, written by tools/collation_weights.py from a server's WEIGHT_STRING(). Weights are
16-bit numbers; a level (1 base letter, 2 accent, 3 case) has any number of them for one code point, none = ignored.
"""

import json
import zlib
from bisect import bisect_right
from functools import cache
from importlib.resources import files
from itertools import accumulate, chain
from typing import Any

Levels = tuple[tuple[int, ...], ...]
"""The weights of one code point: a tuple for each level."""

_ACCENT, _CASE = (0x20,), (0x02,)
"""What a character that is not listed weighs beyond the first level."""
_FIRST_SYLLABLE = 0xAC00
_LEADS, _VOWELS, _TAILS = 0x1100, 0x1161, 0x11A7
_SYLLABLES_A_LEAD, _SYLLABLES_A_VOWEL = 588, 28


def read(name: str) -> Any:
    """The content of `name`.dat."""
    return json.loads(zlib.decompress(files(__package__).joinpath(f"{name}.dat").read_bytes()))


class WeightTable:
    """Weights of every code point but the surrogates.

    Code points are either listed or computed. Runs of computed ones have a rule: `implicit` (the code point in two
    weights), `hangul` (the weights of the syllable's jamo), `itself` (the code point), `replaced` and `unplaced` (one
    weight for all of the run).
    """

    def __init__(self, packed: Any) -> None:
        """`packed`: what `read` gives for one of the weight tables."""
        self.levels: int = packed["levels"]
        self._computed: list[list[Any]] = packed["computed"]
        self._starts = [run[0] for run in self._computed]
        self._listed = {code: at for at, code in enumerate(accumulate(packed["codes"]))}
        self._pages = {code >> 8 for code in self._listed}
        shapes: list[list[int]] = [packed["shapes"][number] for number in packed["shape_of"]]
        # The first level is written as differences, which compress to half.
        self._weights = [list(accumulate(packed["weights"][0])), *packed["weights"][1:]]
        self._offsets = [
            list(accumulate((shape[level] for shape in shapes), initial=0)) for level in range(self.levels)
        ]

    def weights(self, code: int) -> Levels:
        """The weights of a code point; LookupError for a surrogate."""
        at = self._listed.get(code)
        if at is not None:
            return tuple(
                tuple(weights[offsets[at] : offsets[at + 1]])
                for weights, offsets in zip(self._weights, self._offsets, strict=True)
            )
        rule, *arguments = self._rule(code)
        if rule == "hangul":
            jamo = [self.weights(part) for part in _jamo(code)]
            return tuple(tuple(chain.from_iterable(parts)) for parts in zip(*jamo, strict=True))
        base: tuple[int, ...]
        if rule == "implicit":
            lead, origin = arguments
            number = code - origin
            base = (lead + (number >> 15), number & 0x7FFF | 0x8000)
        else:
            base = (code,) if rule == "itself" else tuple(arguments)
        return (base, _ACCENT, _CASE)[: self.levels]

    def alone(self, code: int) -> bool:
        """Whether LIKE finds the code point equal to none but itself, whatever `=` says.

        So it is for those that MySQL has no entry for. Its entries come in pages of 256 code points.
        """
        return code >> 8 not in self._pages and self._rule(code)[0] in ("implicit", "hangul", "unplaced")

    def _rule(self, code: int) -> list[Any]:
        at = bisect_right(self._starts, code) - 1
        if at < 0 or code > self._computed[at][1]:
            raise LookupError(f"no weights for code point {code:x}")
        return self._computed[at][2:]


def _jamo(syllable: int) -> list[int]:
    number = syllable - _FIRST_SYLLABLE
    parts = [_LEADS + number // _SYLLABLES_A_LEAD, _VOWELS + number % _SYLLABLES_A_LEAD // _SYLLABLES_A_VOWEL]
    tail = number % _SYLLABLES_A_VOWEL
    return [*parts, _TAILS + tail] if tail else parts


@cache
def weight_table(name: str) -> WeightTable:
    """`uca_900`, `uca_520`, `uca_400` or `general_ci`."""
    return WeightTable(read(name))
