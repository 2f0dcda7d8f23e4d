"""MySQL's character sets: `decoder_of(charset)` gives the function that turns a column's bytes into the text MySQL
shows.

Called by rows (cells), tables (labels) and the event reader (statements). A byte sequence that MySQL itself cannot
convert to Unicode (it would print '?') raises UnicodeDecodeError here: no text is lost without a word. The tables
come from a live server (charset_tables).
"""

import codecs
from collections.abc import Callable
from functools import cache

from connector.decode.charset_tables import DIFFERENCES, SINGLE_BYTE
from connector.decode.collations import BYTES_PER_CHARACTER, COLLATIONS

Decoder = Callable[[bytes], str]

BINARY_COLLATION = 63
_ALIASES = {"utf8": "utf8mb3"}  # servers before 8.0.30
_CODECS = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
}


def charset_of(collation: str) -> str:
    """'utf8mb4_0900_ai_ci' -> 'utf8mb4'; old names of utf8mb3 become the new one."""
    charset = collation.split("_", 1)[0]
    return _ALIASES.get(charset, charset)


def collation_name(collation_id: int) -> str | None:
    """Name of a collation id; None for one that no MySQL up to 9.7 has."""
    return COLLATIONS.get(collation_id)


def bytes_per_character(charset: str) -> int:
    """The longest character's bytes; table maps give CHAR and VARCHAR lengths in bytes. KeyError for an unknown set."""
    return BYTES_PER_CHARACTER[_ALIASES.get(charset, charset)]


@cache
def decoder_of(charset: str) -> Decoder:
    """The function bytes -> str of a MySQL character set; it raises UnicodeDecodeError. LookupError for an unknown
    set.
    """
    charset = _ALIASES.get(charset, charset)
    if charset in _CODECS:
        return _codec(_CODECS[charset])
    if charset == "ucs2":
        return _decode_ucs2
    if charset in SINGLE_BYTE:
        return _single_byte(SINGLE_BYTE[charset])
    if charset in DIFFERENCES:
        codec, runs = DIFFERENCES[charset]
        exceptions = dict(_expand(runs))
        return _corrected(charset, codec, exceptions) if exceptions else _codec(codec)
    raise LookupError(f"unknown character set {charset}")


def _codec(name: str) -> Decoder:
    if name == "utf-8":
        return bytes.decode  # the method itself is the fastest way there is
    decode = codecs.lookup(name).decode

    def decode_all(data: bytes) -> str:
        return decode(data, "strict")[0]

    return decode_all


def _single_byte(table: str) -> Decoder:
    decode = codecs.charmap_decode

    def decode_all(data: bytes) -> str:
        return decode(data, "strict", table)[0]

    return decode_all


def _decode_ucs2(data: bytes) -> str:
    # ucs2 has no surrogate pairs: MySQL converts neither half of one.
    text = codecs.utf_16_be_decode(data, "strict", True)[0]
    if len(text) * 2 != len(data):
        raise UnicodeDecodeError("ucs2", data, 0, len(data), "surrogates are no characters")
    return text


def _expand(runs: str) -> list[tuple[bytes, str | None]]:
    """The runs of charset_tables as (code, character or None for undefined)."""
    result: list[tuple[bytes, str | None]] = []
    for run in runs.split():
        code, _, characters = run.partition(":")
        first, _, count = characters.partition("*")
        width, start = len(code) // 2, int(code, 16)
        for step in range(int(count or 1)):
            text = None if first == "-" else chr(int(first, 16) + step)
            result.append(((start + step).to_bytes(width, "big"), text))
    return result


def _corrected(charset: str, codec: str, exceptions: dict[bytes, str | None]) -> Decoder:
    """Python's codec where no character is one that MySQL has otherwise, else character by character."""
    decode = codecs.lookup(codec).decode
    # Text that Python decoded without meeting one of these came from codes where both agree.
    suspects: set[str] = set()
    for code in exceptions:
        try:
            suspects.update(decode(code, "strict")[0])
        except UnicodeDecodeError:
            continue

    def decode_all(data: bytes) -> str:
        if data.isascii():
            return data.decode("ascii")
        try:
            text = decode(data, "strict")[0]
        except UnicodeDecodeError:
            return character_by_character(data)
        return text if suspects.isdisjoint(text) else character_by_character(data)

    def character_by_character(data: bytes) -> str:
        out: list[str] = []
        at = 0
        while at < len(data):
            code = data[at : at + _code_length(charset, data, at)]
            text = exceptions[code] if code in exceptions else decode(code, "strict")[0]
            if text is None:
                raise UnicodeDecodeError(charset, data, at, at + len(code), "undefined in this character set")
            out.append(text)
            at += len(code)
        return "".join(out)

    return decode_all


def _code_length(charset: str, data: bytes, at: int) -> int:
    """Bytes of the character that starts at `at`."""
    lead = data[at]
    if lead < 0x80:
        return 1
    if charset in ("ujis", "eucjpms"):
        return 3 if lead == 0x8F else 2
    if charset == "sjis":
        return 1 if 0xA1 <= lead <= 0xDF else 2
    if charset == "gb18030":
        return 4 if at + 1 < len(data) and 0x30 <= data[at + 1] <= 0x39 else 2
    return 2
