"""Settings of a source connector: names as Debezium's wherever Debezium has the concept.

Part of the tree in `connector.config.settings`; read by `connector.cli.wiring`, which builds the source task from it.
"""

import hashlib
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from connector.config.references import Resolver
from connector.config.values import (
    Choice,
    Count,
    Flag,
    Json,
    Milliseconds,
    Number,
    Patterns,
    Port,
    Secret,
    Section,
    ServerId,
    ShardName,
    Shards,
    Text,
    TopicPart,
    invalid,
)
from connector.model.keyrange import KeyRange, parse_shards
from connector.model.plan import OnFilterChange
from connector.mysql.address import ServerAddress, SslMode
from schemas.names import stream_topic

SOURCE_CLASSES = ("rowcast.MySqlSource", "MySqlSource", "io.debezium.connector.mysql.MySqlConnector")

TopicMode = Literal["table", "stream", "both"]
Format = Literal["avro", "json", "json-schema"]
SnapshotMode = Literal["initial", "no_data", "initial_only", "when_needed"]

# MySQL server ids of rowcast's own start high, where hand-numbered servers and replicas are not.
_SERVER_IDS = range(1_000_000_000, 4_000_000_000)


class RuleSetting(Section):
    """One rule: which tables (name, database.table or /regex/) and which of their rows and columns."""

    match: Text = Field(description="Table name, database.table, or a regular expression that begins with a slash.")
    filter: str = Field(
        "",
        description="A SELECT of the table: columns and expressions, and a WHERE (docs/rules.md has the language). "
        "Empty: every row and column; a key range such as `-80`: the rows of that range; `exclude`: none.",
    )
    on_filter_change: Choice[OnFilterChange] = Field(
        "split",
        alias="on_filter_change",
        description="What an update becomes when the row passes the WHERE only before or only after it. "
        "split: a delete or an insert; vitess: the update itself, as Vitess sends it since v23. "
        "With in_keyrange it is always split.",
    )


