"""connector.rules.ruleset: which rule a table has, what is refused when rules are read and when a table is planned."""

import gzip
import json
from pathlib import Path

import pytest

from connector.model.errors import (
    ConfigError,
    KeyRangeInvalid,
    MissingSetting,
    RowcastError,
    RuleColumnUnknown,
    RuleInvalid,
    RuleUnsupported,
    UnknownSetting,
    VindexMissing,
    VindexUnknown,
)
from connector.model.keyrange import KeyRange, parse_shards
from connector.model.plan import And, Compare, Comparison, InKeyRange, Routing, VindexRef
from connector.model.table import Column, SqlType, Table
from connector.rules.internal import is_internal_table
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema

VSCHEMA = VSchema.of({"t": {"column": "id", "type": "hash"}})
TABLE = Table(
    "shop",
    "t",
    (
        Column("id", SqlType.BIGINT, nullable=False),
        Column("name", SqlType.VARCHAR, collation="utf8mb4_0900_ai_ci"),
        Column("price", SqlType.DOUBLE),
        Column("document", SqlType.JSON),
    ),
    primary_key=(0,),
)
INTERNAL = Path(__file__).parents[2] / "vectors" / "internal_tables.jsonl.gz"


def _rules(*rules: tuple[str, str], shards: str = "", vschema: VSchema = VSCHEMA) -> RuleSet:
    ranges = parse_shards(shards) if shards else ()
    return RuleSet([Rule(*rule) for rule in rules], keyspace="shop", vschema=vschema, shards=ranges)


# ---- matching -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("match", "database", "table", "matches"),
    [
        ("t", "shop", "t", True),
        ("t", "shop", "T", False),
        ("t", "other", "t", False),
        ("other.t", "other", "t", True),
        ("other.t", "shop", "t", False),
        ("/foo", "shop", "barfoo", True),
        ("/^foo/", "shop", "barfoo", False),
        ("/foo$/", "shop", "barfoo", True),
        ("/", "shop", "anything", True),
        ("//", "shop", "anything", True),
        ("/.*/", "other", "t", False),
        ("/(?i)FOO/", "shop", "barfoo", True),
        (r"/^\w+$/", "shop", "é", False),
        ("/.*/", "shop", "_customer_old", False),
        ("/.*/", "shop", "_vt_hld_6ace8bcef73211ea87e9f875a4d24e90_20200915120410_", False),
    ],
)
def test_match(match: str, database: str, table: str, matches: bool) -> None:
    found = _rules((match, "")).rule_for(database, table)
    assert found == (Rule(match, "") if matches else None)


@pytest.mark.parametrize("database", ["_vt", "mysql", "MySQL", "sys", "information_schema", "performance_schema"])
def test_system_databases_never_match(database: str) -> None:
    rules = RuleSet([Rule("/.*/")], keyspace=database, vschema=VSchema())
    assert rules.rule_for(database, "t") is None


def test_the_first_matching_rule_wins() -> None:
    rules = _rules(("/^o/", ""), ("orders", "-80"), ("/.*/", "exclude"))
    assert rules.rule_for("shop", "orders") == Rule("/^o/", "")
    assert rules.rule_for("shop", "customer") is None


def test_an_excluded_table_has_no_rule_even_when_a_later_one_matches() -> None:
    rules = _rules(("t", "exclude"), ("/.*/", ""))
    assert rules.rule_for("shop", "t") is None
    assert rules.plan(TABLE) is None
    assert rules.exact_tables() == []
    assert rules.rule_for("shop", "u") is not None


def test_exact_tables() -> None:
    assert _rules(("t", ""), ("/x/", ""), ("other.u", "")).exact_tables() == [("shop", "t"), ("other", "u")]


def test_internal_tables_are_those_of_vitess() -> None:
    cases = [json.loads(line) for line in gzip.decompress(INTERNAL.read_bytes()).splitlines()]
    assert len(cases) > 20
    for case in cases:
        assert is_internal_table(case["input"]["name"]) == case["expected"], case


