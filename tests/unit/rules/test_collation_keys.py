"""Sort keys: the server's own answers for chosen texts, and laws for all of them."""

from itertools import product, zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import CollationUnsupported, RuleUnsupported
from connector.rules.collation import collation, keys, sort_key, supported
from connector.rules.collation.keys import padded
from connector.rules.collation.tables import weight_table

NO_PAD = ["binary", "utf8mb4_0900_bin", "utf8mb4_0900_ai_ci", "utf8mb4_0900_as_ci", "utf8mb4_0900_as_cs"]
PAD_SPACE = ["utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_unicode_ci", "latin1_swedish_ci", "latin1_bin", "gbk_bin"]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("utf8mb4_0900_ai_ci", "a = A = á = ａ = ⓐ < æ = ae < b < ß = ss = ẞ < z < あ = ア < 漢 < 𠀀 < \U0010ffff"),
        ("utf8mb4_0900_as_ci", "a = A = ａ < á = Á < ä < b"),
        ("utf8mb4_0900_as_cs", "a < ａ < A < á < Á < ab < AB < b"),
        ("utf8mb4_0900_ai_ci", "и < й < 가 = ㉮ < 각"),
        ("utf8mb4_general_ci", "a = A = á < b < s = ß < z < 漢 < \ufffd = 😀 = 😁"),
        ("utf8mb4_unicode_ci", "a = á < ae < æ < ss = ß < 漢 < 😀 = 😁"),
        ("utf8mb4_unicode_520_ci", "ss = ß < 漢 < 😀 < 😁"),
        ("latin1_swedish_ci", "a = A = á < u < y = ü = Y < z < å < ä = æ < ö < ø"),
        ("latin1_general_ci", "a = A < á < ä < b < ü < y < z"),
        ("latin1_bin", "a < \x81 < á"),
        ("latin1_bin", "€ < \x81 < á"),
        ("ascii_general_ci", "A = a < b < { < ~"),
        ("utf8mb4_bin", "A < a < á < 漢 < \uffff < 😀"),
        ("utf16_bin", "A < a < á < 漢 < \uffff < 😀"),
        ("gbk_bin", "A < a < 漢 < 啊"),
        ("cp932_bin", "a < あ < 漢 < ｱ"),
        ("swe7_bin", "A < Å < a < å"),
        ("utf8_general_ci", "a = A < b"),
    ],
)
def test_order(name: str, texts: str) -> None:
    first, *others = texts.split(" ")
    key = sort_key(name)
    for sign, text in zip(others[::2], others[1::2], strict=True):
        assert (key(first) == key(text)) is (sign == "="), (first, text)
        assert (key(first) < key(text)) is (sign == "<"), (first, text)
        first = text


@pytest.mark.parametrize("name", PAD_SPACE)
def test_trailing_spaces_do_not_count_and_others_do(name: str) -> None:
    key = sort_key(name)
    assert key("a") == key("a ") == key("a   ") != key("a b")
    assert key("") == key(" ")
    assert key("a  b") != key("a b") < key("ab")
    assert key("a\t") < key("a") == key("a ") < key("a!")
    assert key("a \t") < key("a")
    assert key("a  \t") > key("a \t") > key("a\t")
    assert key("a  !") < key("a !") < key("a!")


@pytest.mark.parametrize("name", NO_PAD)
def test_trailing_spaces_count(name: str) -> None:
    key = sort_key(name)
    assert key("") < key(" ") < key("  ")
    assert key("a") < key("a ") < key("a  ")


def test_ignored_characters() -> None:
    assert sort_key("utf8mb4_0900_ai_ci")("a\0\u200db\ufe0f") == sort_key("utf8mb4_0900_ai_ci")("AB")
    assert sort_key("utf8mb4_unicode_ci")("a\x01 \x01") == sort_key("utf8mb4_unicode_ci")("a")
    assert sort_key("utf8mb4_general_ci")("a\0") < sort_key("utf8mb4_general_ci")("a")
    # Combining marks are ignored on the first level only.
    assert sort_key("utf8mb4_0900_ai_ci")("e\u0301") == sort_key("utf8mb4_0900_ai_ci")("e")
    assert sort_key("utf8mb4_0900_as_cs")("e\u0301") == sort_key("utf8mb4_0900_as_cs")("é")


