"""Vitess's vindex cases, and what rowcast makes of each. Used by test_vindexes.py.

A case's values are Vitess's: a query type and the text that MySQL prints. `cell` makes of them what
connector.model.table says a column has; SQL literals (HEXNUM, HEXVAL, BITNUM) are read as a statement's parser would.
"""

import gzip
import json
import struct
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import md5
from pathlib import Path
from typing import Any

from xxhash import xxh64_intdigest

from connector.model.errors import ConfigError, VindexUnknown, VindexUnmappable
from connector.model.plan import VindexRef
from connector.model.table import Value
from connector.vindex.base import Ordered, Prefixed, Reversible, Vindex, range_of_prefix
from connector.vindex.cfc import CfcVindex, like_prefix
from connector.vindex.registry import build, unknown_params
from connector.vindex.weights import weights

VECTORS = Path(__file__).parents[2] / "vectors"

# Vindexes that read numbers: Vitess parses the text of a literal there and decodes it elsewhere.
_OF_NUMBERS = {"hash", "numeric", "null", "numeric_static_map", "region_experimental", "region_json", "reverse_bits"}


def all_cases() -> Iterator[dict[str, Any]]:
    """The cases of the file."""
    for line in gzip.decompress((VECTORS / "vindexes.jsonl.gz").read_bytes()).splitlines():
        yield json.loads(line)


def wanted(case: dict[str, Any]) -> Any:
    """What Vitess answers, in the form of `answer`; None for an error and for "no destination" alike."""
    expected = case["expected"]
    if case["op"] == "collation_key":
        return expected["weight_bytes_hex"], expected["md5"], expected["xxhash64_le"]
    if isinstance(expected, bool):
        return expected
    if isinstance(expected, list):
        return expected[0]["destination"].removeprefix("DestinationKeyRange(").removesuffix(")")
    if "error" in expected:
        return None
    if case["op"] == "create":
        return expected
    if case["op"] == "component_hash_length":
        return expected["md5_len"], expected["xxhash64_len"]
    if case["op"] == "reverse_map":
        return _raw(expected)
    if case["op"] == "like_prefix":
        return expected["prefix"].encode()
    if case["op"] == "add_one":
        return expected["bytes_hex"] or ""
    if case["op"] == "range_map":
        return str(expected["key_range"])
    if expected.get("destination") == "all_shards":
        return "-"
    # An empty keyspace id is none either: it lies in no shard, Vitess's streamer stops at it.
    return expected.get("keyspace_id") or expected.get("key_range")


def answer(case: dict[str, Any]) -> Any:
    """What rowcast answers; None where it raises."""
    try:
        return _OPERATIONS[case["op"]](case)
    except (ConfigError, VindexUnknown, VindexUnmappable, _BadLiteral):
        return None


