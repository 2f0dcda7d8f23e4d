"""The settings tree: one TOML file, the same names flat in a REST body.

Made by `connector.config.loading`; read by `connector.cli` and `connector.worker` alone, everybody else gets small
values. Frozen; unknown names are errors; docs/configuration.md is generated from the descriptions.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from connector.config.environment import EnvironmentOverrides
from connector.config.references import Resolver
from connector.config.sink import CONSOLE_CLASSES, SINK_CLASSES, ConsoleSinkSettings, SinkSettings
from connector.config.source import SOURCE_CLASSES, SourceSettings
from connector.config.values import (
    Choice,
    MySqlUrl,
    Params,
    Section,
    Text,
    TopicPart,
    VSchemaJson,
    dotted,
    invalid,
)
from connector.config.values import Texts as TextList
from connector.kafka.config import is_secret
from connector.model.errors import UsageError

CONNECTOR_CLASSES = (*SOURCE_CLASSES, *SINK_CLASSES, *CONSOLE_CLASSES)


class KafkaSettings(Section):
    """How to reach Kafka, in the names of librdkafka."""

    model_config = SettingsConfigDict(frozen=True, extra="allow", alias_generator=dotted, hide_input_in_errors=True)

    bootstrap_servers: Text = Field(description="Brokers to start from: host:port, separated by commas.")

    @model_validator(mode="after")
    def _properties(self) -> Self:
        for name, value in (self.__pydantic_extra__ or {}).items():
            if isinstance(value, Mapping):
                raise invalid(
                    f"has a table {name}", f'TOML reads a name with dots as a table: write "{name}.…" in quotes.'
                )
            if not isinstance(value, str | int | float):
                raise invalid(f"has a value for {name} that is not text, number or flag", "Write it as text.")
        return self

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "bootstrap_servers", self.bootstrap_servers
        yield "names", sorted(self.__pydantic_extra__ or {})  # values may be secrets

    def unresolved(self) -> dict[str, str]:
        """librdkafka's properties as written, for checks of their names."""
        return {"bootstrap.servers": self.bootstrap_servers} | {
            name: str(value) for name, value in (self.__pydantic_extra__ or {}).items()
        }

    def properties(self, resolver: Resolver) -> dict[str, str]:
        """librdkafka's properties, resolved. Errors: UnresolvedReference."""
        found = {"bootstrap.servers": resolver.text(self.bootstrap_servers)}
        for name, value in (self.__pydantic_extra__ or {}).items():
            if isinstance(value, str):
                found[name] = resolver.secret(value) if is_secret(name) else resolver.text(value)
            else:
                found[name] = str(value).lower()
        return found


class ShardServers(Section):
    """The servers of one shard, for what needs them by name (`vreplication-exec`, workflows)."""

    primary: MySqlUrl | None = Field(None, description="URL of the shard's primary.")
    replicas: tuple[MySqlUrl, ...] = Field((), description="URLs of its replicas.")
    rdonly: tuple[MySqlUrl, ...] = Field((), description="URLs of its replicas for batch work.")
    cell: Text | None = Field(None, description="Where the servers are, for choosing a near one.")


class KeyspaceSettings(Section):
    """A keyspace: its shards by key range."""

    shards: dict[str, ShardServers] = Field(default_factory=dict, description="Servers of each shard.")


class NamedVindexSetting(Section):
    """A vindex that tables and rules of the keyspace can name."""

    type: Text = Field(description="Vindex type, see docs/vindexes.md.")
    params: Params = Field(default_factory=dict, description="Parameters of the vindex type.")


class VindexSetting(Section):
    """How the keyspace id of a table's rows is computed."""

    column: Text | None = Field(None, description="The column.")
    columns: TextList = Field((), description="The columns, when the vindex takes several.")
    name: Text | None = Field(None, description="A vindex of [vindexes.KEYSPACE]. Either this or `type`.")
    type: Text | None = Field(None, validate_default=True, description="Vindex type, see docs/vindexes.md.")
    params: Params = Field(default_factory=dict, description="Parameters of the vindex type.")

    @field_validator("type")
    @classmethod
    def _type_or_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("name") is None:
            raise PydanticCustomError("missing", "Field required")
        return value

    @model_validator(mode="after")
    def _one_spelling(self) -> Self:
        if (self.column is None) == (not self.columns):
            raise invalid("needs either column or columns", 'Name the column: column = "id".')
        if self.type is not None and self.name is not None:
            raise invalid("needs either name or type", "A named vindex has its type in [vindexes.KEYSPACE.NAME].")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, whichever way they were written."""
        return self.columns or (self.column or "",)


def _one_or_several(value: Any) -> str:
    return "several" if isinstance(value, list | tuple) else "one"


def _tables_or_json(value: Any) -> str:
    return "json" if isinstance(value, str) else "tables"


VSCHEMA_TAGS = ("one", "several", "json", "tables")
"""What pydantic puts into the path of a problem below vschema, besides what the file says."""

TableVindexes = Annotated[
    Annotated[VindexSetting, Tag("one")] | Annotated[tuple[VindexSetting, ...], Tag("several")],
    Discriminator(_one_or_several),
]
"""A table's vindex, or a list of several of which the best counts."""

