"""Ten thousand malformed rules and vschemas: only typed errors, which say where and what to do."""

import json
import random
import string
from collections.abc import Callable

import pytest

from connector.model.errors import RowcastError, RuleInvalid, RuleUnsupported
from connector.model.table import Table
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from connector.rules.vschema_json import read_vschema
from tests.differential.rules_generator import Generator

RULES = 8_000
VSCHEMAS = 2_000
PARTS = 8
PIECES = [
    "select", "*", "from", "t", "where", "and", "or", "not", "xor", "in", "between", "like", "escape", "is", "null",
    "true", "(", ")", ",", "'", '"', "`", "=", "<=>", "<", "!", "||", "&&", "->", "->>", "'$.a'", "'$[*]'", "1", "-",
    "1e999", "0x", "b'", "cast(", "as", "signed", "case", "when", "end", "if(", "in_keyrange(", "'-80'", "'hash'",
    "/*", "*/", "--", "#", ";", "?", "@x", ":v", "group by", "order by", "limit 1", "union", "count(*)", "sum(",
    "date'x'", "interval 1 day", "é", "\0", "\n", "{", "}", "regexp '('", "collate", "binary", "distinct", "as x",
]  # fmt: skip


def _malformed(pick: random.Random, generator: Generator) -> str:
    """A good rule with something lost, doubled, swapped or put in; or words at random."""
    if pick.random() < 0.2:
        return " ".join(pick.choice(PIECES) for _ in range(pick.randrange(1, 15)))
    generator.turn()
    sql = f"select id, {generator.value()} as x from t where {generator.condition()}"
    for _ in range(pick.randrange(1, 4)):
        at, width = pick.randrange(len(sql)), pick.randrange(1, 8)
        change = pick.randrange(4)
        if change == 0:
            sql = sql[:at] + sql[at + width :]
        elif change == 1:
            sql = sql[:at] + sql[at : at + width] * 2 + sql[at + width :]
        elif change == 2:
            sql = f"{sql[:at]} {pick.choice(PIECES)} {sql[at:]}"
        else:
            sql = sql[:at] + pick.choice(string.printable) + sql[at + 1 :]
    return sql


def _error(attempt: Callable[[], object]) -> RowcastError | None:
    try:
        attempt()
    except RowcastError as error:
        return error
    return None


def _plan(table: Table, sql: str) -> None:
    vschema = VSchema.of({"t": {"column": "id", "type": "hash"}})
    RuleSet([Rule("t", sql)], keyspace="shop", vschema=vschema).plan(table)


@pytest.mark.parametrize("part", range(PARTS))
def test_malformed_rules(part: int) -> None:
    pick, generator = random.Random(part), Generator(part)
    table = generator.table("shop")
    errors = 0
    for _ in range(RULES // PARTS):
        sql = _malformed(pick, generator)
        error = _error(lambda: _plan(table, sql))  # noqa: B023
        if error is None:
            continue
        errors += 1
        assert error.remedy, sql
        assert "rule 't'" in error.what, sql
        if isinstance(error, RuleInvalid | RuleUnsupported) and sql.lower().lstrip().startswith("select"):
            _assert_placed(error, sql)
    assert errors > RULES // PARTS // 2


def _assert_placed(error: RowcastError, sql: str) -> None:
    about_the_whole = ("the SELECT reads from", "a JSON path", "not a key range", "a rule with")
    if not any(words in error.what for words in about_the_whole):
        assert "position" in error.context, (sql, error)
        assert 1 <= int(str(error.context["position"])) <= len(sql) + 1, (sql, error)


def test_malformed_vschemas() -> None:
    pick = random.Random(7)
    good = {
        "sharded": True,
        "vindexes": {"h": {"type": "hash"}, "m": {"type": "multicol", "params": {"column_count": "2"}}},
        "tables": {"t": {"column_vindexes": [{"column": "id", "name": "h"}]}, "u": {"type": "reference"}},
    }
    errors = 0
    for _ in range(VSCHEMAS):
        text = json.dumps(good)
        for _ in range(pick.randrange(1, 4)):
            at = pick.randrange(len(text))
            text = (
                text[:at]
                + pick.choice(["", "}", "[", '"', "x", "null", "1", ",", text[at : at + 9]])
                + text[at + pick.randrange(4) :]
            )
        error = _error(lambda: read_vschema("shop", text))  # noqa: B023
        if error is not None:
            errors += 1
            assert error.remedy
    assert errors > VSCHEMAS // 2