# ---- what the rules alone show --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("match", "filter_text", "error", "words"),
    [
        ("", "", RuleInvalid, "match is empty"),
        ("db.", "", RuleInvalid, "match is empty"),
        ("mysql.user", "", RuleInvalid, "never streamed"),
        ("_customer_old", "", RuleInvalid, "never streamed"),
        ("/(/", "", RuleInvalid, "regular expression"),
        ("/(?=x)/", "", RuleInvalid, "RE2"),
        ("/(x)\\1/", "", RuleInvalid, "RE2"),
        ("/[[:alpha:]]/", "", RuleInvalid, "RE2"),
        ("/t/", "select * from t", RuleUnsupported, "empty filter or one key range"),
        ("/t/", "80", KeyRangeInvalid, "no dash"),
        ("/t/", "-80-", KeyRangeInvalid, "one key range"),
        ("t", "-80-c0", KeyRangeInvalid, "one key range"),
        ("t", "select * from u", RuleUnsupported, "reads from u"),
        ("t", "select * from other.t", RuleUnsupported, r"reads from other\.t"),
        ("other.t", "select * from shop.t", RuleUnsupported, r"reads from shop\.t"),
        ("t", "select * from t where in_keyrange(id, 'md5', '-80')", VindexUnknown, "md5"),
        ("t", "select * from t where in_keyrange(id, 'hash', '80')", KeyRangeInvalid, "80"),
        ("t", "select * from t where in_keyrange(id, 'hash', 80)", KeyRangeInvalid, "quoted"),
        ("t", "select * from t where in_keyrange(id, '-80')", RuleInvalid, "2 arguments"),
        ("t", "select * from t where in_keyrange()", RuleInvalid, "0 arguments"),
        ("t", "select * from t where in_keyrange(id, name, 'hash', '-80')", RuleInvalid, "takes 1 column"),
        ("t", "select * from t where in_keyrange(id, hash, '-80')", RuleInvalid, "the vindex as quoted text"),
        ("t", "select * from t where in_keyrange(1, 'hash', '-80')", RuleUnsupported, "a literal in this place"),
    ],
)
def test_refused_when_read(match: str, filter_text: str, error: type[RowcastError], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        _rules((match, filter_text))
    assert f"rule {match!r}" in caught.value.what


def test_shards_have_to_cover_everything() -> None:
    with pytest.raises(KeyRangeInvalid):
        RuleSet([], keyspace="shop", vschema=VSchema(), shards=(KeyRange(b"", b"\x80"),))


# ---- plans ----------------------------------------------------------------------------------------------------------
def test_an_empty_filter_is_everything() -> None:
    plan = _rules(("t", "")).plan(TABLE)
    assert plan is not None
    assert (plan.output, plan.predicate, plan.projection, plan.routing) == (TABLE, (), (0, 1, 2, 3), None)


@pytest.mark.parametrize("match", ["t", "shop.t", "/t/"])
def test_a_bare_key_range_uses_the_tables_vindex(match: str) -> None:
    plan = _rules((match, "-80")).plan(TABLE)
    assert plan is not None
    assert plan.predicate == (InKeyRange((0,), VindexRef("hash"), KeyRange.parse("-80")),)


def test_projection_and_key() -> None:
    plan = _rules(("t", "select NAME, id from t where id between 1 and 5 and in_keyrange(name, 'xxhash', '80-')")).plan(
        TABLE
    )
    assert plan is not None
    assert [column.name for column in plan.output.columns] == ["name", "id"]
    assert (plan.output.primary_key, plan.projection) == ((1,), (1, 0))
    assert plan.predicate == (
        Compare(0, Comparison.GE, 1),
        Compare(0, Comparison.LE, 5),
        InKeyRange((1,), VindexRef("xxhash"), KeyRange.parse("80-")),
        And(3),
    )


def test_without_all_of_its_columns_there_is_no_key() -> None:
    plan = _rules(("t", "select name from t")).plan(TABLE)
    assert plan is not None
    assert plan.output.primary_key == ()


def test_no_rule_no_plan() -> None:
    assert _rules(("u", "")).plan(TABLE) is None


def test_routing_needs_more_than_one_shard() -> None:
    one = _rules(("t", ""), shards="-").plan(TABLE)
    two = _rules(("t", ""), shards="-80,80-").plan(TABLE)
    assert one is not None
    assert two is not None
    assert one.routing is None
    assert two.routing == Routing((0,), VindexRef("hash"), parse_shards("-80,80-"))


@pytest.mark.parametrize(
    ("filter_text", "shards", "error"),
    [
        ("select nothing from t", "", RuleColumnUnknown),
        ("select id from t where nothing = 1", "", RuleColumnUnknown),
        ("select id from t where nothing is null", "", RuleColumnUnknown),
        ("select * from t where in_keyrange(nothing, 'hash', '-80')", "", RuleColumnUnknown),
        ("select id, ID from t", "", RuleInvalid),
        ("select * from t where document < 'x'", "", RuleUnsupported),
        ("select * from t where document between 1 and 2", "", RuleUnsupported),
        ("select * from t where name + 1 in (1, 'x')", "", RuleUnsupported),
        ("select soundex(name) as s from t", "", RuleUnsupported),
        ("select id, count(*) as n from t group by id", "", RuleUnsupported),
        ("select * from t where in_keyrange(price, 'hash', '-80')", "", RuleUnsupported),
        ("select * from t where in_keyrange('-80')", "", VindexMissing),
        ("-80", "", VindexMissing),
        ("", "-80,80-", VindexMissing),
    ],
)
def test_refused_when_planned(filter_text: str, shards: str, error: type[RowcastError]) -> None:
    rules = _rules(("t", filter_text), shards=shards, vschema=VSchema())
    with pytest.raises(error, match="rule 't'"):
        rules.plan(TABLE)


def test_a_vindex_over_a_missing_column() -> None:
    vschema = VSchema.of({"t": {"columns": ["gone"], "type": "hash"}})
    with pytest.raises(RuleColumnUnknown, match="gone"):
        _rules(("t", ""), shards="-80,80-", vschema=vschema).plan(TABLE)


def test_the_vschema_names_tables_outside_the_keyspace_with_their_database() -> None:
    elsewhere = Table("other", TABLE.name, TABLE.columns, TABLE.primary_key)
    with pytest.raises(VindexMissing):
        _rules(("other.t", "-80")).plan(elsewhere)
    vschema = VSchema.of({"other.t": {"column": "id", "type": "binary"}})
    plan = _rules(("other.t", "-80"), vschema=vschema).plan(elsewhere)
    assert plan is not None
    assert plan.predicate == (InKeyRange((0,), VindexRef("binary"), KeyRange.parse("-80")),)


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ({"column": "id", "type": "md5"}, VindexUnknown),
        ({"column": "id"}, MissingSetting),
        ({"type": "hash"}, MissingSetting),
        ({"column": "id", "columns": ["id"], "type": "hash"}, MissingSetting),
        ({"columns": ["a", "b"], "type": "hash"}, ConfigError),
        ({"columns": [], "type": "hash"}, ConfigError),
        ({"column": 1, "type": "hash"}, ConfigError),
        ({"column": "id", "type": "hash", "params": "x"}, ConfigError),
        ({"column": "id", "type": "hash", "colum": "id"}, UnknownSetting),
    ],
)
def test_bad_vschema(entry: dict[str, object], error: type[RowcastError]) -> None:
    with pytest.raises(error, match="t"):
        VSchema.of({"t": entry})


def test_vschema_params_are_kept_sorted() -> None:
    vschema = VSchema.of({"t": {"column": "id", "type": "hash", "params": {"b": 2, "a": "1"}}})
    found = vschema.vindex_of("shop", "t", "shop")
    assert found is not None
    assert found.vindex == VindexRef("hash", (("a", "1"), ("b", "2")))