def cell(given: dict[str, Any], *, numbers: bool) -> Value:
    """The cell that a typed text stands for; text that no integer column prints stays text."""
    kind: str = given["type"]
    if kind in ("NULL", "NULL_TYPE"):
        return None
    raw = _raw(given)
    if kind.startswith(("HEX", "BITNUM")):
        return raw if numbers else _literal(kind, raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw
    if kind.startswith(("INT", "UINT")) and text.removeprefix("-" if kind[0] == "I" else "").isdecimal():
        return int(text) if str(int(text)) == text else text
    return raw if kind in ("VARBINARY", "BINARY", "BLOB", "BIT") else text


class _BadLiteral(ValueError):
    """A literal that a statement's parser refuses."""


def _raw(given: dict[str, Any]) -> bytes:
    if given.get("value_hex") is not None:
        return bytes.fromhex(given["value_hex"])
    text: str = given["value"]
    return text.encode()


def _literal(kind: str, raw: bytes) -> bytes:
    try:
        text = raw.decode()
        if kind == "BITNUM":
            return int(text[2:], 2).to_bytes((len(text) - 2 + 7) // 8, "big")
        return bytes.fromhex(text[2:] if kind == "HEXNUM" else text[2:-1])
    except ValueError:
        raise _BadLiteral from None


@cache
def _built(name: str, params: tuple[tuple[str, str], ...]) -> Vindex:
    return build(VindexRef(name, params))


def _vindex(case: dict[str, Any]) -> Vindex:
    name = case["vindex"].removesuffix("(prefix)")
    return _built(name, tuple(sorted((case.get("params") or {}).items())))


def _values(case: dict[str, Any]) -> tuple[Value, ...]:
    given = case["input"]
    name = case["vindex"]
    if "values" not in given:
        return (
            cell(given.get("value") if isinstance(given.get("value"), dict) else given, numbers=name in _OF_NUMBERS),
        )
    inside = [each.strip() or "hash" for each in case["params"].get("column_vindex", "").split(",")]
    inside += ["hash"] * len(given["values"])
    names = inside if name == "multicol" else [name] * len(inside)
    if name == "region_json":
        names[1] = "text"
    return tuple(cell(each, numbers=inner in _OF_NUMBERS) for each, inner in zip(given["values"], names, strict=False))


def _map(case: dict[str, Any]) -> str:
    vindex = _vindex(case)
    values = _values(case)
    if case["vindex"] == "cfc(prefix)" or (case["op"] == "map" and len(values) < vindex.columns):
        return _prefix(case)
    found = vindex.map(values)
    if case["op"] == "map" and isinstance(vindex, Reversible) and "reverse" in case["expected"]:
        value = vindex.reverse_map(found)
        assert (b"%d" % value if isinstance(value, int) else value) == _raw(case["expected"]["reverse"]), case
    return found.hex()


def _prefix(case: dict[str, Any]) -> str:
    vindex = _vindex(case)
    if not isinstance(vindex, Prefixed):
        raise VindexUnmappable("a part of the columns")
    return str(vindex.prefix_range(_values(case)))


def _verify(case: dict[str, Any]) -> bool:
    return bool(_map(case) == case["input"]["keyspace_id"])


def _reverse(case: dict[str, Any]) -> bytes:
    vindex = _vindex(case)
    assert isinstance(vindex, Reversible)
    value = vindex.reverse_map(bytes.fromhex(case["input"]["keyspace_id"]))
    assert isinstance(value, int | bytes)
    return b"%d" % value if isinstance(value, int) else value


def _range(case: dict[str, Any]) -> str:
    vindex = _vindex(case)
    assert isinstance(vindex, Ordered)
    start, end = (cell(case["input"][end], numbers=case["vindex"] in _OF_NUMBERS) for end in ("start", "end"))
    return str(vindex.range_map(start, end))


def _create(case: dict[str, Any]) -> dict[str, Any]:
    ref = VindexRef(case["vindex"], tuple(sorted((case["input"]["params"] or {}).items())))
    vindex = build(ref)
    facts = {
        "ok": True,
        "cost": vindex.cost,
        "hashing": vindex.hashing,
        "multi_column": vindex.columns > 1 or ref.type == "multicol",
        "needs_vcursor": False,
        "reversible": isinstance(vindex, Reversible),
        "unique": vindex.unique,
        "unknown_params": list(unknown_params(ref)),
    }
    return {name: facts[name] for name in case["expected"] if name in facts}


def _component_lengths(case: dict[str, Any]) -> tuple[int, int]:
    size = len(case["input"]["value"])
    # The value as the second component, behind one of a byte, which gives one byte.
    values = (b"-" + case["input"]["value"].encode(),)
    md5_length, xxhash_length = (
        len(build(VindexRef("cfc", (("hash", name), ("offsets", f"[1,{size + 1}]")))).map(values)) - 1
        for name in ("md5", "xxhash64")
    )
    return md5_length, xxhash_length


def _compute(case: dict[str, Any]) -> str | None:
    vindex = _vindex(case)
    assert isinstance(vindex, CfcVindex)
    value = bytes.fromhex(case["input"]["value_hex"])
    if not case["input"]["prefix"]:
        return vindex.map((value,)).hex()
    escaped = b"".join(b"\\" + bytes([byte]) if byte in b"%_\\" else bytes([byte]) for byte in value)
    return vindex.prefix_range((escaped,)).start.hex() or None


def _loose(case: dict[str, Any]) -> tuple[str, str, str]:
    key = weights().key(case["input"]["value"])
    return key.hex(), md5(key).hexdigest(), struct.pack("<Q", xxh64_intdigest(key)).hex()


_OPERATIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "map": _map,
    "map_prefix": _prefix,
    "verify": _verify,
    "reverse_map": _reverse,
    "range_map": _range,
    "create": _create,
    "like_prefix": lambda case: like_prefix(case["input"]["pattern"].encode()),
    "range_from_prefix": lambda case: str(range_of_prefix(bytes.fromhex(case["input"]["prefix_hex"]))),
    "add_one": lambda case: range_of_prefix(bytes.fromhex(case["input"]["bytes_hex"])).end.hex(),
    "component_hash_length": _component_lengths,
    "compute_ksid": _compute,
    "collation_key": _loose,
}
