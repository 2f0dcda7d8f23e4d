"""Writes connector/rules/collation/*.dat: how MySQL orders text under the collations that rules can use.

    python -m tools.collation_weights [--check]

A real server gives WEIGHT_STRING() of every code point, and of every byte of the single-byte character sets; those of
their collations in which bytes have one weight each, whatever stands beside them, are kept. Weights that follow a rule
(see WeightTable) are not stored, the others column by column. `--check` writes nothing: it compares with the files,
and asks the server about every code point, each against its neighbour in our order, with `=`, `<` and LIKE.
"""

import argparse
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from pymysql.cursors import Cursor

from connector.decode.charset_tables import DIFFERENCES, SINGLE_BYTE
from connector.decode.charsets import decoder_of
from connector.rules import collation as package
from connector.rules.collation.tables import Levels, WeightTable
from tools.gen_charsets import NEAREST_CODEC, UNDEFINED
from tools.stack import MySqlServer, Stack

FOLDER = Path(package.__file__).parent
SCRATCH = "rowcast_collation_weights"
SOURCES = {
    "general_ci": "utf8mb4_general_ci",
    "uca_400": "utf8mb4_unicode_ci",
    "uca_520": "utf8mb4_unicode_520_ci",
    "uca_900": "utf8mb4_0900_as_cs",
}
CHARACTER_SETS = "character_sets"
LEVELS = {"uca_900": 3}
CHECKED = [*SOURCES.values(), "utf8mb4_0900_ai_ci", "utf8mb4_0900_as_ci"]

_SURROGATES = range(0xD800, 0xE000)
_PLANE = 0x10000
_IMPLICIT_LEADS = (0xFB00, 0xFB40, 0xFB80, 0xFBC0)
_IMPLICIT_ORIGINS = (0, 0x17000)  # 17000: Tangut counts from its own beginning
_SYLLABLES = range(0xAC00, 0xD7A4)
_BATCH = 20_000

Rule = tuple[str | int, ...]


def generate(server: MySqlServer) -> dict[str, Any]:
    """The content of every .dat file by its name, as this server orders text."""
    contents: dict[str, Any] = {}
    with server.connect() as connection, connection.cursor() as cursor:
        with_code_points(cursor)
        for name, collation in SOURCES.items():
            contents[name] = pack(name, _read_levels(cursor, collation, LEVELS.get(name, 1)))
        contents[CHARACTER_SETS] = {
            "single": {charset: _unambiguous(characters) for charset, characters in SINGLE_BYTE.items()},
            "multi": {charset: _multi_byte(cursor, charset) for charset in DIFFERENCES},
            "weights": _single_byte_weights(cursor),
        }
        cursor.execute(f"drop database {SCRATCH}")
    return contents


def with_code_points(cursor: Cursor) -> None:
    """Makes the table `code_points (n, c)` of all code points in the scratch database."""
    cursor.execute(f"create database if not exists {SCRATCH}")
    cursor.execute(f"use {SCRATCH}")
    cursor.execute("drop table if exists code_points")
    cursor.execute("create table code_points (n int primary key, c varchar(1) character set utf8mb4)")
    cursor.execute("set session cte_max_recursion_depth = 2000000, sql_mode = ''")
    cursor.execute(
        "insert into code_points with recursive t(n) as (select 0 union all select n + 1 from t where n < 0x10ffff)"
        f" select n, convert(char(n using utf32) using utf8mb4) from t where n not between {_SURROGATES[0]} and"
        f" {_SURROGATES[-1]}"
    )


# ---- weights of code points -----------------------------------------------------------------------------------------
def _read_levels(cursor: Cursor, collation: str, levels: int) -> dict[int, Levels]:
    cursor.execute(f"select n, weight_string(c collate {collation}) from code_points order by n")
    return {code: _levels(weights, levels) for code, weights in cursor.fetchall()}


def _levels(weights: bytes, levels: int) -> Levels:
    numbers = [int.from_bytes(weights[at : at + 2], "big") for at in range(0, len(weights), 2)]
    if levels == 1:
        return (tuple(numbers),)
    split: list[list[int]] = [[]]
    for number in numbers:
        if number:
            split[-1].append(number)
        else:  # WEIGHT_STRING's separator of levels
            split.append([])
    return tuple(tuple(level) for level in split + [[]] * (levels - len(split)))


