"""Every character set against what a server said about every byte."""

from typing import Any

import pytest

from connector.decode.charsets import bytes_per_character, charset_of, collation_name, decoder_of
from connector.decode.collations import BYTES_PER_CHARACTER, COLLATIONS
from tests.unit.decode.stream import vectors

CHARSETS: dict[str, Any] = vectors("charsets")["charsets"]
LOST = ("?", "\ufffd", None)  # what MySQL shows for bytes that it cannot convert


def _decoded(charset: str, data: bytes) -> str | None:
    try:
        return decoder_of(charset)(data)
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("charset", [name for name, known in CHARSETS.items() if "table" in known])
def test_single_byte_tables(charset: str) -> None:
    undefined = {int(byte, 16) for byte in CHARSETS[charset]["undefined"]}
    for byte, char in enumerate(CHARSETS[charset]["table"]):
        expected = None if byte in undefined or char == "\ufffd" else char
        assert _decoded(charset, bytes([byte])) == expected, hex(byte)


@pytest.mark.parametrize("charset", [name for name, known in CHARSETS.items() if "valid_2byte" in known])
def test_multi_byte_tables(charset: str) -> None:
    known = CHARSETS[charset]
    codes = {**known.get("differs_2byte", {}), **known.get("differs_3byte", {})}
    for code, (char, _) in codes.items():
        assert _decoded(charset, bytes.fromhex(code)) == (None if char in LOST else char), code
    lost = sum(char in LOST for char, _ in known["differs_2byte"].values())
    valid = [_decoded(charset, code.to_bytes(2, "big")) for code in range(0x8000, 0x10000)]
    assert sum(text is not None and len(text) == 1 for text in valid) == known["valid_2byte"] - lost


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("utf8mb4", "f09f8da3", "🍣"),
        ("utf8", "c3a9", "é"),
        ("utf8mb3", "e697a5", "日"),
        ("ucs2", "65e500e9", "日é"),
        ("utf16", "d83cdf63", "🍣"),
        ("utf16le", "3cd863df", "🍣"),
        ("utf32", "0001f363", "🍣"),
        ("latin1", "818d8f909d80", "\x81\x8d\x8f\x90\x9d€"),
        ("sjis", "b1835c815f", "ｱソ\\"),
        ("cp932", "878a", "㈱"),
        ("ujis", "8ea1b4c18fb0a1", "｡漢丂"),
        ("eucjpms", "ada1adb5f5a1", "①Ⅰ\ue000"),
        ("euckr", "b0a1a2e68141", "가€갂"),
        ("gb18030", "8135f437a8bc9030813041", "\ue7c7ḿ\U00010000A"),
        ("gbk", "80", None),
        ("big5", "a15a", None),
        ("big5", "a140f9d5f9d6", "　龘碁"),
        ("ucs2", "d83cdf63", None),
        ("utf8mb4", "eda080", None),
        ("cp1251", "98", None),
        ("swe7", "5b5c5d", "ÄÖÅ"),
    ],
)
def test_text_of(charset: str, data: str, text: str | None) -> None:
    assert _decoded(charset, bytes.fromhex(data)) == text


@pytest.mark.parametrize("charset", sorted(set(BYTES_PER_CHARACTER) - {"binary"}))
def test_cut_and_mixed_text_raises_or_decodes_but_never_fails_otherwise(charset: str) -> None:
    for data in (b"\x8f", b"\xff\xfe", b"abc\x81", b"\xb0", bytes(range(256)), b"\x8f\xa2"):
        _decoded(charset, data)
    assert decoder_of(charset)(b"") == ""


def test_every_character_set_of_the_vectors_is_known() -> None:
    assert set(CHARSETS) == set(BYTES_PER_CHARACTER)
    assert {name: known["maxlen"] for name, known in CHARSETS.items()} == BYTES_PER_CHARACTER


def test_collations() -> None:
    assert collation_name(8) == "latin1_swedish_ci"
    assert collation_name(33) == "utf8mb3_general_ci"
    assert collation_name(63) == "binary"
    assert collation_name(255) == "utf8mb4_0900_ai_ci"
    assert collation_name(9999) is None
    assert {charset_of(name) for name in COLLATIONS.values()} == set(BYTES_PER_CHARACTER)


def test_old_names_of_utf8mb3() -> None:
    assert charset_of("utf8_general_ci") == "utf8mb3"
    assert bytes_per_character("utf8") == 3


def test_an_unknown_character_set_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match="klingon"):
        decoder_of("klingon")
