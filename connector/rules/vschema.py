"""The vschema: which vindex gives the keyspace id of a table's rows. Built from settings, used by `ruleset` and `bind`.

A table may have several vindexes: the one with the least cost counts, the first of equals, as in Vitess. Lookup
vindexes may stand in a vschema, but ask other tables, so they never count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.model.errors import ConfigError, MissingSetting, RowcastError, RuleInvalid, UnknownSetting, VindexUnknown
from connector.model.plan import VindexRef
from connector.vindex.base import Vindex
from connector.vindex.registry import LOOKUPS, build, unknown_params

Entry = Mapping[str, object]

_NAMES = frozenset({"column", "columns", "type", "name", "params"})
_VINDEX_NAMES = frozenset({"type", "params"})


@dataclass(frozen=True, slots=True)
class ColumnVindex:
    """A table's vindex and the columns it takes, in its order."""

    columns: tuple[str, ...]
    vindex: VindexRef


@dataclass(frozen=True, slots=True)
class VSchema:
    """Column vindexes by table, and named vindexes by keyspace.

    A table is `keyspace.table`, or its name alone where the vschema is for one keyspace without a name (`of`). The
    columns of lookups are not kept. `remarks`: what was accepted, but is most likely a mistake.
    """

    tables: Mapping[str, tuple[ColumnVindex, ...]] = field(default_factory=dict)
    vindexes: Mapping[str, Mapping[str, VindexRef]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, tables: Mapping[str, Entry | Sequence[Entry]]) -> "VSchema":
        """From table -> {"column" or "columns", "type", "params"?}, or a list of these.

        Tables outside the keyspace are `database.table`. Raises as `of_keyspace`.
        """
        return cls({table: _column_vindexes(f"table {table}", entry, {}) for table, entry in tables.items()})

    @classmethod
    def of_keyspace(
        cls,
        keyspace: str,
        tables: Mapping[str, Entry | Sequence[Entry]],
        vindexes: Mapping[str, Entry] | None = None,
    ) -> "VSchema":
        """One keyspace: tables as in `of`, which may say "name" in place of "type", and {"type", "params"?} by name.

        Raises MissingSetting, UnknownSetting, ConfigError (also for parameters that do not fit), and VindexUnknown for
        a type that rowcast has not, or for a name that the keyspace has not.
        """
        named = {
            name: _named_vindex(f"vindex {keyspace}.{name}", name, entry) for name, entry in (vindexes or {}).items()
        }
        found = {
            f"{keyspace}.{table}": _column_vindexes(f"table {keyspace}.{table}", entry, named)
            for table, entry in tables.items()
        }
        refs = {f"vindex {keyspace}.{name}": ref for name, ref in named.items()}
        for table, column_vindexes in found.items():
            refs |= {f"table {table}": each.vindex for each in column_vindexes if not each.vindex.name}
        return cls(found, {keyspace: named}, tuple(_remarks(refs)))

    @classmethod
    def joined(cls, parts: Iterable["VSchema"]) -> "VSchema":
        """Several keyspaces as one vschema; a keyspace that comes twice has the tables and vindexes of both."""
        tables: dict[str, tuple[ColumnVindex, ...]] = {}
        vindexes: dict[str, Mapping[str, VindexRef]] = {}
        remarks: list[str] = []
        for part in parts:
            tables |= part.tables
            for keyspace, named in part.vindexes.items():
                vindexes[keyspace] = {**vindexes.get(keyspace, {}), **named}
            remarks += part.remarks
        return cls(tables, vindexes, tuple(remarks))

    def vindex_of(self, database: str, table: str, keyspace: str) -> ColumnVindex | None:
        """The best vindex of a table; None when the vschema has none that can give a keyspace id."""
        found = self.tables.get(f"{database}.{table}", ())
        if not found and database == keyspace:
            found = self.tables.get(table, ())
        return min(found, key=lambda each: build(each.vindex).cost, default=None)

    def find_vindex(self, name: str, column_count: int) -> VindexRef:
        """The vindex that in_keyrange names: `keyspace.name`, a name that one keyspace has, or a type.

        Raises VindexUnknown for what is none of these and for lookups, RuleInvalid for a name of several keyspaces and
        for a vindex over another number of columns, ConfigError for a type that cannot do without parameters.
        """
        keyspace, dot, own_name = name.rpartition(".")
        if dot:
            ref = self.vindexes.get(keyspace, {}).get(own_name)
            if ref is None:
                raise VindexUnknown(
                    f"vindex {name[:60]} is not in the vschema",
                    hint=f"Add [vindexes.{keyspace}.{own_name}] with type, or name one of {_listed(self.vindexes)}.",
                )
        else:
            owners = [keyspace for keyspace, named in self.vindexes.items() if name in named]
            if len(owners) > 1:
                raise RuleInvalid(
                    f"ambiguous vindex reference: {name}",
                    hint=f"Write one of {', '.join(f'{owner}.{name}' for owner in sorted(owners))}.",
                )
            ref = self.vindexes[owners[0]][name] if owners else VindexRef(name)
        count = build(ref).columns
        if column_count != count:
            raise RuleInvalid(f"vindex {name} takes {_counted(count)}, not {column_count}")
        return ref


