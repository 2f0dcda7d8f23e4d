"""The vindexes: Vitess's cases, and what no case covers."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import ConfigError, VindexUnknown, VindexUnmappable
from connector.model.plan import VindexRef
from connector.model.table import Value
from connector.vindex.base import Ordered, Prefixed, Reversible, SingleColumn
from connector.vindex.registry import LOOKUPS, VINDEXES, build, unknown_params
from tests.unit.vindex.cases import all_cases, answer, wanted

DIFFERENCES = json.loads((Path(__file__).parent / "differences.json").read_text(encoding="utf-8"))

EXAMPLES = {
    "cfc": {"hash": "md5", "offsets": "[2,4]"},
    "multicol": {"column_count": "3"},
    "numeric_static_map": {"json": '{"1": 2}'},
    "region_experimental": {"region_bytes": "1"},
    "region_json": {"region_bytes": "2", "region_map_content": '{"eu": 1, "us": 2}'},
}


def example(name: str) -> VindexRef:
    return VindexRef(name, tuple(sorted(EXAMPLES.get(name, {}).items())))


def test_every_case_of_vitess_but_the_listed_differences() -> None:
    seen: Counter[tuple[str, str]] = Counter()
    different = set()
    for case in all_cases():
        seen[case["op"], case["vindex"]] += 1
        if answer(case) != wanted(case):
            different.add(case["id"])
    assert different == {case for cases in DIFFERENCES.values() for case in cases}
    assert seen.total() == 21_167
    assert all(seen["map", name] > 500 for name in VINDEXES)
    assert len({operation for operation, _ in seen}) == 12


@pytest.mark.parametrize("name", sorted(VINDEXES.keys() - {"null"}))
def test_a_float_has_no_keyspace_id(name: str) -> None:
    vindex = build(example(name))
    with pytest.raises(VindexUnmappable):
        vindex.map((1.0,) * vindex.columns)


@pytest.mark.parametrize(
    "value", [1 << 64, -(1 << 63) - 1, "9" * 100, "١", "1.0", "", None, "+1", b"\x05", "5\n", "30000000000000000000"]
)
def test_hash_refuses_what_is_no_64_bit_number(value: Value) -> None:
    with pytest.raises(VindexUnmappable, match="hash") as raised:
        build(VindexRef("hash")).map((value,))
    assert raised.value.context["vindex"] == "hash"


@pytest.mark.parametrize("name", ["numeric", "reverse_bits", "numeric_static_map"])
@pytest.mark.parametrize("value", [-1, 1 << 64, None, "-1", "x"])
def test_numbers_below_zero_have_no_keyspace_id(name: str, value: Value) -> None:
    with pytest.raises(VindexUnmappable):
        build(example(name)).map((value,))


@pytest.mark.parametrize("name", ["binary", "cfc"])
@pytest.mark.parametrize("value", [None, "", b""])
def test_an_empty_keyspace_id_is_none(name: str, value: Value) -> None:
    with pytest.raises(VindexUnmappable):
        build(VindexRef(name)).map((value,))


@pytest.mark.parametrize("name", ["multicol", "region_experimental", "region_json"])
@pytest.mark.parametrize("values", [(), (1,), (1, 1, 1, 1)])
def test_another_number_of_values_has_no_keyspace_id(name: str, values: tuple[Value, ...]) -> None:
    with pytest.raises(VindexUnmappable):
        build(example(name)).map(values)


def test_types_are_case_sensitive_and_the_hint_says_so() -> None:
    with pytest.raises(VindexUnknown, match="HASH") as raised:
        build(VindexRef("HASH"))
    assert raised.value.specific_hint is not None
    assert "Write hash" in raised.value.specific_hint


@pytest.mark.parametrize("name", sorted(LOOKUPS))
def test_lookups_are_refused_by_name(name: str) -> None:
    with pytest.raises(VindexUnknown, match=f"'{name}' asks a lookup table") as raised:
        build(VindexRef(name))
    assert "primary vindex" in (raised.value.specific_hint or "")


def test_costs_are_vitess_s() -> None:
    costs = {name: build(example(name)).cost for name in VINDEXES}
    assert costs == {
        "binary": 0, "binary_md5": 1, "cfc": 1, "hash": 1, "multicol": 3, "null": 100, "numeric": 0,
        "numeric_static_map": 1, "region_experimental": 1, "region_json": 1, "reverse_bits": 1,
        "unicode_loose_md5": 1, "unicode_loose_xxhash": 1, "xxhash": 1,
    }  # fmt: skip
    assert all(vindex.unique for vindex in VINDEXES.values())


def test_what_vindexes_can_beyond_map() -> None:
    found = {name: build(example(name)) for name in VINDEXES}
    assert [name for name in found if isinstance(found[name], Reversible)] == [
        "binary", "hash", "numeric", "reverse_bits",
    ]  # fmt: skip
    assert [name for name in found if isinstance(found[name], Ordered)] == ["binary", "numeric"]
    assert [name for name in found if isinstance(found[name], Prefixed)] == ["cfc", "multicol", "region_experimental"]
    assert {name for name, vindex in found.items() if not isinstance(vindex, SingleColumn)} == {
        "multicol", "region_experimental", "region_json",
    }  # fmt: skip


BAD_PARAMETERS = [
    ("cfc", {"hash": "md5"}, "needs offsets"),
    ("cfc", {"hash": "MD5", "offsets": "[1]"}, "no hash 'MD5'"),
    ("cfc", {"hash": "md5", "offsets": "[true]"}, "ascending"),
    ("cfc", {"hash": "md5", "offsets": "[1.0]"}, "not a whole number"),
    ("cfc", {"hash": "md5", "offsets": "[" * 100_000}, "not the JSON"),
    ("multicol", {}, "needs column_count"),
    ("multicol", {"column_count": "9" * 5000}, "whole number"),
    ("multicol", {"column_count": "1", "column_vindex": "multicol"}, "column_count"),
    ("multicol", {"column_count": "2", "column_vindex": "lookup"}, "lookup table"),
    ("multicol", {"column_count": "2", "column_vindex": "null"}, "null"),
    ("numeric_static_map", {}, "needs json"),
    ("numeric_static_map", {"json_path": "map.json"}, "names a file"),
    ("numeric_static_map", {"json": "{}", "json_path": "map.json"}, "one of which"),
    ("numeric_static_map", {"json": '{"1": true}'}, "whole number"),
    ("numeric_static_map", {"json": '{"1": NaN}'}, "whole number"),
    ("numeric_static_map", {"json": '{"1": 1, "01": 2}'}, "twice"),
    ("numeric_static_map", {"json": '{"\u0661": 1}'}, "whole number"),
    ("numeric_static_map", {"json": "{}", "fallback_type": "lookup_unique"}, "lookup table"),
    ("region_experimental", {}, "needs region_bytes"),
    ("region_json", {"region_bytes": "1"}, "needs region_map"),
    ("region_json", {"region_bytes": "1", "region_map": "countries.json"}, "needs region_map"),
    ("region_json", {"region_map_content": "{}"}, "whole number"),
    ("region_json", {"region_map_content": "{}", "region_bytes": "3"}, "1 or 2"),
    ("region_json", {"region_map_content": "[]", "region_bytes": "1"}, "object"),
]


@pytest.mark.parametrize(("name", "params", "what"), BAD_PARAMETERS, ids=lambda value: str(value)[:40])
def test_parameters_that_do_not_fit(name: str, params: dict[str, str], what: str) -> None:
    with pytest.raises((ConfigError, VindexUnknown), match=what):
        build(VindexRef(name, tuple(sorted(params.items()))))


def test_unknown_parameters_are_reported_and_ignored() -> None:
    ref = VindexRef("hash", (("region_bytes", "1"), ("zzz", "")))
    assert unknown_params(ref) == ("region_bytes", "zzz")
    assert build(ref).map((1,)).hex() == "166b40b44aba4bd6"
    assert unknown_params(example("region_json")) == ()


VALUES = st.one_of(
    st.none(), st.integers(-(1 << 63), (1 << 64) - 1), st.text(max_size=12), st.binary(max_size=12),
    st.sampled_from(["eu", "us", "5", " 7\t"]),
)  # fmt: skip


@given(name=st.sampled_from(sorted(VINDEXES)), values=st.tuples(VALUES, VALUES, VALUES))
def test_a_value_has_one_keyspace_id_or_none(name: str, values: tuple[Value, ...]) -> None:
    vindex = build(example(name))
    row = values[: vindex.columns]
    try:
        found = vindex.map(row)
    except VindexUnmappable:
        return
    assert found
    assert build(example(name)).map(row) == found
    if isinstance(vindex, Reversible):
        assert vindex.map((vindex.reverse_map(found),)) == found
    if isinstance(vindex, Prefixed) and vindex.columns > 1:
        assert all(vindex.prefix_range(row[:length]).contains(found) for length in range(1, vindex.columns))
    # A text and a number of the same digits are the same to a vindex.
    if isinstance(row[0], int) and row[0] >= 0:
        assert vindex.map((str(row[0]), *row[1:])) == found