class SourceSettings(Section):
    """A connector that reads one MySQL server's binlog and publishes it to Kafka."""

    connector_class: Literal["rowcast.MySqlSource", "MySqlSource", "io.debezium.connector.mysql.MySqlConnector"] = (
        Field(description="Says that the connector is a source; the three names mean the same.")
    )
    workflow: TopicPart | None = Field(
        None, description="First part of the stream topic's name; unset: `topic.prefix` is used."
    )

    database_hostname: Text = Field(description="Host name or address of the source MySQL server.")
    database_port: Port = Field(3306, description="TCP port of the source MySQL server.")
    database_user: Text = Field(description="Account that reads the binlog and the tables.")
    database_password: Secret = Field(default=Secret(""), description="Password of that account.")
    database_ssl_mode: Choice[SslMode] = Field(
        "preferred",
        description="TLS to the source: preferred uses it when the server offers it, required insists, "
        "verify_ca and verify_identity also check the certificate.",
    )
    database_ssl_ca: Text | None = Field(
        None, description="PEM file with the authority that verify_ca and verify_identity trust; unset: the system's."
    )
    database_server_id: ServerId | None = Field(
        None,
        description="Replica server id, unique among the source's replicas; "
        "unset: a stable number made from group.id and the connector's name.",
    )

    topic_prefix: TopicPart = Field(description="First part of every topic name of this source; unique per source.")
    topic_mode: Choice[TopicMode] = Field(
        "table",
        description="table: a topic per table, with Debezium's envelopes; stream: one topic of whole transactions "
        "with a partition per target shard; both: the two in one Kafka transaction.",
    )
    topic_creation_default_partitions: Count = Field(1, description="Partitions of table topics that rowcast creates.")
    topic_creation_default_replication_factor: Annotated[Number, Field(ge=1, le=32767)] | None = Field(
        None, description="Replicas of topics that rowcast creates; unset: 3, or as many as there are brokers."
    )
    key_format: Choice[Format] = Field(
        "avro",
        description="Encoding of keys in table topics: avro, json (payload alone) or json-schema (schema and payload).",
    )
    value_format: Choice[Format] = Field("avro", description="Encoding of values in table topics, as key.format.")
    tombstones_on_delete: Flag = Field(
        True, description="Whether a delete in a table topic is followed by a record with a null value."
    )
    compatibility: Choice[Literal["truthful", "debezium"]] = Field(
        "truthful", description="truthful: values as MySQL has them. debezium (not built yet): defects included."
    )

    snapshot_mode: Choice[SnapshotMode] = Field(
        "initial",
        description="initial: existing rows first, then changes; no_data: changes only. "
        "initial_only and when_needed are not built yet.",
    )
    keyspace: Text | None = Field(
        None, description="The MySQL database whose tables are streamed; rules name its tables."
    )
    shard: Choice[ShardName] = Field("0", description="The source's own shard in the stream topic's name.")
    target_shards: Shards | None = Field(
        None,
        description="Key ranges of the target shards, such as `-80,80-`; "
        "the stream topic gets a partition for each. Unset: one unsharded target.",
    )
    rules: Json[tuple[RuleSetting, ...]] = Field(
        (), description="Which tables, rows and columns are streamed: a list of {match, filter}; the first match wins."
    )
    table_include_list: Patterns = Field(
        (), description="Regular expressions on database.table, instead of rules: only these tables."
    )
    table_exclude_list: Patterns = Field(
        (), description="Regular expressions on database.table, instead of rules: all tables but these."
    )

    heartbeat_interval_ms: Annotated[Number, Field(ge=100, le=3_600_000)] = Field(
        10_000, description="An idle stream writes a heartbeat and its position this often (ms)."
    )
    stream_chunk_bytes: Annotated[Number, Field(ge=1024, le=2**30)] = Field(
        524_288, description="Largest message of a stream topic (bytes); a larger transaction becomes several messages."
    )
    tx_chunk_rows: Count = Field(
        100_000, description="A source transaction of more rows spans several Kafka transactions."
    )
    commit_max_rows: Count = Field(
        20_000, description="Rows after which a Kafka transaction is committed at the next border."
    )
    commit_max_bytes: Count = Field(
        16_777_216, description="Bytes after which a Kafka transaction is committed at the next border."
    )
    commit_max_ms: Milliseconds = Field(
        200, description="Time after which a Kafka transaction is committed at the next border (ms); idle: at once."
    )

    commit_min_interval_ms: Milliseconds = Field(
        0, description="Shortest time between two Kafka commits (ms); larger: fewer, bigger transactions, more delay."
    )

    @field_validator("snapshot_mode")
    @classmethod
    def _snapshot_built(cls, value: SnapshotMode) -> SnapshotMode:
        if value in ("initial_only", "when_needed"):
            raise invalid(f"cannot be {value}: not built yet", "Use initial or no_data.")
        return value

    @field_validator("compatibility")
    @classmethod
    def _compatibility_built(cls, value: str) -> str:
        if value == "debezium":
            raise invalid("cannot be debezium: not built yet", "Use truthful, the default.")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.topic_mode != "table" and self.keyspace is None:
            raise invalid(
                f"needs keyspace: topic.mode {self.topic_mode} names its topic <prefix>.<keyspace>.<shard>",
                'Add "keyspace" = "<the MySQL database>".',
            )
        if self.rules and (self.table_include_list or self.table_exclude_list):
            raise invalid(
                "has rules and table.include.list or table.exclude.list", "Keep the rules, or the lists, not both."
            )
        if self.table_include_list and self.table_exclude_list:
            raise invalid("has table.include.list and table.exclude.list", "Keep one of them.")
        return self

    @property
    def stream_topic(self) -> str:
        """Name of the stream topic, <workflow or prefix>.<keyspace>.<shard> (meaningless in topic.mode table)."""
        return stream_topic(self.workflow or self.topic_prefix, self.keyspace or "", self.shard)

    @property
    def shards(self) -> tuple[KeyRange, ...]:
        """Key ranges of the target shards in partition order; (everything,) when unsharded."""
        return parse_shards(self.target_shards) if self.target_shards else (KeyRange(),)

    def server_id(self, group: str, name: str) -> int:
        """database.server.id, or the stable number that stands for this connector of this group."""
        if self.database_server_id is not None:
            return self.database_server_id
        digest = hashlib.sha256(f"{group}\0{name}".encode()).digest()
        return _SERVER_IDS[int.from_bytes(digest[:8], "big") % len(_SERVER_IDS)]

    def address(self, resolver: Resolver) -> ServerAddress:
        """Where to connect, with everything resolved. Errors: UnresolvedReference."""
        return ServerAddress(
            host=resolver.text(self.database_hostname),
            port=self.database_port,
            user=resolver.text(self.database_user),
            password=resolver.secret(self.database_password),
            ssl_mode=self.database_ssl_mode,
            ssl_ca=None if self.database_ssl_ca is None else resolver.text(self.database_ssl_ca),
        )

    def resolved(self, resolver: Resolver) -> Self:
        """A copy whose plain texts have no references left; the password stays as written."""
        texts = {name: value for name, value in self if isinstance(value, str) and "${" in value}
        return self.model_copy(update={name: resolver.text(value) for name, value in texts.items()})
