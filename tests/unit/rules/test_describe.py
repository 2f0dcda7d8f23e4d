"""connector.rules.describe: the stable names of `rowcast plan --json`, and its text."""

import json

from connector.model.keyrange import parse_shards
from connector.model.plan import Plan
from connector.model.table import Column, SqlType, Table
from connector.rules.describe import describe, render
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema

TABLE = Table(
    "shop",
    "customer",
    (
        Column("id", SqlType.BIGINT, nullable=False),
        Column("name", SqlType.VARCHAR, collation="utf8mb4_bin"),
        Column("photo", SqlType.BLOB),
    ),
    primary_key=(0,),
)
FILTER = (
    "select name, id from customer where id >= 5 and name in ('it''s', null) and photo != x'00ff' "
    "and name is not null and photo is not null and in_keyrange('-80')"
)


def _plan(filter_text: str, shards: str = "") -> Plan:
    rules = RuleSet(
        [Rule("customer", filter_text)],
        keyspace="shop",
        vschema=VSchema.of({"customer": {"column": "id", "type": "hash"}}),
        shards=parse_shards(shards) if shards else (),
    )
    plan = rules.plan(TABLE)
    assert plan is not None
    return plan


def test_describe() -> None:
    facts = describe(_plan(FILTER, "-80,80-"))
    assert json.loads(json.dumps(facts)) == {
        "version": 2,
        "rule": "customer",
        "filter": FILTER,
        "table": "shop.customer",
        "columns": ["name", "id"],
        "columns_read": ["id", "name", "photo"],
        "expressions": [],
        "primary_key": ["id"],
        "understood": "id >= 5 AND name IN ('it''s', NULL) AND photo != x'00ff' AND name IS NOT NULL "
        "AND photo IS NOT NULL AND in_keyrange(hash(id), '-80')",
        "predicate": [
            "compare id >= 5",
            "in name ('it''s', NULL)",
            "compare photo != x'00ff'",
            "is not null name",
            "is not null photo",
            "in_keyrange hash(id) -80",
            "and 6",
        ],
        "on_filter_change": "split",
        "key_range": "-80",
        "vindex": "hash(id)",
        "routing": {"vindex": "hash(id)", "shards": ["-80", "80-"]},
        "evaluated": {
            "copy_select": [],
            "source": [
                "id >= 5",
                "name IN ('it''s', NULL)",
                "photo != x'00ff'",
                "name IS NOT NULL",
                "photo IS NOT NULL",
                "in_keyrange(hash(id), '-80')",
            ],
            "target": [],
        },
        "target": None,
    }


def test_what_is_not_there_is_none() -> None:
    facts = describe(_plan("select name from customer where name is null"))
    assert (facts["key_range"], facts["vindex"], facts["routing"], facts["primary_key"]) == (None, None, None, [])
    assert facts["predicate"] == ["is null name"]


def test_render() -> None:
    assert render(_plan("")) == (
        "shop.customer  (rule 'customer': everything)\n"
        "  columns      id, name, photo\n"
        "  reads        id, name, photo\n"
        "  primary key  id\n"
        "  predicate    every row\n"
        "  routing      partition 0"
    )
    assert render(_plan("select name from customer where id < 2 and id > 0", "-80,80-")) == (
        "shop.customer  (rule 'customer': select name from customer where id < 2 and id > 0)\n"
        "  columns      name\n"
        "  reads        id, name\n"
        "  primary key  not selected\n"
        "  predicate    id < 2\n"
        "    and        id > 0\n"
        "  on change    split\n"
        "  routing      hash(id) -> -80, 80-"
    )
