"""The vschema: from settings and from Vitess's JSON; which vindex counts and which one a name means."""

import json
import random
from typing import Any

import pytest

from connector.model.errors import (
    ConfigError,
    MissingSetting,
    RowcastError,
    RuleInvalid,
    RuleUnsupported,
    UnknownSetting,
    VindexMissing,
    VindexUnknown,
)
from connector.model.keyrange import parse_shards
from connector.model.plan import InKeyRange, VindexRef
from connector.model.table import Column, SqlType, Table
from connector.rules.evaluate import PlanEvaluator
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import ColumnVindex, VSchema
from connector.rules.vschema_json import read_vschema

TABLE = Table(
    "shop",
    "orders",
    (
        Column("id", SqlType.BIGINT),
        Column("country", SqlType.VARCHAR, collation="utf8mb4_bin", length=20),
        Column("price", SqlType.DECIMAL, length=10, scale=2),
        Column("weight", SqlType.DOUBLE),
        Column("at", SqlType.DATETIME),
    ),
    (0,),
)
REGION = {"type": "region_json", "params": {"region_bytes": "1", "region_map_content": '{"eu": 1, "us": 200}'}}


def _vitess(**whole: Any) -> VSchema:
    return read_vschema("shop", json.dumps(whole))


def _plan(filter_text: str, vschema: VSchema, shards: str = "") -> PlanEvaluator:
    rules = RuleSet(
        [Rule("orders", filter_text)], keyspace="shop", vschema=vschema, shards=parse_shards(shards) if shards else ()
    )
    plan = rules.plan(TABLE)
    assert plan is not None
    return PlanEvaluator(plan)


# Vitess's own cases of FindColVindex: the vindexes of a table, and which of them is the best.
BEST = [
    (["hash"], "hash"),
    (["lookup_unique"], None),
    (["hash", "numeric"], "numeric"),
    ([], None),
    (["lookup_unique", "null"], "null"),
    (["xxhash", "hash"], "xxhash"),
    (["hash", "xxhash", "lookup"], "hash"),
    (["null", "lookup", "unicode_loose_md5"], "unicode_loose_md5"),
    (["hash", "binary", "numeric"], "binary"),
]


@pytest.mark.parametrize(("types", "best"), BEST)
def test_the_cheapest_vindex_of_a_table_counts_and_the_first_of_equals(types: list[str], best: str | None) -> None:
    vschema = _vitess(
        sharded=True,
        vindexes={f"v_{name}": {"type": name} for name in types},
        tables={"t": {"column_vindexes": [{"column": "id", "name": f"v_{name}"} for name in types]}},
    )
    found = vschema.vindex_of("shop", "t", "shop")
    assert (found and found.vindex.type) == best
    assert vschema.vindex_of("shop", "none", "shop") is None
    assert vschema.vindex_of("other", "t", "shop") is None


DUPLICATES = VSchema.joined(
    [
        VSchema.of_keyspace("ks1", {}, {"duphash": {"type": "hash"}}),
        VSchema.of_keyspace("ks2", {}, {"duphash": {"type": "hash"}, "otherhash": {"type": "hash"}}),
    ]
)


@pytest.mark.parametrize(
    ("name", "owner"), [("otherhash", "otherhash"), ("ks1.duphash", "duphash"), ("ks2.otherhash", "otherhash")]
)
def test_a_name_is_looked_for_in_all_keyspaces(name: str, owner: str) -> None:
    assert DUPLICATES.find_vindex(name, 1) == VindexRef("hash", name=owner)


def test_what_no_keyspace_has_is_a_type() -> None:
    assert DUPLICATES.find_vindex("xxhash", 1) == VindexRef("xxhash")


@pytest.mark.parametrize(
    ("name", "columns", "error", "words"),
    [
        ("duphash", 1, RuleInvalid, "ambiguous vindex reference: duphash"),
        ("ks1.otherhash", 1, VindexUnknown, "ks1.otherhash is not in the vschema"),
        ("ks1.hash", 1, VindexUnknown, "ks1.hash is not in the vschema"),
        ("none.hash", 1, VindexUnknown, "none.hash is not in the vschema"),
        ("HASH", 1, VindexUnknown, "no vindex type 'HASH'"),
        ("", 1, VindexUnknown, "no vindex type ''"),
        (".", 1, VindexUnknown, "not in the vschema"),
        ("lookup_hash", 1, VindexUnknown, "asks a lookup table"),
        ("multicol", 1, ConfigError, "needs column_count"),
        ("region_json", 2, ConfigError, "needs region_map"),
        ("otherhash", 2, RuleInvalid, "takes 1 column, not 2"),
    ],
)
def test_a_name_that_means_no_vindex(name: str, columns: int, error: type[RowcastError], words: str) -> None:
    with pytest.raises(error, match=words) as raised:
        DUPLICATES.find_vindex(name, columns)
    assert raised.value.remedy