def pack(name: str, points: dict[int, Levels]) -> Any:
    """The weights of all code points in the form that WeightTable reads; ValueError when it would read others."""
    rules = {code: _rule(name, code, levels, points) for code, levels in points.items()}
    listed = [code for code, rule in rules.items() if rule is None]
    shapes = sorted({tuple(map(len, points[code])) for code in listed})
    first, *others = (
        [weight for code in listed for weight in points[code][level]] for level in range(LEVELS.get(name, 1))
    )
    packed = {
        "levels": LEVELS.get(name, 1),
        "computed": list(_runs(rules)),
        "codes": _differences(listed),
        "shapes": [list(shape) for shape in shapes],
        "shape_of": [shapes.index(tuple(map(len, points[code]))) for code in listed],
        "weights": [_differences(first), *others],
    }
    table = WeightTable(packed)
    if any(table.weights(code) != levels for code, levels in points.items()):
        raise ValueError(f"{name}: the packed table differs from the server's weights")
    return packed


def _rule(name: str, code: int, levels: Levels, points: dict[int, Levels]) -> Rule | None:
    """The rule that gives these weights, None when there is none and they must be listed."""
    base = levels[0]
    if name == "general_ci":
        return ("itself",) if base == (code,) else ("replaced", *base) if code >= _PLANE else None
    if name == "uca_400" and code >= _PLANE:
        return ("unplaced", *base)
    if levels[1:] == ((0x20,), (0x02,))[: len(levels) - 1]:
        for origin in _IMPLICIT_ORIGINS:
            number = code - origin
            lead = base[0] - (number >> 15) if number >= 0 and len(base) == 2 else 0
            if lead in _IMPLICIT_LEADS and base[1] == number & 0x7FFF | 0x8000:
                return ("implicit", lead, origin)
    if code in _SYLLABLES:
        number = code - _SYLLABLES[0]
        jamo = [0x1100 + number // 588, 0x1161 + number % 588 // 28, *([0x11A7 + number % 28] if number % 28 else [])]
        if levels == tuple(sum((points[part][level] for part in jamo), ()) for level in range(len(levels))):
            return ("hangul",)
    return None


def _runs(rules: dict[int, Rule | None]) -> Iterator[list[str | int]]:
    """[first, last, rule, arguments] of consecutive code points with one rule."""
    for (rule, _), group in groupby(rules.items(), key=lambda item: (item[1], item[0] >= _SURROGATES.stop)):
        if rule is not None:
            codes = [code for code, _ in group]
            yield [codes[0], codes[-1], *rule]


def _differences(numbers: Iterable[int]) -> list[int]:
    result, before = [], 0
    for number in numbers:
        result.append(number - before)
        before = number
    return result


# ---- character sets -------------------------------------------------------------------------------------------------
def _unambiguous(characters: str) -> str:
    """The table of a single-byte set without the characters that two bytes stand for: their bytes are not known."""
    return "".join(UNDEFINED if characters.count(character) > 1 else character for character in characters)


def _multi_byte(cursor: Cursor, charset: str) -> Any:
    """The codec of Python's that is nearest, and the code points that it encodes otherwise ('' = not at all)."""
    codes: dict[str, set[bytes]] = {}
    decode = decoder_of(charset)
    for code in _possible_codes(charset):
        try:
            text = decode(code)
        except UnicodeDecodeError:
            continue
        if len(text) == 1:
            codes.setdefault(text, set()).add(code)
    cursor.execute(f"select n, convert(convert(c using {charset}) using binary) from code_points")
    codec = NEAREST_CODEC[charset]
    differences = {}
    for number, code in cursor.fetchall():
        ours = code if codes.get(chr(number)) == {code} else b""
        if ours != _encoded(codec, chr(number)):
            differences[f"{number:x}"] = ours.hex()
    return {"codec": codec, "differences": differences}


def _possible_codes(charset: str) -> Iterator[bytes]:
    yield from (bytes([byte]) for byte in range(256))
    pairs = [bytes([first, second]) for first in range(0x80, 256) for second in range(256)]
    yield from pairs
    if charset in ("ujis", "eucjpms"):
        yield from (b"\x8f" + pair for pair in pairs)
    if charset == "gb18030":
        halves = [bytes([first, second]) for first in range(0x81, 0xFF) for second in range(0x30, 0x3A)]
        yield from (first + second for first in halves for second in halves)


def _encoded(codec: str, character: str) -> bytes:
    try:
        return character.encode(codec)
    except UnicodeEncodeError:
        return b""


def _single_byte_weights(cursor: Cursor) -> dict[str, str]:
    """Collation -> 256 weights in hexadecimal, of those in which a weight is a byte's own."""
    cursor.execute(
        "select collation_name, character_set_name from information_schema.collations"
        " where collation_name not like '%\\_bin' order by 1"
    )
    weights = {}
    for name, charset in cursor.fetchall():
        if charset not in SINGLE_BYTE:
            continue
        alone = f"weight_string(char(a.n using {charset}) collate {name})"
        cursor.execute(f"select {alone} from code_points a where n < 256 order by n")
        singles = [weight for (weight,) in cursor.fetchall()]
        cursor.execute(
            f"select count(*) from code_points a, code_points b where a.n < 256 and b.n < 256 and"
            f" weight_string(char(a.n, b.n using {charset}) collate {name}) <>"
            f" concat({alone}, weight_string(char(b.n using {charset}) collate {name}))"
        )
        if cursor.fetchall() == ((0,),) and all(weight is None or len(weight) == 1 for weight in singles):
            weights[name] = b"".join(weight or b"\xff" for weight in singles).hex()
    return weights


# ---- files ----------------------------------------------------------------------------------------------------------
def write(contents: dict[str, Any]) -> None:
    """All .dat files."""
    for name, content in contents.items():
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
        (FOLDER / f"{name}.dat").write_bytes(zlib.compress(text.encode(), 9))


def outdated(contents: dict[str, Any]) -> list[str]:
    """Names of the files that are not there or say something else."""
    return [
        name
        for name, content in contents.items()
        if not (path := FOLDER / f"{name}.dat").exists() or json.loads(zlib.decompress(path.read_bytes())) != content
    ]


def disagreements(server: MySqlServer, name: str) -> int:
    """How many neighbours in our order of all code points the server compares otherwise, with =, < or LIKE."""
    known = package.collation(name)
    fold = known.fold
    if fold is None:
        raise LookupError(f"{name} has no weights")
    ordered = sorted((known.key(chr(code)), code) for code in range(0x110000) if code not in _SURROGATES)
    rows = [
        (at, code, key == before, fold[code] == fold[previous])
        for at, ((before, previous), (key, code)) in enumerate(pairwise(ordered))
    ]
    with server.connect(SCRATCH) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists neighbours")
        cursor.execute("create table neighbours (at int primary key, n int, previous int, same bool, alike bool)")
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            values = ",".join(f"({at},{code},{ordered[at][1]},{same:d},{alike:d})" for at, code, same, alike in batch)
            cursor.execute(f"insert into neighbours values {values}")
        cursor.execute(
            f"select count(*) from neighbours x join code_points p on p.n = x.previous join code_points q on q.n = x.n"
            f" where (p.c = q.c collate {name}) <> same or (p.c < q.c collate {name}) = same"
            f" or (q.c like concat('\\\\', p.c) collate {name}) <> alike"
        )
        return int(cursor.fetchall()[0][0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 when --check finds a difference."""
    parser = argparse.ArgumentParser(prog="tools.collation_weights", description="weights of MySQL's collations")
    parser.add_argument("--check", action="store_true", help="compare with the files and the server, write nothing")
    options = parser.parse_args(arguments)
    with Stack() as stack:
        server = stack.start_mysql("collations", binlog=False)
        contents = generate(server)
        if not options.check:
            write(contents)
            print(f"wrote {len(contents)} files to {FOLDER}")
            return 0
        findings = [f"{name}.dat differs from this server's weights" for name in outdated(contents)]
        with server.connect() as connection, connection.cursor() as cursor:
            with_code_points(cursor)
        counts = {name: disagreements(server, name) for name in CHECKED}
        findings += [
            f"{name}: the server answers otherwise on {count} pairs" for name, count in counts.items() if count
        ]
    print("\n".join(findings) or "collation weights are up to date")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
