"""Writes connector/rules/case_maps.dat: what UPPER and LOWER make of every character.

    python -m tools.case_maps [--check]

Asks a real server. A character whose other case has more bytes than it has itself is written as 0: MySQL converts in
place and loses the rest of the text there, so no rule may depend on it. `--check` compares instead of writing; the
integration tests do the same.
"""

import argparse
import json
import sys
import zlib
from pathlib import Path

from pymysql.cursors import Cursor

from tools.stack import MySqlServer, Stack

OUTPUT = Path(__file__).resolve().parent.parent / "connector" / "rules" / "case_maps.dat"

# The collations that stand for a family: all of a family have the same characters.
FAMILIES = {
    "unicode": "utf8mb4_general_ci",
    "unicode_520": "utf8mb4_unicode_520_ci",
    "unicode_900": "utf8mb4_0900_ai_ci",
    "latin1": "latin1_swedish_ci",
}
_PIECE = 2_000


def generate(server: MySqlServer) -> bytes:
    """The file's content: JSON under zlib."""
    with server.connect(charset="utf8mb4") as connection, connection.cursor() as cursor:
        maps = {
            family: {function: _map(cursor, function, collation) for function in ("upper", "lower")}
            for family, collation in FAMILIES.items()
        }
    return zlib.compress(json.dumps(maps, separators=(",", ":"), sort_keys=True).encode(), 9)


def _map(cursor: Cursor, function: str, collation: str) -> dict[str, int]:
    if collation.startswith("latin1"):
        characters = [character for character in map(chr, range(0x80, 0x2200)) if _in_latin1(character)]
    else:
        characters = [chr(code) for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000]
    found: dict[str, int] = {}
    for start in range(0, len(characters), _PIECE):
        _ask(cursor, function, collation, "".join(characters[start : start + _PIECE]), found)
    return found


def _ask(cursor: Cursor, function: str, collation: str, text: str, found: dict[str, int]) -> None:
    charset = collation.split("_")[0]
    cursor.execute(f"select {function}(convert(%s using {charset}) collate {collation})", (text,))
    row = cursor.fetchone()
    assert row is not None
    if len(row[0]) == len(text):
        found |= {str(ord(old)): ord(new) for old, new in zip(text, row[0], strict=True) if old != new}
    elif len(text) == 1:
        found[str(ord(text))] = 0
    else:
        half = len(text) // 2
        _ask(cursor, function, collation, text[:half], found)
        _ask(cursor, function, collation, text[half:], found)


def _in_latin1(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def main() -> int:
    """Exit status 1 when --check finds a file that is not what the server says."""
    parser = argparse.ArgumentParser(prog="tools.case_maps", description="what UPPER and LOWER make of characters")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when the file is out of date")
    check = parser.parse_args().check
    with Stack() as stack:
        content = generate(stack.start_mysql("source"))
    if not check:
        OUTPUT.write_bytes(content)
    elif not OUTPUT.exists() or zlib.decompress(OUTPUT.read_bytes()) != zlib.decompress(content):
        print(f"{OUTPUT} is out of date: run python -m tools.case_maps")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