def test_blanks_with_the_weight_of_a_space_are_padding() -> None:
    assert sort_key("utf8mb4_unicode_ci")("a\u00a0\u3000") == sort_key("utf8mb4_unicode_ci")("a")
    assert sort_key("utf8mb4_general_ci")("a\u00a0") != sort_key("utf8mb4_general_ci")("a")


@given(*[st.lists(st.sampled_from([1, 2, 3, 4, 5]), max_size=6)] * 2)
def test_padded_keys_are_texts_with_spaces_for_ever(one: list[int], other: list[int]) -> None:
    space = 3
    key = padded(lambda text: bytes(map(ord, text)), bytes([space]))
    found = [key("".join(map(chr, units))) for units in (one, other)]
    pairs = list(zip_longest(one, other, fillvalue=space))
    endless = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert (found[0] < found[1]) is (endless[0] < endless[1])
    assert (found[0] == found[1]) is (endless[0] == endless[1])


@given(st.text(max_size=8), st.text(max_size=8))
def test_first_level_of_0900_is_the_weights_in_order(one: str, other: str) -> None:
    table, key = weight_table("uca_900"), sort_key("utf8mb4_0900_ai_ci")
    weights = [[weight for char in text for weight in table.weights(ord(char))[0]] for text in (one, other)]
    assert (key(one) < key(other)) is (weights[0] < weights[1])
    assert (key(one) == key(other)) is (weights[0] == weights[1])


@pytest.mark.parametrize("name", ["general_ci", "uca_400", "uca_520", "uca_900"])
def test_ascii_text_is_keyed_as_its_characters_are(name: str) -> None:
    table = weight_table(name)
    for number in range(table.levels):
        level = keys._Level(table, number)
        for text in ("".join(map(chr, range(128))), *map(chr, range(128))):
            assert text.encode().translate(level.translation, level.ignored) == level.of(text)


@given(st.sets(st.integers(1, 0xFFFF)), st.lists(st.integers(1, 0xFFFF), min_size=2, max_size=9))
def test_units_keep_the_order_of_weights(single: set[int], weights: list[int]) -> None:
    units = keys._Units(sorted(single)[:100])
    assert sorted(weights, key=units.unit) == sorted(weights)
    assert len({*map(units.unit, weights)}) == len({*weights})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("latin1_swedish_ci", "漢"),
        ("latin1_bin", "漢"),
        ("ascii_general_ci", "é"),
        ("utf8mb3_general_ci", "😀"),
        ("ucs2_bin", "a😀"),
        ("utf8mb4_0900_ai_ci", "\ud800"),
        ("utf8mb4_bin", "\ud800"),
        ("swe7_bin", "["),
        ("gbk_bin", "😀"),
        ("sjis_bin", "\\"),  # 5C and 815F
    ],
)
def test_literals_that_a_column_cannot_hold(name: str, text: str) -> None:
    with pytest.raises(RuleUnsupported, match=name):
        collation(name).literal(text)


def test_cells_whose_bytes_are_not_known() -> None:
    key = collation("cp932_bin").cell_key("shop.t.c")
    assert key("あ") < key("漢")
    with pytest.raises(CollationUnsupported, match=r"shop\.t\.c.*U\+FFE2") as caught:
        key("a￢")  # EEF9 and FA54
    assert caught.value.context["column"] == "shop.t.c"


@pytest.mark.parametrize(
    "name", [None, "utf8mb4_de_pb_0900_ai_ci", "latin1_german2_ci", "gbk_chinese_ci", "tis620_thai_ci", "x_bin", ""]
)
def test_other_collations_are_refused_with_those_that_work(name: str | None) -> None:
    with pytest.raises(RuleUnsupported, match=r"every _bin.*latin1_swedish_ci.*utf8mb4_0900_ai_ci"):
        collation(name)


def test_every_listed_collation_is_one() -> None:
    for name, text in product([*supported(), "binary", "koi8r_bin", "gb18030_bin"], ("", "a", "A b")):
        assert isinstance(sort_key(name)(text), bytes)
