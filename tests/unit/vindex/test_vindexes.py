"""The vindexes against Vitess's vectors, over the value domain of connector.model.table."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connector.model.errors import VindexUnknown, VindexUnmappable
from connector.model.plan import VindexRef
from connector.model.table import Value
from connector.vindex.registry import VINDEXES, build

VECTORS = Path(__file__).parents[2] / "vectors" / "vindexes.jsonl.gz"

NOT_A_CELL = ("FLOAT", "HEX", "BITNUM")  # floats are refused here; the others are literals of Vitess's SQL


def _cell(given: dict[str, Any]) -> tuple[bool, Value]:
    """(is it a value a column can hold, the value)."""
    kind: str = given["type"]
    if kind.startswith(NOT_A_CELL):
        return False, None
    if kind in ("NULL", "NULL_TYPE"):
        return True, None
    if "value_hex" in given:
        return True, bytes.fromhex(given["value_hex"])
    text: str = given["value"]
    if kind.startswith(("INT", "UINT")):
        if not text.lstrip("-").isdigit() or str(int(text)) != text:
            return False, None
        bits = int(kind.lstrip("UINT"))
        low, high = (0, 1 << bits) if kind[0] == "U" else (-(1 << bits - 1), 1 << bits - 1)
        return low <= int(text) < high, int(text)
    return True, text.encode() if kind in ("VARBINARY", "BINARY", "BLOB", "BIT") else text


def test_vectors() -> None:
    vindexes = {name: build(VindexRef(name)) for name in VINDEXES}
    seen: Counter[tuple[str, bool]] = Counter()
    for line in gzip.decompress(VECTORS.read_bytes()).splitlines():
        case = json.loads(line)
        possible, value = _cell(case["input"]["value"])
        if not possible:
            continue
        # An empty keyspace id is none either: Vitess's streamer stops at both.
        wanted = case["expected"].get("keyspace_id") or None
        try:
            got = vindexes[case["vindex"]].map((value,)).hex()
        except VindexUnmappable:
            got = None
        assert got == wanted, case
        seen[case["vindex"], wanted is None] += 1
    assert seen["hash", True] > 50
    assert all(seen[name, False] > 200 for name in VINDEXES)


@pytest.mark.parametrize("name", sorted(VINDEXES))
def test_a_float_has_no_keyspace_id(name: str) -> None:
    with pytest.raises(VindexUnmappable):
        build(VindexRef(name)).map((1.0,))


@pytest.mark.parametrize("value", [1 << 64, -(1 << 63) - 1, "9" * 100, "١"])
def test_hash_refuses_what_is_no_64_bit_number(value: Value) -> None:
    with pytest.raises(VindexUnmappable):
        build(VindexRef("hash")).map((value,))


def test_types_are_case_sensitive() -> None:
    with pytest.raises(VindexUnknown, match="HASH"):
        build(VindexRef("HASH"))


def test_binary_is_cheaper_than_the_hashes() -> None:
    costs = {name: vindex.cost for name, vindex in VINDEXES.items()}
    assert costs == {"binary": 0, "hash": 1, "xxhash": 1}
    assert all(vindex.unique for vindex in VINDEXES.values())
