"""`rowcast plan` against a real server: stable names of --json, --explain-row, what is left to a target."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FreshDatabase
from tools.stack import MySqlServer

ROWCAST = Path(sys.executable).with_name("rowcast")
FILTER = "select id, price * 2 as twice, name from t where price > 5 and (name = 'x' or id = 7)"
NAMES = {
    "connector", "version", "rule", "filter", "table", "columns", "columns_read", "expressions", "primary_key",
    "understood", "predicate", "on_filter_change", "key_range", "vindex", "routing", "evaluated", "target", "topics",
    "subjects", "statements", "explanation",
}  # fmt: skip


def _rowcast(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(ROWCAST), "plan", *argv], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def database(mysql_source: MySqlServer, fresh_database: FreshDatabase) -> str:
    name = fresh_database(mysql_source)
    mysql_source.execute("create table t (id bigint primary key, price decimal(10,2), name varchar(20))", name)
    mysql_source.execute("create table u (id bigint primary key)", name)
    return name


def _file(folder: Path, server: MySqlServer, database: str, sql: str, mode: str = "both") -> str:
    path = folder / "shop.toml"
    path.write_text(
        f"""
"group.id" = "{database}"
[kafka]
"bootstrap.servers" = "127.0.0.1:1"
[connectors.shop]
"connector.class" = "rowcast.MySqlSource"
"database.hostname" = "{server.host}"
"database.port" = {server.port}
"database.user" = "{server.user}"
"database.password" = "{server.password}"
"topic.prefix" = "shop"
"topic.mode" = "{mode}"
"keyspace" = "{database}"
rules = [{{ match = "t", filter = {json.dumps(sql)}, on_filter_change = "vitess" }}, {{ match = "u" }}]
""",
        encoding="utf-8",
    )
    return str(path)


def _json(*argv: str) -> list[dict[str, Any]]:
    done = _rowcast(*argv, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_json_has_the_documented_names(tmp_path: Path, mysql_source: MySqlServer, database: str) -> None:
    file = _file(tmp_path, mysql_source, database, FILTER)
    (facts,) = _json(file, "--table", "t", "--explain-row", '{"id": 7, "price": "2.50"}')
    assert set(facts) == NAMES
    page = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in NAMES)
    assert facts["columns_read"] == ["id", "price", "name"]
    assert facts["expressions"][0]["type"] == "DECIMAL(11,2)"
    assert facts["on_filter_change"] == "vitess"
    assert facts["evaluated"]["source"] == ["price > 5", "name = 'x' OR id = 7", "price * 2"]
    assert facts["statements"]["delete"] == "delete from `t` where `id` = :b_id"
    assert facts["explanation"] == {
        "predicates": [
            {"predicate": "price > 5", "result": "false"},
            {"predicate": "name = 'x' OR id = 7", "result": "true"},
        ],
        "decided_by": 0,
        "passes": False,
        "error": None,
        "partition": None,
        "output": None,
    }


def test_text_says_which_predicate_decided(tmp_path: Path, mysql_source: MySqlServer, database: str) -> None:
    file = _file(tmp_path, mysql_source, database, FILTER, "table")
    done = _rowcast(file, "--table", f"{database}.t", "--explain-row", '{"id": 1, "price": 9}')
    assert done.returncode == 0, done.stderr
    assert "    unknown  name = 'x' OR id = 7  <- decides\n  the row is dropped" in done.stdout
    passing = _rowcast(file, "--table", "t", "--explain-row", '{"id": 7, "price": 9}')
    assert "the row passes, partition 0: id = 7, twice = '18.00', name = NULL" in passing.stdout


@pytest.mark.parametrize(("row", "words"), [("{", "not JSON"), ("[]", "JSON object"), ('{"nothing": 1}', "nothing")])
def test_rows_that_are_none(row: str, words: str, tmp_path: Path, mysql_source: MySqlServer, database: str) -> None:
    done = _rowcast(_file(tmp_path, mysql_source, database, FILTER), "--table", "t", "--explain-row", row)
    assert done.returncode == 2
    assert words in done.stderr


def test_what_a_target_computes(tmp_path: Path, mysql_source: MySqlServer, database: str) -> None:
    sql = "select name, count(*) as n, sum(price) as total from t group by name"
    (facts,) = _json(_file(tmp_path, mysql_source, database, sql, "stream"), "--table", "t")
    assert facts["columns"] == ["name", "price"]
    assert facts["target"] == {
        "columns": ["name", "n", "total"],
        "values": ["name", "COUNT(*)", "SUM(price)"],
        "group_by": ["name"],
        "mode": "on_duplicate",
    }
    assert "n` = `n` + 1" in facts["statements"]["insert"]
    refused = _rowcast(_file(tmp_path, mysql_source, database, sql, "table"))
    assert refused.returncode == 2
    assert "RULE_UNSUPPORTED" in refused.stderr
