"""ROWCAST_… variables override the file: `__` goes one table down, `_` stands for a dot, hyphen or underscore.

    ROWCAST_LOG_LEVEL                            log.level
    ROWCAST_KAFKA__BOOTSTRAP_SERVERS             [kafka] bootstrap.servers
    ROWCAST_CONNECTORS__SHOP__DATABASE_PASSWORD  [connectors.shop] database.password

A settings source of `connector.config.settings`. A variable below [kafka] or [connectors] that fits no name is an
error; another ROWCAST_… name is not ours to judge (tests and tools use the prefix too).
"""

import difflib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from connector.config.sink import CONSOLE_CLASSES, SINK_CLASSES, ConsoleSinkSettings, SinkSettings
from connector.config.source import SOURCE_CLASSES, SourceSettings
from connector.model.errors import UnknownSetting

PREFIX = "ROWCAST_"


class EnvironmentOverrides(PydanticBaseSettingsSource):
    """What the environment sets, shaped as the file is. Errors: UnknownSetting."""

    def __init__(
        self, settings_cls: type[BaseSettings], file: Mapping[str, Any], environ: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(settings_cls)
        self._file = file
        self._environ = os.environ if environ is None else environ

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Part of pydantic-settings' interface for sources that go field by field; this one does not."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for variable, value in self._overrides():
            section, _, rest = variable[len(PREFIX) :].partition("__")
            if section.upper() == "KAFKA" and rest:
                found.setdefault("kafka", {})[rest.lower().replace("_", ".")] = value
            elif section.upper() == "CONNECTORS" and rest:
                name, setting = self._connector_setting(variable, rest)
                found.setdefault("connectors", {}).setdefault(name, {})[setting] = value
            elif not rest:
                top = _match(section, _scalars(self.settings_cls))
                if top is not None:
                    found[top] = value
        return found

    def _overrides(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for name, value in sorted(self._environ.items()) if name.startswith(PREFIX))

    def _connector_setting(self, variable: str, rest: str) -> tuple[str, str]:
        connectors = self._file.get("connectors")
        connectors = connectors if isinstance(connectors, Mapping) else {}
        wanted, _, name = rest.partition("__")
        connector = _match(wanted, connectors)
        if connector is None:
            raise UnknownSetting(
                f"{variable} names no connector of the file",
                hint=f"Connectors of the file: {', '.join(sorted(connectors)) or 'none'}.",
            )
        known = _names_of(connectors[connector])
        setting = _match(name, known)
        if setting is None:
            near = difflib.get_close_matches(_flat(name), [_flat(each) for each in known], n=1, cutoff=0.6)
            raise UnknownSetting(
                f"{variable} names no setting of connectors.{connector}",
                hint=f"Did you mean {PREFIX}CONNECTORS__{wanted}__{near[0]}?" if near else None,
            )
        return connector, setting


def _flat(name: str) -> str:
    """A name as environment variables can spell it."""
    return name.upper().replace(".", "_").replace("-", "_")


def _match(wanted: str, names: Mapping[str, Any] | list[str]) -> str | None:
    return next((name for name in names if _flat(name) == _flat(wanted)), None)


def _scalars(model: type[BaseModel]) -> list[str]:
    """Settings of the top level that are not tables."""
    tables = ("kafka", "connectors", "keyspaces", "vschema", "vindexes")
    return [field.alias or name for name, field in model.model_fields.items() if name not in tables]


def _names_of(connector: Any) -> list[str]:
    kind = connector.get("connector.class") if isinstance(connector, Mapping) else None
    model: type[BaseModel] = SourceSettings
    if kind in SINK_CLASSES:
        model = SinkSettings
    elif kind in CONSOLE_CLASSES:
        model = ConsoleSinkSettings
    elif kind not in SOURCE_CLASSES:
        return ["connector.class"]
    return [field.alias or name for name, field in model.model_fields.items()]
