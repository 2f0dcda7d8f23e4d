"""Asks rowcast and a real server the same about the same rows, and compares the answers."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import Cursor

from connector.model.errors import CollationUnsupported, RuleUnsupported, ValueUnrepresentable
from connector.model.plan import Computed, Plan
from connector.model.table import Column, Row, SqlType, Table, Value
from connector.rules.evaluate import PlanEvaluator
from connector.rules.machine import compile_program
from connector.rules.rule import Rule
from connector.rules.ruleset import RuleSet
from connector.rules.vschema import VSchema
from tests.differential.rules_generator import Generator
from tools.stack import MySqlServer

OUT_OF_RANGE = 1690
_NUMBERS = {FIELD_TYPE.LONGLONG, FIELD_TYPE.LONG, FIELD_TYPE.YEAR, FIELD_TYPE.TINY, FIELD_TYPE.SHORT}
_TEXTS = {FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING}
WIRE_TYPES = {
    SqlType.BIGINT: _NUMBERS,
    SqlType.DECIMAL: {FIELD_TYPE.NEWDECIMAL},
    SqlType.DOUBLE: {FIELD_TYPE.DOUBLE},
    SqlType.VARCHAR: _TEXTS,
    SqlType.LONGTEXT: {*_TEXTS, FIELD_TYPE.BLOB, FIELD_TYPE.LONG_BLOB},
    SqlType.DATE: {FIELD_TYPE.DATE},
    SqlType.DATETIME: {FIELD_TYPE.DATETIME},
    SqlType.JSON: {FIELD_TYPE.JSON},
}
_UNSIGNED = 32  # flag of a column in the protocol


@dataclass
class Tally:
    """What a run has seen. `differences` is empty when rowcast and the server agree."""

    seed: int
    answers: int = 0
    asked: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    out_of_range: int = 0
    stricter: int = 0
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.answers} answers, {self.asked} questions, {sum(self.refused.values())} refused, "
            f"{self.out_of_range} out of range for both, {self.stricter} for rowcast alone"
        )


class Harness:
    """One table on one server, made from a seed."""

    def __init__(self, seed: int, database: str, cursor: Cursor, rows: int) -> None:
        self.generator = Generator(seed)
        self.table: Table = self.generator.table(database)
        self.rows = self.generator.rows(rows)
        self.tally = Tally(seed)
        self._cursor = cursor
        cursor.execute("drop table if exists t")
        cursor.execute(self.generator.ddl())
        marks = ", ".join(["%s"] * len(self.table.columns))
        cursor.executemany(f"insert into t values ({marks})", self.rows)

    # ---- conditions -------------------------------------------------------------------------------------------------
    def condition(self, condition: str) -> None:
        """The verdict on every row: true, false, unknown; and the rows that WHERE keeps."""
        plan = self._plan(f"select * from t where {condition}")
        if plan is None:
            return
        judge = compile_program(self.table, plan.predicate)
        ours = [self._answer(lambda row: _truth(judge(row)), row) for row in self.rows]
        verdicts = self._ask(f"select ({condition}) from t order by id", condition, ours)
        kept = self._ask(f"select id from t where {condition} order by id", condition, ours)
        if verdicts is None or kept is None:
            return
        self.tally.asked += 1
        passing = {int(str(row[0])) for row in kept}
        for index, (our, (verdict,)) in enumerate(zip(ours, verdicts, strict=True)):
            theirs = None if verdict is None else float(str(verdict)) != 0
            self._compare(condition, index, our, theirs, same=our is theirs and (our is True) == (index in passing))

    # ---- expressions ------------------------------------------------------------------------------------------------
    def expression(self, expression: str) -> None:
        """The value for every row, and its type."""
        plan = self._plan(f"select id, {expression} as x from t")
        if plan is None or not isinstance(plan.projection[1], Computed):
            return
        evaluator, column = PlanEvaluator(plan), plan.output.columns[1]
        ours = [self._answer(lambda row: _cell(evaluator, row), row) for row in self.rows]
        values = self._ask(f"select {expression} from t order by id", expression, ours)
        if values is None:
            return
        self.tally.asked += 1
        self._compare_type(expression, column)
        for index, (our, (value,)) in enumerate(zip(ours, values, strict=True)):
            self._compare(expression, index, our, value, same=_same_value(column, our, value))

    def _compare_type(self, expression: str, column: Column) -> None:
        result: Any = self._cursor._result  # type: ignore[attr-defined]
        (described,) = result.fields
        same = described.type_code in WIRE_TYPES[column.type]
        if column.type is SqlType.DECIMAL:
            same = same and described.scale == column.scale
        if described.type_code == FIELD_TYPE.LONGLONG:
            same = same and bool(described.flags & _UNSIGNED) == column.unsigned
        if not same:
            self.tally.differences.append(f"{expression}: the plan says {column}, the server {vars(described)}")

    # ---- both -------------------------------------------------------------------------------------------------------
    def _plan(self, sql: str) -> Plan | None:
        try:
            return RuleSet([Rule("t", sql)], keyspace=self.table.database, vschema=VSchema()).plan(self.table)
        except RuleUnsupported as error:
            self.tally.refused[re.sub(r"'.*'|\d+", "_", error.what)[:60]] += 1
            return None

    def _answer(self, judge: Any, row: Row) -> Any:
        try:
            return judge(row)
        except (ValueUnrepresentable, CollationUnsupported) as error:
            return error

    def _ask(self, sql: str, question: str, ours: list[Any]) -> tuple[tuple[Any, ...], ...] | None:
        try:
            self._cursor.execute(sql)
            return tuple(self._cursor.fetchall())
        except pymysql.MySQLError as error:
            if error.args[0] == OUT_OF_RANGE and any(isinstance(our, ValueUnrepresentable) for our in ours):
                self.tally.out_of_range += 1
            else:
                self.tally.differences.append(f"{question}: the server says {error.args}, the plan has answers")
            return None

    def _compare(self, question: str, index: int, ours: Any, theirs: Any, *, same: bool) -> None:
        if isinstance(ours, ValueUnrepresentable):
            # Where its optimizer sees that a result does not matter, the server does not compute it.
            self.tally.stricter += 1
        elif not isinstance(ours, CollationUnsupported):
            self.tally.answers += 1
            if not same:
                named = [column.name for column in self.table.columns]
                cells = dict(zip(named, self.rows[index], strict=True))
                read = {name: cell for name, cell in cells.items() if re.search(rf"\b{name}\b", question)}
                self.tally.differences.append(f"{question}: {ours!r} here, {theirs!r} there, for {read}")


def _truth(value: Any) -> bool | None:
    return None if value is None else bool(value)


def _cell(evaluator: PlanEvaluator, row: Row) -> Value:
    change = evaluator.change(None, row)
    assert change is not None
    assert change.after is not None
    return change.after[1]


def _same_value(column: Column, ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None or isinstance(ours, Exception):
        return ours is theirs
    text = theirs.decode() if isinstance(theirs, bytes) else str(theirs)
    if column.type is SqlType.DOUBLE:
        return bool(abs(float(text) - ours) <= 1e-15 * abs(ours))
    if column.type is SqlType.DECIMAL:
        return Decimal(text) == Decimal(ours)
    return str(ours) == text


@contextmanager
def session(server: MySqlServer, database: str) -> Iterator[Cursor]:
    """A session with the server's own sql_mode, whose results come as text."""
    with server.connect(database, conv=encoders) as connection, connection.cursor() as cursor:
        cursor.execute("set names utf8mb4 collate utf8mb4_0900_ai_ci")
        cursor.execute("set time_zone = '+00:00'")
        yield cursor
