"""Settings of sink connectors. Part of the tree in `connector.config.settings`; read by `connector.cli.wiring`."""

from typing import Literal

from pydantic import Field, field_validator

from connector.config.references import Resolver
from connector.config.source import RuleSetting
from connector.config.urls import target
from connector.config.values import Choice, Count, Flag, Json, MySqlUrl, Section, ShardName, TopicPart, invalid
from connector.config.values import Texts as TextList
from connector.model.keyrange import KeyRange
from connector.mysql.address import ServerAddress

SINK_CLASSES = ("rowcast.MySqlSink", "MySqlSink")
CONSOLE_CLASSES = ("rowcast.ConsoleSink", "ConsoleSink")

OnDdl = Literal["IGNORE", "STOP", "EXEC", "EXEC_IGNORE"]


class SinkSettings(Section):
    """A connector that applies stream topics to the shards of a target keyspace."""

    connector_class: Literal["rowcast.MySqlSink", "MySqlSink"] = Field(
        description="Says that the connector writes to MySQL; the two names mean the same."
    )
    workflow: TopicPart | None = Field(
        None, description="Name in the `workflow` column of `_vt.vreplication`; unset: the connector's name."
    )
    streams: TextList = Field(min_length=1, description="Stream topics to apply, such as `shop.shop.0`.")
    shards: Json[dict[ShardName, MySqlUrl]] = Field(
        min_length=1,
        description="Target database of each shard: key range (`0` when unsharded) = mysql://user:password@host:port/"
        "database, with `?ssl-mode=`, `ssl-ca=` and `connect-timeout=`.",
    )
    on_ddl: Choice[OnDdl] = Field(
        "IGNORE",
        alias="on_ddl",
        description="What a DDL statement in the stream does: IGNORE passes over it, STOP ends the stream before it. "
        "EXEC and EXEC_IGNORE are not built yet.",
    )
    rules: Json[tuple[RuleSetting, ...]] = Field((), description="Rules of the sink's own: not built yet.")
    create_tables: Choice[Literal["none", "copy"]] = Field(
        "none", description="none: target tables exist already. copy is not built yet."
    )
    batch_max_transactions: Count = Field(
        2_000, description="Source transactions at most in one target transaction; 1: as the source committed them."
    )
    batch_max_bytes: Count = Field(
        4_194_304, description="Bytes of messages at most in one target transaction, unless one message alone has more."
    )

    @field_validator("on_ddl")
    @classmethod
    def _on_ddl_built(cls, value: OnDdl) -> OnDdl:
        if value in ("EXEC", "EXEC_IGNORE"):
            raise invalid(f"cannot be {value}: not built yet", "Use IGNORE or STOP.")
        return value

    @field_validator("create_tables")
    @classmethod
    def _create_tables_built(cls, value: str) -> str:
        if value != "none":
            raise invalid(f"cannot be {value}: not built yet", "Create the target tables, and leave the setting out.")
        return value

    @field_validator("rules")
    @classmethod
    def _rules_built(cls, value: tuple[RuleSetting, ...]) -> tuple[RuleSetting, ...]:
        if value:
            raise invalid("of a sink are not built yet", "Filter and project in the source's rules.")
        return value

    @field_validator("shards")
    @classmethod
    def _shards_distinct(cls, value: dict[str, MySqlUrl]) -> dict[str, MySqlUrl]:
        ranges = [KeyRange.parse(text) for text in value]
        if len(set(ranges)) < len(ranges):
            raise invalid("names one key range twice", "Write every key range once.")
        return value

    @property
    def ranges(self) -> tuple[KeyRange, ...]:
        """The key ranges of the shards, in order."""
        return tuple(sorted((KeyRange.parse(text) for text in self.shards), key=lambda shard: shard.start))

    def targets(self, resolver: Resolver) -> dict[KeyRange, tuple[ServerAddress, str]]:
        """Server and database of each shard, in order of the ranges. Errors: ConfigError, UnresolvedReference."""
        urls = {KeyRange.parse(text): url for text, url in self.shards.items()}
        return {shard: target(urls[shard], resolver) for shard in self.ranges}


class ConsoleSinkSettings(Section):
    """A connector that prints stream topics as JSON lines on standard output."""

    connector_class: Literal["rowcast.ConsoleSink", "ConsoleSink"] = Field(
        description="Says that the connector prints; the two names mean the same."
    )
    streams: TextList = Field(min_length=1, description="Stream topics to print, such as `shop.shop.0`.")
    from_beginning: Flag = Field(True, description="Whether to start at the oldest message instead of the newest.")
