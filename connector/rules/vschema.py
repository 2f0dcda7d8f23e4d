"""The vschema: which vindex gives the keyspace id of a table's rows. Built from settings, used by `ruleset`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.model.errors import ConfigError, MissingSetting, UnknownSetting
from connector.model.plan import VindexRef
from connector.vindex.registry import vindex_class

_NAMES = frozenset({"column", "columns", "type", "params"})


@dataclass(frozen=True, slots=True)
class ColumnVindex:
    """A table's vindex and the columns it takes, in its order."""

    columns: tuple[str, ...]
    vindex: VindexRef


@dataclass(frozen=True, slots=True)
class VSchema:
    """Column vindexes by table name (`database.table` for tables outside the keyspace)."""

    tables: Mapping[str, ColumnVindex] = field(default_factory=dict)

    @classmethod
    def of(cls, tables: Mapping[str, Mapping[str, object]]) -> "VSchema":
        """From table -> {"column" or "columns", "type", "params"?}.

        Raises MissingSetting, UnknownSetting, ConfigError, and VindexUnknown for a type that rowcast has not.
        """
        return cls({table: _column_vindex(table, entry) for table, entry in tables.items()})

    def vindex_of(self, database: str, table: str, keyspace: str) -> ColumnVindex | None:
        """The vindex of a table, None when the vschema has none."""
        return self.tables.get(table if database == keyspace else f"{database}.{table}")


def _column_vindex(table: str, entry: Mapping[str, object]) -> ColumnVindex:
    where = f"vschema of table {table}"
    unknown = sorted(entry.keys() - _NAMES)
    if unknown:
        raise UnknownSetting(f"{where}: unknown name {unknown[0]!r}; there are column, columns, params, type")
    if ("column" in entry) == ("columns" in entry):
        raise MissingSetting(f"{where}: give either column or columns")
    listed = entry.get("columns", [entry.get("column")])
    columns = tuple(listed) if isinstance(listed, list | tuple) else ()
    type_name = entry.get("type")
    if not columns or not all(isinstance(column, str) and column for column in columns):
        raise ConfigError(f"{where}: column is a name, columns a list of names")
    if not isinstance(type_name, str):
        raise MissingSetting(f"{where}: type is missing")
    arity = vindex_class(type_name).columns
    if len(columns) != arity:
        raise ConfigError(f"{where}: vindex {type_name} takes {arity} column, not {len(columns)}")
    params = entry.get("params") or {}
    if not isinstance(params, Mapping):
        raise ConfigError(f"{where}: params is a table of texts")
    sorted_params = tuple(sorted((str(name), str(value)) for name, value in params.items()))
    return ColumnVindex(columns, VindexRef(type_name, sorted_params))
