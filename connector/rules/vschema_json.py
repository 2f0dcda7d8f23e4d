"""A keyspace's vschema as Vitess writes it in JSON -> `VSchema`. Called where settings become a vschema.

    {"sharded": true,
     "vindexes": {"hash": {"type": "hash", "params": {...}, "owner": "..."}},
     "tables": {"customer": {"column_vindexes": [{"column": "id", "name": "hash"}]},
                "country": {"type": "reference"}}}

What has nothing to do with keyspace ids (sequences, columns, auto_increment, owners) is read over, as is what a newer
Vitess may have added; the latter is remarked. Names may be written as lowerCamelCase, like protobuf's JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from connector.model.errors import ConfigError, RowcastError
from connector.rules.vschema import VSchema

_KEYSPACE = frozenset(
    {"sharded", "vindexes", "tables", "require_explicit_routing", "foreign_key_mode", "multi_tenant_spec"}
)
_VINDEX = frozenset({"type", "params", "owner"})
_TABLE = frozenset(
    {"type", "column_vindexes", "auto_increment", "columns", "pinned", "column_list_authoritative", "source"}
)
_COLUMN_VINDEX = frozenset({"column", "columns", "name"})
_TABLE_TYPES = ("", "sequence", "reference")


def read_vschema(keyspace: str, text: str) -> VSchema:
    """The vschema of one keyspace. Errors begin with the keyspace: ConfigError, MissingSetting, VindexUnknown."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the vschema of {keyspace} is not JSON: {error}") from None
    try:
        return _keyspace(keyspace, parsed)
    except RowcastError as error:
        named = type(error)(f"the vschema of {keyspace}: {error.what}", hint=error.specific_hint)
        named.context = error.context
        raise named from None


def _keyspace(keyspace: str, parsed: object) -> VSchema:
    remarks: list[str] = []
    whole = _object(parsed, "it", _KEYSPACE, remarks)
    vindexes: dict[str, dict[str, object]] = {}
    for name, vindex in _objects(whole, "vindexes"):
        entry = _object(vindex, f"vindex {name}", _VINDEX, remarks)
        vindexes[name] = {"type": entry.get("type"), "params": entry.get("params")}
    tables: dict[str, list[dict[str, object]]] = {}
    for name, table in _objects(whole, "tables"):
        entry = _object(table, f"table {name}", _TABLE, remarks)
        kind = entry.get("type") or ""
        if kind not in _TABLE_TYPES:
            raise ConfigError(f"table {name} has the type {str(kind)[:60]!r}; there are sequence and reference")
        listed = entry.get("column_vindexes") or []
        if not isinstance(listed, list):
            raise ConfigError(f"table {name}: column_vindexes is a list")
        tables[name] = [_column_vindex(name, each, remarks) for each in listed]
    vschema = VSchema.of_keyspace(keyspace, tables, vindexes)
    return replace(vschema, remarks=(*remarks, *vschema.remarks))


def _column_vindex(table: str, parsed: object, remarks: list[str]) -> dict[str, object]:
    entry = _object(parsed, f"table {table}", _COLUMN_VINDEX, remarks)
    # Empty is the same as not given, as everywhere in protobuf's JSON.
    given = {name: entry[name] for name in _COLUMN_VINDEX if entry.get(name)}
    if not isinstance(given.setdefault("name", ""), str):
        raise ConfigError(f"table {table}: the name of a vindex is text")
    return given


def _objects(whole: Mapping[str, object], name: str) -> Iterator[tuple[str, object]]:
    found = whole.get(name) or {}
    if not isinstance(found, dict):
        raise ConfigError(f"{name} must be a JSON object")
    yield from found.items()


def _object(parsed: object, where: str, known: frozenset[str], remarks: list[str]) -> dict[str, object]:
    """An object with names in snake_case; the unknown ones are remarked."""
    if not isinstance(parsed, dict):
        raise ConfigError(f"{where} must be a JSON object")
    found = {re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name): value for name, value in parsed.items()}
    remarks += [f"{where}: {name[:60]!r} is not read" for name in sorted(found.keys() - known)]
    return {name: value for name, value in found.items() if name in known}