def test_a_named_lookup_is_refused_where_a_rule_names_it() -> None:
    vschema = _vitess(vindexes={"emails": {"type": "consistent_lookup_unique", "params": {"table": "e"}}})
    with pytest.raises(VindexUnknown, match=r"rule 'orders'.*lookup table"):
        _plan("select * from orders where in_keyrange(id, 'emails', '-80')", vschema)


def test_named_vindexes_over_several_columns_filter_and_route() -> None:
    vschema = VSchema.of_keyspace(
        "shop", {"orders": {"columns": ["id", "country"], "name": "by_region"}}, {"by_region": REGION}
    )
    rows: list[tuple[Any, ...]] = [(1, "eu", "1.00", 1.0, None), (1, "us", "1.00", 1.0, None)]
    for named in ("'by_region'", "'shop.by_region'"):
        low = _plan(f"select * from orders where in_keyrange(id, country, {named}, '-80')", vschema)
        assert [low.change(None, row) is not None for row in rows] == [True, False]
    own = _plan("80-", vschema)
    assert [own.change(None, row) is not None for row in rows] == [False, True]
    routed = _plan("", vschema, "-80,80-")
    assert [change.routes[0][0] for row in rows if (change := routed.change(None, row))] == [0, 1]


def test_plans_carry_the_parameters_and_the_name() -> None:
    vschema = VSchema.of_keyspace("shop", {}, {"by_region": REGION})
    rules = RuleSet(
        [Rule("orders", "select * from orders where in_keyrange(id, country, 'by_region', '-80')")],
        keyspace="shop",
        vschema=vschema,
    )
    plan = rules.plan(TABLE)
    assert plan is not None
    (opcode,) = plan.predicate
    assert isinstance(opcode, InKeyRange)
    assert (opcode.columns, opcode.vindex.name, opcode.vindex.type) == ((0, 1), "by_region", "region_json")
    assert dict(opcode.vindex.params) == REGION["params"]


@pytest.mark.parametrize(
    ("columns", "vindex", "error"),
    [
        ("id, id", "hash", RuleInvalid),
        ("id", "by_region", RuleInvalid),
        ("weight", "xxhash", RuleUnsupported),
        ("price", "numeric", RuleUnsupported),
        ("at", "hash", RuleUnsupported),
        ("price, country", "by_region", RuleUnsupported),
    ],
)
def test_columns_that_do_not_suit_the_vindex(columns: str, vindex: str, error: type[RowcastError]) -> None:
    vschema = VSchema.of_keyspace("shop", {}, {"by_region": REGION})
    with pytest.raises(error, match="rule 'orders'"):
        _plan(f"select * from orders where in_keyrange({columns}, '{vindex}', '-80')", vschema)


@pytest.mark.parametrize(
    "accepted",
    ["in_keyrange(weight, 'null', '-80')", "in_keyrange(price, 'xxhash', '-')", "in_keyrange(at, 'cfc', '-')"],
)
def test_columns_that_suit_the_vindex(accepted: str) -> None:
    row = (1, "eu", "1.50", 1.0, "2024-01-31 00:00:00")
    assert _plan(f"select * from orders where {accepted}", VSchema()).change(None, row) is not None


def test_vitess_s_vschema() -> None:
    vschema = _vitess(
        sharded=True,
        require_explicit_routing=False,
        vindexes={
            "hash": {"type": "hash"},
            "emails": {"type": "consistent_lookup_unique", "params": {"table": "e"}, "owner": "customer"},
            "static": {"type": "numeric_static_map", "params": {"json": "{}", "colour": "red"}},
        },
        tables={
            "customer": {
                "columnVindexes": [{"column": "email", "name": "emails"}, {"columns": ["id"], "name": "hash"}],
                "auto_increment": {"column": "id", "sequence": "customer_seq"},
            },
            "country": {"type": "reference", "source": "main.country"},
            "customer_seq": {"type": "sequence"},
            "bare": {},
            "newer": {"column_vindexes": [], "shape": "round"},
        },
    )
    assert vschema.vindex_of("shop", "customer", "shop") == ColumnVindex(("id",), VindexRef("hash", name="hash"))
    assert all(vschema.vindex_of("shop", table, "shop") is None for table in ("country", "customer_seq", "bare"))
    assert vschema.remarks == (
        "table newer: 'shape' is not read",
        "vindex shop.static: numeric_static_map knows no parameter colour",
    )
    with pytest.raises(VindexMissing):
        RuleSet([Rule("country", "-80")], keyspace="shop", vschema=vschema).plan(
            Table("shop", "country", TABLE.columns)
        )


