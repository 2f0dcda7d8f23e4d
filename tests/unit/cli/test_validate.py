"""What the file alone shows beyond single settings: shards, prefixes, rules, vindexes."""

import copy
from typing import Any

import pytest

from connector.cli.validate import rule_set, rules_of, validate
from connector.config import build
from connector.model.errors import (
    ConfigError,
    KafkaConfigInvalid,
    MissingSetting,
    RowcastError,
    RuleInvalid,
    RuleUnsupported,
    VindexUnknown,
)
from tests.unit.config.test_loading import SHOP


def shop(**settings: Any) -> dict[str, Any]:
    data = copy.deepcopy(SHOP)
    data["connectors"]["shop"] |= {name.replace("__", "."): value for name, value in settings.items()}
    return data


def refused(data: dict[str, Any]) -> RowcastError:
    settings = build(data, "f")
    with pytest.raises(RowcastError) as caught:
        validate(settings)
    assert caught.value.exit_status == 2
    return caught.value


def test_the_documented_file_is_valid() -> None:
    validate(build(SHOP, "f"))


def test_shards_of_sink_and_source_must_be_the_same() -> None:
    error = refused(shop(target__shards="-40,40-"))
    assert error.what == "connectors.split.shards are -80,80-, but connectors.shop.target.shards are -40,40-"


def test_sink_of_another_file_s_stream_may_have_any_shards() -> None:
    data = shop(target__shards="-40,40-")
    data["connectors"]["split"]["streams"] = ["elsewhere.shop.0"]
    validate(build(data, "f"))


def test_sink_shards_must_cover_everything() -> None:
    data = shop()
    del data["connectors"]["split"]["shards"]["80-"]
    error = refused(data)
    assert isinstance(error, ConfigError)
    assert "connectors.split.shards leave key ranges without a target" in error.what


def test_prefixes_must_differ() -> None:
    data = shop()
    data["connectors"]["other"] = data["connectors"]["shop"] | {"keyspace": "crm"}
    assert "connectors.shop and connectors.other have the same topic.prefix 'shop'" in refused(data).what


def test_stream_topics_must_differ() -> None:
    data = shop(workflow="w")
    data["connectors"]["other"] = data["connectors"]["shop"] | {"topic.prefix": "p2"}
    assert "connectors.shop and connectors.other have the same stream topic 'w.shop.0'" in refused(data).what


def test_exactly_named_table_needs_a_vindex_when_there_are_shards() -> None:
    data = shop()
    del data["vschema"]
    error = refused(data)
    assert isinstance(error, MissingSetting)
    assert error.what.startswith("vschema.shop.customer is missing: connectors.shop.target.shards has 2 key ranges")
    del data["connectors"]["shop"]["target.shards"]
    del data["connectors"]["split"]
    validate(build(data, "f"))


RULES = [
    ([{"match": "customer", "filter": "select id from customer where a = 1 || b = 2"}], RuleUnsupported, "OR"),
    ([{"match": "customer", "filter": "select count(*) from customer"}], RuleUnsupported, "customer"),
    ([{"match": "customer", "filter": "selec id"}], RowcastError, "customer"),
    ([{"match": "/[/"}], RuleInvalid, "regular expression"),
    ([{"match": "customer", "filter": "select id from customer where in_keyrange(id, 'md5x', '-80')"}], VindexUnknown,
     "md5x"),
    ([{"match": "mysql.user"}], RuleInvalid, "never streamed"),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "kind", "part"), RULES, ids=[str(case[0][0])[:70] for case in RULES])
def test_rules_are_parsed(rules: list[dict[str, str]], kind: type[RowcastError], part: str) -> None:
    error = refused(shop(rules=rules))
    assert isinstance(error, kind)
    assert error.what.startswith("connectors.shop.rules: ")
    assert part in error.what


def test_unknown_vindex_of_the_vschema() -> None:
    data = shop()
    data["vschema"]["shop"]["customer"]["type"] = "md5x"
    error = refused(data)
    assert isinstance(error, VindexUnknown)
    assert error.what.startswith("vschema: ")


def test_kafka_names_that_are_rowcast_s_own() -> None:
    data = shop()
    data["kafka"]["transactional.id"] = "x"
    assert isinstance(refused(data), KafkaConfigInvalid)


def test_keyspace_is_needed_to_know_the_tables() -> None:
    data = shop(topic__mode="table", rules=[{"match": "customer"}])
    del data["connectors"]["shop"]["keyspace"]
    assert refused(data).what == "connectors.shop.keyspace is missing"
    data["connectors"]["shop"]["rules"] = [{"match": "shop.customer"}]
    validate(build(data, "f"))


def test_include_and_exclude_lists_become_rules() -> None:
    def accepted(**lists: Any) -> set[str]:
        data = shop(rules=[], target__shards="-", **lists)
        del data["connectors"]["split"]
        settings = build(data, "f")
        validate(settings)
        rules = rule_set(settings, "shop")
        return {table for table in ("customer", "orders", "orders_old", "item") if rules.rule_for("shop", table)}

    assert accepted() == {"customer", "orders", "orders_old", "item"}
    assert accepted(table__include__list="shop.orders, shop\\.item") == {"orders", "item"}
    assert accepted(table__include__list=["shop\\.orders.*"]) == {"orders", "orders_old"}
    assert accepted(table__exclude__list="shop\\.orders.*") == {"customer", "item"}


def test_lists_for_other_databases_are_refused() -> None:
    error = refused(shop(rules=[], table__include__list="crm\\.a"))
    assert error.what == "connectors.shop.table.include.list has an expression for tables outside the keyspace"


def test_without_rules_and_lists_everything_is_streamed() -> None:
    settings = build(shop(rules=[]), "f")
    assert [rule.match for rule in rules_of(settings.sources["shop"], "shop")] == ["/.*/"]
