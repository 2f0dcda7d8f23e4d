"""From settings to the vschema that rules are planned with."""

import json
from typing import Any

from connector.cli.validate import remarks, rule_set, validate, vschema_of
from connector.config import build, effective
from connector.model.errors import ConfigError, VindexUnknown
from connector.model.table import Column, SqlType, Table
from tests.unit.cli.test_validate import refused, shop

CUSTOMER = Table("shop", "customer", (Column("id", SqlType.BIGINT), Column("country", SqlType.VARCHAR)), (0,))
REGION = {"type": "region_json", "params": {"region_map_content": '{"eu": 1}', "region_bytes": 1}}
VITESS = {
    "sharded": True,
    "vindexes": {"num": {"type": "numeric", "params": {"speed": "high"}}, "emails": {"type": "lookup_unique"}},
    "tables": {"customer": {"column_vindexes": [{"column": "id", "name": "num"}, {"column": "id", "name": "emails"}]}},
}


def _routing(data: dict[str, Any]) -> tuple[str, tuple[int, ...]]:
    settings = build(data, "f")
    validate(settings)
    plan = rule_set(settings, "shop").plan(CUSTOMER)
    assert plan is not None
    assert plan.routing is not None
    return plan.routing.vindex.type, plan.routing.columns


def test_vitess_s_json_in_place_of_tables() -> None:
    data = shop()
    data["vschema"]["shop"] = json.dumps(VITESS)
    assert _routing(data) == ("numeric", (0,))
    (remark,) = remarks(build(data, "f"))
    assert (remark.severity, remark.where) == ("warning", "vschema")
    assert remark.what == "vindex shop.num: numeric knows no parameter speed"
    assert "lookup_unique" in json.dumps(effective(build(data, "f")))


def test_the_best_of_several_vindexes() -> None:
    data = shop()
    data["vschema"]["shop"]["customer"] = [{"column": "id", "type": kind} for kind in ("hash", "binary", "numeric")]
    assert _routing(data) == ("binary", (0,))
    assert list(remarks(build(data, "f"))) == []


def test_a_named_vindex_of_several_columns_in_a_table_and_in_a_rule() -> None:
    data = shop(
        rules=[
            {"match": "customer", "filter": "select * from customer where in_keyrange(id, country, 'region', '-80')"}
        ]
    )
    data["vindexes"] = {"shop": {"region": REGION}}
    data["vschema"]["shop"]["customer"] = {"columns": ["id", "country"], "name": "region"}
    assert _routing(data) == ("region_json", (0, 1))
    data["vindexes"]["other"] = {"region": REGION}
    error = refused(data)
    assert "ambiguous vindex reference: region" in error.what
    assert error.remedy == "Write one of other.region, shop.region."


def test_vindexes_beside_vitess_s_json() -> None:
    data = shop()
    data["vschema"]["shop"] = json.dumps(VITESS)
    data["vindexes"] = {"shop": {"region": REGION}}
    vschema = vschema_of(build(data, "f"))
    assert vschema.find_vindex("region", 2).type == "region_json"
    assert vschema.find_vindex("shop.num", 1).type == "numeric"


def test_vschemas_that_are_refused() -> None:
    data = shop()
    data["vschema"]["shop"]["customer"] = {"column": "id", "type": "lookup_hash"}
    error = refused(data)
    assert isinstance(error, VindexUnknown)
    assert "vschema of table shop.customer" in error.what
    assert "primary vindex" in error.remedy
    data["vschema"]["shop"] = "{"
    error = refused(data)
    assert isinstance(error, ConfigError)
    assert error.what.startswith("vschema: the vschema of shop is not JSON")
