"""A selection against one table version -> a plan. Called by `ruleset`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

from connector.model.errors import RuleInvalid, RuleUnsupported, VindexMissing
from connector.model.keyrange import KeyRange
from connector.model.plan import (
    Aggregate,
    Compare,
    Computed,
    In,
    InKeyRange,
    IsNull,
    KeyspaceId,
    Kind,
    Load,
    Plan,
    Program,
    Routing,
    TargetExpression,
    TargetSelect,
    ValueType,
    VindexRef,
)
from connector.model.table import Column, SqlType, Table
from connector.rules.expressions import Expressions
from connector.rules.rule import Rule
from connector.rules.syntax import Aggregated, ColumnName, Foreign, KeyRangeTerm, Selected, Selection
from connector.rules.vindex_columns import vindex_columns
from connector.rules.vschema import ColumnVindex, VSchema

LONGEST_VARCHAR = 16383  # characters of utf8mb4
_LONGEST_VARBINARY = 65535
_TYPES = {
    Kind.DOUBLE: SqlType.DOUBLE,
    Kind.DATE: SqlType.DATE,
    Kind.DATETIME: SqlType.DATETIME,
    Kind.TIME: SqlType.TIME,
    Kind.TIMESTAMP: SqlType.TIMESTAMP,
    Kind.JSON: SqlType.JSON,
}


@dataclass(frozen=True, slots=True)
class Binder:
    """Binds names and literals to one table's columns.

    `own` is the table's vindex. `for_target`: expressions and aggregates that only a MySQL target can compute become
    the plan's `target`. Errors: RuleColumnUnknown, RuleUnsupported (an outcome that is not exact), VindexMissing.
    """

    table: Table
    own: ColumnVindex | None
    vschema: VSchema
    for_target: bool = False

    def plan(self, rule: Rule, selection: Selection, shards: tuple[KeyRange, ...]) -> Plan:
        """The whole plan. `shards` of one range or none: everything goes to partition 0."""
        expressions = Expressions(self.table, self._key_range, self._own_vindex)
        sent, target = _SelectList(self.table, expressions, self.for_target).read(selection)
        return Plan(
            source=self.table,
            output=self._output(sent),
            predicate=() if selection.where is None else expressions.condition(selection.where),
            projection=tuple(source for _, source in sent),
            routing=self._routing(shards) if len(shards) > 1 else None,
            match=rule.match,
            filter=rule.filter,
            on_filter_change=rule.on_filter_change,
            target=target,
        )

    def _output(self, sent: Sequence[tuple[Column, int | Computed]]) -> Table:
        sources = [source for _, source in sent]
        key = self.table.primary_key
        whole = all(index in sources for index in key)
        return Table(
            self.table.database,
            self.table.name,
            tuple(column for column, _ in sent),
            tuple(sources.index(index) for index in key) if whole else (),
        )

    # ---- vindexes ---------------------------------------------------------------------------------------------------
    def _key_range(self, term: KeyRangeTerm) -> Program:
        if term.vindex is None:
            columns, ref = self._own_vindex()
        else:
            ref = self.vschema.find_vindex(term.vindex, len(term.columns))
            columns = vindex_columns(self.table, term.columns, ref)
        return (InKeyRange(columns, ref, term.keyrange),)

    def _routing(self, shards: tuple[KeyRange, ...]) -> Routing:
        columns, ref = self._own_vindex()
        return Routing(columns, ref, shards)

    def _own_vindex(self) -> tuple[tuple[int, ...], VindexRef]:
        if self.own is None:
            raise VindexMissing(f"no vindex for table {self.table.qualified}: its rows have no keyspace id")
        return vindex_columns(self.table, self.own.columns, self.own.vindex), self.own.vindex


# ---- the select list ------------------------------------------------------------------------------------------------
_Sent = list[tuple[Column, int | Computed]]


@dataclass(frozen=True, slots=True)
class _SelectList:
    table: Table
    expressions: Expressions
    for_target: bool

    def read(self, selection: Selection) -> tuple[_Sent, TargetSelect | None]:
        """What the source sends, and what the target makes of it."""
        if selection.columns is None:
            return [(column, index) for index, column in enumerate(self.table.columns)], None
        _refuse_twice(selection.columns)
        for_target = selection.group_by or any(
            isinstance(item.value, Aggregated | Foreign) for item in selection.columns
        )
        if for_target:
            return self._for_target(selection, selection.columns)
        try:
            return [self._sent(item) for item in selection.columns], None
        except RuleUnsupported:
            if not self.for_target:
                raise
            return self._for_target(selection, selection.columns)

    def _sent(self, item: Selected) -> tuple[Column, int | Computed]:
        assert not isinstance(item.value, Aggregated | Foreign)
        if isinstance(item.value, ColumnName):
            index = self.expressions.index(item.value)
            column = self.table.columns[index]
            renamed = item.name.lower() != column.name.lower()
            return (replace(column, name=item.name) if renamed else column), index
        bound = self.expressions.value(item.value)
        computed = Computed(bound.program, bound.type, item.sql, columns_read(bound.program))
        return result_column(item.name, bound.type, bound.nullable), computed

    def _for_target(self, selection: Selection, items: tuple[Selected, ...]) -> tuple[_Sent, TargetSelect]:
        sent: _Sent = []
        output: list[int | Aggregate | TargetExpression] = []
        for item in items:
            value = item.value
            if isinstance(value, Aggregated):
                self._refuse_at_source("an aggregate is kept by a MySQL target", value.at)
                column = None if value.column is None else self._send(sent, value.column)
                output.append(Aggregate("count" if column is None else "sum", column, item.sql))
            elif isinstance(value, Foreign):
                self._refuse_at_source(value.why, value.at)
                columns = tuple(self._send(sent, column) for column in value.columns)
                output.append(TargetExpression(item.sql, columns))
            elif isinstance(value, ColumnName):
                output.append(self._send(sent, value))
            else:
                output.append(self._computed(sent, item))
        names = tuple(item.name for item in items)
        if selection.group_by:
            self._refuse_at_source("GROUP BY is kept by a MySQL target", 0)
        grouped = tuple(_grouped(name, names, output) for name in selection.group_by)
        return sent, TargetSelect(names, tuple(output), grouped, _mode(grouped, output))

    def _computed(self, sent: _Sent, item: Selected) -> int | TargetExpression:
        assert not isinstance(item.value, Aggregated | Foreign)
        try:
            sent.append(self._sent(item))
            return len(sent) - 1
        except RuleUnsupported:
            if not item.portable:
                raise
            columns = [ColumnName(name) for name in named_columns(item.value)]
            return TargetExpression(item.sql, tuple(self._send(sent, column) for column in columns))

    def _send(self, sent: _Sent, column: ColumnName) -> int:
        index = self.expressions.index(column)
        for position, (_, source) in enumerate(sent):
            if source == index:
                return position
        sent.append((self.table.columns[index], index))
        return len(sent) - 1

    def _refuse_at_source(self, why: str, at: int) -> None:
        if not self.for_target:
            _target_only(why, at)


def _target_only(why: str, at: int) -> NoReturn:
    raise RuleUnsupported(
        why,
        hint="Only a MySQL target could compute this, and sinks do not yet; docs/rules.md lists what the source can.",
        position=at or None,
    )


def _refuse_twice(items: tuple[Selected, ...]) -> None:
    seen: set[str] = set()
    for item in items:
        if item.name.lower() in seen:
            raise RuleInvalid(f"column {item.name} is selected twice", position=item.at or None)
        seen.add(item.name.lower())


def _grouped(name: str, names: tuple[str, ...], output: list[int | Aggregate | TargetExpression]) -> int:
    lowered = [each.lower() for each in names]
    if name.lower() not in lowered:
        raise RuleInvalid(f"GROUP BY names {name}, which is not in the select list")
    index = lowered.index(name.lower())
    if isinstance(output[index], Aggregate):
        raise RuleInvalid(f"GROUP BY names {name}, which is an aggregate")
    return index


def _mode(grouped: tuple[int, ...], output: Sequence[object]) -> Literal["insert", "on_duplicate", "ignore"]:
    if not grouped:
        return "insert"
    return "ignore" if len(set(grouped)) == len(output) else "on_duplicate"


# ---- what programs read ---------------------------------------------------------------------------------------------
def columns_read(program: Program) -> tuple[int, ...]:
    """The source columns that a program reads, in order of first use."""
    found: dict[int, None] = {}
    for opcode in program:
        if isinstance(opcode, Load | Compare | In | IsNull):
            found.setdefault(opcode.column)
        elif isinstance(opcode, InKeyRange | KeyspaceId):
            found.update(dict.fromkeys(opcode.columns))
    return tuple(found)


def named_columns(value: object) -> list[str]:
    """Names of the columns in an expression, each once."""
    found: dict[str, None] = {}
    pending: list[object] = [value]
    while pending:
        each = pending.pop(0)
        if isinstance(each, ColumnName):
            found.setdefault(each.name)
        elif isinstance(each, tuple):
            pending += each
        elif hasattr(each, "__dataclass_fields__"):
            pending += [getattr(each, name) for name in each.__dataclass_fields__]
    return list(found)


def result_column(name: str, type_: ValueType, nullable: bool) -> Column:
    """The output column of an expression."""
    kind = type_.kind
    if kind is Kind.INTEGER:
        return Column(name, SqlType.BIGINT, nullable, type_.unsigned)
    if kind is Kind.DECIMAL:
        return Column(name, SqlType.DECIMAL, nullable, length=type_.length, scale=type_.scale)
    if kind is Kind.TEXT:
        short = type_.length <= LONGEST_VARCHAR
        sql = SqlType.VARCHAR if short else SqlType.LONGTEXT
        return Column(name, sql, nullable, collation=type_.collation, length=max(1, type_.length) if short else 0)
    if kind is Kind.BYTES:
        short = 0 < type_.length <= _LONGEST_VARBINARY
        return Column(name, SqlType.VARBINARY if short else SqlType.LONGBLOB, nullable, length=type_.length * short)
    return Column(name, _TYPES[kind], nullable, scale=type_.scale)
