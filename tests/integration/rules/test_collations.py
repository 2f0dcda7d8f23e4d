"""Sort keys and LIKE against a real server: other samples in every run, whose seed is in pytest's header."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import pytest
from pymysql.cursors import Cursor

from connector.model.errors import RuleUnsupported
from connector.rules.collation import Collation, bytes_like_matcher, collation, supported
from connector.rules.collation.characters import character_sets
from tools.stack import MySqlServer

THOROUGH = [
    "ascii_general_ci",
    "binary",
    "gbk_bin",
    "latin1_bin",
    "latin1_general_ci",
    "latin1_swedish_ci",
    "utf8mb3_bin",
    "utf8mb3_general_ci",
    "utf8mb3_unicode_ci",
    "utf8mb4_0900_ai_ci",
    "utf8mb4_0900_as_ci",
    "utf8mb4_0900_as_cs",
    "utf8mb4_0900_bin",
    "utf8mb4_bin",
    "utf8mb4_general_ci",
    "utf8mb4_unicode_520_ci",
    "utf8mb4_unicode_ci",
]
CODE_POINTS, PAIRS, FEW_PAIRS = 20_000, 5_000, 250
SURROGATES = range(0xD800, 0xE000)
TRICKY: tuple[str, ...] = (
    *"aAbBsSzZ0  __%%\\!-'~^\t\n\0\x01\x1f\x7f",
    *"äÄåöøßẞæÆıİIiſÿŸéÉèñçþðđłœ€½²™\u00a0\u00ad",
    *"\u0300\u0301\u0308\u0323\u0345\u034f\u0591\u064b\u093c\u0e31\u0f71\u200b\u200d\ufe0f\u20e3\ufeff\ufffd\uffff",
    *"σςΣΐ\u1f80йиЙёעשׁابآกเกາเด\u0e40\u0eab가각가㉮\ud7a3\ud7b0かガがカｶﾞーヽ漢字一⼀\u2f00豈\uf900\ufa0e\u3400丅①１ａＡⅧﬁﷺ",
    *"😀😁👍🏽\U0001f1e9𝐀𝒜𐐀𐐨\U00010400𠀀\U0002a6d6\U0002f800\U00017000\U00018800\U000e0001\U000e01ef\U0010ffff",
)
ESCAPES = ["\\", "!", "", "a"]


def _has(known: Collation, text: str) -> bool:
    """Whether a column under the collation can hold the text."""
    try:
        known.literal(text)
    except RuleUnsupported:
        return False
    return True


def _alphabet(known: Collation) -> Callable[[random.Random], str]:
    """A function that picks a character of the collation's character set, tricky ones more often."""
    tricky = [character for character in TRICKY if _has(known, character)]
    single = str(character_sets()["single"].get(known.charset, ""))
    reach = 0x10000 if known.charset in ("utf8mb3", "ucs2") or known.charset in character_sets()["multi"] else 0x110000

    def pick(rng: random.Random) -> str:
        while True:
            kind = rng.random()
            if kind < 0.6:
                return rng.choice(tricky)
            if single:
                character = rng.choice(single)
            else:
                code = rng.randrange(0x3100) if kind < 0.8 else rng.randrange(reach)
                if code in SURROGATES:
                    continue
                character = chr(code)
            if _has(known, character):
                return character

    return pick


def _pairs(rng: random.Random, pick: Callable[[random.Random], str], count: int) -> Iterator[tuple[str, str]]:
    """Texts that are often equal or nearly so."""
    for _ in range(count):
        first = [pick(rng) for _ in range(rng.randrange(7))]
        second = list(first)
        for _ in range(rng.randrange(3)):
            at = rng.randrange(len(second) + 1)
            change = rng.randrange(6)
            if change == 0:
                second.insert(at, pick(rng))
            elif change == 1:
                second[at : at + 1] = [pick(rng)]
            elif change == 2:
                del second[at : at + 1]
            elif change == 3:
                second[at : at + 1] = "".join(second[at : at + 1]).swapcase()
            elif change == 4:
                second += [" "] * rng.randrange(1, 3)
            else:
                first += [" "] * rng.randrange(1, 3)
        yield "".join(first), "".join(second)


def _pattern(rng: random.Random, text: str, escape: str) -> str:
    """A pattern that often matches the text."""
    parts = []
    for character in text:
        kind = rng.random()
        if kind < 0.15:
            parts.append("_")
        elif kind < 0.3:
            parts.append(rng.choice(["%", "%%", "%_"]))
        elif kind < 0.4:
            parts.append(escape + character)
        else:
            parts.append(character)
    if rng.random() < 0.2:
        parts.append(rng.choice(["%", "_", escape, " "]))
    return "".join(parts)


