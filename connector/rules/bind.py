"""A selection against one table version -> a plan. Called by `ruleset`."""

from dataclasses import dataclass, field

from connector.model.errors import RuleColumnUnknown, RuleInvalid, VindexMissing
from connector.model.keyrange import KeyRange
from connector.model.plan import And, Compare, In, InKeyRange, IsNull, Opcode, Plan, Routing, VindexRef
from connector.model.table import Table
from connector.rules.literals import bind_list, bind_literal
from connector.rules.rule import Rule
from connector.rules.syntax import CompareTerm, InTerm, NullTerm, Selection, Term
from connector.rules.vindex_columns import vindex_columns
from connector.rules.vschema import ColumnVindex, VSchema


@dataclass(frozen=True, slots=True)
class Binder:
    """Binds names and literals to one table's columns.

    Errors: RuleColumnUnknown, RuleUnsupported (a comparison that is not exact), VindexMissing.
    """

    table: Table
    vindex: ColumnVindex | None
    vschema: VSchema = field(default_factory=VSchema)

    def plan(self, rule: Rule, selection: Selection, shards: tuple[KeyRange, ...]) -> Plan:
        """The whole plan. `shards` of one range or none: everything goes to partition 0."""
        projection = self._projection(selection.columns)
        return Plan(
            source=self.table,
            output=self._output(projection),
            predicate=tuple(self._opcode(term) for term in selection.predicate),
            projection=projection,
            routing=self._routing(shards) if len(shards) > 1 else None,
            match=rule.match,
            filter=rule.filter,
        )

    def _projection(self, columns: tuple[str, ...] | None) -> tuple[int, ...]:
        if columns is None:
            return tuple(range(len(self.table.columns)))
        projection = tuple(self._index(column) for column in columns)
        for position, index in enumerate(projection):
            if index in projection[:position]:
                raise RuleInvalid(f"column {columns[position]} is selected twice")
        return projection

    def _output(self, projection: tuple[int, ...]) -> Table:
        key = self.table.primary_key
        whole = all(index in projection for index in key)
        return Table(
            self.table.database,
            self.table.name,
            tuple(self.table.columns[index] for index in projection),
            tuple(projection.index(index) for index in key) if whole else (),
        )

    def _opcode(self, term: Term) -> Opcode:
        if isinstance(term, CompareTerm):
            index = self._index(term.column)
            return Compare(index, term.op, bind_literal(self.table.columns[index], term.literal))
        if isinstance(term, InTerm):
            index = self._index(term.column)
            return In(index, bind_list(self.table.columns[index], term.literals))
        if isinstance(term, NullTerm):
            return IsNull(self._index(term.column), term.negated)
        if isinstance(term, And):
            return term
        if term.vindex is None:
            columns, ref = self._own_vindex()
        else:
            ref = self.vschema.find_vindex(term.vindex, len(term.columns))
            columns = vindex_columns(self.table, term.columns, ref)
        return InKeyRange(columns, ref, term.keyrange)

    def _routing(self, shards: tuple[KeyRange, ...]) -> Routing:
        columns, ref = self._own_vindex()
        return Routing(columns, ref, shards)

    def _own_vindex(self) -> tuple[tuple[int, ...], VindexRef]:
        if self.vindex is None:
            raise VindexMissing(f"no vindex for table {self.table.qualified}: its rows have no keyspace id")
        return vindex_columns(self.table, self.vindex.columns, self.vindex.vindex), self.vindex.vindex

    def _index(self, column: str) -> int:
        index = self.table.index_of(column)
        if index is None:
            raise RuleColumnUnknown(f"table {self.table.qualified} has no column {column}")
        return index
