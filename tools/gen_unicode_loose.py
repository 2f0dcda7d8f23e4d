"""Writes connector/vindex/unicode_loose.dat: `python -m tools.gen_unicode_loose ALLKEYS_6_3_0`.

The input is the Default Unicode Collation Element Table of Unicode 6.3.0 (UCA/6.3.0/allkeys.txt on unicode.org). The
output has the primary weights that Vitess's unicode_loose vindexes hash: those of the root collation of CLDR 23 over
Unicode 6.2.0, which moves whitespace, punctuation, symbols, currencies and digits as groups. `connector.vindex.weights`
reads it and says what the parts mean. Combining classes are those of the Python that runs this (3.11: Unicode 14).
"""

import argparse
import hashlib
import re
import unicodedata
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

OUTPUT = Path(__file__).resolve().parent.parent / "connector" / "vindex" / "unicode_loose.dat"
ALLKEYS_MD5 = "17151aa15d3b262cecb41aa6932422ff"

# From the first primary weight on (ascending), how far CLDR's root collation moves the weights of DUCET.
_MOVED = (
    (0x201, -257), (0x207, -256), (0x308, 627), (0x30C, -260), (0x412, -259), (0x67E, -255), (0x14D7, -191),
    (0x1570, -4706), (0x1571, -192), (0x1592, -190), (0x15A4, -459), (0x15E1, -251), (0x15EB, 4), (0x3DD1, 117),
    (0x3DD3, 2), (0x3E44, 4), (0xFFFD, -60453),
)  # fmt: skip
_STARTS = [start for start, _ in _MOVED]

# Where Unicode 6.2.0 (or CLDR 23) has another weight than DUCET 6.3.0; None: not in the table.
_OTHERWISE: dict[int, int | None] = {
    0x061C: None, 0x2066: None, 0x2067: None, 0x2068: None, 0x2069: None, 0x180E: 0x106, 0x20A8: 0x1416,
    0xFDFC: 0x1417, 0x12456: 0x14D2, 0x12457: 0x14D3, 0xFFFE: 1, 0xFFFF: 0x15FFFF,
}  # fmt: skip

# Ideographic=Yes in Unicode 15, which later versions extend: Vitess's weights of these depend on its Go release.
_IDEOGRAPHIC = (
    (0x3006, 0x3007), (0x3021, 0x3029), (0x3038, 0x303A), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFA6D),
    (0xFA70, 0xFAD9), (0x16FE4, 0x16FE4), (0x17000, 0x187F7), (0x18800, 0x18CD5), (0x18D00, 0x18D08),
    (0x1B170, 0x1B2FB), (0x20000, 0x2A6DF), (0x2A700, 0x2B739), (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1),
    (0x2CEB0, 0x2EBE0), (0x2F800, 0x2FA1D), (0x30000, 0x3134A), (0x31350, 0x323AF),
)  # fmt: skip
_CORE_HAN = ((0x4E00, 0x9FFF), (0xF900, 0xFAFF))
_FIRST_IMPLICIT = 0xFB40  # from here on DUCET writes a code point's implicit weight as a pair


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("allkeys", type=Path, help="allkeys.txt of UCA 6.3.0")
    raw = parser.parse_args().allkeys.read_bytes()
    if hashlib.md5(raw, usedforsecurity=False).hexdigest() != ALLKEYS_MD5:
        raise SystemExit(f"not UCA 6.3.0's allkeys.txt (MD5 {ALLKEYS_MD5})")
    singles, contractions = weights_of(raw.decode())
    parts = [
        _ranges((first, last, 0x10000 if _within(first, _CORE_HAN) else 0x20000) for first, last in _IDEOGRAPHIC),
        _singles(singles),
        [f"{' '.join(f'{cp:x}' for cp in key)}={' '.join(f'{w:x}' for w in ws)}" for key, ws in contractions.items()],
        _classes(),
    ]
    payload = zlib.compress("\n\n".join("\n".join(part) for part in parts).encode(), 9)
    OUTPUT.write_bytes(_header().encode() + b"\n\n" + payload)
    print(f"{OUTPUT}: {len(singles)} code points, {len(contractions)} contractions, {OUTPUT.stat().st_size} bytes")