def _server_side(cursor: Cursor, known: Collation, expression: str, rows: Sequence[tuple[str, str]]) -> list[int]:
    """The expression of `a` and `b`, texts of the collation, for each row."""
    # JSON keeps the texts' characters whatever the connection's character set is.
    as_text = "cast({0} as binary)" if known.name == "binary" else f"convert({{0}} using {known.charset})"
    suffix = "" if known.name == "binary" else f" collate {known.name}"
    column = "varchar(80) character set utf8mb4 collate utf8mb4_bin"
    cursor.execute(
        f"select {expression} from (select n, {as_text.format('x')}{suffix} a, {as_text.format('y')}{suffix} b"
        f" from json_table(%s, '$[*]' columns(n for ordinality, x {column} path '$[0]', y {column} path '$[1]')) t"
        ") u order by n",
        (json.dumps(rows),),
    )
    return [int(answer) for (answer,) in cursor.fetchall()]


def _compare(cursor: Cursor, name: str, rows: Sequence[tuple[str, str]]) -> None:
    known = collation(name)
    key = known.key
    answers = _server_side(cursor, known, "if(a = b, 0, if(a < b, -1, if(a > b, 1, 9)))", rows)
    ours = [(key(first) > key(second)) - (key(first) < key(second)) for first, second in rows]
    wrong = [(row, answer) for row, answer, our in zip(rows, answers, ours, strict=True) if answer != our]
    assert not wrong, f"{name}: {len(wrong)} of {len(rows)} pairs, such as {wrong[:5]}"


def _like(cursor: Cursor, name: str, rows: Sequence[tuple[str, str]], escape: str) -> None:
    known = collation(name)
    quoted = escape.replace("\\", "\\\\")
    answers = _server_side(cursor, known, f"a like b escape '{quoted}'", rows)
    if name == "binary":
        ours = [bytes_like_matcher(pattern.encode(), escape.encode())(text.encode()) for text, pattern in rows]
    else:
        ours = [known.like(pattern, escape)(text) for text, pattern in rows]
    wrong = [(row, answer) for row, answer, our in zip(rows, answers, ours, strict=True) if answer != our]
    assert not wrong, f"{name} escape {escape!r}: {len(wrong)} of {len(rows)} patterns, such as {wrong[:5]}"


def _compare_pairs(cursor: Cursor, name: str, count: int) -> None:
    rng = random.Random(random.getrandbits(64))
    known = collation(name)
    pick = _alphabet(known)
    rows = [row for row in _pairs(rng, pick, count) if _has(known, row[1])]
    _compare(cursor, name, [("", ""), ("", " "), ("", "\0"), ("a", "a "), ("a", "a\0"), ("a ", "a\t"), *rows])
    for escape in filter(lambda escape: _has(known, escape), ESCAPES):
        some = rng.sample(rows, len(rows) // len(ESCAPES))
        patterns = [(text, _pattern(rng, other, escape)) for text, other in some]
        _like(cursor, name, [row for row in patterns if _has(known, row[1])], escape)


@pytest.mark.parametrize("name", THOROUGH)
def test_texts(name: str, mysql_source: MySqlServer) -> None:
    with mysql_source.connect() as connection, connection.cursor() as cursor:
        _compare_pairs(cursor, name, PAIRS)


@pytest.mark.parametrize("name", [name for name in THOROUGH if name.startswith("utf8mb4")])
def test_code_points_in_order(name: str, mysql_source: MySqlServer) -> None:
    codes = random.sample([code for code in range(0x110000) if code not in SURROGATES], CODE_POINTS // 2)
    codes += random.sample([code for code in range(0x20000) if code not in SURROGATES], CODE_POINTS // 2)
    in_order = sorted((chr(code) for code in codes), key=collation(name).key)
    with mysql_source.connect() as connection, connection.cursor() as cursor:
        _compare(cursor, name, list(pairwise(in_order)))


def test_every_other_collation(mysql_source: MySqlServer) -> None:
    with mysql_source.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select collation_name from information_schema.collations where collation_name like '%\\_bin'")
        bins = [name for (name,) in cursor.fetchall()]
        assert len(bins) > 30
        for name in {*bins, *supported()} - {*THOROUGH}:
            _compare_pairs(cursor, name, FEW_PAIRS)
