"""The weights behind unicode_loose_*: every code point, and Vitess's texts."""

import gzip
import json
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import VindexUnmappable
from connector.model.plan import VindexRef
from connector.vindex.registry import build
from connector.vindex.weights import loose_key, weights
from tests.unit.vindex.cases import VECTORS


def test_every_code_point_of_vitess_s_table() -> None:
    alone = weights().elements
    wrong = []
    for line in gzip.decompress((VECTORS / "unicode_weights.txt.gz").read_bytes()).decode().splitlines():
        start, digest = line.split()
        first = int(start, 16)
        # U+0020 alone would be cut as a trailing blank: it is weighed in front of another character.
        keys = [
            weights().key(chr(code)) if code != 0x20 else weights().key(" x").removesuffix(weights().key("x"))
            for code in range(first, first + 64)
        ]
        if md5(" ".join(key.hex() for key in keys).encode()).hexdigest()[:12] != digest:
            wrong.append(start)
    assert wrong == []
    assert alone("A") == alone("a")


def test_every_text_of_vitess() -> None:
    md5_id, xxhash_id = (build(VindexRef(name)) for name in ("unicode_loose_md5", "unicode_loose_xxhash"))
    invalid = 0
    for line in gzip.decompress((VECTORS / "unicode_strings.jsonl.gz").read_bytes()).splitlines():
        case = json.loads(line)
        text = bytes.fromhex(case["text"])
        if case.get("error"):
            invalid += 1
            with pytest.raises(VindexUnmappable, match="UTF-8"):
                md5_id.map((text,))
            continue
        assert loose_key(text, "unicode_loose_md5").hex() == case["weights"], case["id"]
        assert md5_id.map((text,)).hex() == case["md5"], case["id"]
        assert xxhash_id.map((text.decode(),)).hex() == case["xxhash"], case["id"]
    assert invalid > 20


SAME = [
    "É=e",
    "ß=ss",
    "æ=AE",
    "ﬁ=fi",
    "Ａ=a",
    "ガ=か",
    "①=1",
    "ø=o",
    "đ=ð",
    "İ=i",
    "٣=3",
    "Ⅷ=viii",
    "ё=е",
    "a =a",
    "a\u00ad=a",
]
OTHER = ["co-op=coop", "ı=i", "þ=th", "й=и", "ー=ア", " a=a", "a\t=a", "a\u00a0=a", "😀=😁"]


@pytest.mark.parametrize("pair", SAME)
def test_case_accents_and_width_do_not_count(pair: str) -> None:
    left, right = pair.split("=")
    assert weights().key(left) == weights().key(right)


@pytest.mark.parametrize("pair", OTHER)
def test_blanks_punctuation_and_letters_count(pair: str) -> None:
    left, right = pair.split("=")
    assert weights().key(left) != weights().key(right)


MARKED = st.text(
    st.sampled_from("aIlL·иа\u0301\u0306\u0307\u0323\u0f71\u0f72\u0f74\u0f80กเแ\u0e34\u0363각 "), max_size=12
)


@given(text=MARKED, other=st.sampled_from("xX字"))
def test_what_stands_before_an_ordinary_letter_weighs_by_itself(text: str, other: str) -> None:
    key = weights().key
    assert key(text + other).endswith(key(other))
    assert key(other + text + other) == key(other) + key(text + other)


@given(text=st.text(st.characters(codec="ascii"), max_size=20))
def test_ascii_is_weighed_letter_by_letter(text: str) -> None:
    key = weights().key
    assert key(text + "x") == b"".join(key(f"{char}x")[: -len(key("x"))] for char in text + "x")
    assert key(text.upper()) == key(text.lower())


def test_no_more_than_thirty_marks_are_put_in_order() -> None:
    # U+0F71 (class 129) goes before U+0F72 (class 130) of the same run, but not before those of the run before.
    key = weights().key
    aa, i = key("x\u0f71")[2:], key("x\u0f72")[2:]
    assert key("x" + "\u0f72" * 29 + "\u0f71") == key("x") + aa + i * 29
    assert key("x" + "\u0f72" * 30 + "\u0f71") == key("x") + i * 30 + aa


def test_a_number_counts_by_its_text() -> None:
    assert loose_key(-15, "unicode_loose_md5") == loose_key("-15", "unicode_loose_md5") == loose_key(b"-15", "x")
