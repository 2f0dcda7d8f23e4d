"""Positions and GTID sets against Vitess's vectors; where the two differ on purpose, the case and the reason are here.

Vitess keeps overlapping and neighbouring intervals of a text apart (1-5:6-9), and some of its operations then lose or
double transactions. MySQL and rowcast merge them. For such texts the expectation is computed here, from sets of
integers.
"""

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from connector.model.gtid import GtidSet
from tests.unit.model.position_vectors import FILES, answer

VECTORS = Path(__file__).parents[2] / "vectors" / "gtid.jsonl.gz"
CASES: list[dict[str, Any]] = [json.loads(line) for line in gzip.decompress(VECTORS.read_bytes()).splitlines()]

DIFFERENCES: dict[str, str] = {
    "MySQL accepts white space, braces and no dashes in a set; Vitess does not": """
        ogt-parse_MySQL56-00022 ogt-parse_MySQL56-00032 ogt-parse_MySQL56-00034 ogt-parse_MySQL56-00036
        ogt-parse_MySQL56-00050""",
    "tags, since MySQL 8.3": """
        ogt-parse_MySQL56-00042 ogt-parse_MySQL56-00043 ogt-parse_MySQL56-00044 ogt-parse_MySQL56-00048
        ogt-parse_MySQL56-00049 ogt-gtid-00010 ogt-decode-00023 ogt-decode56-00023 ogt-decode_default-00065
        ogt-decode_default-00067 ogt-decode_default-00069 ogt-json-00022 ogt-json-00023""",
    "MySQL has no transaction 0 and none above 2^63 - 2": """
        ogt-parse_MySQL56-00027 ogt-parse_MySQL56-00029 ogt-gtid-00004 ogt-gtid-00013""",
    "a GTID or position of another flavour is refused; Vitess leaves it out in silence": """
        gtid_mysql56-0067 gtid_mariadb-0041 ogt-ops_MySQL56-00027 ogt-ops_MySQL56-00175 ogt-ops_MySQL56-00256
        ogt-ops_MySQL56-00378 ogt-ops_MySQL56-00412 ogt-ops_MySQL56-00421""",
    "binlog files are ordered by their number, 1000000 after 999999; by Vitess as text": """
        ogt-ops_FilePos-00007 ogt-ops_FilePos-00040 ogt-ops_FilePos-00044 ogt-ops_FilePos-00084
        ogt-ops_FilePos-00089""",
    "bytes after an encoded set are refused, as MySQL does; Vitess does not look at them": """
        ogt-sid_block-00001 ogt-sid_block-00004 ogt-sid_block-00008 ogt-sid_block-00012 ogt-sid_block-00013
        ogt-sid_block-00017 ogt-sid_block-00022 ogt-sid_block-00028 ogt-sid_block-00029 ogt-sid_block-00031
        ogt-sid_block-00045 ogt-sid_block-00046 ogt-sid_block-00047 ogt-sid_block-00049 ogt-sid_block-00050
        ogt-sid_block-00051 ogt-sid_block-00054 ogt-sid_block-00058 ogt-sid_block-00059""",
    "Vitess loses intervals when a GTID is added that ends an interval already": """
        ogt-append-00008 ogt-append-00020 ogt-append-00101 ogt-append-00118 ogt-ops_MySQL56-00409""",
    "the server id of a source is not part of its position": "positions-0056",
}

NOT_OURS = {
    "to_string_without_flavor": "the text of Go's nil",
    "replication_running": "rowcast does not run replication threads",
}

REASONS = {identity: reason for reason, identities in DIFFERENCES.items() for identity in identities.split()}

Members = set[tuple[str, int]]


def _intervals(text: str) -> list[tuple[str, int, int]]:
    found = []
    for part in text.lower().split(","):
        uuid, *intervals = part.strip().split(":")
        for interval in intervals:
            first, _, last = interval.partition("-")
            found.append((uuid, int(first), int(last or first)))
    return found


def _members(text: str) -> Members:
    return {(uuid, number) for uuid, first, last in _intervals(text) for number in range(first, last + 1)}


def _written(members: Members) -> str:
    parts: dict[str, list[list[int]]] = {}
    for uuid, number in sorted(members):
        runs = parts.setdefault(uuid, [])
        if runs and runs[-1][1] + 1 == number:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(
        ":".join([uuid, *(str(low) if low == high else f"{low}-{high}" for low, high in runs)])
        for uuid, runs in parts.items()
    )


