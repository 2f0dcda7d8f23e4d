"""MySQL's character sets in the direction text -> bytes, for collations that order bytes. Called by `names`.

A character that is not in the set raises UnicodeEncodeError. So does one that several byte sequences of the set stand
for: which of them a cell had is lost when a stream has decoded it, and their places in the order differ.
"""

import codecs
from collections.abc import Callable
from functools import cache
from typing import Any

from connector.rules.collation.tables import read

Encoder = Callable[[str], bytes]

_ASCII = bytes(range(128)).decode("ascii")


@cache
def character_sets() -> Any:
    """The generated file: `single` (set -> 256 characters, U+FFFE = undefined), `multi` (set -> codec, differences)
    and `weights` (collation -> 256 bytes).
    """
    return read("character_sets")


@cache
def encoder(charset: str) -> Encoder:
    """The function str -> bytes; LookupError for a set that MySQL does not have."""
    single, multi = character_sets()["single"], character_sets()["multi"]
    if charset in single:
        return _single_byte(charset, single[charset])
    if charset in multi:
        return _corrected(charset, multi[charset]["codec"], multi[charset]["differences"])
    raise LookupError(f"unknown character set {charset}")


def _single_byte(charset: str, characters: str) -> Encoder:
    encode = codecs.charmap_encode
    codes = codecs.charmap_build(characters)
    ascii_alike = characters[:128] == _ASCII

    def encode_all(text: str) -> bytes:
        if ascii_alike and text.isascii():
            return text.encode()
        try:
            return encode(text, "strict", codes)[0]
        except UnicodeEncodeError as error:
            raise _unknown(charset, error) from None

    return encode_all


def _corrected(charset: str, codec: str, differences: dict[str, str]) -> Encoder:
    """Python's codec where no character is one that MySQL encodes otherwise, else character by character."""
    encode = codecs.lookup(codec).encode
    exceptions = {chr(int(code, 16)): bytes.fromhex(sequence) for code, sequence in differences.items()}

    ascii_alike = exceptions.keys().isdisjoint(_ASCII)

    def encode_all(text: str) -> bytes:
        if ascii_alike and text.isascii():
            return text.encode()
        if exceptions.keys().isdisjoint(text):
            try:
                return encode(text, "strict")[0]
            except UnicodeEncodeError as error:
                raise _unknown(charset, error) from None
        return b"".join(map(encode_one, text))

    def encode_one(character: str) -> bytes:
        if character not in exceptions:
            return encode_all(character)
        if not exceptions[character]:
            raise UnicodeEncodeError(charset, character, 0, 1, "not one byte sequence of this character set")
        return exceptions[character]

    return encode_all


def _unknown(charset: str, error: UnicodeEncodeError) -> UnicodeEncodeError:
    return UnicodeEncodeError(charset, error.object, error.start, error.end, "not in this character set")
