"""Rows as INSERT, UPDATE and DELETE statements of one target table. Pure; used by `sinks.mysql.batching`.

A row is found by the source's primary key in its before image, also when the change gives it another key. All columns
are set, also unchanged ones: a column with ON UPDATE CURRENT_TIMESTAMP would otherwise get a time of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from connector.model.errors import TargetColumnMissing
from connector.model.table import Column, Row, SqlType, Table, Value
from connector.mysql.connection import quote_name
from sinks.mysql.literals import exact_match, literal_of
from sinks.mysql.row_texts import row_texts

# A strict session refuses ENUM's error value (index 0, printed as ''): the statement that stores one is not strict.
_NOT_STRICT = "/*+ SET_VAR(sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO') */ "


@dataclass(frozen=True, slots=True)
class TargetTable:
    """What the target says about a table."""

    name: str
    columns: frozenset[str]  # lower case
    generated: frozenset[str] = frozenset()  # lower case
    primary_key: tuple[str, ...] = ()
    references_itself: bool = False  # by a foreign key
    engine: str = "InnoDB"


class TableStatements:
    """Writes statements of one source table version for one target table."""

    def __init__(self, database: str, table: Table, target: TargetTable, core: ModuleType | None = None) -> None:
        """`table` describes the rows; TargetColumnMissing when the target lacks one of its columns.

        `core` = the module rowcast_native; None: all texts are made here.
        """
        missing = [column.name for column in table.columns if column.name.lower() not in target.columns]
        if missing:
            raise TargetColumnMissing(
                f"the target table has no column {', '.join(missing)}", table=f"{database}.{target.name}"
            )
        self.table = f"{database}.{target.name}"
        self._name = f"{quote_name(database)}.{quote_name(target.name)}"
        # The target computes its generated columns itself and accepts no value for them.
        written = [
            (index, column) for index, column in enumerate(table.columns) if column.name.lower() not in target.generated
        ]
        found_by = [index for index, _ in written]
        self._written = [(index, literal_of(column)) for index, column in written]
        self._all_written = len(written) == len(table.columns)
        self._literals = [literal for _, literal in self._written]
        self._assignments = [f"{quote_name(column.name)}=" for _, column in written]
        self._key = [(index, literal_of(table.columns[index])) for index in table.primary_key]
        self._conditions = [(index, _condition(table, index)) for index in table.primary_key or found_by]
        self._enums = [index for index, column in written if _has_error_value(column)]
        columns = ", ".join(quote_name(column.name) for _, column in written)
        self._insert = f"INTO {self._name} ({columns}) VALUES "
        keys = ", ".join(quote_name(table.columns[index].name) for index in table.primary_key)
        self._delete_many = f"DELETE FROM {self._name} WHERE {keys if len(self._key) == 1 else f'({keys})'} IN ("
        # Children must go before parents, in the source's order; one statement would choose an order of its own.
        self.deletes_together = bool(self._key) and not target.references_itself
        assigned = [(index, name) for (index, _), name in zip(self._written, self._assignments, strict=True)]
        conditions = [(index, f"{quote_name(table.columns[index].name)}=") for index in table.primary_key]
        self.texts = row_texts(core, table.columns, assigned, conditions, self._enums)
        """Texts of row images, None where they are made from rows."""

    @property
    def keyed(self) -> bool:
        """Whether rows are found by a primary key."""
        return bool(self._key)

    def strict(self, row: Row) -> bool:
        """Whether the row can be written in a strict session."""
        return not any(row[index] == "" for index in self._enums)

    def values(self, row: Row) -> str:
        """One row of an INSERT's VALUES."""
        if self._all_written:
            return "(" + ",".join([literal(value) for literal, value in zip(self._literals, row, strict=True)]) + ")"
        return "(" + ",".join([literal(row[index]) for index, literal in self._written]) + ")"

    def insert(self, values: list[str], *, strict: bool = True) -> str:
        """INSERT of several rows, each from `values`."""
        return f"INSERT {'' if strict else _NOT_STRICT}{self._insert}{','.join(values)}"

    def update(self, before: Row, after: Row) -> str:
        """UPDATE of one row."""
        cells = zip(self._assignments, self._written, strict=True)
        assignments = ",".join([name + literal(after[index]) for name, (index, literal) in cells])
        return self.update_of(assignments, self._where(before), strict=self.strict(after))

    def update_of(self, assignments: str, condition: str, *, strict: bool) -> str:
        """UPDATE of one row from its texts."""
        return f"UPDATE {'' if strict else _NOT_STRICT}{self._name} SET {assignments} WHERE {condition}"

    def key(self, row: Row) -> str:
        """The row's key as one item of a DELETE's IN list; only with `deletes_together`."""
        if len(self._key) == 1:
            index, literal = self._key[0]
            return literal(row[index])
        return "(" + ",".join([literal(row[index]) for index, literal in self._key]) + ")"

    def delete_many(self, keys: list[str]) -> str:
        """DELETE of several rows, each from `key`."""
        return f"{self._delete_many}{','.join(keys)})"

    def delete(self, before: Row) -> str:
        """DELETE of one row."""
        return f"DELETE FROM {self._name} WHERE {self._where(before)}"

    def _where(self, before: Row) -> str:
        where = " AND ".join([condition(before[index]) for index, condition in self._conditions])
        # Equal rows of a table without a key cannot be told apart: any one of them will do.
        return where if self._key else where + " LIMIT 1"


def _condition(table: Table, index: int) -> Callable[[Value], str]:
    column = table.columns[index]
    name = quote_name(column.name)
    if not table.primary_key:
        return exact_match(column, name)
    literal = literal_of(column)
    return lambda value: f"{name}={literal(value)}"


def _has_error_value(column: Column) -> bool:
    return column.type is SqlType.ENUM and "" not in column.labels