def weights_of(allkeys: str) -> tuple[dict[int, list[int]], dict[tuple[int, ...], list[int]]]:
    """Primary weights as Vitess has them, 0 for ignorable elements: of code points, and of contractions."""
    singles: dict[int, list[int]] = {}
    contractions: dict[tuple[int, ...], list[int]] = {}
    for line in allkeys.splitlines():
        entry = line.split("#")[0]
        if ";" not in entry:
            continue
        left, right = entry.split(";")
        key = tuple(int(code, 16) for code in left.split())
        weights = _moved([int(primary, 16) for primary in re.findall(r"\[[.*]([0-9A-F]{4})", right)])
        if len(key) == 1:
            singles[key[0]] = weights
        else:
            contractions[key] = weights
    for code_point, weight in _OTHERWISE.items():
        if weight is None:
            del singles[code_point]
        else:
            singles[code_point] = [weight]
    return dict(sorted(singles.items())), dict(sorted(contractions.items()))


def _moved(primaries: Sequence[int]) -> list[int]:
    moved: list[int] = []
    rest = iter(primaries)
    for primary in rest:
        if primary == 0:
            moved.append(0)
        elif primary < _FIRST_IMPLICIT or primary == 0xFFFD:
            moved.append(primary + _MOVED[bisect_right(_STARTS, primary) - 1][1])
        else:
            code_point = (primary - _FIRST_IMPLICIT) % 0x40 << 15 | next(rest) & 0x7FFF
            moved.append(_implicit(code_point))
    return moved


def _implicit(code_point: int) -> int:
    if not _within(code_point, _IDEOGRAPHIC):
        return code_point + 0x50000
    return code_point + (0x10000 if _within(code_point, _CORE_HAN) else 0x20000)


def _within(code_point: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(first <= code_point <= last for first, last in ranges)


def _ranges(ranges: Iterator[tuple[int, int, int]]) -> list[str]:
    return [f"{first:x} {last:x} {offset:x}" for first, last, offset in ranges]


def _singles(singles: dict[int, list[int]]) -> list[str]:
    lines = []
    previous = 0
    for code_point, weights in singles.items():
        decomposed = unicodedata.normalize("NFD", chr(code_point))
        classes = [unicodedata.combining(char) for char in decomposed]
        if len(classes) != len(weights):
            classes = classes[:1] * len(weights)
        elements = (f"{w:x}.{c:x}" if c else f"{w:x}" for w, c in zip(weights, classes, strict=True))
        lines.append(f"{code_point - previous:x}={' '.join(elements)}")
        previous = code_point
    return lines


def _classes() -> list[str]:
    """Code points whose decomposition begins or ends with a combining mark."""
    lines = []
    for code_point in range(0x110000):
        decomposed = unicodedata.normalize("NFD", chr(code_point))
        first, last = unicodedata.combining(decomposed[0]), unicodedata.combining(decomposed[-1])
        if first or last:
            lines.append(f"{code_point:x} {first:x} {last:x}")
    return lines


def _header() -> str:
    return "\n".join(
        (
            "Weights of Vitess's unicode_loose vindexes, written by tools/gen_unicode_loose.py; the rest is zlib.",
            f"Unicode data: made from DUCET 6.3.0 (UCA/6.3.0/allkeys.txt, MD5 {ALLKEYS_MD5}) with the primary weights",
            f"of CLDR 23's root collation, and from the combining classes of Unicode {unicodedata.unidata_version}.",
            "Copyright 1991-2013 Unicode, Inc. and others. Used under the Unicode License, unicode.org/license.txt.",
        )
    )


if __name__ == "__main__":
    main()