BAD_JSON = [
    ("{", ConfigError, "not JSON"),
    ("[" * 100_000, ConfigError, "not JSON"),
    ("[]", ConfigError, "must be a JSON object"),
    ('{"vindexes": [1]}', ConfigError, "vindexes must be"),
    ('{"vindexes": {"x": {"type": "nope"}}}', VindexUnknown, "no vindex type 'nope'"),
    ('{"vindexes": {"x": {}}}', MissingSetting, "vindex shop.x: type is missing"),
    ('{"vindexes": {"x": {"type": "multicol"}}}', ConfigError, "column_count"),
    ('{"vindexes": {"x": {"type": "hash", "params": 1}}}', ConfigError, "params"),
    ('{"tables": {"t": {"type": "view"}}}', ConfigError, "'view'"),
    ('{"tables": {"t": {"column_vindexes": "x"}}}', ConfigError, "is a list"),
    ('{"tables": {"t": {"column_vindexes": [{"column": "id", "name": "hash"}]}}}', VindexUnknown, "no vindex 'hash'"),
    ('{"tables": {"t": {"column_vindexes": [{"column": "id", "name": {}}]}}}', VindexUnknown, "no vindex ''"),
    ('{"tables": {"t": {"column_vindexes": [{"column": "id", "name": [1]}]}}}', ConfigError, "is text"),
    ('{"tables": {"t": {"column_vindexes": [{"name": "hash"}]}}}', MissingSetting, "column or columns"),
    (
        '{"vindexes":{"h":{"type":"hash"}},"tables":{"t":{"column_vindexes":[{"columns":["a","b"],"name":"h"}]}}}',
        ConfigError,
        "takes 1 column, not 2",
    ),
]


@pytest.mark.parametrize(("text", "error", "words"), BAD_JSON, ids=[case[0][:50] for case in BAD_JSON])
def test_json_that_is_no_vschema(text: str, error: type[RowcastError], words: str) -> None:
    with pytest.raises(error, match=words) as raised:
        read_vschema("shop", text)
    assert raised.value.what.startswith("the vschema of shop")


@pytest.mark.parametrize("text", ["{}", '{"vindexes": []}', '{"tables": null, "vindexes": {}}'])
def test_empty_json_is_an_empty_vschema(text: str) -> None:
    assert read_vschema("shop", text) == VSchema({}, {"shop": {}})


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"column": "id", "type": "lookup"}, VindexUnknown),
        ({"column": "id", "name": "gone"}, VindexUnknown),
        ({"column": "id", "name": "h", "type": "hash"}, ConfigError),
        ({"column": "id", "name": "h", "params": {"a": "b"}}, ConfigError),
        ({"columns": ["id", "x"], "name": "h"}, ConfigError),
        ({"columns": ["id"], "name": "h", "kind": 1}, UnknownSetting),
    ],
)
def test_entries_that_are_refused(entry: dict[str, object], error: type[RowcastError]) -> None:
    with pytest.raises(error, match=r"vschema of table shop\.t"):
        VSchema.of_keyspace("shop", {"t": entry}, {"h": {"type": "hash"}})


def test_malformed_vschemas_raise_typed_errors_only() -> None:
    """Two thousand vschemas, each with one part of a good one replaced by something else."""
    choose = random.Random(random.randrange(1 << 32))  # pytest-randomly prints the seed behind it
    good = {
        "sharded": True,
        "vindexes": {"a": REGION, "b": {"type": "multicol", "params": {"column_count": "2", "column_bytes": "1,7"}}},
        "tables": {"t": {"column_vindexes": [{"columns": ["x", "y"], "name": "a"}]}, "u": {"type": "reference"}},
    }
    junk: list[Any] = [None, True, -1, 1.5, "", "hash", "[1]", "9" * 5000, [], [None], {}, {"type": 1}, {"": {}}]
    refused: list[str] = []
    for _ in range(2000):
        whole = json.loads(json.dumps(good))
        part: Any = whole
        while True:
            key = choose.choice(list(part) if isinstance(part, dict) else list(range(len(part))))
            if isinstance(part[key], dict | list) and part[key] and choose.random() < 0.8:
                part = part[key]
                continue
            part[key] = choose.choice(junk)
            break
        try:
            read_vschema("shop", json.dumps(whole))
        except RowcastError as error:
            refused.append(error.what)
    assert len(refused) > 300
    assert all(what.startswith("the vschema of shop") for what in refused)
