"""Which shard a row goes to: key ranges part the space, and every row that has a keyspace id is in one of them."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import VindexUnmappable
from connector.model.keyrange import KeyRange, parse_shards
from connector.model.table import Column, SqlType, Table, Value
from connector.rules.evaluate import PlanEvaluator
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema

TABLE = Table("shop", "t", (Column("id", SqlType.BIGINT), Column("name", SqlType.VARBINARY, length=20)), (0,))
VINDEXES = ["binary", "binary_md5", "cfc", "hash", "null", "numeric", "reverse_bits", "unicode_loose_xxhash", "xxhash"]

LIMITS = st.lists(st.binary(min_size=1, max_size=3), max_size=12).map(
    lambda limits: sorted({limit.rstrip(b"\0") for limit in limits} - {b""})
)


def shards_between(limits: list[bytes]) -> tuple[KeyRange, ...]:
    return tuple(KeyRange(low, high) for low, high in zip([b"", *limits], [*limits, b""], strict=True))


def equal_shards(count: int) -> tuple[KeyRange, ...]:
    return shards_between([(65536 * number // count).to_bytes(2, "big").rstrip(b"\0") for number in range(1, count)])


def evaluator(vindex: str, shards: tuple[KeyRange, ...], filter_text: str = "") -> PlanEvaluator:
    vschema = VSchema.of({"t": {"column": "name" if vindex in ("binary", "cfc") else "id", "type": vindex}})
    plan = RuleSet([Rule("t", filter_text)], keyspace="shop", vschema=vschema, shards=shards).plan(TABLE)
    assert plan is not None
    return PlanEvaluator(plan)


@given(limits=LIMITS, keyspace_id=st.binary(min_size=1, max_size=5))
def test_key_ranges_part_the_space(limits: list[bytes], keyspace_id: bytes) -> None:
    shards = shards_between(limits)
    assert sum(shard.contains(keyspace_id) for shard in shards) == 1
    assert sum(shard.contains(keyspace_id + b"\0") for shard in shards) == 1
    assert parse_shards(",".join(map(str, reversed(shards)))) == shards


@given(
    vindex=st.sampled_from(VINDEXES),
    limits=LIMITS,
    value=st.tuples(st.integers(-(1 << 63), (1 << 63) - 1), st.one_of(st.none(), st.binary(max_size=6))),
)
def test_a_mapped_row_is_in_exactly_one_shard(
    vindex: str, limits: list[bytes], value: tuple[int, bytes | None]
) -> None:
    shards = shards_between(limits)
    row: tuple[Value, ...] = value
    filters = [evaluator(vindex, (), str(shard)) for shard in shards]
    if len(shards) == 1:
        return
    try:
        change = evaluator(vindex, shards).change(None, row)
    except VindexUnmappable:
        for each in filters:
            with pytest.raises(VindexUnmappable):
                each.change(None, row)
        return
    assert change is not None
    ((partition, before, after),) = change.routes
    assert (before, after) == (None, row)
    # A filter by one shard's range and routing to all of them are two ways to the same end.
    assert [each.change(None, row) is not None for each in filters] == [
        number == partition for number in range(len(shards))
    ]


def test_an_unmappable_row_names_table_and_vindex() -> None:
    with pytest.raises(VindexUnmappable) as raised:
        evaluator("numeric", equal_shards(4)).change(None, (-1, b"x"))
    assert raised.value.context == {"table": "shop.t", "vindex": "numeric"}


@pytest.mark.parametrize("count", [2, 3, 16, 1024])
def test_equal_shards_are_filled_alike(count: int) -> None:
    routed = evaluator("hash", equal_shards(count))
    rows = 64 * count
    counts = [0] * count
    for row_id in range(rows):
        change = routed.change(None, (row_id, None))
        assert change is not None
        counts[change.routes[0][0]] += 1
    assert sum(counts) == rows
    assert min(counts) > 20
    assert max(counts) < 120


def test_the_cost_of_routing_does_not_grow_with_the_shards() -> None:
    few, many = (_microseconds(evaluator("hash", equal_shards(count)).change) for count in (2, 1024))
    # Ten steps of a binary search more: some tenths of a microsecond beside a DES. The least of many short runs counts.
    assert many < few * 1.3, (few, many)


def _microseconds(change: Callable[[None, tuple[Value, ...]], object]) -> float:
    rows = [(number * 7919, None) for number in range(200)]
    best = float("inf")
    for _ in range(60):
        start = time.perf_counter()
        for row in rows:
            change(None, row)
        best = min(best, time.perf_counter() - start)
    return best / len(rows) * 1e6