def _column_vindexes(
    where: str, entries: Entry | Sequence[Entry], named: Mapping[str, VindexRef]
) -> tuple[ColumnVindex, ...]:
    listed = [entries] if isinstance(entries, Mapping) else list(entries)
    found = (_column_vindex(f"vschema of {where}", entry, named) for entry in listed)
    return tuple(each for each in found if each.vindex.type not in LOOKUPS)


def _column_vindex(where: str, entry: Entry, named: Mapping[str, VindexRef]) -> ColumnVindex:
    _check_names(where, entry, _NAMES)
    columns = _columns(where, entry)
    if "name" in entry:
        if "type" in entry or entry.get("params"):
            raise ConfigError(f"{where}: give either the name of a vindex, or type and params")
        ref = named.get(str(entry["name"]))
        if ref is None:
            raise VindexUnknown(
                f"{where}: its keyspace has no vindex {str(entry['name'])[:60]!r}",
                hint=f"The keyspace has {', '.join(sorted(named)) or 'none'}.",
            )
    else:
        ref = _ref(where, entry, "")
    # A lookup without a name can only be a mistake: nothing reads it.
    if ref.type not in LOOKUPS or not ref.name:
        count = _built(where, ref).columns
        if len(columns) != count:
            raise ConfigError(f"{where}: vindex {ref.name or ref.type} takes {_counted(count)}, not {len(columns)}")
    return ColumnVindex(columns, ref)


def _columns(where: str, entry: Entry) -> tuple[str, ...]:
    if ("column" in entry) == ("columns" in entry):
        raise MissingSetting(f"{where}: give either column or columns")
    listed = entry.get("columns", [entry.get("column")])
    columns = tuple(listed) if isinstance(listed, list | tuple) else ()
    if not columns or not all(isinstance(column, str) and column for column in columns):
        raise ConfigError(f"{where}: column is a name, columns a list of names")
    return columns


def _named_vindex(where: str, name: str, entry: Entry) -> VindexRef:
    _check_names(where, entry, _VINDEX_NAMES)
    ref = _ref(where, entry, name)
    if ref.type not in LOOKUPS:
        _built(where, ref)
    return ref


def _built(where: str, ref: VindexRef) -> Vindex:
    try:
        return build(ref)
    except RowcastError as error:
        raise type(error)(f"{where}: {error.what}", hint=error.specific_hint) from None


def _ref(where: str, entry: Entry, name: str) -> VindexRef:
    type_name = entry.get("type")
    if not isinstance(type_name, str):
        raise MissingSetting(f"{where}: type is missing")
    params = entry.get("params") or {}
    if not isinstance(params, Mapping):
        raise ConfigError(f"{where}: params is a table of texts")
    return VindexRef(type_name, tuple(sorted((str(key), str(value)) for key, value in params.items())), name)


def _check_names(where: str, entry: Entry, known: frozenset[str]) -> None:
    unknown = sorted(entry.keys() - known)
    if unknown:
        raise UnknownSetting(f"{where}: unknown name {unknown[0]!r}; there are {', '.join(sorted(known))}")


def _remarks(refs: Mapping[str, VindexRef]) -> Iterable[str]:
    for where, ref in refs.items():
        unknown = () if ref.type in LOOKUPS else unknown_params(ref)
        if unknown:
            yield f"{where}: {ref.type} knows no parameter {', '.join(unknown)}"


def _listed(vindexes: Mapping[str, Mapping[str, VindexRef]]) -> str:
    return ", ".join(f"{keyspace}.{name}" for keyspace, named in vindexes.items() for name in named) or "none"


def _counted(columns: int) -> str:
    return f"{columns} column" if columns == 1 else f"{columns} columns"