KeyspaceVSchema = Annotated[
    Annotated[dict[str, TableVindexes], Tag("tables")] | Annotated[VSchemaJson, Tag("json")],
    Discriminator(_tables_or_json),
]
"""Tables by name, or Vitess's vschema as JSON text."""


def kind_of(value: Any) -> str | None:
    """Which kind of connector a table (or a model) is; None when its class is missing or unknown."""
    name = value.get("connector.class") if isinstance(value, Mapping) else getattr(value, "connector_class", None)
    kinds = (("source", SOURCE_CLASSES), ("sink", SINK_CLASSES), ("console", CONSOLE_CLASSES))
    return next((kind for kind, classes in kinds if name in classes), None)


ConnectorSettings = Annotated[
    Annotated[SourceSettings, Tag("source")]
    | Annotated[SinkSettings, Tag("sink")]
    | Annotated[ConsoleSinkSettings, Tag("console")],
    Discriminator(kind_of),
]


class Settings(BaseSettings):
    """Everything one file says."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", alias_generator=dotted, hide_input_in_errors=True)

    group_id: TopicPart = Field(
        "rowcast",
        description="Names what belongs together in Kafka: transactional ids, and the topics "
        "`<group>-<connector>-offsets` with the positions.",
    )
    rest_listeners: Text | None = Field(
        None, description="Where to serve /metrics and /healthz, such as `http://127.0.0.1:8083`; unset: nowhere."
    )
    log_format: Choice[Literal["text", "json"]] = Field("text", description="Format of the log on standard error.")
    log_level: Choice[Literal["debug", "info", "warning", "error"]] = Field(
        "info", description="The least level that is logged."
    )
    schema_registry_url: Text = Field(
        "kafka://_schemas",
        description="Where schemas are: kafka://<topic> is the embedded registry, http(s)://<host> one that speaks "
        "Confluent's API, file:///<path> a file for tests.",
    )
    kafka: KafkaSettings = Field(description="How to reach Kafka.")
    connectors: dict[str, ConnectorSettings] = Field(
        default_factory=dict, description="Sources and sinks by name; `connector.class` says which."
    )
    keyspaces: dict[str, KeyspaceSettings] = Field(
        default_factory=dict, description="Where keyspaces have their servers."
    )
    vschema: dict[str, KeyspaceVSchema] = Field(
        default_factory=dict,
        description="Vindexes by keyspace and table, for in_keyrange('-80') and target.shards. A table may have a list "
        "of vindexes: the best counts. In place of its tables a keyspace may have the name of a file with Vitess's "
        'vschema, such as `shop = "vschema.json"` (relative to this file), or that JSON itself.',
    )
    vindexes: dict[str, dict[str, NamedVindexSetting]] = Field(
        default_factory=dict, description="Named vindexes by keyspace and name, for vschema and in_keyrange."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file, overridden by the environment under our own naming rules."""
        if not isinstance(init_settings, InitSettingsSource):
            raise TypeError(f"unexpected settings source {type(init_settings).__name__}")
        return (EnvironmentOverrides(settings_cls, init_settings.init_kwargs), init_settings)

    @field_validator("rest_listeners")
    @classmethod
    def _listener(cls, value: str | None) -> str | None:
        if value is not None and _host_port(value) is None:
            raise invalid("must be http://host:port", 'Write it as "http://127.0.0.1:8083".')
        return value

    @field_validator("schema_registry_url")
    @classmethod
    def _registry(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in ("kafka", "file", "http", "https") or not rest:
            raise invalid("must be kafka://<topic>, file:///<path> or http(s)://<host>", "Use kafka://_schemas.")
        return value

    @field_validator("connectors")
    @classmethod
    def _names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not name or not all(sign.isascii() and (sign.isalnum() or sign in "._-") for sign in name):
                raise invalid(
                    f"has a connector name that cannot be part of a topic name: {name[:60]!r}",
                    "Use letters, digits, dot, underscore and hyphen.",
                )
        return value

    @property
    def sources(self) -> dict[str, SourceSettings]:
        """The source connectors by name."""
        return {name: found for name, found in self.connectors.items() if isinstance(found, SourceSettings)}

    def chosen_sources(self, only: str | None) -> list[str]:
        """Names of all sources, or the one that the command line names. Errors: UsageError."""
        if only is None:
            return list(self.sources)
        if only not in self.sources:
            raise UsageError(
                f"the file has no source {only!r}", hint=f"Its sources: {', '.join(self.sources) or 'none'}."
            )
        return [only]

    @property
    def sinks(self) -> dict[str, SinkSettings]:
        """The MySQL sinks by name."""
        return {name: found for name, found in self.connectors.items() if isinstance(found, SinkSettings)}

    @property
    def consoles(self) -> dict[str, ConsoleSinkSettings]:
        """The console sinks by name."""
        return {name: found for name, found in self.connectors.items() if isinstance(found, ConsoleSinkSettings)}

    @property
    def listener(self) -> tuple[str, int] | None:
        """Host and port of rest.listeners."""
        return _host_port(self.rest_listeners) if self.rest_listeners else None

    def offsets_topic(self, connector: str) -> str:
        """Name of the topic with the connector's position."""
        return f"{self.group_id}-{connector}-offsets"


def _host_port(text: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or not parts.hostname or port is None or parts.path not in ("", "/"):
        return None
    return parts.hostname, port
