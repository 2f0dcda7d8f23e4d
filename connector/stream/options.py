"""Everything a source task needs, as plain values: built by `connector.cli.wiring` from the settings tree."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connector.encode.envelope import EnvelopeOptions
from connector.mysql.address import ServerAddress
from connector.rules.ruleset import RuleSet
from connector.transcode.choose import PYTHON, Choice


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """One source connector. Units are in the names."""

    connector: str  # the connector's name; with group it names the stream's position and transactional id
    group: str
    address: ServerAddress
    server_id: int
    keyspace: str  # MySQL database
    rules: RuleSet
    kafka: Mapping[str, str] = field(repr=False)  # librdkafka properties, may hold secrets
    registry_url: str = field(repr=False)
    topic_prefix: str = ""
    stream_topic: str | None = None  # None: topic.mode = table
    partitions: int = 1  # target shards of the stream topic
    envelope: EnvelopeOptions | None = None  # None: topic.mode = stream
    table_partitions: int = 1
    replication_factor: int | None = None  # None: 3, or as many brokers as there are
    snapshot: Literal["initial", "no_data"] = "initial"
    heartbeat_ms: int = 10_000
    chunk_bytes: int = 512 * 1024
    tx_chunk_rows: int = 100_000
    tx_chunk_bytes: int = 64 << 20
    commit_max_rows: int = 20_000
    commit_max_bytes: int = 16 << 20
    commit_max_ms: int = 200  # an open Kafka transaction ends at the first border after this time
    commit_min_ms: int = 0  # shortest time between two commits
    until_caught_up: bool = False
    transcoder: Choice = PYTHON

    def databases(self) -> list[str]:
        """The databases that rules can match, the keyspace first (there is none when every rule names its own)."""
        named = sorted({database for database, _ in self.rules.exact_tables()} - {self.keyspace})
        return [self.keyspace, *named] if self.keyspace else named