def _unmerged(text: str) -> bool:
    """Whether a GTID set's text has intervals that overlap or touch."""
    text = text.removeprefix("MySQL56/")
    if text.count("-") < 4 or text.startswith(("MariaDB/", "FilePos/")):
        return False
    try:
        intervals = sorted(interval for interval in _intervals(text) if interval[1] <= interval[2])
    except ValueError:
        return False
    return any(one[0] == two[0] and one[2] + 1 >= two[1] for one, two in pairwise(intervals))


def _sets(case: dict[str, Any]) -> list[str]:
    """The texts of MySQL's GTID sets in a case."""
    given = case["input"]
    flavored = {"a": given.get("flavor"), "b": given.get("b_flavor"), "start": given.get("flavor")}
    texts = [given[key] for key, flavor in flavored.items() if key in given and flavor == "MySQL56"]
    if "text" in given and given.get("flavor", "MySQL56") == "MySQL56":
        texts.append(given["text"])
    return texts


def _recomputed(case: dict[str, Any]) -> dict[str, Any]:
    """What sets of integers say to a case."""
    given = case["input"]
    match case["op"]:
        case "set_ops":
            a, b, gtid = (_members(given[key]) for key in ("a", "b", "gtid"))
            primary, removed = given["primary_sid"], given["remove_uuid"]
            return {
                "add_gtid": _written(a | gtid),
                "add_gtid_in_place": _written(a | gtid),
                "at_least": a >= b,
                "contained_by": b >= a,
                "contains": a >= b,
                "contains_gtid": a >= gtid,
                "difference": _written(a - b),
                "difference_reverse": _written(b - a),
                "equal": a == b,
                "errant_on_replica": _written({member for member in a - b if member[0] != primary}),
                "remove_uuid": _written({member for member in a if member[0] != removed}),
                "union": _written(a | b),
                "union_in_place": _written(a | b),
            }
        case "append_gtids":
            members = set[tuple[str, int]]().union(*map(_members, [*filter(None, [given["start"]]), *given["gtids"]]))
            return {"encoded": f"MySQL56/{_written(members)}"}
        case "position_json":
            text = _written(_members(given["text"].removeprefix("MySQL56/")))
            return {"json": f'"MySQL56/{text}"', "string": text}
    members = _members(given["text"].removeprefix("MySQL56/"))
    text = _written(members)
    found: dict[str, Any] = {"value": text, "encoded": f"MySQL56/{text}", "last": "{}:{}".format(*max(members))}
    if "count" in case["expected"]:
        found["count"] = len(members)
        found["sid_block"] = GtidSet.decode(bytes.fromhex(case["expected"]["sid_block"])).encode().hex()
    return found


def _expected(case: dict[str, Any]) -> object:
    wanted = case["expected"]
    if isinstance(wanted, dict) and any(key.startswith("error") for key in wanted):
        return "error"
    if case["op"] == "from_sid_block":
        return {"value": _written(_members(wanted["value"])) if wanted["value"] else ""}
    if any(map(_unmerged, _sets(case))) and case["id"] not in REASONS:
        recomputed = _recomputed(case)
        assert recomputed.keys() <= wanted.keys()
        return wanted | recomputed
    return wanted


def _normalized(case: dict[str, Any]) -> object:
    return case.get("expected_normalized", _expected(case))


def _agree(got: object, wanted: object) -> bool:
    if isinstance(got, dict) and isinstance(wanted, dict):
        return wanted.items() <= got.items()
    return got == wanted


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_vector(case: dict[str, Any]) -> None:
    if case["op"] in NOT_OURS:
        assert case["op"] not in FILES[case["id"].split("-")[0]]
        return
    got, wanted = answer(case), _normalized(case)
    assert _agree(got, wanted) != (case["id"] in REASONS), f"{case} -> {got}"


def test_no_difference_is_left_over() -> None:
    assert REASONS.keys() <= {case["id"] for case in CASES}
    assert {case["op"] for case in CASES} >= NOT_OURS.keys()


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["id"].startswith("ogt-append")], ids=lambda case: case["id"]
)
def test_appending_is_the_union_of_all(case: dict[str, Any]) -> None:
    if case["input"]["flavor"] == "MySQL56":
        assert answer(case) == _recomputed(case)
