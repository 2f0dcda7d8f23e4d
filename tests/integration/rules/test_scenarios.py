"""Folders under tests/scenarios/rules: a table, a rule, and the rows that MySQL and rowcast both make of it.

A folder has setup.sql, rule.sql and expected.jsonl (one list of texts a row, null for NULL). A bug report about a rule
becomes such a folder.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from pymysql.cursors import Cursor

from connector.model.table import SqlType, Table
from connector.mysql.address import ServerAddress
from connector.mysql.connection import connect
from connector.mysql.introspect import read_tables
from connector.rules.evaluate import PlanEvaluator
from connector.rules.explain import row_from
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from tests.conftest import FreshDatabase
from tests.differential.rules_harness import session
from tools.stack import MySqlServer

FOLDERS = sorted(path for path in (Path(__file__).parents[2] / "scenarios" / "rules").iterdir() if path.is_dir())


def _rows(cursor: Cursor, table: Table) -> list[dict[str, Any]]:
    cursor.execute(f"select * from `{table.name}` order by id")
    names = [column.name for column in table.columns]
    documents = {column.name for column in table.columns if column.type is SqlType.JSON}
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [
        {name: json.loads(cell) if name in documents and cell is not None else cell for name, cell in row.items()}
        for row in rows
    ]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_scenario(folder: Path, mysql_source: MySqlServer, fresh_database: FreshDatabase) -> None:
    database = fresh_database(mysql_source)
    rule = (folder / "rule.sql").read_text(encoding="utf-8").strip()
    expected = [json.loads(line) for line in (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines()]
    with session(mysql_source, database) as cursor:
        for statement in (folder / "setup.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        cursor.execute(f"{rule} order by id")
        assert [list(row) for row in cursor.fetchall()] == expected, "the server's own answer"
        address = ServerAddress(mysql_source.host, mysql_source.port, mysql_source.user, mysql_source.password)
        with connect(address) as connection:
            table = read_tables(connection, database)["t"]
        plan = RuleSet([Rule("t", rule)], keyspace=database, vschema=VSchema()).plan(table)
        assert plan is not None
        evaluator = PlanEvaluator(plan)
        changes = [evaluator.change(None, row_from(table, row)) for row in _rows(cursor, table)]
    ours = [change.after for change in changes if change is not None and change.after is not None]
    assert [[None if cell is None else str(cell) for cell in row] for row in ours] == expected
