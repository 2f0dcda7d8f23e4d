"""LIKE: the server's own answers for chosen patterns, and a slow matcher as the measure."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import CollationUnsupported, RuleUnsupported
from connector.rules.collation import bytes_like_matcher, collation, like_matcher


@pytest.mark.parametrize(
    ("name", "text", "pattern", "matches"),
    [
        ("utf8mb4_0900_ai_ci", "Straße", "STRA_E", True),
        ("utf8mb4_0900_ai_ci", "Straße", "strasse", False),
        ("utf8mb4_0900_ai_ci", "é", "E", True),
        ("utf8mb4_0900_ai_ci", "e\u0301", "e", False),
        ("utf8mb4_0900_ai_ci", "e\u0301", "e_", True),
        ("utf8mb4_0900_ai_ci", "\x01", "\x02", True),  # both ignored
        ("utf8mb4_0900_ai_ci", "㉮", "가", False),  # equal for =
        ("utf8mb4_0900_ai_ci", "😀x", "_x", True),
        ("utf8mb4_0900_as_cs", "é", "e", False),
        ("utf8mb4_0900_as_cs", "E", "e", False),
        ("utf8mb4_0900_as_ci", "E", "e", True),
        ("utf8mb4_general_ci", "😀", "😁", True),
        ("utf8mb4_unicode_ci", "😀", "😁", False),
        ("utf8mb4_unicode_ci", "😀", "😀", True),
        ("utf8mb4_general_ci", "ß", "s", True),
        ("utf8mb4_bin", "A", "a", False),
        ("utf8mb4_bin", "漢字", "_字", True),
        ("latin1_swedish_ci", "Ü%", "y\\%", True),
        ("latin1_general_ci", "Ü", "y", False),
        ("gbk_bin", "漢字", "__", True),
        ("utf8mb4_general_ci", "a", "a ", False),
        ("utf8mb4_general_ci", "a ", "a", False),
        ("utf8mb4_general_ci", "", "", True),
        ("utf8mb4_general_ci", "", "%", True),
        ("utf8mb4_general_ci", "", "_", False),
        ("utf8mb4_general_ci", "a\nb", "A%B", True),
        ("utf8mb4_general_ci", "a\\", "a\\", True),
        ("utf8mb4_general_ci", "x\\", "%\\", True),
        ("utf8mb4_general_ci", "axb", "a\\_b", False),
        ("utf8mb4_general_ci", "a_b", "a\\_b", True),
        ("utf8mb4_general_ci", "a％b", "a%b", True),
        ("utf8mb4_0900_ai_ci", "axb", "a％b", False),
        ("utf8mb4_0900_ai_ci", "a%b", "a％b", True),
    ],
)
def test_answers(name: str, text: str, pattern: str, matches: bool) -> None:
    assert like_matcher(name, pattern)(text) is matches


def test_escapes() -> None:
    assert like_matcher("utf8mb4_bin", "50!%", "!")("50%")
    assert not like_matcher("utf8mb4_bin", "50!%", "!")("50x")
    assert like_matcher("utf8mb4_bin", "aéé", "é")("aé")
    assert like_matcher("utf8mb4_bin", "a\\%", "")("a\\x")
    assert like_matcher("utf8mb4_bin", "a\0%", "")("a%")
    # Only the escape character itself escapes, not what the collation holds equal to it.
    assert like_matcher("utf8mb4_0900_ai_ci", "XA_", "a")("xab")
    assert not like_matcher("utf8mb4_0900_ai_ci", "xa_", "a")("xab")


@pytest.mark.parametrize(
    ("name", "pattern", "escape"),
    [
        ("utf8mb4_bin", "a", "%"),
        ("utf8mb4_bin", "a", "_"),
        ("utf8mb4_bin", "a", "ab"),
        ("latin1_bin", "a", "é"),
        ("latin1_swedish_ci", "漢%", "\\"),
        ("utf8mb3_general_ci", "😀%", "\\"),
    ],
)
def test_refusals(name: str, pattern: str, escape: str) -> None:
    with pytest.raises(RuleUnsupported):
        like_matcher(name, pattern, escape)


def test_bytes() -> None:
    assert bytes_like_matcher(b"\xff_%")(b"\xff\n\0")
    assert not bytes_like_matcher("é".encode())("É".encode())
    assert bytes_like_matcher(b"__")("é".encode())
    assert bytes_like_matcher(b"a!_", b"!")(b"a_")
    assert bytes_like_matcher(b"a\\_", b"")(b"a\\b")


@pytest.mark.parametrize("name", ["cp932_bin", "armscii8_general_ci"])
def test_cells_whose_bytes_are_not_known(name: str) -> None:
    ambiguous = {"cp932_bin": "￢", "armscii8_general_ci": "("}[name]
    like = collation(name).cell_like("shop.t.c", "a%")
    assert like("ab")
    with pytest.raises(CollationUnsupported, match=r"shop\.t\.c"):
        like("a" + ambiguous)


@given(st.text("aAbé%_! ", max_size=7), st.text("aAbé%_! ", max_size=7))
def test_a_slow_matcher_says_the_same(text: str, pattern: str) -> None:
    fold = str.maketrans("Aé", "ae")
    expected = _slowly(text.translate(fold), pattern, lambda one, other: one == other.translate(fold))
    assert like_matcher("utf8mb4_0900_ai_ci", pattern, "!")(text) is expected


def _slowly(text: str, pattern: str, same: Callable[[str, str], bool]) -> bool:
    if not pattern:
        return not text
    first, rest = pattern[0], pattern[1:]
    if first == "%":
        return any(_slowly(text[at:], rest, same) for at in range(len(text) + 1))
    if first == "_":
        return bool(text) and _slowly(text[1:], rest, same)
    if first == "!" and rest:
        first, rest = rest[0], rest[1:]
    return bool(text) and same(text[0], first) and _slowly(text[1:], rest, same)


def test_many_wildcards_take_no_exponential_time() -> None:
    assert not like_matcher("utf8mb4_0900_ai_ci", "%a" * 40 + "%b")("a" * 2000)
    assert like_matcher("utf8mb4_bin", "%a%_" * 20 + "%")("ab" * 2000)
