"""What pydantic found wrong, as one error of our tree that names settings the way the file spells them.

Called by `connector.config.loading`. Several problems are reported together: the most telling one is the error, the
others follow in its message. Values are shown only where they are numbers or one of a list of words, never a text.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connector.config.settings import (
    CONNECTOR_CLASSES,
    VSCHEMA_TAGS,
    NamedVindexSetting,
    Settings,
    ShardServers,
    VindexSetting,
    kind_of,
)
from connector.config.sink import ConsoleSinkSettings, SinkSettings
from connector.config.source import RuleSetting, SourceSettings
from connector.config.values import TYPED
from connector.model.errors import ConfigError, MissingSetting, RowcastError, UnknownSetting

MOST_LISTED = 10

_KINDS: dict[str, type[BaseModel]] = {"source": SourceSettings, "sink": SinkSettings, "console": ConsoleSinkSettings}
# A misspelt name is also a missing one: the misspelling explains both, so it comes first.
_ORDER: tuple[type[RowcastError], ...] = (UnknownSetting, MissingSetting)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the settings."""

    error: type[RowcastError]
    what: str
    hint: str | None = None


def as_error(raised: ValidationError, data: Mapping[str, Any], file: str) -> RowcastError:
    """The one error that reports everything in a ValidationError; `data` are the settings as they were given."""
    found = [_problem(details, data) for details in raised.errors(include_url=False)]
    return combined(found, file)


def combined(found: Iterable[Problem], file: str) -> RowcastError:
    """One error for several problems (at least one)."""
    problems = sorted(
        found, key=lambda problem: _ORDER.index(problem.error) if problem.error in _ORDER else len(_ORDER)
    )
    first, others = problems[0], problems[1:]
    what = first.what
    if others:
        what += "; also: " + "; ".join(other.what for other in others[:MOST_LISTED])
        if len(others) > MOST_LISTED:
            what += f"; and {len(others) - MOST_LISTED} more"
    return first.error(what, hint=first.hint, file=file)


def _problem(details: ErrorDetails, data: Mapping[str, Any]) -> Problem:
    kind, path = details["type"], _path(details["loc"], data)
    setting = ".".join(str(part) for part in path) or "the file"
    context = details.get("ctx", {})
    if kind == "extra_forbidden":
        return Problem(UnknownSetting, f"{setting} is not a setting", _nearest(path, data))
    if kind == "missing":
        return Problem(MissingSetting, f"{setting} is missing")
    if kind == "union_tag_not_found":
        return _no_class(setting, details["input"])
    if kind == TYPED:
        error: RowcastError = context["error"]
        return Problem(type(error), f"{setting}: {error}", error.specific_hint)
    if kind == "rowcast_value":
        return Problem(ConfigError, f"{setting} {details['msg']}", context["hint"])
    if kind == "string_pattern_mismatch":
        return Problem(
            ConfigError, f"{setting} cannot be part of a topic name", "Use letters, digits, dot, underscore and hyphen."
        )
    if kind in ("model_type", "dict_type", "dataclass_type", "mapping_type", "model_attributes_type"):
        return Problem(ConfigError, f"{setting} must be a table")
    if kind in ("tuple_type", "list_type"):
        return Problem(ConfigError, f"{setting} must be a list")
    words = details["msg"].replace("Input should be", "must be").replace("Input should", "must")
    words = words.replace("Value should have", "must have").replace("Tuple should have", "must have")
    return Problem(ConfigError, f"{setting} {words[:1].lower() + words[1:]}{_shown(kind, path, data)}")


def _path(loc: tuple[str | int, ...], data: Mapping[str, Any]) -> tuple[str | int, ...]:
    """pydantic's location without the parts that the file does not have: union tags, "[key]"."""
    parts = [part for part in loc if part != "[key]"]
    if len(parts) > 2 and parts[0] == "connectors" and parts[2] in _KINDS:
        del parts[2]
    if parts[:1] == ["vschema"]:
        for index in (4, 2):
            if len(parts) > index and parts[index] in VSCHEMA_TAGS:
                del parts[index]
    return tuple(parts)


def _no_class(setting: str, given: Any) -> Problem:
    if not isinstance(given, Mapping):
        return Problem(ConfigError, f"{setting} must be a table")
    name = given.get("connector.class")
    if name is None:
        if isinstance(given.get("connector"), Mapping):
            return Problem(UnknownSetting, f"{setting}.connector is not a setting", _quote_hint("connector"))
        return Problem(
            MissingSetting, f"{setting}.connector.class is missing", f"One of {', '.join(CONNECTOR_CLASSES)}."
        )
    near = difflib.get_close_matches(str(name), CONNECTOR_CLASSES, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"One of {', '.join(CONNECTOR_CLASSES)}."
    return Problem(ConfigError, f"{setting}.connector.class names no class of rowcast", hint)


def _nearest(path: tuple[str | int, ...], data: Mapping[str, Any]) -> str | None:
    """A hint with the nearest known name, or how to quote a name that TOML took for a table."""
    name = str(path[-1])
    known = _known(path, data)
    if isinstance(_at(path, data), Mapping) and any(each.startswith(f"{name}.") for each in known):
        return _quote_hint(name)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else None


def _quote_hint(name: str) -> str:
    return f'TOML reads a name with dots as a table: write "{name}.…" in quotes.'


def _known(path: tuple[str | int, ...], data: Mapping[str, Any]) -> list[str]:
    """The names that are settings where an unknown one was found."""
    model: type[BaseModel] = Settings
    if "rules" in path[:-1]:
        model = RuleSetting
    elif path[0] == "connectors":
        model = _KINDS[kind_of(_at(path[:2], data)) or "source"]
    elif path[0] == "vschema":
        model = VindexSetting
    elif path[0] == "vindexes":
        model = NamedVindexSetting
    elif path[0] == "keyspaces":
        model = ShardServers
    return [field.alias or name for name, field in model.model_fields.items()]


def _at(path: tuple[str | int, ...], data: Any) -> Any:
    """The value at a path of the settings as given; None when there is none."""
    for part in path:
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _shown(kind: str, path: tuple[str | int, ...], data: Mapping[str, Any]) -> str:
    given = _at(path, data)
    if isinstance(given, bool | int | float) or (kind == "literal_error" and isinstance(given, str)):
        return f" (it is {str(given)[:60]!r})" if isinstance(given, str) else f" (it is {str(given)[:60]})"
    return ""
