"""Reads the files that vschemas name, so that what follows has their contents. Called by `connector.config.loading`.

    [vschema]
    shop = "vschema.json"              # Vitess's JSON of one keyspace
    [vindexes.shop.region]
    params.region_map = "regions.json"

A name is relative to the directory of the file that it stands in. `region_map` becomes `region_map_content` and
`json_path` becomes `json`, which vindexes take.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from connector.config.references import Resolver
from connector.model.errors import ConfigNotFound

_CONTENT_OF = {"region_map": "region_map_content", "json_path": "json"}
_TYPES_WITH_FILES = ("multicol", "numeric_static_map", "region_json")


def with_files(data: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """The settings with contents in place of names of files. Errors: ConfigNotFound, UnresolvedReference."""
    settings = dict(data)
    if "vschema" in settings:
        settings["vschema"] = _each(settings["vschema"], lambda keyspace: _keyspace(keyspace, directory))
    if "vindexes" in settings:
        settings["vindexes"] = _each(
            settings["vindexes"], lambda vindexes: _each(vindexes, lambda vindex: _vindex(vindex, directory))
        )
    return settings


def _keyspace(keyspace: Any, directory: Path) -> Any:
    if not isinstance(keyspace, str):
        return _each(keyspace, lambda table: _table(table, directory))
    if keyspace.lstrip().startswith("{"):
        return _vitess(keyspace, directory)
    path = directory / Resolver().text(keyspace)
    return _vitess(_read(path), path.parent)


def _table(table: Any, directory: Path) -> Any:
    if isinstance(table, list):
        return [_vindex(each, directory) for each in table]
    return _vindex(table, directory)


def _vitess(text: str, directory: Path) -> str:
    try:
        keyspace = json.loads(text)
    except (ValueError, RecursionError):
        return text  # reported with its keyspace when the vschema is read
    if not isinstance(keyspace, dict) or "vindexes" not in keyspace:
        return text
    keyspace["vindexes"] = _each(keyspace["vindexes"], lambda vindex: _vindex(vindex, directory))
    return json.dumps(keyspace)


def _vindex(vindex: Any, directory: Path) -> Any:
    if not isinstance(vindex, Mapping) or vindex.get("type") not in _TYPES_WITH_FILES:
        return vindex
    params = vindex.get("params")
    if not isinstance(params, Mapping):
        return vindex
    found = dict(params)
    for name, content in _CONTENT_OF.items():
        # With both given the name stays, and the vindex says that one is too many.
        if isinstance(found.get(name), str) and content not in found:
            found[content] = _read(directory / Resolver().text(found.pop(name)))
    return {**vindex, "params": found}


def _each(table: Any, change: Callable[[Any], Any]) -> Any:
    """A table with changed values; what is no table stays, to be refused by the settings."""
    return {name: change(value) for name, value in table.items()} if isinstance(table, Mapping) else table


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a name or not UTF-8 text"
        raise ConfigNotFound(
            f"a file that the vschema names cannot be read: {reason}",
            hint="Write the name relative to the file that it stands in, or absolute.",
            file=path,
        ) from None
